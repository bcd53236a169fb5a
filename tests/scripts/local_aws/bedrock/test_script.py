"""The scripted endpoint as unmodified boto3 clients see it, over a real loopback port."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
import urllib3.exceptions
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError, HTTPClientError, ReadTimeoutError, ResponseStreamingError

from scripts.local_aws.bedrock.calls import CallsLog
from scripts.local_aws.bedrock.pieces import Begin
from scripts.local_aws.bedrock.script import ScriptBackend, ScriptError, parse_script
from scripts.local_aws.bedrock.serve import serving

MODEL = "us.anthropic.claude-sonnet-4-6"
PROFILE_ARN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123"
TOOL_USE = {"toolUse": {"toolUseId": "a", "name": "search", "input": {}}}
TOOL_RESULT = {"toolResult": {"toolUseId": "a", "content": [{"text": "found"}]}}
QUESTION = [{"role": "user", "content": [{"text": "What are tides?"}]}]


class Bedrock:
    """A running endpoint: its backend, its calls and a client to it."""

    def __init__(self, backend, url, calls_file):
        self.backend, self.url, self._calls_file = backend, url, calls_file
        self.client = self.new_client()

    def new_client(self, read_timeout=60):
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=read_timeout)
        return boto3.client(
            "bedrock-runtime",
            endpoint_url=self.url,
            config=config,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def play(self, *replies, default=None):
        self.backend.replace(parse_script(json.dumps({"replies": replies, "default": default})))
        self._calls_file.truncate()

    def converse(self, agent="research", messages=QUESTION, **more):
        return self.client.converse(modelId=MODEL, messages=messages, requestMetadata={"agent": agent}, **more)

    def stream(self, agent="research", messages=QUESTION, client=None, **more):
        client = client or self.client
        reply = client.converse_stream(modelId=MODEL, messages=messages, requestMetadata={"agent": agent}, **more)
        return reply["stream"]

    def events(self):
        """The calls log since `play`, without the numbers that change from run to run.

        A client has the last byte of a reply before the server has written that it sent it: so each call is waited for.
        """
        deadline = time.monotonic() + 60
        while self._open() and time.monotonic() < deadline:
            time.sleep(0.02)
        return [{k: v for k, v in event.items() if k not in ("at", "call")} for event in self._calls_file.lines()]

    def _open(self):
        events = [line["event"] for line in self._calls_file.lines()]
        return events.count("started") - sum(events.count(end) for end in ("finished", "failed", "disconnected"))

    def wait_for(self, event):
        """Read the calls log until `event` stands in it; the server notices a departed client on its own time."""
        deadline = time.monotonic() + 60
        while not any(line["event"] == event for line in self._calls_file.lines()):
            assert time.monotonic() < deadline, f"no {event} event: {self.events()}"
            time.sleep(0.02)


class CallsFile:
    """The calls log's file, with a mark of what was read before."""

    def __init__(self, path):
        self.path, self._mark = path, 0

    def truncate(self):
        self._mark = len(self.path.read_text().splitlines())

    def lines(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()[self._mark :]]


@pytest.fixture(scope="module")
def bedrock(tmp_path_factory):
    calls_file = tmp_path_factory.mktemp("calls") / "calls.jsonl"
    backend = ScriptBackend(parse_script("{}"))
    with serving(backend, CallsLog(calls_file)) as url:
        yield Bedrock(backend, url, CallsFile(calls_file))


def _text(stream):
    return "".join(event["contentBlockDelta"]["delta"]["text"] for event in stream if "contentBlockDelta" in event)


def test_converse_gives_the_whole_message_with_its_usage(bedrock):
    usage = {"inputTokens": 100, "outputTokens": 50, "cacheReadInputTokens": 7, "cacheWriteInputTokens": 3}
    bedrock.play({"agent": "research", "turn": 1, "text": "Tides rise and fall.", "usage": usage})
    reply = bedrock.converse()
    assert reply["output"]["message"] == {"role": "assistant", "content": [{"text": "Tides rise and fall."}]}
    assert reply["stopReason"] == "end_turn"
    assert reply["usage"] == usage | {"totalTokens": 160}
    assert reply["metrics"]["latencyMs"] >= 0
    assert reply["ResponseMetadata"]["RequestId"]


def test_converse_stream_sends_word_by_word_what_converse_sends_whole(bedrock):
    bedrock.play({"text": "Tides rise\n\nand fall. "})
    events = list(bedrock.stream())
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        *["contentBlockDelta"] * 4,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert _text(events) == "Tides rise\n\nand fall. "
    assert events[-2]["messageStop"] == {"stopReason": "end_turn"}
    # counted in words when the script gives no usage, cache counts left off
    assert events[-1]["metadata"]["usage"] == {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}


