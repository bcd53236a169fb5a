"""What every stage's template holds, one fact per test."""

from typing import Any

from aws_cdk.assertions import Match, Template

from infra.durable_agent_pipeline import PipelineProps
from infra.stacks.stages import Stage
from tests.infra.apps import durable_function, the_only


def function(template: Template) -> dict[str, Any]:
    return durable_function(template)


def test_the_function_is_durable_with_the_stages_times(template: Template, stage: Stage):
    props = PipelineProps(**stage.choices)
    assert function(template)["DurableConfig"] == {
        "ExecutionTimeout": props.execution_timeout.to_seconds(),
        "RetentionPeriodInDays": props.retention_period.to_days(),
    }


def test_the_function_runs_python_3_13_on_arm_with_the_default_memory_for_at_most_15_minutes(template: Template):
    found = function(template)
    assert (found["Runtime"], found["Architectures"], found["MemorySize"], found["Timeout"]) == (
        "python3.13",
        ["arm64"],
        PipelineProps().memory_size,
        900,
    )


def test_the_handler_is_the_contracts(template: Template):
    assert function(template)["Handler"] == "handler.lambda_handler"


def test_the_function_has_no_fixed_name(template: Template):
    assert "FunctionName" not in function(template)


def test_the_function_traces_and_logs_json(template: Template):
    assert function(template)["TracingConfig"] == {"Mode": "Active"}
    assert function(template)["LoggingConfig"]["LogFormat"] == "JSON"


def test_lambda_never_filters_the_metrics_out_of_the_log(template: Template):
    assert function(template)["LoggingConfig"]["ApplicationLogLevel"] in {"INFO", "DEBUG"}


def test_versions_outlive_the_deployments_that_replace_them(template: Template):
    version = the_only(template, "AWS::Lambda::Version")
    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_alias_live_waits_for_the_right_to_checkpoint(template: Template):
    alias = the_only(template, "AWS::Lambda::Alias")
    (policy,) = [
        name
        for name, found in template.find_resources("AWS::IAM::Policy").items()
        if "Checkpoint" in str(found["Properties"]["PolicyDocument"])
    ]
    assert alias["Properties"]["Name"] == "live"
    assert policy in alias["DependsOn"]


def test_no_managed_policy_is_attached(template: Template):
    ours = {name: role for name, role in template.find_resources("AWS::IAM::Role").items() if "Pipeline" in name}
    assert ours
    assert all("ManagedPolicyArns" not in role["Properties"] for role in ours.values())


def test_failed_starts_go_to_the_dead_letter_queue(template: Template):
    queue = "PipelineDeadLetters68B5256A"
    assert queue in template.find_resources("AWS::SQS::Queue")
    assert function(template)["DeadLetterConfig"] == {"TargetArn": {"Fn::GetAtt": [queue, "Arn"]}}


def test_the_queue_and_the_topic_refuse_plain_http(template: Template):
    denied = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    for resource_type in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        template.has_resource_properties(
            resource_type, {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(denied)])}}
        )


def test_the_outputs_are_the_contracts(template: Template):
    assert set(template.find_outputs("*")) == {
        "AliasArn",
        "FunctionName",
        "DashboardUrl",
        "AlarmTopicArn",
        "LogGroupName",
        "DeadLetterQueueUrl",
        "UndeliveredQueueUrl",
    }


def test_prod_alone_is_protected_and_keeps_its_data(template: Template, stage: Stage):
    kept = the_only(template, "AWS::Logs::LogGroup")["DeletionPolicy"] == "Retain"
    assert (stage.protected, kept) == ((stage.name == "prod"),) * 2


def test_devs_bucket_goes_with_the_stack_and_the_others_stay(template: Template, stage: Stage):
    bucket = the_only(template, "AWS::S3::Bucket")
    emptied = template.find_resources("Custom::S3AutoDeleteObjects")
    assert (bucket["DeletionPolicy"], len(emptied)) == (("Delete", 1) if stage.name == "dev" else ("Retain", 0))


def test_prod_keeps_the_function_with_all_that_its_executions_need(template: Template, stage: Stage):
    kinds = ("AWS::Lambda::Function", "AWS::Lambda::Alias", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::SQS::Queue")
    ours = [
        found.get("DeletionPolicy", "Delete")
        for kind in kinds
        for name, found in template.find_resources(kind).items()
        if name.startswith("Pipeline")
    ]
    assert len(ours) >= 7
    assert set(ours) == ({"Retain"} if stage.name == "prod" else {"Delete"})
