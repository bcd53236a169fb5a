"""The wheel of durable_strands alone: built, installed in a new environment, its README's example run from it."""

import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.programs import run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "lambda_src" / "durable_strands"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by way of the sdist, in a copy, so that nothing of the checkout around it can get in."""
    clone = tmp_path_factory.mktemp("clone") / "durable_strands"
    shutil.copytree(SOURCE, clone, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "build", "--outdir", clone.parent / "dist", cwd=clone)
    (built,) = (clone.parent / "dist").glob("durable_strands-*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel alone, and what it asks for."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "uv", "venv", "-q", "--python", sys.executable, folder, cwd=folder.parent)
    made = folder / "bin" / "python"
    run(sys.executable, "-m", "uv", "pip", "install", "-q", "--python", made, wheel, cwd=folder.parent)
    return made


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A folder with the README's function and the README's test of it."""
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    function, test = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)[:2]
    assert len([line for line in function.splitlines() if line]) <= 6
    (tmp_path / "helper.py").write_text(function, encoding="utf-8")
    (tmp_path / "try_helper.py").write_text(test, encoding="utf-8")
    return tmp_path


def test_the_wheel_holds_the_modules_their_types_and_the_licence_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    ours = {f"durable_strands/{file.relative_to(SOURCE).as_posix()}" for file in SOURCE.rglob("*.py")}
    about = {name for name in names if ".dist-info/" in name}
    assert names - about == ours | {"durable_strands/py.typed"}
    assert [name for name in about if name.endswith("licenses/LICENSE")]


def test_the_readmes_function_is_a_durable_agent_on_the_wheel_alone(python, example):
    # the name of the engine's package says whether the extra has been installed; here it must not have been
    said = run(
        python, "-c", "import helper, durable_strands as d, importlib.util as u; "
        "print(d.__file__, callable(helper.handler), u.find_spec('aws_durable_execution_sdk_python_testing'))",
        cwd=example,
    ).split()  # fmt: skip
    assert str(ROOT) not in said[0]
    assert said[1:] == ["True", "None"]
    refused = "from durable_strands.testing import run_locally; run_locally(print)"
    assert "needs aws-durable-execution-sdk-python-testing" in run(python, "-c", refused, cwd=example, fails=True)


def test_the_readmes_example_runs_from_the_wheel(wheel, python, example):
    extra = f"durable-strands[testing] @ {wheel.as_uri()}"
    run(sys.executable, "-m", "uv", "pip", "install", "-q", "--python", python, extra, cwd=example)
    run(python, "try_helper.py", cwd=example)
