"""What a site's robots.txt says of one of its pages."""

from functools import lru_cache
from http import HTTPStatus
from urllib.parse import urlsplit

from protego import Protego

from research_tools.pages.guarded_http import USER_AGENT, GuardedHttp, PageRefused

KEPT_SITES = 200


def refuse_where_robots_do(http: GuardedHttp, url: str) -> None:
    """Ask the site of `url` once per process.

    RFC 9309: a site without such a file allows everything, one that cannot be asked allows nothing.

    Raises:
        PageRefused: the site does not want the page read by programs.
    """
    if not Protego.parse(_rules(http, f"https://{urlsplit(url).netloc}/robots.txt")).can_fetch(url, USER_AGENT):
        raise PageRefused("the site's robots.txt does not allow programs to read this page")


@lru_cache(maxsize=KEPT_SITES)  # what raises is not kept
def _rules(http: GuardedHttp, address: str) -> str:
    try:
        answer = http.get(address)
    except PageRefused as refused:
        raise PageRefused(f"the site's robots.txt could not be read, so none of its pages may be: {refused}") from None
    if 400 <= answer.status < 500:  # noqa: PLR2004 - the client errors of HTTP
        return ""
    if answer.status != HTTPStatus.OK:
        raise PageRefused(f"the site's robots.txt answered with {answer.status}, so none of its pages may be read")
    return answer.body.decode("utf-8", "replace")