def test_tools_are_asked_for_after_the_text_with_the_same_ids_in_every_process(bedrock):
    bedrock.play(
        {"text": "Let me look.", "tool_uses": [{"name": "search", "input": {"q": "tides"}}, {"name": "clock"}]},
    )
    whole = bedrock.converse()
    expected = [
        {"text": "Let me look."},
        {"toolUse": {"toolUseId": "tooluse_research_1_1", "name": "search", "input": {"q": "tides"}}},
        {"toolUse": {"toolUseId": "tooluse_research_1_2", "name": "clock", "input": {}}},
    ]
    assert whole["output"]["message"]["content"] == expected
    assert whole["stopReason"] == "tool_use"
    events = list(bedrock.stream())
    starts = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    assert [start["contentBlockIndex"] for start in starts] == [1, 2]
    assert [start["start"]["toolUse"]["toolUseId"] for start in starts] == [
        "tooluse_research_1_1",
        "tooluse_research_1_2",
    ]
    deltas = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
    first_input = "".join(d["delta"]["toolUse"]["input"] for d in deltas if d["contentBlockIndex"] == 1)
    assert json.loads(first_input) == {"q": "tides"}


def test_the_first_matching_reply_wins_by_agent_and_turn(bedrock):
    bedrock.play(
        {"agent": "research", "turn": 2, "text": "second"},
        {"agent": "research", "turn": "*", "text": "any turn"},
        {"agent": "*", "turn": 1, "text": "any agent"},
        default={"text": "default"},
    )
    later = [*QUESTION, {"role": "assistant", "content": [{"text": "So"}]}, QUESTION[0]]
    texts = [_text(bedrock.stream(agent, messages)) for agent, messages in [
        ("research", QUESTION), ("research", later), ("summary", QUESTION), ("summary", later),
    ]]  # fmt: skip
    assert texts == ["any turn", "second", "any agent", "default"]


def test_a_request_the_script_does_not_know_is_refused_by_name(bedrock):
    bedrock.play({"agent": "research", "text": "x"})
    with pytest.raises(ClientError, match="no reply for agent summary, turn 1") as refused:
        bedrock.converse("summary")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_an_arn_with_slashes_reaches_the_endpoint_as_the_model_id(bedrock):
    bedrock.play({"text": "ok"})
    bedrock.client.converse(modelId=PROFILE_ARN, messages=QUESTION)
    assert bedrock.events()[0]["model_id"] == PROFILE_ARN
    assert bedrock.events()[0]["agent"] == "unknown"


@pytest.mark.parametrize("stop_reason", ["max_tokens", "guardrail_intervened", "content_filtered"])
def test_a_reply_may_stop_for_another_reason_with_no_text(bedrock, stop_reason):
    bedrock.play({"text": "", "stop_reason": stop_reason})
    events = list(bedrock.stream())
    assert [next(iter(event)) for event in events] == ["messageStart", "messageStop", "metadata"]
    assert events[1]["messageStop"]["stopReason"] == stop_reason
    whole = bedrock.converse()
    assert (whole["stopReason"], whole["output"]["message"]["content"]) == (stop_reason, [])


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("throttle", 429, "ThrottlingException"),
        ("unavailable", 503, "ServiceUnavailableException"),
        ("server_error", 500, "InternalServerException"),
        ("model_timeout", 408, "ModelTimeoutException"),
        ("validation", 400, "ValidationException"),
        ("context_overflow", 400, "ValidationException"),
        ("access_denied", 403, "AccessDeniedException"),
        ("not_found", 404, "ResourceNotFoundException"),
        ("quota", 400, "ServiceQuotaExceededException"),
    ],
)
def test_a_fault_is_one_aws_error_and_then_the_reply(bedrock, fault, status, code, whole):
    bedrock.play({"text": "fine", "faults": [fault]})
    ask = bedrock.converse if whole else bedrock.stream
    with pytest.raises(ClientError) as refused:
        ask()
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    if fault == "context_overflow":
        assert "Input is too long for requested model" in str(refused.value)
    assert _text(bedrock.stream()) == "fine"
    assert [(event["event"], event["error"]) for event in bedrock.events() if event["event"] != "token"] == [
        ("started", None),
        ("failed", code),
        ("started", None),
        ("finished", None),
    ]


