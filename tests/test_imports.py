"""Which module may import what: read from the import statements, and from what is really loaded.

Measured here: every `import` statement of the sources, wherever it stands (also inside functions and under
TYPE_CHECKING), and the modules that a fresh interpreter holds after `import handler` and after a replay. Not measured:
imports by name at run time, such as the tools.py of an agents folder.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAMBDA = ROOT / "lambda_src"
SOURCES = sorted(LAMBDA.rglob("*.py"))
MODULES = {file.relative_to(LAMBDA).as_posix(): file for file in SOURCES}

ONLY_THERE = {
    "aws_durable_execution_sdk_python": {
        "handler.py",
        "agent_workflow/acts.py",
        "agent_workflow/agent_runs.py",
        "agent_workflow/batch.py",
        "agent_workflow/execution.py",
        "agent_workflow/fan_out.py",
        "agent_workflow/flow.py",
        "agent_workflow/hand_over.py",
        "agent_workflow/handed_event.py",
        "agent_workflow/questions.py",
        "agent_workflow/redrive.py",
        "agent_workflow/mcp_servers.py",
        "agent_workflow/review.py",
        "agent_workflow/endings.py",
        "agent_workflow/engine_client.py",
        "agent_workflow/workflow.py",
        "agent_workflow/large_results.py",
        "agent_workflow/returned.py",
    },
    "strands": {
        "agent_workflow/findings.py",
        "agent_workflow/model.py",
        "agent_workflow/strands_agent.py",
        "agent_workflow/questions.py",
        "model_kinds/openai/endpoint.py",
        "model_kinds/sagemaker/container.py",
        "research_tools/mcp/servers.py",
        "research_tools/reading.py",
    },
    "botocore": {
        "agent_workflow/budget_table.py",
        "agent_workflow/earlier_history.py",
        "agent_workflow/engine_client.py",
        "agent_workflow/model.py",
        "agent_workflow/large_results.py",
        "model_kinds/openai/key.py",
        "model_kinds/sagemaker/container.py",
        "research_tools/documents/bucket.py",
        "research_tools/database/athena.py",
        "research_tools/database/postgres.py",
        "research_tools/knowledge_base/tools.py",
        "research_tools/web_search/agentcore.py",
        "review_page/aws.py",
    },
    "boto3": {
        "agent_workflow/budget_table.py",
        "agent_workflow/earlier_history.py",
        "agent_workflow/engine_client.py",
        "agent_workflow/model.py",
        "agent_workflow/large_results.py",
        "agent_workflow/review_notice.py",
        "model_kinds/openai/key.py",
        "research_tools/documents/bucket.py",
        "research_tools/database/athena.py",
        "research_tools/database/postgres.py",
        "research_tools/knowledge_base/tools.py",
        "research_tools/mcp/servers.py",
        "research_tools/web_search/agentcore.py",
        "review_page/aws.py",
    },
    "aws_lambda_powertools": {"agent_workflow/telemetry.py", "agent_workflow/bookkeeper.py"},
    "pydantic": {
        "agent_workflow/batch_request.py",
        "agent_workflow/budget_windows.py",
        "agent_workflow/findings.py",
        "agent_workflow/handed_event.py",
        "agent_workflow/prices.py",
        "agent_workflow/redrive_choice.py",
        "agent_workflow/refusals.py",
        "agent_workflow/request.py",
        "agent_workflow/review_choice.py",
        "agent_workflow/settings.py",
    },
}
"""Library -> the modules outside durable_strands that may import it."""

WITHOUT_STRANDS = {
    *("attempts", "classify", "errors", "failure_table", "observer", "options", "records", "retries", "sizes"),
    *("deferral", "gate", "invocation", "limiter", "past", "usual"),
}
"""Modules of durable_strands that a replay loads, and that therefore must not import Strands."""


def imported(file: Path, *, at_load: bool = False) -> Iterator[str]:
    """Full names of the modules that a file imports; `at_load`: only those imported when it is loaded."""
    tree = ast.parse(file.read_text())
    for node in _when_loaded(tree) if at_load else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # the rule book names the modules beside it relatively: synth loads them under another name
            yield f"{file.parent.name}.{node.module}" if node.level == 1 else node.module or ""


def _when_loaded(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        typing_only = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not typing_only and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _when_loaded(child)


def users(library: str, files: list[Path]) -> set[str]:
    """Files that import a library, by their path in lambda_src."""
    return {
        file.relative_to(LAMBDA).as_posix()
        for file in files
        if any(name.split(".")[0] == library for name in imported(file))
    }


@pytest.mark.parametrize("library", ONLY_THERE)
def test_only_named_modules_import_a_library(library: str):
    own = [file for file in SOURCES if "durable_strands" not in file.parts]
    assert users(library, own) == ONLY_THERE[library]


@pytest.mark.parametrize("library", ["strands", "botocore", "boto3"])
def test_the_pipelines_modules_load_strands_and_botocore_only_inside_functions(library: str):
    own = [file for file in SOURCES if not {"durable_strands", "model_kinds", "review_page"} & set(file.parts)]
    assert not [file for file in own if any(name.split(".")[0] == library for name in imported(file, at_load=True))]


def test_a_kind_of_models_is_loaded_by_its_name_alone():
    elsewhere = [file for file in SOURCES if "model_kinds" not in file.parts]
    assert not users("model_kinds", elsewhere)
    assert users("openai", SOURCES) == {"model_kinds/openai/endpoint.py"}


@pytest.mark.parametrize("module", sorted(WITHOUT_STRANDS))
def test_the_modules_a_replay_needs_do_not_import_strands(module: str):
    assert "strands" not in {name.split(".")[0] for name in imported(MODULES[f"durable_strands/{module}.py"])}


def test_durable_strands_knows_nothing_of_the_pipeline():
    package = [file for file in SOURCES if "durable_strands" in file.parts]
    assert len(package) > 5
    assert users("agent_workflow", package) | users("handler", package) | users("pydantic", package) <= {
        # these name pydantic's BaseModel in a type, for structured output
        "durable_strands/run.py",
        "durable_strands/choices.py",
    }
    assert not users("agent_workflow", package) | users("handler", package)


def test_the_lambda_never_imports_the_construct():
    assert not users("infra", SOURCES) | users("aws_cdk", SOURCES) | users("constructs", SOURCES)


def test_the_construct_never_imports_the_lambda():
    construct = sorted((ROOT / "infra").rglob("*.py"))
    names = {name.split(".")[0] for file in construct for name in imported(file)}
    assert not names & {"handler", "agent_workflow", "durable_strands", "lambda_src"}


def test_no_two_modules_of_the_pipeline_need_each_other():
    graph = {
        module: {
            f"{name.replace('.', '/')}.py"
            for name in imported(file)
            if name.startswith(("agent_workflow.", "model_kinds.", "research_tools."))
        }
        for module, file in MODULES.items()
        if not module.startswith(("durable_strands/", "flow_recording/", "review_page/"))
    }
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError
    assert order[-1] == "handler.py"


def test_the_recording_of_a_flow_needs_nothing_that_only_the_lambda_has():
    recording = [file for file in SOURCES if "flow_recording" in file.parts]
    names = {name.split(".")[0] for file in recording for name in imported(file)}
    assert names - sys.stdlib_module_names == {"flow_recording", "agent_workflow", "durable_strands"}
    assert users("flow_recording", [file for file in SOURCES if file not in recording]) == set()
    loaded = loaded_after(
        "from pathlib import Path; from flow_recording import stand_ins; stand_ins.prepare(Path(), Path('agents')); "
        "import flow_recording.recording, agent_workflow.topics, agent_workflow.file_order"
    )
    assert not loaded & {"boto3", "botocore", "pydantic", "strands"}


def loaded_after(code: str, given: str = "") -> set[str]:
    """Top-level names of the modules that a fresh interpreter has loaded after running `code`."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=LAMBDA, input=given, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_handler_loads_no_strands():
    # botocore is loaded all the same: the durable SDK imports boto3 for its own checkpoints
    loaded = loaded_after("import handler")
    assert "aws_durable_execution_sdk_python" in loaded
    assert not loaded & {"strands", "mcp", "opentelemetry"}


