"""The tools `search_documents` and `read_document`; no network, where the documents are in a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from research_tools.documents.index import Index, Passage
from research_tools.reading import NotRead, Reading


def make(settings: Any, agents_folder: Path) -> dict[str, Callable[..., list[Reading]]]:
    """The two tools over the documents that the settings name.

    Raises:
        NotUsable: there are none.
    """
    index, beginning = _index(settings, agents_folder)

    def search_documents(query: str) -> list[Reading]:
        """Search the documents for passages that fit a query best.

        Args:
            query: Words to look for, a few; any of them may stand in a passage.
        """
        found = index.search(query, settings.max_results)
        if not found:
            documents, unread = index.counts()
            left = f"; {unread} more could not be read" if unread else ""
            raise NotRead(f"No passage of the {documents} documents fits{left}. Try other words.")
        return [_reading(passage) for passage in found]

    def read_document(address: str, start: int = 1) -> list[Reading]:
        """Read a document from a place on, as much as fits; a search gives addresses.

        Args:
            address: The address of the document, as a search gave it.
            start: The line to begin at; of a PDF the page. From 1.
        """
        path = address.partition("#")[0].removeprefix(beginning)
        if start < 1:
            raise NotRead(f"start must be 1 or more, got {start}")
        return [_reading(index.read(path, start, settings.max_characters))]

    def _reading(passage: Passage) -> Reading:
        page = f"#page={passage.page}" if passage.page else ""
        return Reading(passage.title, f"{beginning}{passage.path}{page}", passage.text, passage.line)

    return {"search_documents": search_documents, "read_document": read_document}


def _index(settings: Any, agents_folder: Path) -> tuple[Index, str]:
    """The index, and what the documents' addresses begin with."""
    if settings.bucket:
        from research_tools.documents.bucket import index_of_bucket

        beginning = settings.address or f"s3://{settings.bucket}/{settings.prefix}"
        return Index(index_of_bucket(settings.bucket, settings.prefix)), beginning
    from research_tools.documents.folder import index_of_folder

    return Index(index_of_folder(agents_folder / settings.folder)), settings.address
