"""GET over https, to public addresses of named domains only, however the address is written or redirected.

The judgement of addresses is microsoft-antissrf's: it resolves a name once, refuses it when any answer is not public,
and connects to the very address that it judged, so a second answer of the resolver is never asked for. Here are the
rules of this tool on top: the domains, the port, the hops, and the caps on bytes and on time.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from AntiSSRF import AntiSSRFError, AntiSSRFPolicy, PolicyConfigOptions, URIValidator
from requests import RequestException, Response
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from research_tools.reading import NotRead

USER_AGENT = "DurableAgentPipeline/1.0 (research agent; respects robots.txt)"
MAX_URL_CHARACTERS = 2_000
MAX_HOPS = 5
CHUNK_BYTES = 65_536
SILENCE_SECONDS = 10
"""Longest wait for a connection or for the next bytes; the whole has a cap of its own."""

TRANSLATED_TO_IPV4 = ("::/96", "::ffff:0:0:0/96")
"""IPv4 inside IPv6 by two forms that the library's table leaves out; no host of the public Internet has one."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})


class PageRefused(NotRead):
    """An address that is not read, or a page that could not be; the model is told the message."""


@dataclass(frozen=True)
class Fetched:
    """What a server answered.

    Attributes:
        url: where it was found, after redirects.
        status: HTTP status.
        content_type: the header, "" without one.
        body: at most as many bytes as are allowed.
    """

    url: str
    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class GuardedHttp:
    """A client for some domains.

    Attributes:
        domains: that may be read, each with all below it.
        max_bytes: largest answer, decompressed.
        seconds: longest time for one answer with all its redirects.
        ca_file: certificates to trust in place of the usual ones.
    """

    domains: Sequence[str]
    max_bytes: int = 2_000_000
    seconds: float = 20
    ca_file: str | None = None

    def get(self, url: str, ask: Callable[[str], None] = lambda _: None) -> Fetched:
        """Read what stands at `url`.

        Args:
            url: the address.
            ask: is given the address of every hop and raises where it must not be read.

        Raises:
            PageRefused: it may not be read, could not be, or is too large or too slow.
        """
        with _session(self.ca_file) as session, _deadline(session, self.seconds) as late:
            try:
                for _ in range(MAX_HOPS + 1):
                    url = self.checked(url)
                    ask(url)
                    with session.get(url, timeout=SILENCE_SECONDS, allow_redirects=False, stream=True) as answer:
                        if answer.status_code not in REDIRECTS or "location" not in answer.headers:
                            return self._read(url, answer, late)
                        url = urljoin(url, answer.headers["location"])
            except (RequestException, HTTPError, OSError, AntiSSRFError) as error:
                raise self._told(error, late) from error
        raise PageRefused(f"a page may redirect {MAX_HOPS} times at most")

    def checked(self, url: str) -> str:
        """The address in the one form that is requested.

        Raises:
            PageRefused: it breaks a rule.
        """
        if not 0 < len(url) <= MAX_URL_CHARACTERS or any(c <= " " or c in "\\\x7f" for c in url):
            raise PageRefused(f"url must be 1 to {MAX_URL_CHARACTERS} characters without blanks and backslashes")
        try:
            parsed, names_a_user = parse_url(url), "@" in urlsplit(url).netloc
        except ValueError:  # a LocationParseError is one
            raise PageRefused("url must be an address of a page") from None
        if parsed.scheme != "https" or names_a_user or parsed.port not in (None, 443):
            raise PageRefused("url must begin with https://, without a user's name and without a port")
        if not URIValidator.in_domain(url, list(self.domains)):
            raise PageRefused(f"url must be in one of the domains {', '.join(self.domains)}")
        return parsed.url

    def _read(self, url: str, answer: Response, late: threading.Event) -> Fetched:
        body = bytearray()
        for chunk in answer.iter_content(CHUNK_BYTES):
            body += chunk
            if len(body) > self.max_bytes:
                raise PageRefused(f"a page may have {self.max_bytes} bytes at most")
        if late.is_set():  # a connection that was cut off ends like one that is complete
            raise self._too_slow()
        return Fetched(url, answer.status_code, answer.headers.get("content-type", ""), bytes(body))

    def _told(self, error: Exception, late: threading.Event) -> PageRefused:
        if late.is_set():
            return self._too_slow()
        if isinstance(error, AntiSSRFError):
            return PageRefused("url must lead to a public address")
        return PageRefused(f"the page could not be read: {type(error).__name__}")

    def _too_slow(self) -> PageRefused:
        return PageRefused(f"a page must arrive within {self.seconds:g} seconds")


def _session(ca_file: str | None) -> Any:
    policy = AntiSSRFPolicy(PolicyConfigOptions.EXTERNAL_ONLY_LATEST)
    policy.add_denied_addresses(list(TRANSLATED_TO_IPV4))
    policy.add_xff_header = False  # its value is no address, and some servers answer 400 to that
    session = policy.get_antissrf_session()
    session.trust_env = False  # a proxy of the environment would resolve the name again, unseen
    session.verify = ca_file or True
    session.headers["User-Agent"] = USER_AGENT
    return session


@contextmanager
def _deadline(session: Any, seconds: float) -> Iterator[threading.Event]:
    """Cuts every connection of the session off after so many seconds, whatever it is waiting for."""
    late = threading.Event()
    twins: list[socket.socket] = []

    class Connection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            twins.append(made.dup())  # TLS takes the socket itself away
            return made

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    def cut() -> None:
        late.set()
        for twin in twins:
            with suppress(OSError):  # already closed
                twin.shutdown(socket.SHUT_RDWR)

    session.get_adapter("https://").poolmanager.pool_classes_by_scheme = {"https": Pool}
    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        for twin in twins:
            twin.close()