def test_importing_the_handler_loads_nothing_of_any_packaged_tool():
    of_tools = {"sqlite3", "pypdf", "AntiSSRF", "requests", "resiliparse", "protego", "sqlglot", "pg8000", "mcp"}
    assert not loaded_after("import handler") & of_tools


COMMANDS_MAY_ALSO_IMPORT = {
    "bench": {"cost_model"},
    "run_local": {"operate"},
    "rehearse": {"operate"},
    "record_history": {"crash_lab"},
    "preview_dashboard": {"rehearse"},
}
"""Command -> commands whose measured runs it repeats, or whose page it opens; others know only what is shared."""


def of_scripts(file: Path) -> set[str]:
    """The folders of scripts/ that a file imports from."""
    return {name.split(".")[1] for name in imported(file) if name.startswith("scripts.")}


def test_the_loopback_aws_knows_no_command_and_no_agent():
    files = sorted((ROOT / "scripts" / "local_aws").rglob("*.py"))
    assert len(files) > 20
    assert set().union(*map(of_scripts, files)) == {"local_aws"}
    assert not {name for file in files for name in imported(file)} & {"handler", "agent_workflow", "durable_strands"}


def test_what_commands_share_knows_no_command():
    files = sorted((ROOT / "scripts" / "console").glob("*.py"))
    assert len(files) > 5
    assert set().union(*map(of_scripts, files)) <= {"console", "local_aws"}


def command_folders() -> list[Path]:
    """The folders of the commands; one that an older checkout left behind, without a source in it, is none."""
    folders = {file.parent for file in (ROOT / "scripts").glob("*/*.py")}
    return sorted(folder for folder in folders if folder.name not in {"console", "local_aws"})


def test_commands_know_only_what_is_shared():
    assert len(command_folders()) > 5
    for folder in command_folders():
        known = set().union(*map(of_scripts, folder.rglob("*.py")), {folder.name})
        allowed = {folder.name, "console", "local_aws"} | COMMANDS_MAY_ALSO_IMPORT.get(folder.name, set())
        assert known <= allowed, folder.name


STARTED_BY = {"operate": "pipeline"}
"""Folder -> the file that starts it, where no suffix tells the two apart."""


def test_every_command_is_started_by_the_file_of_its_name():
    for folder in command_folders():
        files = (ROOT / "scripts").glob(STARTED_BY.get(folder.name, f"{folder.name}.*"))
        assert [file for file in files if file.is_file()], folder.name
