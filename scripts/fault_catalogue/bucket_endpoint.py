"""S3 on loopback: keeps objects, with one fault in front of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from scripts.fault_catalogue.loopback import Answer, Handler, Quiet

At = Literal["PUT", "GET", "GET at replay", "PUT of the result"]


@dataclass(frozen=True)
class BucketFault:
    """A fault of the bucket.

    Attributes:
        answer: what stands in the place of the bucket's answer; None: the object's body, cut in the middle.
        at: which request meets it.
    """

    answer: Answer | None
    at: At


@dataclass
class BucketService:
    """What the bucket does now, and what it keeps.

    Attributes:
        fault: the fault, if any.
        left: how often it still strikes.
        objects: what is kept, by path.
        replaying: whether an invocation after the first asks.
    """

    fault: BucketFault | None = None
    left: float = 0
    objects: dict[str, bytes] = field(default_factory=dict)
    replaying: bool = False

    def put(self, path: str, body: bytes) -> Answer:
        """PutObject."""
        # bucket, "executions", the execution, and for a step's value its operation
        at: At = (
            "PUT of the result"
            if len(path.strip("/").split("/")) == len(("large", "executions", "e", "key"))
            else "PUT"
        )
        if struck := self._strike(at, b""):
            return struck
        self.objects[path] = body
        return Answer()

    def get(self, path: str) -> Answer:
        """GetObject."""
        at: At = "GET at replay" if self.replaying else "GET"
        body = self.objects.get(path, b"")
        return self._strike(at, body) or Answer(body=body)

    def _strike(self, at: At, body: bytes) -> Answer | None:
        if self.fault is None or self.fault.at != at or self.left < 1:
            return None
        self.left -= 1
        return self.fault.answer or Answer(body=body[: len(body) // 2], whole=False)


def refusal(status: int, code: str) -> Answer:
    """An error as S3 words it."""
    return Answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())


class BucketServer(Quiet):
    """The bucket."""

    def __init__(self, service: BucketService) -> None:
        class Bucket(Handler):
            def asked(self) -> None:
                body = self.body()
                self.put(service.put(self.path, body) if self.command == "PUT" else service.get(self.path))

        super().__init__(("127.0.0.1", 0), Bucket)
