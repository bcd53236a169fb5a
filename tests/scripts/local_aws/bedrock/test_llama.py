"""The in-process model backends, with llama.cpp's part played by a fake that speaks its chunks."""

import asyncio
import itertools
import threading
from contextlib import aclosing

import pytest

from scripts.local_aws.bedrock.bundled import BundledBackend
from scripts.local_aws.bedrock.converse import read_request
from scripts.local_aws.bedrock.llama import LlamaBackend, LlamaModel
from scripts.local_aws.bedrock.pieces import Begin, End, Text, ToolInput, ToolStart, Usage
from scripts.local_aws.bedrock.wire import AwsError


class FakeServer:
    """Writes the words it was given, one token each, until it is told to stop; counts what it wrote."""

    def __init__(self, words, finish="stop", prompt_tokens=100):
        self.words, self.finish, self.prompt_tokens = words, finish, prompt_tokens
        self.asked, self.written, self.at_once, self.most_at_once = [], 0, 0, 0

    def handle_completions(self, body, callback):
        self._write(body, callback, lambda word: {"text": word})

    def handle_chat_completions(self, body, callback):
        self._write(body, callback, lambda word: {"delta": {"content": word}})

    def _write(self, body, callback, shape):
        self.asked.append(body)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self._stream(body, callback, shape)
        finally:
            self.at_once -= 1

    def _stream(self, body, callback, shape):
        words = list(itertools.islice(self.words, body.get("max_tokens")))
        for number, word in enumerate(words, start=1):
            timings = {"prompt_n": self.prompt_tokens, "cache_n": 0, "predicted_n": number}
            self.written += 1
            if callback({"choices": [shape(word)], "timings": timings}):
                return
        usage = {"prompt_tokens": self.prompt_tokens, "completion_tokens": len(words)}
        finish = "length" if len(words) == body.get("max_tokens") else self.finish
        callback({"choices": [shape("") | {"finish_reason": finish}], "usage": usage})


def _request(agent="research", topic="tidal power", **inference):
    messages = [{"role": "user", "content": [{"text": topic}]}]
    body = {"messages": messages, "requestMetadata": {"agent": agent}, "inferenceConfig": inference}
    return read_request("m", body, streaming=True)


async def _all(backend, request):
    return [piece async for piece in backend.reply(request)]


def _bundled(words, request, **fake):
    server = FakeServer(words, **fake)
    pieces = asyncio.run(_all(BundledBackend(LlamaModel(server)), request))
    return server, "".join(piece.text for piece in pieces if isinstance(piece, Text)), pieces


def test_the_bundled_model_fills_in_each_paragraph_up_to_a_whole_sentence():
    server, text, pieces = _bundled([" tides", " rise."] * 100, _request())
    assert pieces[0] == Begin(100)
    assert text.startswith("# Tidal power\n\n## Key facts and definitions\n\nIn simple terms, tides rise. tides")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Key facts and definitions",
        "## Recent developments",
        "## Examples",
        "## Open questions",
    ]
    assert all(paragraph.endswith("rise.") for paragraph in text.split("\n\n")[2::2])
    assert pieces[-1].stop_reason == "end_turn"
    assert len(server.asked) == 4
    # 60, 46, 46 and 46: the first even number of words after each paragraph's share
    assert pieces[-1].usage.output_tokens == 198


def test_the_bundled_model_never_reports_its_own_bound_as_max_tokens():
    _, text, pieces = _bundled([" and on"] * 500, _request(maxTokens=8192))
    assert pieces[-1].stop_reason == "end_turn"
    assert text.endswith("and on …")
    assert pieces[-1].usage.output_tokens == 120 + 3 * 105


def test_the_bundled_model_reports_the_callers_own_limit():
    _, _, pieces = _bundled([" and on"] * 500, _request(maxTokens=150))
    assert pieces[-1].stop_reason == "max_tokens"
    assert pieces[-1].usage.output_tokens == 150


def test_a_list_item_without_a_full_stop_gets_one():
    _, text, _ = _bundled([" by", " looking"], _request("analysis"))
    assert text.endswith("1. Start by looking.\n2. Make by looking.\n3. Keep by looking.")


