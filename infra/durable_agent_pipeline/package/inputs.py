"""What goes into the Lambda package, and the hash of it."""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from ..agents.declaration import documents_folder_in, model_rules, toolboxes
from ..choices.props import PipelineProps
from ..function.endpoint_use import kinds_used
from ..function.reading import agents_folder, boxes_used
from ..names import AGENTS_FOLDER, FILE_NAME
from ..research_tools.documents import SHIPPED_AS
from . import build
from .lambda_source import lambda_source, shipped_files


@dataclass(frozen=True)
class Package:
    """The inputs of one build."""

    python: str
    """Minor version of the runtime, "3.13"."""

    architecture: str
    """"arm64", "x86_64" or build.HOST."""

    sources: tuple[tuple[Path, str], ...]
    """(file, path inside the package) of all that is ours or the caller's."""

    prune: bool
    """Whether packages that our own code never imports are left out."""

    keep: tuple[str, ...] = ()
    """Packages and service models that stay all the same, for the packaged tools and the models that are used."""

    indexed: tuple[str, ...] = ()
    """Folders inside the package whose documents get their index with the build."""

    added: tuple[tuple[str, str], ...] = ()
    """(path inside the package, text) of what synth itself writes; of one stack, so no part of the cached build."""

    @property
    def builds_here(self) -> bool:
        """Whether uv or pip can install the dependencies; else Docker has to."""
        return build.installer(self.python, self.architecture) is not None

    @property
    def compiler(self) -> str | None:
        """The Python on this machine that can write the runtime's byte code."""
        return build.compiler(self.python)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all inputs, and nothing of this machine.

        Byte code is none of them: it makes starts warmer where this machine can write it and changes nothing that runs.
        """
        hasher = self._hasher()
        for inside, text in self.added:
            hasher.update(f"{inside}\n{hashlib.sha256(text.encode()).hexdigest()}\n".encode())
        return hasher.hexdigest()

    @cached_property
    def build_digest(self) -> str:
        """Names one finished build in the cache of this machine, which may have got a compiler since the last one."""
        compiled = not self.builds_here or self.compiler is not None  # the image brings its own Python
        hasher = self._hasher()
        hasher.update(f"{compiled}\n".encode())
        return hasher.hexdigest()

    def _hasher(self) -> "hashlib._Hash":
        hasher = hashlib.sha256()
        for fact in (build.FORMAT, self.python, self.architecture, self.prune, *self.keep, *self.indexed):
            hasher.update(f"{fact}\n".encode())
        for file, inside in self.sources:
            hasher.update(f"{inside}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
        return hasher


def package_of(props: PipelineProps, *, for_host: bool = False, deployment: str | None = None) -> Package:
    """The package that these choices need.

    Args:
        props: the choices.
        for_host: build it for the Python and the machine that run this. Default: for the function's.
        deployment: text of the file beside the handler that DEPLOYMENT_FILE names. Default: no such file.
    """
    sources = [(file, inside) for inside, file in shipped_files(lambda_source())]
    own = []
    if props.agents:  # a folder of the caller's takes the place of the packaged one, file for file
        sources = [(file, inside) for file, inside in sources if not inside.startswith(f"{AGENTS_FOLDER}/")]
        own = [(file, f"{AGENTS_FOLDER}/{inside}") for inside, file in shipped_files(Path(props.agents))]
    boxes = boxes_used(props)
    kinds = [model_rules().KINDS[kind] for kind in kinds_used(props)]
    needed = {f"research_tools/{box}" for box in boxes}
    needed |= {f"model_kinds/{folder}" for kind in kinds for folder in kind.folders}
    sources = [(file, inside) for file, inside in sources if _folder_of_choice(inside) in {None, *needed}]
    read = [(file, f"{AGENTS_FOLDER}/{inside}") for choice in props.tools for file, inside in choice.files()]
    shipped = (*sources, *own, *read)
    return Package(
        python=f"{sys.version_info.major}.{sys.version_info.minor}" if for_host else _minor(props),
        architecture=build.HOST if for_host else props.architecture.name,
        sources=shipped,
        prune=not any(_is_code(inside) for _, inside in own),  # the caller's code may import what ours never does
        keep=tuple(
            sorted({name for one in (*(toolboxes().TOOLBOXES[box] for box in boxes), *kinds) for name in one.keeps})
        ),
        indexed=tuple(_documents(props, [inside for _, inside in shipped])),
        added=() if deployment is None else ((FILE_NAME, deployment),),
    )


def _folder_of_choice(inside: str) -> str | None:
    """The folder of a packaged tool, or of a kind of models, that a file ships with; None for one that always ships."""
    folder = PurePosixPath(inside).parent.as_posix()
    return folder if folder.startswith(build.OURS_BY_CHOICE) else None


def _documents(props: PipelineProps, shipped: Sequence[str]) -> Iterator[str]:
    """The folder of documents inside the package, if there is one; what the keyword names stands above the file's."""
    by_keyword = any(choice.box == "documents" for choice in props.tools)
    named = SHIPPED_AS if by_keyword else documents_folder_in(agents_folder(props))
    folder = f"{AGENTS_FOLDER}/{named}"
    if any(inside.startswith(f"{folder}/") for inside in shipped):
        yield folder


def _minor(props: PipelineProps) -> str:
    return props.runtime.name.removeprefix("python")


def _is_code(inside: str) -> bool:
    return inside.endswith((".py", "/requirements.txt"))
