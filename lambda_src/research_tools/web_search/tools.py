"""The tool `search_web`, by the provider that its declaration names."""

import importlib.util
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from research_tools.reading import NotRead, NotUsable, Reading

MAX_QUERY_CHARACTERS = 200


class Provider(Protocol):
    """A search engine: a class that is made with the settings of `[tools.web_search]` and the agents folder."""

    def search(self, query: str, published_after: date | None, published_before: date | None) -> list[Reading]:
        """The results, best first.

        Raises:
            NotRead: there are none to be had; the message is told to the model.
        """


def make(settings: Any, folder: Path) -> dict[str, Callable[..., list[Reading]]]:
    """The tool, for `[tools.web_search]`."""
    provider = _provider(settings, folder)

    def search_web(query: str, published_after: str = "", published_before: str = "") -> list[Reading]:
        """Search the web; each result is an extract of one page.

        Args:
            query: What to search for, in words; at most 200 characters.
            published_after: Only pages published on this day or later, as 2026-01-31. Default: any.
            published_before: Only pages published on this day or earlier, as 2026-12-31. Default: any.
        """
        return found(provider, query, published_after, published_before)[: settings.max_results]

    return {"search_web": search_web}


def found(provider: Provider, query: str, published_after: str, published_before: str) -> list[Reading]:
    """Ask the provider once, within the rules that hold for each.

    Raises:
        NotRead: an argument breaks a rule, or the provider could not be asked; for the model.
    """
    query = query.strip()
    if not 0 < len(query) <= MAX_QUERY_CHARACTERS:
        raise NotRead(f"query must be 1 to {MAX_QUERY_CHARACTERS} characters, got {len(query)}")
    after, before = _day("published_after", published_after), _day("published_before", published_before)
    if after and before and after > before:
        raise NotRead("published_after must not be later than published_before")
    return [reading for reading in provider.search(query, after, before) if reading.text.strip()]


def _day(name: str, given: str) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise NotRead(f"{name} must be a day such as 2026-01-31") from None


def _provider(settings: Any, folder: Path) -> Provider:
    """AgentCore's, or the class that `provider` names as file.py:Class beside agents.toml."""
    if not settings.provider:
        from research_tools.web_search.agentcore import AgentCoreSearch

        return AgentCoreSearch(settings)
    file, _, name = settings.provider.partition(":")
    spec = importlib.util.spec_from_file_location("web_search_provider", folder / file)
    if spec is None or spec.loader is None or not (folder / file).is_file():
        raise NotUsable(f"provider must be a file beside agents.toml, got {file!r}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise NotUsable(f"provider must name a class of {file}, got {name!r}")
    made: Provider = getattr(module, name)(settings, folder)
    return made
