"""Answers with the bundled demonstration model, SmolLM2-135M: it shows the machinery at work, not the quality.

Its replies are bounded: paragraph by paragraph as the outline says, each ending with the first whole sentence after
its share of tokens (with " …" where 60 more bring no sentence's end), about 300 in all. A reply that got to the end
of its outline ends with `end_turn`, since reaching this bound says nothing about the request; `max_tokens` is reported
only when the caller's own maxTokens was reached. It does not call tools and pays no heed to temperature and topP.
Numbers that are not in the prompt are made unlikely, because such a model invents them. Token counts are the model's
own: read (prompt, headings and first words included) and written.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from scripts.local_aws.bedrock.converse import ConverseRequest
from scripts.local_aws.bedrock.llama import Chunk, LlamaModel, load
from scripts.local_aws.bedrock.outline import Outline, Paragraph, outline
from scripts.local_aws.bedrock.pieces import Begin, End, Piece, Text, Usage
from scripts.local_aws.bedrock.weights import bundled_weights
from scripts.local_aws.bedrock.wire import context_overflow

_CONTEXT_TOKENS = 8192
_REPLY_TOKENS = 800  # room kept free for a reply, headings included
_OVERRUN = 60  # tokens a paragraph may go on past its share in search of a sentence's end
_SENTENCE_END = re.compile(r"(?<!\d)(?<!\.[a-z])(?<!\b[A-Z])[.!?][\"”')*]*\s*$")
_SAMPLING = {
    "temperature": 0.4,
    "top_k": 40,
    "top_p": 0.9,
    "min_p": 0.05,
    "repeat_penalty": 1.1,
    "repeat_last_n": 256,
    # DRY punishes repeated phrases, not words: what keeps 135M parameters from looping
    "dry_multiplier": 0.8,
    "dry_allowed_length": 3,
    "dry_penalty_last_n": 400,
    "seed": 7,
}
# a colon promises a list that the outline does not let the model write; a paragraph shall end with a sentence, not by
# a line break or the end of the turn (token 2)
_TO_THE_POINT: list[list[Any]] = [[":", -8.0], ["\n", -6.0], ["\n\n", -6.0], [2, -6.0]]


def bundled_model() -> LlamaModel:
    """The model that comes with the installation.

    Raises:
        ValueError: Its package is missing or is not the one known, or llama.cpp cannot run it.
    """
    return load(bundled_weights(), context_tokens=_CONTEXT_TOKENS)


class BundledBackend:
    """Answers with `model`, by an outline; see `bundled_model`."""

    label = "SmolLM2-135M, the bundled demonstration model: it shows the machinery, not the quality"

    def __init__(self, model: LlamaModel) -> None:
        self._model = model

    async def reply(self, request: ConverseRequest) -> AsyncGenerator[Piece, None]:
        """The outline filled in by the model.

        Raises:
            AwsError: ValidationException (input too long) when the prompt and a reply do not fit its 8,192 tokens.
        """
        writing = _Writing(outline(request), request.inference.get("maxTokens"))
        async with self._model.turn:
            for paragraph in writing.outline.paragraphs:
                body = writing.body(paragraph)
                async with aclosing(self._model.complete(body)) as chunks:
                    async for chunk in chunks:
                        for piece in writing.pieces(chunk):
                            yield piece
                        if writing.paragraph_done():
                            break
                if writing.spent():
                    yield End("max_tokens", writing.usage())
                    return
        if close := writing.close():
            yield Text(close, writing.usage().output_tokens)
        yield End("end_turn", writing.usage())


class _Writing:
    """One reply as it grows."""

    def __init__(self, plan: Outline, max_tokens: int | None) -> None:
        self.outline = plan
        self._max_tokens = max_tokens
        self._written = ""
        self._lead = ""
        self._own = ""
        self._paragraph = plan.paragraphs[0]
        self._read = 0
        self._tokens_before = 0
        self._tokens_here = 0
        self._begun = False
        self._finish: str | None = None

    @property
    def _tokens(self) -> int:
        return self._tokens_before + self._tokens_here

    def body(self, paragraph: Paragraph) -> dict[str, Any]:
        """The completion that writes `paragraph` after all that stands already."""
        self._lead = (self.close() if self._begun else "") + paragraph.lead
        self._written += self._lead
        self._paragraph, self._own, self._finish = paragraph, "", None
        self._tokens_before, self._tokens_here = self._tokens, 0
        most = paragraph.tokens + _OVERRUN
        if self._max_tokens is not None:
            most = min(most, self._max_tokens - self._tokens)
        prompt = self.outline.prompt + self._written
        bias: list[list[Any]] = [[sign, -4.0] for sign in "0123456789" if sign not in self.outline.prompt]
        bias += _TO_THE_POINT if paragraph.one_line else []
        stop = ["\n"] if paragraph.one_line else []
        return _SAMPLING | {"prompt": prompt, "max_tokens": most, "stop": stop, "logit_bias": bias}

    def pieces(self, chunk: Chunk) -> list[Piece]:
        """What `chunk` adds to the reply; the lead goes out with the paragraph's first words."""
        timings = chunk.get("timings") or {}
        if timings:
            self._read = timings["prompt_n"] + timings["cache_n"] - self._tokens_before
            self._tokens_here = timings["predicted_n"]
        begin: list[Piece] = []
        if not self._begun:
            if self._read + _REPLY_TOKENS > _CONTEXT_TOKENS:
                raise context_overflow()
            self._begun, begin = True, [Begin(self._read)]
        text = ""
        for choice in chunk.get("choices") or []:
            text += choice.get("text") or ""
            self._finish = choice.get("finish_reason") or self._finish
        self._written += text
        self._own += text
        said, self._lead = self._lead + text, ""
        return begin + ([Text(said, self._tokens)] if said else [])

    def paragraph_done(self) -> bool:
        """Whether the paragraph has its share and a sentence just ended."""
        return self._tokens_here >= self._paragraph.tokens and bool(_SENTENCE_END.search(self._own))

    def spent(self) -> bool:
        """Whether the caller's own limit is reached."""
        return self._max_tokens is not None and self._tokens >= self._max_tokens

    def close(self) -> str:
        """What the paragraph lacks: a full stop, or an ellipsis where it was cut for want of a sentence end."""
        if self._written.rstrip().endswith((".", "!", "?", '"', "”", ")", "*")):
            return ""
        return " …" if self._finish == "length" else "."

    def usage(self) -> Usage:
        """Tokens read and written, as the model counted them."""
        return Usage(self._read, self._tokens)
