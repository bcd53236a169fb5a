"""AG-UI's eight rules of interrupts, held against the real handler, the durable engine and Lambda's API on the wire.

Seven executions in the gate; every attack before every last word, among others drawn at random, by

    INTERRUPT_SWEEP=1 python -m pytest tests/e2e/interrupts -rP
"""

import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack
from scripts.local_aws.topic import Topic
from tests.e2e.interrupts.attacks import ATTACKS
from tests.e2e.interrupts.counts import Counts, count
from tests.e2e.interrupts.people import Outcome, People
from tests.e2e.interrupts.peoples_stack import running
from tests.e2e.interrupts.plans import Plan, sample, sweep

SWEEP = bool(os.environ.get("INTERRUPT_SWEEP"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if SWEEP else 900)]


@pytest.fixture(scope="module")
def as_it_is(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalStack, Topic]]:
    """The product as it is."""
    with running(tmp_path_factory.mktemp("reviewing"), "reviewing") as both:
        yield both


def reviewed_with_a_fault(folder: Path, plans: list[Plan], **fault: Any) -> Counts:
    """What happened to them with a planted fault; what hangs by it is not waited for."""
    with running(folder, "reviewing", **fault) as (stack, topic):
        people = People(stack.client(), topic, plans)
        people.ask(in_turn=True)
        outcomes = people.work(patience_seconds=8, in_turn=True)
    return counted(plans, outcomes)


def counted(plans: list[Plan], outcomes: dict[str, Outcome]) -> Counts:
    counts = count(plans, outcomes)
    print(counts)  # noqa: T201 - the suite's figures, shown by -rP
    return counts


def test_parallel_reviews_among_all_attacks_mix_nothing_approve_nothing_and_lose_nothing(as_it_is):
    stack, topic = as_it_is
    seed = random.randrange(10**6) if SWEEP else 1
    plans = sweep(seed) if SWEEP else sample()
    assert {attack for plan in plans for attack in plan.attacks} == ATTACKS.keys()
    people = People(stack.client(), topic, plans, seed=seed)
    people.ask()
    counts = counted(plans, people.work())
    assert counts.clean, (seed, counts)
    assert counts.questions > counts.executions
    listed = stack.client().list_durable_executions_by_function(FunctionName=FUNCTION_NAME, MaxItems=1000)
    assert len(listed["DurableExecutions"]) == len(plans), "an answer goes on with its execution and begins none"


NO_THEN_YES = [Plan("topic 1", "reject", 0), Plan("topic 2", "approve", 0)]
CONFUSED = "tests.e2e.interrupts.confused_engine"


def test_the_suite_sees_an_engine_that_gives_two_executions_one_callback_id(tmp_path):
    counts = reviewed_with_a_fault(tmp_path, NO_THEN_YES, engine=CONFUSED)
    assert (counts.misrouted, counts.approved, counts.lost) == (1, 1, 2)


def test_the_suite_sees_a_notice_with_the_callback_id_of_another_run(tmp_path):
    counts = reviewed_with_a_fault(tmp_path, NO_THEN_YES, planted="one_callback_id_for_two_runs")
    assert (counts.misrouted, counts.approved, counts.lost) == (1, 1, 2)


def test_the_suite_sees_answers_that_count_for_any_text(tmp_path):
    plans = [
        Plan("topic 1", "reject", 0, ("tampered digest",)),
        Plan("topic 2", "reject", 0, ("for another execution",)),
    ]
    assert reviewed_with_a_fault(tmp_path, plans, planted="any_text_is_the_text").approved == 2


def test_answers_bound_to_their_text_approve_nothing_even_on_an_engine_that_mixes_executions(tmp_path):
    bound = [replace(plan, bound=True) for plan in NO_THEN_YES]
    counts = reviewed_with_a_fault(tmp_path, bound, engine=CONFUSED)
    assert (counts.questions, counts.misrouted, counts.approved) == (3, 0, 0)


def test_what_is_sent_to_an_execution_that_waits_begins_nothing_and_changes_nothing(as_it_is):
    stack, topic = as_it_is
    plan = Plan("topic 2001", revisions=0)
    client, people = stack.client(), People(stack.client(), topic, [plan])
    before = len(model_calls(stack))
    people.ask()
    named: Any = {"FunctionName": FUNCTION_NAME, "Qualifier": ALIAS, "InvocationType": "Event"}
    named |= {"DurableExecutionName": "topic-2001"}
    again = client.invoke(**named, Payload=json.dumps(plan.event).encode())
    with pytest.raises(ClientError, match="DurableExecutionAlreadyStarted"):
        client.invoke(**named, Payload=b'{"query": "something else"}')
    outcomes = people.work()
    assert again["DurableExecutionArn"] == people.executions[plan.name]
    assert counted([plan], outcomes).clean
    assert (len(model_calls(stack)) - before, len(outcomes[plan.name].told)) == (1, 1)


def model_calls(stack: LocalStack) -> list[Any]:
    return [call for call in read_all(stack.calls) if call["event"] == "started"]
