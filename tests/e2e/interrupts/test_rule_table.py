"""docs/interrupts.md: each of the eight rules names tests that exist."""

import re

from scripts.local_aws.processes.child import REPOSITORY

PAGE = (REPOSITORY / "docs" / "interrupts.md").read_text()
RULES = re.findall(r"^\| ([A-Z][^|]+\.) \| [^|]+ \| (`test_[^|]+) \|$", PAGE, re.MULTILINE)
TESTS = {
    name
    for folder in ("tests/e2e", "tests/workflow", "tests/lambda_src")
    for file in (REPOSITORY / folder).rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
}


def test_each_of_the_eight_rules_has_a_test():
    named = {rule: set(re.findall(r"`(test_\w+)`", tests)) for rule, tests in RULES}
    assert len(named) == 8
    assert not {rule: tests - TESTS for rule, tests in named.items() if not tests or tests - TESTS}