def test_numbers_are_discouraged_unless_the_prompt_has_them():
    server, _, _ = _bundled([" x."], _request())
    assert ["7", -4.0] in server.asked[0]["logit_bias"]
    body = {
        "messages": [{"role": "user", "content": [{"text": "Boeing 747"}]}],
        "requestMetadata": {"agent": "research"},
    }
    server, _, _ = _bundled([" x."], read_request("m", body, streaming=True))
    assert ["7", -4.0] not in server.asked[0]["logit_bias"]
    assert ["8", -4.0] in server.asked[0]["logit_bias"]


def test_a_prompt_that_leaves_no_room_for_a_reply_overflows_the_context():
    with pytest.raises(AwsError, match="Input is too long"):
        _bundled([" x."], _request(), prompt_tokens=7500)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        ({"type": "exceed_context_size_error", "message": "9000 tokens"}, "ValidationException", "Input is too long"),
        ({"type": "server_error", "message": "boom"}, "ModelErrorException", "boom"),
    ],
)
def test_llama_cpps_errors_become_awss(error, code, says):
    class Refusing:
        def handle_chat_completions(self, body, callback):
            callback({"error": error})

    with pytest.raises(AwsError, match=says) as refused:
        asyncio.run(_all(LlamaBackend("m", LlamaModel(Refusing())), _request()))
    assert refused.value.code == code


@pytest.mark.parametrize(("finish", "stop_reason"), [("stop", "end_turn"), ("length", "max_tokens")])
def test_a_model_of_ones_own_reports_why_it_stopped_and_its_own_counts(finish, stop_reason):
    server = FakeServer(["Tides ", "rise."], finish)
    pieces = asyncio.run(_all(LlamaBackend("m", LlamaModel(server)), _request(maxTokens=500, temperature=0.3)))
    expected = [Begin(100), Text("Tides ", 1), Text("rise.", 2), End(stop_reason, Usage(100, 2))]
    assert pieces == expected
    assert (server.asked[0]["max_tokens"], server.asked[0]["temperature"]) == (500, 0.3)
    assert server.asked[0]["messages"] == [{"role": "user", "content": "tidal power"}]


def test_a_model_of_ones_own_may_call_tools():
    class Calling:
        def handle_chat_completions(self, body, callback):
            call = {"index": 0, "id": "c1", "function": {"name": "search", "arguments": ""}}
            callback({"choices": [{"delta": {"tool_calls": [call]}}]})
            callback({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"q": 1}'}}]}}]})
            callback({"choices": [{"delta": {}, "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": 5}})

    pieces = asyncio.run(_all(LlamaBackend("m", LlamaModel(Calling())), _request()))
    assert pieces == [Begin(0), ToolStart("c1", "search"), ToolInput('{"q": 1}', 1), End("tool_use", Usage(5, 0))]


def test_replies_are_written_one_after_the_other():
    server = FakeServer([" tides", " rise."] * 100)
    backend = BundledBackend(LlamaModel(server))

    async def both():
        return await asyncio.gather(_all(backend, _request("research")), _all(backend, _request("analysis")))

    asyncio.run(both())
    assert server.most_at_once == 1
    asked = ["Topic:" in body["prompt"] for body in server.asked]
    assert asked == sorted(asked, reverse=True), "the second reply begins when the first is whole"


def test_leaving_in_the_middle_stops_the_model_and_frees_it_for_the_next():
    hold = threading.Event()

    class Endless(FakeServer):
        def _stream(self, body, callback, shape):
            super()._stream(
                body, lambda chunk: callback(chunk) or (self.written > 1 and hold.wait(10) and False), shape
            )

    server = Endless(itertools.repeat(" on and"), finish="length")
    model = LlamaModel(server)

    async def leave_then_ask():
        async with aclosing(LlamaBackend("m", model).reply(_request(maxTokens=1_000_000))) as reply:
            async for piece in reply:
                if isinstance(piece, Text):
                    break
        hold.set()
        return await _all(LlamaBackend("m", model), _request(maxTokens=3))

    pieces = asyncio.run(leave_then_ask())
    assert pieces[-1] == End("max_tokens", Usage(100, 3))
    assert server.written < 20
