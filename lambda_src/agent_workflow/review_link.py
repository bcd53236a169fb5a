"""The signed link to the page of one question: which one, until when. KMS signs and checks; the key never leaves it."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

PARAMETER = "link"
"""Of the page's address."""
ALGORITHM = "HMAC_SHA_256"
MOST_CHARACTERS = 3_000
_PURPOSE = b"review link 1\n"
"""Signed with the claims, so that no other message signed with the key can be taken for a link."""

Sign = Callable[[bytes], bytes]
Check = Callable[[bytes, bytes], bool]


class LinkRefused(ValueError):
    """The link is not one of ours; the message quotes none of it."""

    reason = "forged"


class LinkExpired(LinkRefused):
    """It was one of ours, and its time is over."""

    reason = "expired"


@dataclass(frozen=True)
class Claims:
    """What a link stands for.

    Attributes:
        execution_arn: the execution that asks.
        callback: digest of the id of the callback that is waited for; of the id itself a link must not tell.
        round: of the question.
        digest: SHA-256 of the text that was shown.
        expires_at: epoch seconds.
    """

    execution_arn: str
    callback: str
    round: int
    digest: str
    expires_at: int


def callback_digest(callback_id: str) -> str:
    """What a link says of a callback."""
    return hashlib.sha256(callback_id.encode()).hexdigest()


def signed(claims: Claims, sign: Sign) -> str:
    """The link's parameter."""
    document = json.dumps(list(asdict(claims).values()), separators=(",", ":")).encode()
    return f"{_written(document)}.{_written(sign(_PURPOSE + document))}"


def read_link(parameter: str, check: Check, now: float) -> Claims:
    """What was signed.

    Args:
        parameter: of the address, as somebody sent it.
        check: whether the second is the signature of the first.
        now: epoch seconds.

    Raises:
        LinkExpired: its time is over.
        LinkRefused: it was not signed, or not so.
    """
    if not 0 < len(parameter) <= MOST_CHARACTERS:
        raise LinkRefused("a link must be whole")
    try:
        document, signature = (_read(part) for part in parameter.split("."))
    except ValueError:
        raise LinkRefused("a link must be whole") from None
    if not check(_PURPOSE + document, signature):
        raise LinkRefused("a link must be signed")
    claims = Claims(*json.loads(document))
    if now >= claims.expires_at:
        raise LinkExpired("a link must be used in time")
    return claims


def _written(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _read(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _written(data) != text:  # a second way to write the same link is none of ours
        raise ValueError("not as it was written")
    return data
