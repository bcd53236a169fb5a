"""`Review(page=True)`: what the page may do, what its package holds, and that there is none by default."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from infra.durable_agent_pipeline import DurableAgentPipeline, Review
from infra.durable_agent_pipeline.choices.props import PipelineProps
from infra.durable_agent_pipeline.package.inputs import package_of
from infra.durable_agent_pipeline.package.lambda_source import PAGE_FILES, lambda_source
from tests.infra.apps import new_app, new_stack
from tests.infra.test_rule_packs import findings, report, unexplained


def paged(stack: Stack, **choices: Any) -> DurableAgentPipeline:
    review = Review(page=True)
    return DurableAgentPipeline(stack, "Pipeline", review=review, execution_timeout=Duration.days(3), **choices)


def with_page(stack: Stack, **choices: Any) -> tuple[DurableAgentPipeline, dict[str, Any]]:
    pipeline = paged(stack, **choices)
    return pipeline, Template.from_stack(stack).to_json()["Resources"]


def statements(resources: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """Of every policy of a role."""
    return [
        statement
        for resource in resources.values()
        if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role} in resource["Properties"]["Roles"]
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_the_whole_policy_of_the_page():
    stack = new_stack("us-east-1")
    pipeline, resources = with_page(stack)
    page = pipeline.review_page
    assert page
    assert pipeline.large_results
    role = stack.resolve(page.role.role_arn)["Fn::GetAtt"][0]

    def versions(arn: str, rest: str) -> dict[str, Any]:
        return {"Fn::Join": ["", [stack.resolve(arn), rest]]}

    assert statements(resources, role) == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": stack.resolve(page.log_group.log_group_arn),
        },
        {"Effect": "Allow", "Action": "kms:VerifyMac", "Resource": stack.resolve(page.link_key.key_arn)},
        {"Effect": "Allow", "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["lambda:GetDurableExecutionHistory", "lambda:SendDurableExecutionCallbackSuccess"],
            "Resource": versions(pipeline.function.function_arn, ":*"),
        },
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": versions(pipeline.large_results.bucket_arn, "/*")},
    ]


def test_the_pipeline_may_sign_links_and_not_check_them_and_knows_where_the_page_is():
    stack = new_stack("us-east-1")
    pipeline, resources = with_page(stack)
    page = pipeline.review_page
    assert page
    key = stack.resolve(page.link_key.key_arn)
    name = stack.resolve(pipeline.function.function_arn)["Fn::GetAtt"][0]
    function = resources[name]["Properties"]
    signing = [s for s in statements(resources, function["Role"]["Fn::GetAtt"][0]) if s["Resource"] == key]
    assert signing == [{"Effect": "Allow", "Action": "kms:GenerateMac", "Resource": key}]
    variables = function["Environment"]["Variables"]
    assert variables["REVIEW_LINK_KEY_ARN"] == key
    assert variables["REVIEW_PAGE_URL"] == stack.resolve(page.url.url)
    made = resources[key["Fn::GetAtt"][0]]["Properties"]
    assert (made["KeySpec"], made["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")
    template = Template.from_stack(stack)
    template.has_resource_properties("AWS::Lambda::Url", {"AuthType": "NONE"})
    template.resource_count_is("AWS::Lambda::Url", 1)


def test_the_pages_texts_and_logs_are_encrypted_with_the_callers_key():
    stack = new_stack("us-east-1")
    pipeline, resources = with_page(stack, encryption_key=kms.Key(stack, "Key"))
    page = pipeline.review_page
    assert page
    role = stack.resolve(page.role.role_arn)["Fn::GetAtt"][0]
    decrypting = [s for s in statements(resources, role) if s["Action"] == "kms:Decrypt"]
    assert len(decrypting) == 1
    group = resources[stack.resolve(page.log_group.log_group_arn)["Fn::GetAtt"][0]]
    assert group["Properties"]["KmsKeyId"] == decrypting[0]["Resource"]


def test_without_it_a_reviewed_pipeline_has_nothing_of_it():
    templates = []
    for review in (Review(), Review(page=False)):
        stack = new_stack("us-east-1")
        pipeline = DurableAgentPipeline(stack, "Pipeline", review=review, execution_timeout=Duration.days(3))
        assert pipeline.review_page is None
        templates.append(json.dumps(Template.from_stack(stack).to_json()))
    assert templates[0] == templates[1]
    for trace in ("ReviewPage", "REVIEW_PAGE_URL", "REVIEW_LINK_KEY_ARN", "AWS::KMS::Key", "AWS::Lambda::Url"):
        assert trace not in templates[0]


def test_its_package_holds_its_files_and_the_rules_it_shares_and_the_pipelines_holds_none_of_them(tmp_path: Path):
    app = new_app(tmp_path)
    stack = Stack(app, "Stack")
    paged(stack)
    app.synth()
    (folder,) = [each.parent for each in tmp_path.glob("asset.*/review_page")]
    packed = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert packed == set(PAGE_FILES)
    own = {f"review_page/{file.name}" for file in (lambda_source() / "review_page").glob("*.*")}
    assert own <= packed
    shipped = {inside for _, inside in package_of(PipelineProps()).sources}
    assert not [inside for inside in shipped if inside.startswith("review_page/")]


def test_a_pipeline_with_a_page_is_clean_and_says_why_of_each_exception(tmp_path: Path):
    def fill(app: App) -> None:
        stack = Stack(app, "Paged")
        paged(stack, encryption_key=kms.Key(stack, "Key", enable_key_rotation=True))

    assert findings(report(tmp_path, fill)) == []
    assert unexplained(tmp_path, "Paged") == set()


def test_a_page_that_is_neither_on_nor_off_is_refused():
    with pytest.raises(ValueError, match="page of a review must be True or False"):
        Review(page="yes")  # type: ignore[arg-type]
