"""Bedrock on loopback: five scripted replies, one fault, and a list of everything it was paid for."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from scripts.fault_catalogue.entry import CALLS
from scripts.fault_catalogue.loopback import Answer, Handler, Quiet, reset
from scripts.local_aws.bedrock.wire import EVENT_STREAM_TYPE, event_frame

EVENT_STREAM = (("content-type", EVENT_STREAM_TYPE),)
JSON = (("content-type", "application/json"),)
At = Literal["request", "handshake", "certificate", "accept", "proxy 407", "proxy 502"]


@dataclass(frozen=True)
class Reply:
    """The good reply to one call, in both of Bedrock's forms."""

    content: dict[str, Any]
    stop_reason: str
    usage: dict[str, int]

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """ConverseStream's events."""
        tool = self.content.get("toolUse")
        start = {"toolUse": {"toolUseId": tool["toolUseId"], "name": tool["name"]}} if tool else {}
        delta = {"toolUse": {"input": json.dumps(tool["input"])}} if tool else {"text": self.content["text"]}
        return [
            ("messageStart", {"role": "assistant"}),
            *([("contentBlockStart", {"contentBlockIndex": 0, "start": start})] if tool else []),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("messageStop", {"stopReason": self.stop_reason}),
            ("metadata", {"usage": self.usage, "metrics": {"latencyMs": 1}}),
        ]

    def document(self) -> dict[str, Any]:
        """Converse's body."""
        message = {"role": "assistant", "content": [self.content]}
        answer = {"output": {"message": message}, "stopReason": self.stop_reason, "usage": self.usage}
        return {**answer, "metrics": {"latencyMs": 1}}

    def good(self, *, streaming: bool) -> Answer:
        """The answer without a fault."""
        if streaming:
            return Answer(body=b"".join(event_frame(*event) for event in self.events()), headers=EVENT_STREAM)
        return Answer(body=json.dumps(self.document()).encode(), headers=JSON)


@dataclass(frozen=True)
class ModelFault:
    """A fault of the model's endpoint.

    Attributes:
        answer: what stands in the place of the good reply; None for a fault of the connection.
        billed: whether the model wrote, so that the reply is paid.
        at: where it strikes.
    """

    answer: Callable[[Reply], Answer] | None = None
    billed: bool = False
    at: At = "request"


@dataclass
class ModelService:
    """What the endpoint does now, and what it saw.

    Attributes:
        fault: the fault, if any.
        where: the call at which it strikes, by its place in CALLS.
        left: how often it still strikes.
        long: agents whose text is of this many characters.
        paid: what was paid for: the call and its true usage, in order.
        whole: calls that got a whole, good reply.
    """

    fault: ModelFault | None = None
    where: int = 0
    left: float = 0
    long: dict[str, int] = field(default_factory=dict)
    paid: list[tuple[tuple[str, int], dict[str, int]]] = field(default_factory=list)
    whole: list[tuple[str, int]] = field(default_factory=list)

    def strikes(self, at: At, call: int) -> bool:
        """Whether the fault strikes here and now; uses it up."""
        if self.fault is None or self.fault.at != at or call != self.where or self.left < 1:
            return False
        self.left -= 1
        return True

    def next_call(self) -> int:
        """The call that the next connection is for: the first that has no whole reply yet."""
        return len(set(self.whole))

    def answer(self, asked: dict[str, Any], *, streaming: bool) -> Answer:
        """What the request gets."""
        call = (asked["requestMetadata"]["agent"], 1 + sum(turn["role"] == "assistant" for turn in asked["messages"]))
        reply = self.reply(call)
        fault = self.fault
        if fault is not None and fault.answer is not None and self.strikes("request", CALLS.index(call)):
            if fault.billed:
                self.paid.append((call, reply.usage))
            return fault.answer(reply)
        self.paid.append((call, reply.usage))
        self.whole.append(call)
        return reply.good(streaming=streaming)

    def reply(self, call: tuple[str, int]) -> Reply:
        """The good reply to a call; every call has a usage of its own, so that sums tell which were counted."""
        agent, turn = call
        number = CALLS.index(call)
        usage = {"inputTokens": 1000 + number, "outputTokens": 2 ** (number + 3)}
        usage["totalTokens"] = sum(usage.values())
        if turn == 1 and (agent, 2) in CALLS:
            use = {"toolUseId": f"use-{agent}", "name": "look_up", "input": {"agent": agent}}
            return Reply({"toolUse": use}, "tool_use", usage)
        return Reply({"text": f"the {agent}".ljust(self.long.get(agent, 0), "x")}, "end_turn", usage)


class ModelServer(Quiet):
    """The endpoint; with certificates it speaks TLS."""

    def __init__(
        self, service: ModelService, good: ssl.SSLContext | None = None, bad: ssl.SSLContext | None = None
    ) -> None:
        self.service, self._good, self._bad = service, good, bad
        super().__init__(("127.0.0.1", 0), _handler(service))

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Break the connection here, or speak TLS, before a request is read."""
        call = self.service.next_call()
        if self.service.strikes("accept", call):
            request.recv(1)  # a connection that ends before it is whole looks different from time to time
            reset(request)
            return
        if self._good is not None and self._bad is not None:
            if self.service.strikes("handshake", call):
                request.recv(64)
                reset(request)
                return
            chosen = self._bad if self.service.strikes("certificate", call) else self._good
            request = chosen.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)
        request.close()


class Proxy(Quiet):
    """A CONNECT proxy that refuses while a fault strikes."""

    def __init__(self, refuses: Callable[[], bool], refusal: int) -> None:
        class Connect(Handler):
            def asked(self) -> None:
                if refuses():
                    self.put(Answer(refusal))
                    return
                host, _, port = self.path.partition(":")
                with socket.create_connection((host, int(port))) as there:
                    self.send_response(200)
                    self.end_headers()
                    self.close_connection = True
                    _relay(self.connection, there)

        super().__init__(("127.0.0.1", 0), Connect)


def _relay(one: socket.socket, other: socket.socket) -> None:
    import select

    pairs = {one: other, other: one}
    while True:
        for ready in select.select(list(pairs), [], [], 30)[0]:
            data = ready.recv(65_536)
            if not data:
                return
            pairs[ready].sendall(data)


def _handler(service: ModelService) -> type[Handler]:
    route = re.compile(r"/model/[^/]+/(converse|converse-stream)")

    class Model(Handler):
        def asked(self) -> None:
            found = route.fullmatch(self.path)
            asked = json.loads(self.body())
            self.put(service.answer(asked, streaming=found is not None and found[1] == "converse-stream"))

    return Model
