"""The distributions inside a built Lambda package, as their own metadata names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

NOT_DECLARED = "not declared"
_CLASSIFIER = "License :: OSI Approved :: "
_LONGEST_NAME = 60
"""Some packages put the whole text of the licence where its name belongs."""


@dataclass(frozen=True, order=True)
class Shipped:
    """One distribution.

    Attributes:
        name: as the package index writes it, normalized.
        version: its version.
        licence: SPDX expression, or the name that its metadata gives; `not declared` without one.
        home: where its source or home page is; empty if the metadata does not say.
        tools: packaged tools without which it does not ship. Default: it always ships.
    """

    name: str
    version: str
    licence: str
    home: str
    tools: tuple[str, ...] = ()


def shipped_in(package: Path) -> list[Shipped]:
    """Every distribution that left its metadata in `package`, by name."""
    return sorted(_shipped(found) for found in distributions(path=[str(package)]))


def _shipped(found: Distribution) -> Shipped:
    name = re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()
    return Shipped(name, found.version, _licence(found), _home(found))


def _licence(found: Distribution) -> str:
    if expression := _field(found, "License-Expression"):
        return expression
    named = _field(found, "License")
    lines = found.metadata.get_all("Classifier") or ()
    classified = [line.removeprefix(_CLASSIFIER) for line in lines if line.startswith(_CLASSIFIER)]
    if not named or len(named) > _LONGEST_NAME:
        return " and ".join(classified) or NOT_DECLARED
    return f"{named} ({' and '.join(classified)})" if len(classified) > 1 else named


def _home(found: Distribution) -> str:
    pairs = [line.partition(", ") for line in found.metadata.get_all("Project-URL") or ()]
    urls = {label.lower(): url for label, _, url in pairs}
    wanted = ("source", "source code", "repository", "homepage", "home")
    named = next((urls[label] for label in wanted if label in urls), "")
    return named or _field(found, "Home-page")


def _field(found: Distribution, name: str) -> str:
    return found.metadata[name].strip() if name in found.metadata else ""
