"""What tests of several modules stand on: the Node of .venv, S3 and DynamoDB on loopback, small agents."""

import os
import sys
from pathlib import Path

# jsii copies the environment when its Node starts: before aws_cdk is imported
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from agent_workflow import budget_table
from scripts.local_aws.tables import Tables
from tests.fakes import declare_agents
from tests.spending import MonthTable


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A boto3 S3 client with an empty bucket named `large`; the code under test finds it by the same environment."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}")
    client: Any = boto3.client("s3")
    client.create_bucket(Bucket="large")
    yield client
    # moto keeps its buckets in this process, whichever server they were made through
    for item in client.list_objects_v2(Bucket="large").get("Contents", []):
        client.delete_object(Bucket="large", Key=item["Key"])
    client.delete_bucket(Bucket="large")
    server.stop()


@pytest.fixture(scope="session")
def three_agents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An agents folder of the tests' own: what retries, money and telemetry do is no matter of the packaged agents."""
    return declare_agents(tmp_path_factory.mktemp("three") / "agents")


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """DynamoDB in a process of its own."""
    with Tables(tmp_path_factory.mktemp("tables")) as running:
        yield running


@pytest.fixture
def months(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> Iterator[MonthTable]:
    """An empty table of budgets; the code under test finds it by the same environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", tables.url)
    budget_table._client.cache_clear()
    name = f"budgets-{uuid.uuid4()}"
    tables.create(name, "month", "scope")
    yield MonthTable(tables, name)
    tables.fail("none", times=0)
    budget_table._client.cache_clear()
