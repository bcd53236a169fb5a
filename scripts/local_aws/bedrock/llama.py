"""Runs a GGUF model inside this process with llama.cpp, one reply at a time, without holding up the event loop."""

import asyncio
import os
import secrets
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any

from scripts.local_aws.bedrock.chat import ChatReply, chat_body
from scripts.local_aws.bedrock.converse import ConverseRequest
from scripts.local_aws.bedrock.pieces import Piece
from scripts.local_aws.bedrock.weights import check_weights
from scripts.local_aws.bedrock.wire import AwsError, context_overflow

Chunk = dict[str, Any]
_MOST_THREADS = 8


class LlamaModel:
    """A loaded model. `turn` is held for the length of a reply, so that the prompt cache stays with one conversation.

    `server`: an `xllamacpp.Server`, see `load`.
    """

    def __init__(self, server: Any) -> None:
        self.turn = asyncio.Lock()
        self._server = server
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="llama")

    def chat(self, body: dict[str, Any]) -> AsyncGenerator[Chunk, None]:
        """Chunks of a chat completion, the prompt shaped by the model's own template."""
        return self._chunks(self._server.handle_chat_completions, body)

    def complete(self, body: dict[str, Any]) -> AsyncGenerator[Chunk, None]:
        """Chunks of a plain completion of `body["prompt"]`."""
        return self._chunks(self._server.handle_completions, body)

    async def _chunks(self, ask: Callable[..., Any], body: dict[str, Any]) -> AsyncGenerator[Chunk, None]:
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue()
        left = threading.Event()

        def hand_over(chunk: Chunk | Exception | None) -> None:
            loop.call_soon_threadsafe(arrived.put_nowait, chunk)

        def on_chunk(chunk: Chunk) -> bool:
            """Runs in the model's thread; True makes llama.cpp stop."""
            hand_over(chunk)
            return left.is_set()

        def work() -> None:
            try:
                if not left.is_set():
                    ask(body | {"stream": True, "timings_per_token": True}, on_chunk)
                hand_over(None)
            except Exception as error:  # noqa: BLE001 - raised again where the reply is read
                hand_over(error)

        self._worker.submit(work)
        try:
            while (chunk := await arrived.get()) is not None:
                yield _checked(chunk)
        finally:
            left.set()


class LlamaBackend:
    """Answers with any GGUF model: the prompt as it was sent, the stop reason as it was."""

    def __init__(self, name: str, model: LlamaModel) -> None:
        self.label = f"{name}, run by llama.cpp on this machine"
        self._model = model

    async def reply(self, request: ConverseRequest) -> AsyncGenerator[Piece, None]:
        """The model's own reply; tools are offered to it as its chat template knows them."""
        reply = ChatReply(request)
        body = chat_body(request)
        async with self._model.turn, aclosing(self._model.chat(body)) as chunks:
            async for chunk in chunks:
                for piece in reply.pieces(chunk):
                    yield piece
        yield reply.end()


def load(path: Path, *, context_tokens: int = 16_384) -> LlamaModel:
    """The model in a GGUF file, ready to run.

    Prompts are read on all cores; words are written on one core fewer, which is what stays fast when another
    process wants a core too: llama.cpp's threads wait for each other after every operation.

    Args:
        path: the GGUF file.
        context_tokens: prompt and reply together; llama.cpp caps it at what the model was trained for.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a model llama.cpp can load, or xllamacpp is not installed.
    """
    check_weights(path)
    try:
        import xllamacpp
    except ImportError as missing:
        raise ValueError(f"xllamacpp cannot be loaded, pip install xllamacpp: {missing}") from None
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.n_parallel, params.cache_ram_mib = context_tokens, 1, 0
    cores = os.cpu_count() or 1
    params.cpuparams.n_threads = min(max(1, cores - 1), _MOST_THREADS)
    params.cpuparams_batch.n_threads = min(cores, _MOST_THREADS)
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    params.warmup = False
    params.verbosity = 0  # at its default level llama.cpp fills stderr
    # the library opens a loopback port of its own that nothing here uses: nobody else shall either
    params.ui, params.endpoint_slots, params.api_keys = False, False, [secrets.token_hex()]
    try:
        return LlamaModel(xllamacpp.Server(params))
    except RuntimeError:
        raise ValueError(f"{path}: llama.cpp cannot load this model; the file may be cut short or too new") from None


def _checked(chunk: Chunk | Exception) -> Chunk:
    if isinstance(chunk, Exception):
        raise AwsError("ModelErrorException", f"llama.cpp refused the request: {chunk}") from chunk
    if error := chunk.get("error"):
        if error.get("type") == "exceed_context_size_error":
            raise context_overflow()
        raise AwsError("ModelErrorException", f"llama.cpp failed: {error.get('message')}")
    return chunk
