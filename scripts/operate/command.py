"""The command's table of contents: what it can do, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import typer

from scripts.console.ending import DONE, INTERRUPTED
from scripts.operate import acting, costs, diagrams, doctor, looking, redriving, reviews
from scripts.operate.console_page.command import console
from scripts.operate.endings import FAILURES, Refused, Unusable, refusal_of
from scripts.operate.output import write_json
from scripts.operate.shared_options import on_pipeline

PROGRAM = "scripts/pipeline"
WORD, COMPLETE = "pipeline", "_PIPELINE_COMPLETE"
"""What a shell completes, and the variable by which it asks: neither may hold a slash."""

COMPLETION = frozenset({"--install-completion", "--show-completion"})
ABOUT = """Operate a deployed pipeline: what runs, what is wrong, what it costs, what to do.

Against AWS with your own credentials, or against the local stack by --endpoint-url URL."""
EXITS = "exit: 0 done; 1 the execution or the call failed; 2 bad usage; 3 not found; 4 not allowed"

COMMANDS: dict[str, Callable[..., Any]] = {
    "start": acting.start,
    "list": looking.list_executions,
    "show": looking.show,
    "watch": looking.watch,
    "report": looking.report,
    "stop": acting.stop,
    "pause": acting.pause,
    "resume": acting.resume,
    "redrive": redriving.redrive,
    "cost": costs.cost,
    "doctor": doctor.doctor,
    "diagram": diagrams.diagram,
    "console": console,
}
REVIEW_COMMANDS: dict[str, Callable[..., Any]] = {
    "list": reviews.list_reviews,
    "show": reviews.show_review,
    "approve": reviews.approve,
    "reject": reviews.reject,
    "edit": reviews.edit,
    "revise": reviews.revise,
    "answer": reviews.answer,
}

VERBS = (*COMMANDS, *(f"review {name}" for name in REVIEW_COMMANDS))


def application() -> typer.Typer:
    """The command line."""
    app = _group(ABOUT, completion=True)
    for name, command in COMMANDS.items():
        app.command(name, epilog=EXITS)(on_pipeline(command))
    review = _group("Answer executions that wait for a person.", completion=False)
    for name, command in REVIEW_COMMANDS.items():
        review.command(name, epilog=EXITS)(on_pipeline(command))
    app.add_typer(review, name="review", epilog=EXITS)
    return app


def main(arguments: list[str]) -> int:
    """Run once; returns the exit status."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("pipeline: interrupted; executions go on without it", file=sys.stderr)
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # `| head` has read enough; rich and typer say it by SystemExit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _run(arguments: list[str]) -> int:
    try:
        name = WORD if COMPLETION & set(arguments) else PROGRAM
        status = application()(arguments, prog_name=name, complete_var=COMPLETE, standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        asked = getattr(getattr(error, "ctx", None), "command_path", PROGRAM)
        message = " ".join(error.format_message().split()).rstrip(".")
        return _refuse(Unusable(f"{message[:1].lower()}{message[1:]}; try {asked} --help"), arguments)
    except FAILURES as error:
        return _refuse(refusal_of(error), arguments)
    if status == INTERRUPTED:  # how typer ends on Ctrl-C
        raise KeyboardInterrupt
    return int(status or DONE)


def _refuse(error: Refused, arguments: list[str]) -> int:
    if "--json" in arguments:
        write_json({"error_type": type(error).__name__, "error_message": str(error), "error_data": None})
    print(f"pipeline: {error}", file=sys.stderr)
    return error.status


def _group(about: str, *, completion: bool) -> typer.Typer:
    return typer.Typer(
        help=about,
        epilog=EXITS,
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
