"""scripts/sbom.py lists exactly what the package ships."""

import json
import subprocess
import sys

import pytest

from infra.durable_agent_pipeline.package.build import UNUSED
from scripts.local_aws.processes.child import REPOSITORY

pytestmark = pytest.mark.slow


def sbom(*arguments):
    command = [sys.executable, str(REPOSITORY / "scripts" / "sbom.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_page_of_licences_is_what_ships():
    done = sbom("--check")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_document_lists_what_ships_and_no_pruned_package():
    document = json.loads(sbom().stdout)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    names = {component["name"] for component in document["components"] if component["scope"] == "required"}
    assert {"strands-agents", "boto3", "urllib3", "pydantic-core"} <= names
    assert not names & {name.replace("_", "-") for name in UNUSED}
    optional = {
        component["name"]: {tool["value"] for tool in component["properties"]}
        for component in document["components"]
        if component["scope"] == "optional"
    }
    assert not names & optional.keys()
    alone = {"pypdf": {"documents"}, "microsoft-antissrf": {"pages"}, "sqlglot": {"database"}, "mcp": {"mcp"}}
    assert {name: optional[name] for name in alone} == alone
    assert set().union(*optional.values()) == {"documents", "pages", "database", "mcp"}
    assert all(component["licenses"] for component in document["components"])
