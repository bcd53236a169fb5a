"""cdk-nag finds nothing that no resource has acknowledged with a reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs

from infra.durable_agent_pipeline import Budgets, Documents, DurableAgentPipeline
from infra.stacks.pipeline_stack import PipelineStack
from infra.stacks.rule_packs import check
from infra.stacks.stages import DEV, STAGES
from tests.infra.apps import ROOT, new_app


def report(folder: Path, fill: Callable[[App], None]) -> list[dict[str, Any]]:
    """The packs' reports over an app."""
    app = new_app(folder)
    fill(app)
    check(app)
    try:
        app.synth()
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)  # noqa: PT017 - the findings are in the report
    found = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))
    return list(found["pluginReports"])


def findings(reports: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (violation["ruleName"], construct["constructPath"])
        for one in reports
        for violation in one["violations"]
        for construct in violation["violatingConstructs"]
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stages")


@pytest.fixture(scope="module")
def of_all_stages(folder: Path) -> list[dict[str, Any]]:
    def fill(app: App) -> None:
        for stage in STAGES:
            PipelineStack(app, stage)

    return report(folder, fill)


def acknowledged(folder: Path, stack: str) -> dict[str, dict[str, str]]:
    """Path inside the pipeline -> finding -> reason, as the assembly records them."""
    metadata = json.loads((folder / f"{stack}.metadata.json").read_text(encoding="utf-8"))
    found: dict[str, dict[str, str]] = {}
    for path, entries in metadata.items():
        for entry in entries:
            if entry["type"] == "aws:cdk:acknowledged-rules":
                named = {finding.removeprefix("Annotation::"): reason for finding, reason in entry["data"].items()}
                found.setdefault(path.partition("/Pipeline/")[2] or path, {}).update(named)
    return found


def unexplained(folder: Path, stack: str) -> set[str]:
    """The packs' rules that a stack's resources acknowledge and docs/security.md does not name."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rules = {finding.partition("[")[0] for given in acknowledged(folder, stack).values() for finding in given}
    of_the_packs = {rule for rule in rules if rule.startswith(("AwsSolutions-", "Serverless-"))}
    assert of_the_packs
    return {rule for rule in of_the_packs if f"`{rule}`" not in page}


def test_every_stage_is_clean(of_all_stages):
    assert findings(of_all_stages) == []


@pytest.mark.usefixtures("of_all_stages")
def test_what_is_acknowledged_is_this_list_each_on_its_resource(folder, stage):
    found = acknowledged(folder, f"DurableAgentPipeline-{stage.name}")
    rules = {path: sorted(finding.partition("[")[0] for finding in given) for path, given in found.items()}
    assert rules == {
        "Function": ["AwsSolutions-L1", "Serverless-LambdaLatestVersion"],
        "Role": ["AwsSolutions-IAM5", "AwsSolutions-IAM5"],
        "Checkpoints": ["AwsSolutions-IAM5"],
        "LargeResults": ["AwsSolutions-S1"],
        "DeadLetters": ["Serverless-SQSRedrivePolicy"],
        "Undelivered": ["AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"],
        "Live": ["Serverless-LambdaAsyncFailureDestination"],
    }


def test_a_stage_with_its_api_is_clean_and_acknowledges_this_much_more(tmp_path):
    def fill(app: App) -> None:
        app.node.set_context("api", "true")
        PipelineStack(app, DEV)

    assert findings(report(tmp_path, fill)) == []
    found = acknowledged(tmp_path, "DurableAgentPipeline-dev")
    rules = {path: sorted(finding.partition("[")[0] for finding in given) for path, given in found.items()}
    assert {path: given for path, given in rules.items() if path.startswith("FrontDoor")} == {
        "FrontDoor/Api": ["AwsSolutions-APIG3", "AwsSolutions-COG4", "AwsSolutions-IAM4"],
        "FrontDoor/Role": ["AwsSolutions-IAM5"],
    }


@pytest.mark.usefixtures("of_all_stages")
def test_every_acknowledgement_says_why_in_a_sentence(folder, stage):
    for given in acknowledged(folder, f"DurableAgentPipeline-{stage.name}").values():
        for reason in given.values():
            assert reason.endswith(".")
            assert len(reason.split()) >= 10


@pytest.mark.usefixtures("of_all_stages")
def test_every_acknowledgement_is_explained_in_the_docs(folder, stage):
    assert unexplained(folder, f"DurableAgentPipeline-{stage.name}") == set()


def test_a_pipeline_with_every_choice_is_clean(tmp_path):
    def fill(app: App) -> None:
        stack = Stack(app, "Everything")
        vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
        vpc.add_flow_log("Flow")
        pipeline = DurableAgentPipeline(
            stack,
            "Pipeline",
            execution_timeout=Duration.minutes(15),
            encryption_key=kms.Key(stack, "Key", enable_key_rotation=True),
            vpc=vpc,
            documents=Documents(bucket=s3.Bucket.from_bucket_name(stack, "Papers", "papers"), prefix="notes/"),
            guardrail_arn="arn:aws:bedrock:us-east-1:111111111111:guardrail/abc",
            models={"summary": "global.anthropic.claude-sonnet-4-6"},
            deployment_config=codedeploy.LambdaDeploymentConfig.LINEAR_10_PERCENT_EVERY_1_MINUTE,
            provisioned_concurrent_executions=1,
            budgets=Budgets(per_day_usd=20),
        )
        caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        imported = iam.Role.from_role_arn(stack, "Imported", "arn:aws:iam::111111111111:role/imported")
        door = pipeline.add_api()
        for grant in (pipeline.grant_operate, pipeline.grant_read, door.grant_call):
            grant(imported)
            grant(iam.AccountPrincipal("222222222222"))
        for grant in (
            pipeline.grant_invoke,
            pipeline.grant_review,
            pipeline.grant_operate,
            pipeline.grant_read,
            door.grant_call,
        ):
            grant(caller)
        pipeline.start_on_schedule(
            "Daily", schedule=scheduler.ScheduleExpression.rate(Duration.days(1)), event={"query": "news"}
        )
        questions = sqs.Queue(
            stack,
            "Questions",
            visibility_timeout=Duration.minutes(90),
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(queue=pipeline.dead_letter_queue, max_receive_count=3),
        )
        pipeline.start_on_queue(questions)

    ours = [found for found in findings(report(tmp_path, fill)) if not found[1].startswith("Everything/Vpc")]
    assert ours == []
    assert unexplained(tmp_path, "Everything") == set()


def test_the_packs_do_find_what_nobody_acknowledged(tmp_path):
    def fill(app: App) -> None:
        sqs.Queue(Stack(app, "Careless"), "Queue")

    assert ("AwsSolutions-SQS4", "Careless/Queue/Resource") in findings(report(tmp_path, fill))
