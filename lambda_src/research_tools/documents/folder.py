"""Documents in a folder: those that ship with the function, or a user's own."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from research_tools.documents.index import FORMAT, MOST_DOCUMENTS, build, index_file
from research_tools.documents.texts import MOST_BYTES, READERS
from research_tools.reading import NotRead, NotUsable


def index_of_folder(folder: Path) -> Path:
    """The index of the documents in a folder.

    Raises:
        NotUsable: there is no such folder, no document in it, or too many.
    """
    files = documents_in(folder)
    ready = _shipped(folder, files)
    if ready.is_file():
        return ready
    version = [str(folder.resolve())]
    for inside, file in files:
        at = file.stat()
        version.append(f"{inside} {at.st_size} {at.st_mtime_ns}")
    return index_file(version, _read(files))


def ship_index(folder: Path) -> Path:
    """Build the index beside the documents of a package, where `index_of_folder` finds it: no start has to build it.

    Raises:
        NotUsable: there is no such folder, no document in it, or too many.
    """
    files = documents_in(folder)
    file = _shipped(folder, files)
    build(file, _read(files))
    return file


def _shipped(folder: Path, files: Iterable[tuple[str, Path]]) -> Path:
    """Named by paths and sizes alone: times do not survive a zip, and a package is never changed in part."""
    version = hashlib.sha256(str(FORMAT).encode())
    for inside, file in files:
        version.update(f"\n{inside} {file.stat().st_size}".encode("utf-8", "surrogatepass"))
    return folder / f".index-{version.hexdigest()[:32]}.sqlite"


def _read(files: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, bytes | NotRead]]:
    return ((inside, _data(inside, file)) for inside, file in files)


def documents_in(folder: Path) -> list[tuple[str, Path]]:
    """Path inside the folder and file of every document.

    Raises:
        NotUsable: there is no such folder, no document in it, or too many.
    """
    if not folder.is_dir():
        raise NotUsable(f"there is no folder {folder}")
    files = list(_documents(folder))
    if not 1 <= len(files) <= MOST_DOCUMENTS:
        kinds = ", ".join(READERS)
        raise NotUsable(f"{folder} must hold 1 to {MOST_DOCUMENTS:,} documents ({kinds}), got {len(files):,}")
    return files


def _documents(folder: Path) -> Iterator[tuple[str, Path]]:
    """Path inside the folder and file of each; what is hidden is none, nor is a link, which may lead out of it."""
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(at, name)
            if not name.startswith(".") and file.suffix.lower() in READERS and not file.is_symlink():
                yield file.relative_to(folder).as_posix(), file


def _data(inside: str, file: Path) -> bytes | NotRead:
    size = file.stat().st_size
    if size > MOST_BYTES:
        return NotRead(f"{inside} has {size:,} bytes; a document may have at most {MOST_BYTES:,}")
    try:
        return file.read_bytes()
    except OSError as error:
        return NotRead(f"{inside} cannot be read ({type(error).__name__})")
