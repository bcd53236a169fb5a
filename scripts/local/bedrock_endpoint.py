"""A Bedrock Runtime endpoint on this machine: Converse and ConverseStream in the real wire format, no AWS account."""

import argparse
import logging
import os
import sys
from pathlib import Path

from scripts.local.bedrock.app import build_app
from scripts.local.bedrock.calls import CallsLog
from scripts.local.bedrock.pieces import Backend
from scripts.local.bedrock.script import ScriptBackend, ScriptError, parse_script
from scripts.local.bedrock.serve import listen, serve_until_signal, url_of

_BAD_USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns 0 then, 2 after one line on stderr about what cannot be used."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    try:
        backend = _backend(options)
        calls = CallsLog(options.calls)
        listener = listen(options.port)
    except (OSError, ValueError) as unusable:
        print(f"bedrock endpoint: {_in_one_line(unusable)}", file=sys.stderr)
        return _BAD_USAGE
    print(f"ready {url_of(listener)}", flush=True)
    serve_until_signal(build_app(backend, calls), listener, with_parent=options.exit_with_parent)
    return 0


def _backend(options: argparse.Namespace) -> Backend:
    return _scripted(options.script)


def _scripted(path: Path) -> ScriptBackend:
    try:
        return ScriptBackend(parse_script(path.read_bytes()))
    except ScriptError as error:
        raise ScriptError(f"script {path}: {error}") from None


def _in_one_line(unusable: OSError | ValueError) -> str:
    if isinstance(unusable, OSError) and unusable.filename is not None:
        return f"{unusable.filename}: {unusable.strerror}"
    return " ".join(str(unusable).split())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.local.bedrock_endpoint", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="loopback port. Default: 0, a free one")
    parser.add_argument("--calls", type=Path, metavar="FILE.jsonl", help="append an event line per call. Default: none")
    parser.add_argument(
        "--script", type=Path, metavar="FILE.json", required=True, help="scripted replies instead of a model"
    )
    parser.add_argument("--exit-with-parent", action="store_true", help="end when the starting process is gone")
    return parser


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a model still computing in its thread must not hold the process back
