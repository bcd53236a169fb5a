"""Where the Lambda's source is, and which of its files ship."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

IN_WHEEL = Path(__file__).parents[1] / "lambda_src"
IN_CHECKOUT = Path(__file__).parents[3] / "lambda_src"

# What never ships: caches differ between machines, hidden files are the editor's, a README changes nothing that runs.
_LEFT_OUT = frozenset({"__pycache__", "README.md"})

# Of the distribution that durable_strands is besides; they lie in the package's folder and are nothing to the function.
_ONLY_ELSEWHERE = frozenset({f"durable_strands/{name}" for name in ("pyproject.toml", "LICENSE", "testing.py")})

PAGE = "review_page"
"""Folder of the review page, a function of its own."""

PAGE_FILES = (
    *(f"{PAGE}/{name}" for name in ("__init__.py", "answers.py", "aws.py", "handler.py", "html.py", "page.css")),
    f"{PAGE}/question.py",
    "agent_workflow/review_answer.py",
    "agent_workflow/review_link.py",
    "durable_strands/visible.py",
)
"""All that its package holds: the rules of an answer and of a link are the pipeline's own."""


@cache
def lambda_source() -> Path:
    """The folder with handler.py: inside the installed wheel, or beside infra/ in a checkout.

    Raises:
        FileNotFoundError: when neither folder holds handler.py.
    """
    for folder in (IN_WHEEL, IN_CHECKOUT):
        if (folder / "handler.py").is_file():
            return folder
    raise FileNotFoundError(f"the Lambda source is missing: no handler.py in {IN_WHEEL} or {IN_CHECKOUT}")


# Read at synth, by the construct, and nothing to the function.
_ONLY_AT_SYNTH = "flow_recording"


def shipped_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of a folder that ships, as (path inside the folder with /, file), in a fixed order."""
    for file in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        inside = file.relative_to(folder)
        if file.is_file() and not _left_out(inside.parts) and not _is_elsewhere(inside):
            yield inside.as_posix(), file


def _is_elsewhere(inside: Path) -> bool:
    return inside.as_posix() in _ONLY_ELSEWHERE or inside.parts[0] == PAGE


def _left_out(parts: tuple[str, ...]) -> bool:
    return parts[0] == _ONLY_AT_SYNTH or any(
        part in _LEFT_OUT or part.startswith(".") or part.endswith(".pyc") for part in parts
    )
