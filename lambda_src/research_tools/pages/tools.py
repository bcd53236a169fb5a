"""The tool `fetch_page`: one public page of the domains that its declaration names."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from research_tools.pages.guarded_http import GuardedHttp, PageRefused
from research_tools.pages.page_text import readable
from research_tools.pages.robots import refuse_where_robots_do
from research_tools.reading import Reading


def make(settings: Any, folder: Path) -> dict[str, Callable[..., list[Reading]]]:
    """The tool, for `[tools.pages]`."""
    http = GuardedHttp(
        domains=tuple(settings.domains),
        max_bytes=settings.max_bytes,
        seconds=settings.seconds,
        ca_file=str(folder / settings.ca_file) if settings.ca_file else None,
    )

    def fetch_page(url: str) -> list[Reading]:
        """Read one web page: its title and its text, without navigation.

        Args:
            url: Address of the page, beginning with https://, in one of the allowed domains.
        """
        return read_page(http, url)

    return {"fetch_page": fetch_page}


def read_page(http: GuardedHttp, url: str) -> list[Reading]:
    """Read one page, as its site's robots.txt allows.

    Raises:
        PageRefused: it may not be read, or could not be; for the model.
    """
    page = http.get(url, lambda hop: refuse_where_robots_do(http, hop))
    if page.status != HTTPStatus.OK:
        raise PageRefused(f"the page answered with status {page.status}")
    return [readable(page)]
