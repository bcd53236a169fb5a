"""The options that every command has: where the pipeline is, and whether stdout is JSON."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from scripts.operate.place import Place

_PANEL = "Where"


def _option(name: str, kind: Any, default: Any, option: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


SHARED = (
    _option("stage", str, "dev", typer.Option(help="whose stack has the pipeline", metavar="NAME")),
    _option("alias_arn", str | None, None, typer.Option("--alias", metavar="ARN", help="the alias, not the stage's")),
    _option("region", str | None, None, typer.Option(metavar="NAME", help="of AWS")),
    _option("profile", str | None, None, typer.Option(metavar="NAME", help="of ~/.aws")),
    _option("endpoint_url", str | None, None, typer.Option(metavar="URL", help="the local stack instead of AWS")),
    _option("as_json", bool, False, typer.Option("--json", help="stdout is one JSON document")),
)  # fmt: skip


def on_pipeline(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the shared options; it gets them as its first argument, a Place."""
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "place"]

    @wraps(command)
    def run(**given: Any) -> Any:
        place = Place(**{parameter.name: given.pop(parameter.name) for parameter in SHARED})
        return command(place, **given)

    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    run.__signature__ = inspect.Signature([*keyword_only, *SHARED])  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *SHARED]}
    return run