@pytest.mark.parametrize(
    ("fault", "code"),
    [("throttle_midstream", "throttlingException"), ("error_midstream", "modelStreamErrorException")],
)
def test_a_fault_in_the_middle_of_a_stream_comes_after_half_the_words(bedrock, fault, code):
    bedrock.play({"text": "one two three four", "faults": [fault]})
    got = []
    with pytest.raises(EventStreamError) as broken:
        got.extend(bedrock.stream())
    assert broken.value.response["Error"]["Code"] == code
    _assert_half_came(bedrock, fault, code)


def _assert_half_came(bedrock, fault, code):
    failed = bedrock.events()[-1]
    assert (failed["event"], failed["error"]) == ("failed", code[0].upper() + code[1:] if code else fault)
    assert failed["output_tokens"] == 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [("throttle_midstream", "ThrottlingException"), ("error_midstream", "ModelErrorException")],
)
def test_without_a_stream_a_midstream_fault_is_a_plain_error(bedrock, fault, code):
    bedrock.play({"text": "one two three four", "faults": [fault]})
    with pytest.raises(ClientError) as refused:
        bedrock.converse()
    assert refused.value.response["Error"]["Code"] == code


def test_a_disconnect_in_the_middle_of_a_stream_closes_the_socket_after_half_the_words(bedrock):
    bedrock.play({"text": "one two three four", "faults": ["disconnect_midstream"]})
    got = []
    with pytest.raises((urllib3.exceptions.ProtocolError, ResponseStreamingError)):
        got.extend(bedrock.stream())
    assert _text(got) == "one two"
    _assert_half_came(bedrock, "disconnect_midstream", None)


def test_without_a_stream_a_disconnect_is_a_reply_cut_short(bedrock):
    bedrock.play({"text": "one two three four", "faults": ["disconnect_midstream"]})
    with pytest.raises((HTTPClientError, ResponseStreamingError)):
        bedrock.converse()


def test_a_stalled_call_says_nothing_until_the_client_gives_up(bedrock):
    bedrock.play({"text": "fine", "faults": ["stall"]})
    with pytest.raises(ReadTimeoutError):
        bedrock.stream(client=bedrock.new_client(read_timeout=0.3))
    bedrock.wait_for("disconnected")
    assert [event["event"] for event in bedrock.events()] == ["started", "disconnected"]
    assert _text(bedrock.stream()) == "fine"


def test_a_stall_in_the_middle_ends_with_the_clients_read_timeout(bedrock):
    bedrock.play({"text": "one two three four", "faults": ["stall_midstream"]})
    got = []
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):  # in a stream botocore lets urllib3's own through
        got.extend(bedrock.stream(client=bedrock.new_client(read_timeout=0.3)))
    assert _text(got) == "one two"
    bedrock.wait_for("disconnected")


def test_a_stall_that_ends_closes_the_socket(bedrock):
    bedrock.play({"text": "one two", "faults": ["stall"], "stall_seconds": 0.05})
    with pytest.raises((HTTPClientError, ResponseStreamingError)):
        bedrock.converse()
    assert bedrock.events()[-1]["error"] == "stall"


def test_faults_are_used_up_in_order_and_apart_for_each_agent_and_turn(bedrock):
    bedrock.play({"agent": "*", "text": "ok", "faults": ["throttle", "server_error"]})

    def outcome(agent):
        try:
            return bedrock.converse(agent)["stopReason"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    agents = ["research", "summary", "research", "summary", "research"]
    assert [outcome(agent) for agent in agents] == [
        "ThrottlingException",
        "ThrottlingException",
        "InternalServerException",
        "InternalServerException",
        "end_turn",
    ]


def test_many_calls_are_answered_side_by_side(bedrock):
    bedrock.play({"text": "ok", "delay_seconds": 0.5})
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: _text(bedrock.stream()), range(8)))
    assert texts == ["ok"] * 8
    events = [event["event"] for event in bedrock.events()]
    assert events.index("finished") >= 8, "every call starts before the first one ends"


def test_the_calls_log_counts_and_never_tells(bedrock):
    bedrock.play({"text": "secret reply words", "usage": {"inputTokens": 11, "outputTokens": 30}})
    _text(bedrock.stream())
    named = {"agent": "research", "turn": 1, "model_id": MODEL, "error": None}
    assert bedrock.events()[:2] == [
        {"event": "started", "output_tokens": 0, "input_tokens": 0, **named},
        {"event": "token", "output_tokens": 10, "input_tokens": 11, **named},
    ]
    assert bedrock.events()[-1] == {"event": "finished", "output_tokens": 30, "input_tokens": 11, **named}
    assert "secret" not in json.dumps(bedrock.events())
    assert "tides" not in json.dumps(bedrock.events())


