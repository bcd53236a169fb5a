"""How the command ends when it cannot do what was asked: one line, and the contract's exit status."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from scripts.console.command_line import BadUsage
from scripts.console.ending import BAD_USAGE, FAILED
from scripts.operate.calls import action_of

NOT_FOUND, NOT_ALLOWED = 3, 4


class Refused(Exception):
    """It cannot be done; the message is one line that says why and what to do."""

    status = FAILED


class Unusable(Refused):
    """The command line cannot be followed."""

    status = BAD_USAGE


class NotFound(Refused):
    """There is no such thing."""

    status = NOT_FOUND


class NotAllowed(Refused):
    """The caller may not, or is nobody."""

    status = NOT_ALLOWED


Failure = Refused | BadUsage | BotoCoreError | ClientError | ResponseParserError
FAILURES = (Refused, BadUsage, BotoCoreError, ClientError, ResponseParserError)
"""All that a command may fail with."""

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_NOBODY = frozenset(
    {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch"}
)
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_THROTTLED = frozenset({"TooManyRequestsException", "Throttling", "ThrottlingException"})
_KEY = frozenset({"KMSAccessDeniedException"})
_SIGN_IN = "sign in again (aws sso login, or new keys)"


def refusal_of(error: Failure) -> Refused:
    """What one of FAILURES comes to."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, BadUsage):
        return Unusable(str(error))
    if isinstance(error, ResponseParserError):
        return Refused("what answers is not AWS, nor the local stack: check --endpoint-url")
    return _answered(error) if isinstance(error, ClientError) else _unanswered(error)


def code_of(error: ClientError) -> str:
    """The service's error code."""
    return error.response.get("Error", {}).get("Code", "")


def _answered(error: ClientError) -> Refused:
    code, operation = code_of(error), error.operation_name
    if code in _EXPIRED:
        return NotAllowed(f"the credentials have expired: {_SIGN_IN}")
    if code in _NOBODY:
        return NotAllowed(f"AWS does not know these credentials ({code}): another --profile, or {_SIGN_IN}")
    if code in _DENIED:
        return NotAllowed(_denied(operation))
    if code in _KEY:
        return NotAllowed("the pipeline's key refuses kms:Decrypt: grant_review and grant_operate give it")
    if code in _THROTTLED:
        return Refused(f"AWS throttles {operation}, five tries were used up: wait a minute, or ask for less at once")
    return Refused(f"{operation} was answered with {code or 'no code'}: {_words(error)}")


def _denied(operation: str) -> str:
    call = action_of(operation)
    if call is None:
        return f"not allowed: {operation}"
    gives = f"pipeline.{call.grant}(...) in the CDK app gives it" if call.grant else "the caller's own policy must"
    return f"not allowed: {call.action}; {gives}"


def _words(error: ClientError) -> str:
    message = error.response.get("Error", {}).get("Message") or "no message"
    return " ".join(str(message).split())[:200]


def _unanswered(error: BotoCoreError) -> Refused:
    for kinds, refused, words in _UNANSWERED:
        if isinstance(error, kinds):
            return refused(words.format(**{"profile": None, "endpoint_url": None, **error.kwargs}))
    return Refused(f"{type(error).__name__}: {' '.join(str(error).split())}")


_UNANSWERED: tuple[tuple[tuple[type[BotoCoreError], ...], type[Refused], str], ...] = (
    (
        (NoCredentialsError, PartialCredentialsError),
        NotAllowed,
        "no AWS credentials were found: --profile, AWS_PROFILE or aws configure",
    ),
    (
        (TokenRetrievalError, SSOTokenLoadError, UnauthorizedSSOTokenError, CredentialRetrievalError),
        NotAllowed,
        f"the sign-in has expired: {_SIGN_IN}",
    ),
    ((NoRegionError,), Unusable, "no Region was named: --region, AWS_REGION or the profile's"),
    ((ProfileNotFound,), Unusable, "there is no profile {profile!r} in ~/.aws"),
    (
        (EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError),
        Refused,
        "nothing answers at {endpoint_url}: check --region, --endpoint-url and the network",
    ),
)
