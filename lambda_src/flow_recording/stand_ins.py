"""Imports for a recording: the author's modules, and something in the place of packages that only the Lambda has."""

import importlib.machinery
import importlib.util
import re
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from flow_recording.instrument import load
from flow_recording.unknown import Unknown

ALWAYS = frozenset({
    "aws_durable_execution_sdk_python", "aws_lambda_powertools", "boto3", "botocore", "mcp", "opentelemetry",
    "pydantic", "pydantic_core", "strands",
})  # fmt: skip
"""Never really imported: slow to load, or of no use without an answer."""
SDK = frozenset({"aws_durable_execution_sdk_python"})
RECORDED = frozenset({"agent_workflow.topics", "agent_workflow.file_order"})


class _Class(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Unknown(kind="item")


class Anything(Exception, metaclass=_Class):
    """What a name of a stand-in is: to be called, caught, or inherited from."""

    def __init__(self, *given: Any, **_named: Any) -> None:
        super().__init__(*given)

    def __init_subclass__(cls, **_named: Any) -> None:
        """Take whatever the real class would."""

    def __class_getitem__(cls, _key: Any) -> Any:
        return cls

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Unknown(kind="item")

    def __call__(self, *given: Any, **_named: Any) -> Any:
        # as a decorator it leaves what it is put on
        return given[0] if len(given) == 1 and callable(given[0]) else Unknown(kind="item")


class _StandIn(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _Class(name, (Anything,), {"__module__": self.__name__})
        setattr(self, name, made)
        return made


class _Empty:
    """Loads nothing. No importlib.abc.Loader, which takes long to import."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__path__ = []


class _Recorded:
    def __init__(self, file: Path, shown: str) -> None:
        self._file, self._shown = file, shown

    def create_module(self, _spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        load(self._file, self._shown, module)


def _empty(name: str) -> importlib.machinery.ModuleSpec:
    return importlib.machinery.ModuleSpec(name, cast(Any, _Empty()), is_package=True)


class _First:
    """Ahead of everything: what is recorded or never imported."""

    def __init__(self, source: Path, folder: Path, never: frozenset[str]) -> None:
        self._source, self._folder, self._never = source, folder, never

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] in self._never:
            return _empty(name)
        inside = Path(*name.split(".")).with_suffix(".py")
        file = self._folder / inside.relative_to("agents") if name.startswith("agents.") else self._source / inside
        if name in RECORDED or (name.startswith("agents.") and file.is_file()):
            shown = file.name if name in RECORDED else file.relative_to(self._folder).as_posix()
            return importlib.util.spec_from_loader(name, cast(Any, _Recorded(file, shown)), origin=str(file))
        return None


class _Last:
    """Behind everything: packages of the folder's requirements that are not installed where this runs."""

    def __init__(self, folder: Path) -> None:
        self._required = (folder / "requirements.txt").is_file()
        self._lambda = _packages(Path(__file__).parents[1] / "requirements.txt")

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        root = name.partition(".")[0]
        if root in sys.stdlib_module_names or root in {"agent_workflow", "durable_strands", "agents", "handler"}:
            return None
        known = self._required or root.replace("_", "-").lower() in self._lambda
        return _empty(name) if known else None


def _packages(file: Path) -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z0-9-]+)==", file.read_text(encoding="utf-8").lower(), re.MULTILINE))


def prepare(source: Path, folder: Path, *, real: bool = False) -> None:
    """Make imports of this process those of a recording.

    Args:
        source: the Lambda's source.
        folder: the agents folder.
        real: import what is installed, and only that; the durable SDK has a stand-in all the same. Default: packages
            of the Lambda are never imported, and of others there is a stand-in where they are not installed.
    """
    sys.meta_path.insert(0, _First(source, folder, SDK if real else ALWAYS))
    if not real:
        sys.meta_path.append(_Last(folder))
    agents = types.ModuleType("agents")
    agents.__path__ = [str(folder)]
    durable = types.ModuleType("durable_strands")  # without its __init__, which needs the SDK
    durable.__path__ = [str(source / "durable_strands")]
    durable.__dict__["__getattr__"] = _of_durable_strands
    sys.modules.update(agents=agents, durable_strands=durable)


def _of_durable_strands(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    errors = importlib.import_module("durable_strands.errors")
    return getattr(errors, name, None) or _Class(name, (Anything,), {})