def test_a_client_that_leaves_cancels_the_reply(bedrock):
    bedrock.play({"text": "word " * 200, "faults": ["stall_midstream"]})
    client = bedrock.new_client()
    stream = bedrock.stream(client=client)
    next(iter(stream))
    stream.close()
    client.close()
    bedrock.wait_for("disconnected")


def test_stats_and_health_answer_while_a_call_stalls(bedrock):
    import httpx

    bedrock.play({"agent": "stats", "text": "x", "faults": ["throttle", "stall"]})
    with pytest.raises(ClientError):
        bedrock.converse("stats")
    client = bedrock.new_client(read_timeout=1)

    def stalled():
        with pytest.raises(ReadTimeoutError):
            bedrock.stream("stats", client=client)

    thread = threading.Thread(target=stalled)
    thread.start()
    bedrock.wait_for("started")
    stats = [call for call in httpx.get(f"{bedrock.url}/_local/stats").json()["calls"] if call["agent"] == "stats"]
    assert stats[0] == {"agent": "stats", "turn": 1, "attempt": 1, "outcome": "failed"}
    assert httpx.get(f"{bedrock.url}/_local/health").json() == {"status": "ok", "answered_by": "scripted replies"}
    thread.join()
    bedrock.wait_for("disconnected")
    stats = [call for call in httpx.get(f"{bedrock.url}/_local/stats").json()["calls"] if call["agent"] == "stats"]
    assert stats[1] == {"agent": "stats", "turn": 1, "attempt": 2, "outcome": "disconnected"}


def test_the_script_can_be_replaced_while_the_endpoint_runs(bedrock):
    import httpx

    bedrock.play({"text": "old"})
    replaced = httpx.post(f"{bedrock.url}/_local/script", json={"replies": [{"text": "new"}]})
    assert replaced.status_code == 200
    assert _text(bedrock.stream()) == "new"
    refused = httpx.post(f"{bedrock.url}/_local/script", json={"replies": [{"txt": "typo"}]})
    assert (refused.status_code, refused.json()["message"]) == (
        400,
        "replies[0].txt: Extra inputs are not permitted",
    )
    assert _text(bedrock.stream()) == "new"


def test_a_backend_that_breaks_is_an_internal_server_error(bedrock, caplog):
    class Broken:
        label = "broken"

        async def reply(self, request):
            yield Begin(1 // 0)

    with serving(Broken()) as url:
        client = Bedrock(bedrock.backend, url, None).client
        with pytest.raises(ClientError) as refused:
            client.converse(modelId=MODEL, messages=QUESTION)
    assert refused.value.response["Error"]["Code"] == "InternalServerException"
    assert "ZeroDivisionError" in caplog.text


def test_a_text_of_a_megabyte_arrives_whole(bedrock):
    text = "tides " * 170_000
    bedrock.play({"text": text})
    assert _text(bedrock.stream()) == text


@pytest.mark.parametrize(
    ("messages", "complaint"),
    [
        ([{"role": "assistant", "content": [{"text": "hi"}]}], "must start with a user message"),
        ([*QUESTION, {"role": "assistant", "content": [{"text": "hi"}]}], "does not support assistant message prefill"),
        ([{"role": "user", "content": []}], r"messages\.0 is empty"),
        ([{"role": "user", "content": [{"text": " "}]}], "is blank"),
        ([*QUESTION, {"role": "assistant", "content": [TOOL_USE]}, *QUESTION], "content for the following Ids: a"),
        ([{"role": "user", "content": [TOOL_RESULT]}], "exceeds the number of toolUse"),
    ],
)
def test_a_conversation_bedrock_would_refuse_is_refused_here(bedrock, messages, complaint):
    bedrock.play({"text": "ok"})
    with pytest.raises(ClientError, match=complaint) as refused:
        bedrock.converse(messages=messages)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("{", "Invalid JSON: EOF while parsing an object at line 1 column 1"),
        ("[]", "Input should be an object"),
        (
            '{"replies": [{"faults": ["throttle", "earthquake"]}]}',
            r"replies\[0\]\.faults\[1\]: Input should be",
        ),
        ('{"replies": [{"turn": 0}]}', r"replies\[0\]\.turn"),
        ('{"default": {"usage": {"inputTokens": -1}}}', r"default\.usage\.inputTokens: Input should be greater than"),
        ('{"replies": [{"delay_seconds": "1"}]}', r"replies\[0\]\.delay_seconds: Input should be a valid number"),
    ],
)
def test_fails_when_the_script_is_wrong_naming_the_place(script, complaint):
    with pytest.raises(ScriptError, match=complaint):
        parse_script(script)
