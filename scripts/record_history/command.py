"""The command behind scripts/record_history.py: keep a history, replay those kept, prove that this finds changes."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.console.ending import DONE, FAILED, ended
from scripts.record_history.golden import Golden, Unrecordable

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "histories"


def main(arguments: list[str]) -> int:
    """Run once; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if sum((options.record is not None, options.check is not None, options.packaged, options.mutants is not None)) != 1:
        parser.error("give one of --record, --check, --packaged and --mutants")
    if options.record is not None and options.output is None:
        parser.error("--record needs --output FILE")
    if odd := [each for each in options.env if "=" not in each]:
        parser.error(f"--env must be NAME=VALUE, got {odd[0]!r}")
    return ended("record history", lambda: _run(options), (Unrecordable, OSError, RuntimeError, LookupError))


def _run(options: argparse.Namespace) -> int:
    if options.record is not None:
        return _record(options)
    if options.packaged:
        from scripts.record_history.packaged import record_packaged

        for file, golden in record_packaged():
            print(f"{file.name}: {len(golden.operations)} operations")
        return DONE
    files = options.check or sorted(FOLDER.glob("*.json"))
    return _check(files, as_json=options.json) if options.check is not None else _mutants(options)


def _record(options: argparse.Namespace) -> int:
    from scripts.record_history.recording import recorded

    environment = dict(each.split("=", 1) for each in options.env)
    with _quiet():
        golden = recorded(_events(options), agents=options.agents, environment=environment)
    golden.write(options.output)
    told = {"file": str(options.output), "operations": len(golden.operations)}
    print(json.dumps(told) if options.json else f"{options.output}: {told['operations']} operations, no texts")
    return DONE


def _events(options: argparse.Namespace) -> list[Mapping[str, Any]]:
    if "/durable-execution/" in options.record or options.endpoint_url:
        import boto3

        client = boto3.Session(profile_name=options.profile, region_name=options.region).client(
            "lambda", endpoint_url=options.endpoint_url
        )
        pages = client.get_paginator("get_durable_execution_history").paginate(
            DurableExecutionArn=options.record, IncludeExecutionData=True
        )
        return [dict(event) for page in pages for event in page["Events"]]
    text = sys.stdin.read() if options.record == "-" else Path(options.record).read_text(encoding="utf-8")
    try:
        return list(json.loads(text)["Events"])
    except (ValueError, KeyError, TypeError):
        raise Unrecordable("--record must be an ARN, or a file as get-durable-execution-history prints it") from None


def _check(files: Sequence[Path], *, as_json: bool) -> int:
    from scripts.record_history.replay import replay

    told = []
    for file in files:
        golden = Golden.read(Path(file))
        with _quiet():
            wrong = [each for opened in (True, False) for each in replay(golden, opened=opened).wrong]
        told.append(
            {"file": Path(file).name, "operations": len(golden.operations), "wrong": list(dict.fromkeys(wrong))}
        )
        if not as_json:
            print(f"{told[-1]['file']}: {_line(told[-1])}")
    if as_json:
        print(json.dumps({"histories": told, "holds": not any(each["wrong"] for each in told)}, indent=1))
    return FAILED if any(each["wrong"] for each in told) else DONE


def _line(told: Mapping[str, Any]) -> str:
    if told["wrong"]:
        return f"not replayed: {'; '.join(told['wrong'][:3])}"
    return f"{told['operations']} operations replayed, no new one, the same result"


def _mutants(options: argparse.Namespace) -> int:
    from scripts.record_history.mutants import sample
    from scripts.record_history.mutation import try_mutants

    files = sorted(FOLDER.glob("*.json"))
    tried = []
    for each in try_mutants(files, sample(options.mutants or None), options.jobs):
        tried.append(each)
        word = "refused" if each.refused else "passed"
        print(f"{word}{'' if each.holds else ' WRONGLY'}: {each.mutant.name}", file=sys.stderr)
    breaking = [each for each in tried if each.mutant.breaks]
    harmless = [each for each in tried if not each.mutant.breaks]
    counts = {
        "breaking": len(breaking),
        "breaking_refused": sum(each.holds for each in breaking),
        "harmless": len(harmless),
        "harmless_passed": sum(each.holds for each in harmless),
    }
    mutants = [{"name": each.mutant.name, "breaks": each.mutant.breaks, "refused": each.refused} for each in tried]
    if options.json:
        print(json.dumps({**counts, "mutants": mutants}, indent=1))
    else:
        print(
            f"{counts['breaking_refused']} of {counts['breaking']} breaking mutants refused, "
            f"{counts['harmless_passed']} of {counts['harmless']} harmless ones passed"
        )
    return DONE if all(each.holds for each in tried) else FAILED


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What the handler logs of a replay goes to stderr, where it is no part of the answer."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/record_history.py",
        description="Keep the history of an execution without its texts, and replay kept ones against today's code: it "
        "must come to the same end, begin no new operation and leave none out. Nothing is called, nothing leaves this "
        "machine.",
        epilog="exit: 0 all as recorded; 1 not, or it cannot be kept; 2 bad usage",
    )
    parser.add_argument(
        "--record", metavar="SOURCE", help="keep a history: an execution's ARN, or a file (- for stdin) as `aws lambda "
        "get-durable-execution-history --include-execution-data` prints it",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, metavar="FILE", help="where it is kept")
    parser.add_argument("--agents", metavar="FOLDER", help="whose agents ran, from here. Default: the packaged ones")
    parser.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE",
        help="a variable of the function on which its order depends, as REVIEW_TOPIC_ARN; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--check", nargs="*", metavar="FILE", help="replay kept histories. Default: those of this repository"
    )
    parser.add_argument(
        "--packaged", action="store_true", help="record those of this repository anew, on the local stack"
    )
    parser.add_argument(
        "--mutants", nargs="?", type=int, const=0, metavar="N",
        help="check changed copies of the code: those that break must be refused, all others pass. Default: every one",
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2, help="mutants at the same time. Default: 2")
    parser.add_argument("--endpoint-url", metavar="URL", help="the local stack instead of AWS, for --record ARN")
    parser.add_argument("--region", metavar="NAME", help="of AWS")
    parser.add_argument("--profile", metavar="NAME", help="of ~/.aws")
    parser.add_argument("--json", action="store_true", help="stdout is one JSON document")
    return parser
