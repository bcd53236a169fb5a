"""Who answers the agents: the packaged small model, a file, a server, real Bedrock or a script."""

from __future__ import annotations

import argparse
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

GGUF_MAGIC = b"GGUF"
CONNECT_SECONDS = 3


@dataclass(frozen=True)
class ModelChoice:
    """A model that was checked to be there.

    label: how it is named to the user.
    note: what to think of its answers.
    calls_tools: whether it can be relied on to call tools. The bundled model cannot, of a file nobody knows.
    arguments: for the Bedrock endpoint; none at all means its bundled model, None real Bedrock.
    """

    label: str
    note: str
    arguments: tuple[str, ...] | None
    calls_tools: bool = False

    @property
    def is_local(self) -> bool:
        """Whether the Bedrock endpoint on this machine stands in for Bedrock."""
        return self.arguments is not None


def choose(given: argparse.Namespace) -> ModelChoice:
    """The model that the options name.

    Raises:
        ValueError: two were named, or the one named is not there.
    """
    if (given.openai_url is None) != (given.openai_model is None):
        raise ValueError("--openai-url and --openai-model belong together")
    named = {"--model": given.model, "--openai-url": given.openai_url, "--bedrock": given.bedrock}
    named["--script"] = given.script
    chosen = [name for name, value in named.items() if value]
    if len(chosen) > 1:
        raise ValueError(f"only one model can answer, got {' and '.join(chosen)}")
    if given.model is not None:
        return _file(given.model)
    if given.openai_url is not None:
        return _server(given.openai_url, given.openai_model)
    if given.script is not None:
        return _script(given.script)
    return _bedrock() if given.bedrock else _packaged()


def _packaged() -> ModelChoice:
    note = "It is very small and shows the machinery, not the quality; for quality: --model, --openai-url or --bedrock."
    return ModelChoice("SmolLM2-135M-Instruct on this machine", note, ())


def _file(path: Path) -> ModelChoice:
    try:
        with path.open("rb") as file:
            magic = file.read(len(GGUF_MAGIC))
    except OSError as error:
        raise ValueError(f"--model {path} cannot be read: {error.strerror}") from error
    if magic != GGUF_MAGIC:
        raise ValueError(f"--model {path} must be a GGUF file, got one that starts with {magic!r}")
    return ModelChoice(f"{path.name} on this machine", "The quality is this file's.", ("--model", str(path.resolve())))


def _server(url: str, model: str) -> ModelChoice:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"--openai-url must start with http:// or https://, got {url!r}")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname, port), CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"--openai-url {url} does not answer: {reason}") from error
    note = f"The quality is {model}'s."
    return ModelChoice(f"{model} at {url}", note, ("--openai-url", url, "--openai-model", model), calls_tools=True)


def _script(path: Path) -> ModelChoice:
    if not path.is_file():
        raise ValueError(f"--script {path} cannot be read: no such file")
    return ModelChoice("a script", "Fixed replies, no model.", ("--script", str(path.resolve())))


def _bedrock() -> ModelChoice:
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        credentials = botocore.session.get_session().get_credentials()
    except BotoCoreError as error:
        raise ValueError(f"--bedrock: {error}; see AWS_PROFILE and ~/.aws/config") from error
    if credentials is None:
        raise ValueError("--bedrock needs AWS credentials, found none (aws configure, or AWS_PROFILE)")
    return ModelChoice("Amazon Bedrock", "Real calls on your AWS account, at its prices.", None, calls_tools=True)
