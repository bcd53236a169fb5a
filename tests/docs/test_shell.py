"""The commands that the pages show exist, with the options that they are shown with."""

import importlib.util
import itertools
import re
import sys
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from scripts.commands_page.command import commands as ours
from scripts.commands_page.command import help_of
from scripts.deploy_local.cdk import CLI
from tests.docs.pages import ROOT, Block, blocks, pages
from tests.docs.shell import commands, options

FREE = {"git", "source", "export", "awscurl"}  # neither ours nor AWS's
FILES = {"--event", "--script", "--agents"}  # options of ours whose value is a file or a folder
GLOBAL = {"--query", "--cli-binary-format", "--endpoint-url", "--region", "--output", "--profile"}
CUSTOM = {  # the CLI's own words, not the API's
    ("logs", "tail"): {"--since", "--filter-pattern", "--follow", "--format"},
    ("sns", "subscribe"): {"--topic-arn", "--protocol", "--notification-endpoint"},
}
INLINE = re.compile(r"`aws ([a-z-]+) ([a-z-]+)( [^`]*)?`")


def typed(command):
    """What of a command has a help of its own: the file, or the file and its verb."""
    words = [Path(command[0]).name, *command[1:3]]
    return next(name for many in (3, 2, 1) if (name := " ".join(words[:many])) in ours())


def check_ours(command):
    said = help_of(typed(command))
    assert {option for option in options(command) if not re.search(rf"{option}\b", said)} == set()
    for option, value in itertools.pairwise(command):
        assert option not in FILES or (ROOT / value).exists(), value


def check_aws(command):
    _, service, action, *_ = command
    given = options(command) - GLOBAL
    if (service, action) in CUSTOM:
        assert given <= CUSTOM[service, action]
        return
    model = botocore.session.get_session().get_service_model(service)
    actions = {xform_name(name, "-"): name for name in model.operation_names}
    assert action in actions
    shape = model.operation_model(actions[action]).input_shape
    assert given <= {f"--{xform_name(member, '-')}" for member in (shape.members if shape else ())}


def check_python(command):
    _, *words = command
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1]) is not None
        paths = [word for word in words[2:] if word.startswith("tests/")]
        assert all((ROOT / path).exists() for path in paths)
    else:
        assert (ROOT / words[0]).is_file()


def check_npx(command):
    assert command[1] == CLI
    assert command[2] in {"deploy", "synth", "bootstrap"}


def check_pip(command):
    assert command[1] == "install"
    assert all(re.match(r"dist/\w+-0\.1\.0-py3-none-any\.whl(\[\w+\])?$", word) for word in command[2:]), (
        "no release yet"
    )


def check(command, page):
    program = command[0]
    if program.startswith("scripts/"):
        assert (ROOT / program).is_file()
        check_ours(command)
    elif program == "aws":
        check_aws(command)
    elif program in {".venv/bin/npx", "npx"}:
        check_npx(command)
    elif program == "python":  # in an example's folder, .venv activated
        assert (page.parent / command[1]).is_file()
    elif program == ".venv/bin/python":
        check_python(command)
    elif program.startswith(".venv/bin/"):
        assert Path(sys.executable).with_name(Path(program).name).exists()
    elif program == "pip":
        check_pip(command)
    elif program == "cd":
        assert command[1] == "durable-agent-pipeline" or (ROOT / command[1]).is_dir()
    else:
        assert program in FREE


@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_every_command_and_option_exists(block: Block):
    for command in commands(block.text):
        check(command, ROOT / block.page)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_aws_command_in_a_sentence_exists(page):
    for service, action, rest in INLINE.findall(page.read_text(encoding="utf-8")):
        check_aws(["aws", service, action, *rest.split()])


@pytest.mark.parametrize(
    "line",
    [
        '$ scripts/run_local.sh --kill-before analysis "x"',
        "$ scripts/run_local.sh --event tests/events/none.json",
        "$ scripts/nothing.sh",
        "$ scripts/pipeline list --statuses FAILED",
        "$ scripts/pipeline review approve one --because TEXT",
        "$ aws lambda list-durable-executions --function-name x",
        "$ aws lambda invoke --function x out.json",
        "$ npx aws-cdk@3.0.0 deploy",
        "$ pip install durable-agent-pipeline",
        "$ .venv/bin/python -m no_such_module",
        "$ make all",
    ],
)
def test_fails_when_a_command_or_an_option_does_not_exist(line):
    (command,) = commands(line)
    with pytest.raises(AssertionError):
        check(command, ROOT / "README.md")


def test_fails_when_output_is_mixed_with_commands():
    with pytest.raises(ValueError, match="a line must start with"):
        list(commands("$ ls\nREADME.md"))
