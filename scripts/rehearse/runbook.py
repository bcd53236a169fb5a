"""What docs/operations.md tells whoever has an alarm's name: its first commands, run as they stand there."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.local_aws.processes.child import REPOSITORY
from scripts.operate.command import main as pipeline
from scripts.rehearse.account import Account

PAGE = REPOSITORY / "docs" / "operations.md"
EXECUTION = "$EXECUTION"


def first_commands(alarm: str) -> list[list[str]]:
    """The commands of its section, as words.

    Raises:
        LookupError: the page has no such section, or none in it.
    """
    page = PAGE.read_text(encoding="utf-8")
    section = re.search(rf"^## {re.escape(alarm)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    block = section and re.search(r"\*\*First command\*\*\n\n```console\n(.*?)```", section[1], re.DOTALL)
    if not block:
        raise LookupError(f"docs/operations.md must have a first command for {alarm}, got none")
    return [shlex.split(line[2:], comments=True) for line in block[1].splitlines() if line.startswith("$ ")]


def run(command: Sequence[str], account: Account, known: Mapping[str, str]) -> str:
    """One command against the rehearsed account; what it says.

    Args:
        command: its words.
        account: where.
        known: what stands in the runbook as `$NAME` -> its value.
    """
    words = [re.sub(r"\$([A-Z_]+)", lambda name: known.get(name[1], name[0]), word) for word in command]
    program, *arguments = words
    if program == "aws":
        return _aws(account, arguments)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        pipeline([*arguments, "--endpoint-url", account.url])
    return said.getvalue()


def _aws(account: Account, arguments: Sequence[str]) -> str:
    """`aws SERVICE OPERATION --option VALUE ...` by boto3, which has the same operations and parameters."""
    service, operation, *rest = arguments
    client = account.client(service)
    names = client.meta.service_model.operation_model(_camel(operation)).input_shape.members
    given: dict[str, Any] = {}
    for word in rest:
        if word.startswith("--"):
            option = _camel(word[2:])
            given[option] = []
        else:
            given[option].append(word)
    asked = {name: _value(names[name].type_name, values) for name, values in given.items()}
    try:
        answer = getattr(client, operation.replace("-", "_"))(**asked)
    except (BotoCoreError, ClientError) as error:
        return str(error)
    answer.pop("ResponseMetadata", None)
    return json.dumps(answer, default=str)


def _value(kind: str, words: list[str]) -> Any:
    if kind == "list":
        return words
    return int(words[0]) if kind == "integer" else words[0]


def _camel(words: str) -> str:
    return "".join(word.capitalize() for word in words.split("-"))
