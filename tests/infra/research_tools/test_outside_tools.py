"""Pages, web search, knowledge base and databases as keywords: settings, permissions stated whole, refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from infra.durable_agent_pipeline import (
    Athena,
    DurableAgentPipeline,
    KnowledgeBase,
    Mcp,
    McpServer,
    Pages,
    PipelineProps,
    Postgres,
    WebSearch,
)
from infra.durable_agent_pipeline.package.inputs import package_of
from tests.infra.apps import ACCOUNT, durable_function, new_stack
from tests.infra.test_rule_packs import findings, report

REGION = "us-east-1"
LIMIT = 10 * 1024**3
SERVED_BY = "arn:aws:secretsmanager:us-east-1:111111111111:secret:search-AbCdEf"


def workgroup(stack: Stack, **changes: Any) -> athena.CfnWorkGroup:
    chosen = {"bytes_scanned_cutoff_per_query": LIMIT, "enforce_work_group_configuration": True, **changes}
    configuration = athena.CfnWorkGroup.WorkGroupConfigurationProperty(**chosen)
    return athena.CfnWorkGroup(stack, "Readers", name="readers", work_group_configuration=configuration)


def lake(stack: Stack, **changes: Any) -> Athena:
    data = s3.Bucket.from_bucket_name(stack, "Data", "data")
    results = s3.Bucket.from_bucket_name(stack, "Results", "results")
    usual = {"data": data, "results": results, "data_prefix": "sales/", "results_prefix": "answers/"}
    return Athena(workgroup=workgroup(stack), database="shop", **{**usual, **changes})


def secret(stack: Stack) -> secretsmanager.ISecret:
    return secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", SERVED_BY)


CHOICES: dict[str, Callable[[Stack], dict[str, Any]]] = {
    "pages": lambda _: {"pages": Pages(domains=["example.org"])},
    "web_search": lambda _: {"web_search": WebSearch(include_domains=["example.org"])},
    "another engine": lambda s: {"web_search": WebSearch(provider="engine.py:Engine", secret=secret(s))},
    "knowledge_base": lambda _: {"knowledge_base": KnowledgeBase(knowledge_base_id="ABCDEFGHIJ")},
    "postgres by secret": lambda s: {"database": Postgres(host="db.test", database="shop", secret=secret(s))},
    "postgres by IAM": lambda _: {
        "database": Postgres(host="db.test", database="shop", user="reader", resource_id="cluster-ABC")
    },
    "athena": lambda s: {"database": lake(s)},
    "mcp": lambda s: {
        "mcp": Mcp(servers={"wiki": McpServer(url="https://mcp.test/mcp", tools=["look_up"], secret=secret(s))})
    },
}

NEEDS: dict[str, list[dict[str, Any]]] = {
    "pages": [],
    "web_search": [
        {
            "Action": "bedrock-agentcore:InvokeWebSearch",
            "Resource": "arn:aws:bedrock-agentcore:us-east-1:aws:tool/web-search.v1",
        }
    ],
    "another engine": [{"Action": "secretsmanager:GetSecretValue", "Resource": SERVED_BY}],
    "knowledge_base": [
        {"Action": "bedrock:Retrieve", "Resource": "arn:aws:bedrock:us-east-1:111111111111:knowledge-base/ABCDEFGHIJ"}
    ],
    "postgres by secret": [{"Action": "secretsmanager:GetSecretValue", "Resource": SERVED_BY}],
    "mcp": [{"Action": "secretsmanager:GetSecretValue", "Resource": SERVED_BY}],
    "postgres by IAM": [
        {"Action": "rds-db:connect", "Resource": "arn:aws:rds-db:us-east-1:111111111111:dbuser:cluster-ABC/reader"}
    ],
    "athena": [
        {
            "Action": [
                "athena:StartQueryExecution",
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:StopQueryExecution",
            ],
            "Resource": "arn:aws:athena:us-east-1:111111111111:workgroup/readers",
        },
        {
            "Action": [
                "glue:GetDatabase",
                "glue:GetTable",
                "glue:GetTables",
                "glue:GetPartition",
                "glue:GetPartitions",
            ],
            "Resource": [
                "arn:aws:glue:us-east-1:111111111111:catalog",
                "arn:aws:glue:us-east-1:111111111111:database/shop",
                "arn:aws:glue:us-east-1:111111111111:table/shop/*",
            ],
        },
        {"Action": "s3:GetBucketLocation", "Resource": ["arn:aws:s3:::data", "arn:aws:s3:::results"]},
        {
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::data",
            "Condition": {"StringLike": {"s3:prefix": "sales/*"}},
        },
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/sales/*"},
        {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::results/answers/*"},
    ],
}


def resolved(value: Any) -> Any:
    """ARNs as texts: the only references are the partition's."""
    if isinstance(value, dict):
        if "Fn::Join" in value:
            return "".join("aws" if isinstance(part, dict) else part for part in value["Fn::Join"][1])
        return {name: resolved(one) for name, one in value.items()}
    return [resolved(one) for one in value] if isinstance(value, list) else value


