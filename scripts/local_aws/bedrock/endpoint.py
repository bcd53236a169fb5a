"""A Bedrock Runtime endpoint on this machine: Converse and ConverseStream in the real wire format, no AWS account."""

import argparse
import logging
import os
import sys
from pathlib import Path

from scripts.local_aws.bedrock.app import build_app
from scripts.local_aws.bedrock.calls import CallsLog
from scripts.local_aws.bedrock.pieces import Backend
from scripts.local_aws.bedrock.script import ScriptBackend, ScriptError, parse_script
from scripts.local_aws.processes.loopback import listen, serve_until_signal

_BAD_USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns 0 then, 2 after one line on stderr about what cannot be used."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.openai_url) != bool(options.openai_model):
        parser.error("--openai-url and --openai-model go together")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    try:
        backend = _backend(options)
        calls = CallsLog(options.calls)
        listener = listen(options.port)
    except (OSError, ValueError) as unusable:
        print(f"bedrock endpoint: {_in_one_line(unusable)}", file=sys.stderr)
        return _BAD_USAGE
    serve_until_signal(build_app(backend, calls), listener)
    return 0


def _backend(options: argparse.Namespace) -> Backend:
    if options.script:
        return _scripted(options.script)
    if options.openai_url:
        from scripts.local_aws.bedrock.openai import OpenAiBackend

        return OpenAiBackend(options.openai_url, options.openai_model)
    if options.model:
        from scripts.local_aws.bedrock.llama import LlamaBackend, load

        return LlamaBackend(options.model.name, load(options.model))
    from scripts.local_aws.bedrock.bundled import BundledBackend, bundled_model

    return BundledBackend(bundled_model())


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
    parser = argparse.ArgumentParser(
        prog="python -m scripts.local_aws.bedrock.endpoint",
        description=f"{__doc__} Prints `ready URL` once it serves; point AWS_ENDPOINT_URL_BEDROCK_RUNTIME there.",
        epilog="Without --model, --openai-url or --script the bundled SmolLM2-135M answers.",
    )
    parser.add_argument("--port", type=int, default=0, help="loopback port. Default: 0, a free one")
    parser.add_argument("--calls", type=Path, metavar="FILE.jsonl", help="append an event line per call. Default: none")
    answers = parser.add_mutually_exclusive_group()
    answers.add_argument("--model", type=Path, metavar="FILE.gguf", help="a model of yours, run in this process")
    answers.add_argument("--openai-url", metavar="URL", help="an OpenAI-compatible server; needs --openai-model")
    answers.add_argument("--script", type=Path, metavar="FILE.json", help="scripted replies and faults, no model")
    parser.add_argument("--openai-model", metavar="NAME", help="the model's name on that server")
    return parser


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a model still computing in its thread must not hold the process back