def rights(statements: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """(action, resource, condition) each: CDK merges statements of one policy as it likes."""
    return {
        (action, json.dumps(resource), json.dumps(one.get("Condition")))
        for one in statements
        for action in _each(one["Action"])
        for resource in _each(one["Resource"])
    }


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def of_the_role(choice: Any = lambda _: {}) -> set[tuple[str, str, str]]:
    stack = new_stack(REGION)
    DurableAgentPipeline(stack, "Pipeline", **choice(stack))
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    found = [one for policy in policies for one in policy["Properties"]["PolicyDocument"]["Statement"]]
    assert {one["Effect"] for one in found} == {"Allow"}
    return rights([resolved(one) for one in found])


@pytest.mark.parametrize("name", CHOICES)
def test_a_tool_needs_so_much_and_no_more(name):
    usual, with_tool = of_the_role(), of_the_role(CHOICES[name])
    assert usual <= with_tool
    assert with_tool - usual == rights(NEEDS[name])


def test_the_keys_of_what_a_tool_reads_are_opened_too():
    stack = new_stack(REGION)
    key = kms.Key(stack, "Key")
    own = secretsmanager.Secret(stack, "Own", encryption_key=key)
    DurableAgentPipeline(stack, "Pipeline", database=Postgres(host="h", database="d", secret=own))
    policies = json.dumps(Template.from_stack(stack).find_resources("AWS::IAM::Policy"))
    assert '"kms:Decrypt"' in policies


@pytest.mark.slow
def test_the_rule_packs_find_nothing(tmp_path: Path):
    def fill(app: App) -> None:
        for number, choice in enumerate(CHOICES.values()):
            stack = Stack(app, f"Stack{number}", env={"account": ACCOUNT, "region": REGION})
            DurableAgentPipeline(stack, "Pipeline", **choice(stack))
        named = Stack(app, "ByName", env={"account": ACCOUNT, "region": REGION})
        by_name = secretsmanager.Secret.from_secret_name_v2(named, "Secret", "database")
        DurableAgentPipeline(named, "Pipeline", database=Postgres(host="h", database="d", secret=by_name))

    assert not findings(report(tmp_path, fill))


@pytest.mark.parametrize("name", CHOICES)
def test_the_function_accepts_the_settings_that_synth_gives_it(name, monkeypatch):
    from agent_workflow.agents import read_agents_and_boxes
    from agent_workflow.settings import read_settings

    stack = new_stack(REGION)
    DurableAgentPipeline(stack, "Pipeline", **CHOICES[name](stack))
    given = resolved(durable_function(Template.from_stack(stack))["Environment"]["Variables"])
    settings = read_settings({key: value for key, value in given.items() if isinstance(value, str)})
    agents, boxes = read_agents_and_boxes(
        settings.agents_folder, more_settings=settings.tool_settings, more_tools=settings.agent_tools
    )
    assert len(boxes) == 1
    assert len(agents[0].tools) == 1
    assert not agents[1].tools


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (lambda _: {"pages": Pages(domains=[])}, "domains must be a list of 1 to 100 domains"),
        (lambda _: {"pages": Pages(domains=["https://x.test"])}, "domains must be"),
        (lambda _: {"pages": Pages(domains=["127.0.0.1"])}, "domains must be"),
        (lambda _: {"pages": Pages(domains=["com"])}, "domains must be"),
        (lambda _: {"pages": Pages(domains=["x.test"], seconds=0)}, "seconds must be a whole number between 1 and 100"),
        (lambda _: {"web_search": WebSearch(max_results=26)}, "max_results must be a whole number between 1 and 25"),
        (lambda _: {"web_search": WebSearch(provider="engine")}, "provider must be file.py:Class"),
        (lambda s: {"web_search": WebSearch(secret=secret(s))}, "must come with provider"),
        (lambda _: {"knowledge_base": KnowledgeBase(knowledge_base_id="x")}, "ten letters and digits, got 'x'"),
        (lambda _: {"database": Postgres(host="h", database="d")}, "either secret, or user with resource_id"),
        (lambda _: {"database": Postgres(host="h", database="d", user="u")}, "either secret, or user"),
        (lambda s: {"database": Postgres(host="h", database="d", secret=secret(s), ca_file="gone")}, "must be a file"),
        (lambda s: {"database": lake(s, data_prefix="x")}, 'data_prefix must end with "/"'),
        (lambda _: {"mcp": Mcp(servers={})}, "servers must be tables"),
        (lambda _: {"mcp": Mcp(servers={"A": McpServer(url="https://x.test", tools=["a"])})}, "servers must be tables"),
        (lambda _: {"mcp": Mcp(servers={"a": McpServer(url="http://x.test", tools=["a"])})}, "url must be an https"),
        (lambda _: {"mcp": Mcp(servers={"a": McpServer(tools=["a"])})}, "either url or command, got neither"),
        (
            lambda _: {"mcp": Mcp(servers={"a": McpServer(command=["a"], tools=[])})},
            "tools must be a list of at least one",
        ),
        (lambda _: {"pages": Pages(domains=["x.test"], agents=["nobody"])}, "must be agents of the pipeline"),
    ],
)
def test_fails_when_a_choice_breaks_a_rule(choice, told):
    stack = new_stack(REGION)
    with pytest.raises(ValueError, match=told):
        DurableAgentPipeline(stack, "Pipeline", **choice(stack))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bytes_scanned_cutoff_per_query": None}, "got no limit"),
        ({"enforce_work_group_configuration": False}, "must enforce its configuration"),
    ],
)
def test_fails_when_a_workgroup_lets_a_query_scan_without_end(changes, told):
    stack = new_stack(REGION)
    bucket = s3.Bucket(stack, "Bucket")
    with pytest.raises(ValueError, match=told):
        Athena(workgroup=workgroup(stack, **changes), database="shop", data=bucket, results=bucket)


def test_fails_when_the_region_has_no_web_search():
    stack = new_stack("eu-central-1")
    with pytest.raises(ValueError, match="must be asked in us-east-1, eu-west-1, ap-northeast-1"):
        DurableAgentPipeline(stack, "Pipeline", web_search=WebSearch())
    elsewhere = new_stack("eu-central-1")
    DurableAgentPipeline(elsewhere, "Pipeline", web_search=WebSearch(region="eu-west-1"))
    assert "bedrock-agentcore:eu-west-1" in json.dumps(Template.from_stack(elsewhere).to_json())


def test_only_what_is_used_ships():
    stack = new_stack(REGION)
    nothing = package_of(PipelineProps())
    assert not [
        inside for _, inside in nothing.sources if inside.startswith("research_tools/") and inside.count("/") > 1
    ]
    for name, choice in CHOICES.items():
        props = PipelineProps(**choice(Stack(stack, name.replace(" ", ""))))
        (box,) = (one.box for one in props.tools)
        package = package_of(props)
        inside = {
            path.split("/")[1]
            for _, path in package.sources
            if path.startswith("research_tools/") and path.count("/") > 1
        }
        assert inside == {box}
    assert "bedrock-agentcore" in package_of(PipelineProps(web_search=WebSearch())).keep
