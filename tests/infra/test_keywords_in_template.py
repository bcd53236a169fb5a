"""What each choice does to the template, one fact per test."""

import json
from typing import Any

import pytest
from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk.assertions import Annotations, Match, Template

from infra.durable_agent_pipeline import DurableAgentPipeline
from tests.infra.apps import ACCOUNT, PACKAGED_AGENTS, new_stack, properties, template_of, the_only

MODEL = "global.anthropic.claude-sonnet-4-6"  # of a stack whose Region is not known at synth


def function(**choices: Any) -> dict[str, Any]:
    return properties(template_of(**choices), "AWS::Lambda::Function")


def variables(**choices: Any) -> dict[str, Any]:
    return dict(function(**choices)["Environment"]["Variables"])


def statements(template: Template) -> list[dict[str, Any]]:
    policies = template.find_resources("AWS::IAM::Policy").values()
    return [s for policy in policies for s in policy["Properties"]["PolicyDocument"]["Statement"]]


def warnings(**choices: Any) -> list[str]:
    stack = new_stack()
    DurableAgentPipeline(stack, "Pipeline", **choices)
    return [str(found.entry.data) for found in Annotations.from_stack(stack).find_warning("*", Match.any_value())]


def test_the_default_environment_is_documented_whole():
    assert set(variables()) == {
        *(
            "PIPELINE_NAME",
            "AGENT_MODELS",
            "MODEL_PRICES",
            "MODEL_STREAMING",
            "MODEL_READ_TIMEOUT_SECONDS",
        ),
        *("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL", "LARGE_RESULTS_BUCKET"),
    }


def test_the_lambda_accepts_the_environment_that_synth_gives_it():
    from agent_workflow.settings import read_settings

    given = variables(budget_ceiling_usd="2.50", pipeline_name="mine", log_level="DEBUG", streaming=False)
    settings = read_settings({name: value for name, value in given.items() if isinstance(value, str)})
    assert (settings.pipeline, str(settings.budget_ceiling_usd)) == ("mine", "2.50")
    assert (settings.streaming, settings.log_level, settings.read_timeout_seconds) == (False, "DEBUG", 120)
    assert str(settings.prices[MODEL].output) == "15"


def test_the_usual_time_of_a_call_is_the_callers_and_stands_in_the_environment_only_then():
    assert variables(model_usual_time=Duration.seconds(20))["MODEL_USUAL_SECONDS"] == "20"
    assert "MODEL_USUAL_SECONDS" not in variables(model_usual_time=Duration.minutes(1))


def test_the_tokens_of_a_minute_reach_the_lambda_as_they_are():
    from agent_workflow.settings import read_settings

    chosen = {MODEL: 200_000, "amazon.nova-lite-v1:0": "learn"}
    given = {name: value for name, value in variables(tokens_per_minute=chosen).items() if isinstance(value, str)}
    assert read_settings(given).tokens_per_minute == chosen
    assert "TOKENS_PER_MINUTE" not in variables()


def test_the_pipelines_name_is_its_path_unless_given():
    assert variables()["PIPELINE_NAME"] == "Stack/Pipeline"
    assert variables(pipeline_name="mine")["PIPELINE_NAME"] == "mine"


def test_memory_architecture_and_runtime_are_the_callers():
    found = function(memory_size=1024, architecture=lambda_.Architecture.X86_64, runtime=lambda_.Runtime.PYTHON_3_14)
    assert (found["MemorySize"], found["Architectures"], found["Runtime"]) == (1024, ["x86_64"], "python3.14")


def test_a_model_is_chosen_per_agent_and_allowed():
    template = template_of(models={"summary": "amazon.nova-lite-v1:0"})
    given = properties(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert json.loads(given["AGENT_MODELS"]) == {
        **dict.fromkeys(PACKAGED_AGENTS, MODEL),
        "summary": "amazon.nova-lite-v1:0",
    }
    assert "foundation-model/amazon.nova-lite-v1:0" in str(statements(template))


def test_fails_when_models_names_no_agent():
    with pytest.raises(ValueError, match=r"models must name agents of the pipeline \(research, .*\), got writer"):
        template_of(models={"writer": MODEL})


def test_prices_are_list_prices_as_exact_decimals():
    price = json.loads(variables()["MODEL_PRICES"])[MODEL]
    assert {kind: price[kind] for kind in ("input", "output", "cache_read", "cache_write")} == {
        "input": "3",
        "output": "15",
        "cache_read": "0.3",
        "cache_write": "3.75",
    }


def test_a_price_of_the_callers_wins_kind_by_kind():
    prices = {MODEL: {"input": "2", "output": "10"}}
    found = json.loads(variables(prices=prices)["MODEL_PRICES"])[MODEL]
    assert (found["input"], found["output"], found["cache_read"], found["as_of"]) == ("2", "10", "0.3", "given")


def test_a_model_without_a_price_is_warned_about_and_left_out():
    models = dict.fromkeys(PACKAGED_AGENTS, "acme.unheard-of-v1")
    assert "MODEL_PRICES" not in variables(models=models)
    (warning,) = warnings(models=models)
    assert "no price is known for 'acme.unheard-of-v1'" in warning


def test_fails_when_a_budget_could_not_be_kept():
    with pytest.raises(ValueError, match=r"budget_ceiling_usd needs a price for every model, got none for acme.x-v1"):
        template_of(models={"summary": "acme.x-v1"}, budget_ceiling_usd=1)


def test_a_legacy_model_is_warned_about():
    (warning,) = warnings(models={"summary": "us.anthropic.claude-opus-4-1-20250805-v1:0"})
    assert "is a legacy model and ends on 2027-01-08" in warning


def test_a_guardrail_is_passed_on_and_allowed():
    arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:guardrail/abc"
    template = template_of(guardrail_arn=arn, guardrail_version="3")
    given = properties(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert (given["GUARDRAIL_ID"], given["GUARDRAIL_VERSION"]) == (arn, "3")
    assert {"Action": "bedrock:ApplyGuardrail", "Effect": "Allow", "Resource": arn} in statements(template)


def test_variables_of_the_callers_are_added():
    assert variables(environment={"SEARCH_URL": "x"})["SEARCH_URL"] == "x"


def test_fails_when_a_variable_would_hide_one_of_the_constructs():
    with pytest.raises(
        ValueError, match="environment must not name a variable that the construct sets, got 'MODEL_STREAMING'"
    ):
        template_of(environment={"MODEL_STREAMING": "false"})


def test_fails_when_durability_is_left_over_whatever_its_value():
    for value in ("call", "agent"):
        with pytest.raises(ValueError, match=f"its own checkpoint now; delete the keyword, got '{value}'"):
            template_of(durability=value)


def test_concurrency_is_reserved_on_the_function_and_provisioned_on_the_alias():
    template = template_of(reserved_concurrent_executions=10, provisioned_concurrent_executions=2)
    assert properties(template, "AWS::Lambda::Function")["ReservedConcurrentExecutions"] == 10
    alias = properties(template, "AWS::Lambda::Alias")
    assert alias["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 2}


def test_asynchronous_events_are_configured_on_the_alias():
    template = template_of(max_event_age=Duration.hours(1), retry_attempts=0)
    found = properties(template, "AWS::Lambda::EventInvokeConfig")
    assert (found["MaximumEventAgeInSeconds"], found["MaximumRetryAttempts"]) == (3600, 0)
    assert "live" in str(found["Qualifier"]) or "Live" in str(found["Qualifier"])


def test_tracing_can_be_left_out():
    template = template_of(tracing=lambda_.Tracing.DISABLED)
    assert not [s for s in statements(template) if s["Resource"] == "*"]


def test_the_opentelemetry_layer_brings_its_wrapper():
    stack = new_stack()
    layer = lambda_.LayerVersion.from_layer_version_arn(stack, "Layer", "arn:aws:lambda:us-east-1:1:layer:otel:1")
    DurableAgentPipeline(stack, "Pipeline", opentelemetry_layer=layer)
    found = properties(Template.from_stack(stack), "AWS::Lambda::Function")
    assert found["Layers"] == ["arn:aws:lambda:us-east-1:1:layer:otel:1"]
    assert found["Environment"]["Variables"]["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/otel-instrument"


def test_logs_are_kept_and_removed_as_chosen():
    template = template_of(log_retention=logs.RetentionDays.ONE_YEAR, removal_policy=RemovalPolicy.RETAIN)
    group = the_only(template, "AWS::Logs::LogGroup")
    assert (group["Properties"]["RetentionInDays"], group["DeletionPolicy"]) == (365, "Retain")


def test_alarms_reach_the_subscribers():
    template = template_of(alarm_subscriptions=[subscriptions.EmailSubscription("oncall@example.com")])
    assert properties(template, "AWS::SNS::Subscription")["Endpoint"] == "oncall@example.com"


def test_large_results_expire_when_no_execution_can_need_them():
    template = template_of(execution_timeout=Duration.days(7), retention_period=Duration.days(30))
    (rule,) = properties(template, "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 37


def test_the_bucket_is_private_encrypted_and_unversioned():
    found = properties(template_of(), "AWS::S3::Bucket")
    assert all(found["PublicAccessBlockConfiguration"].values())
    assert "AES256" in str(found["BucketEncryption"])
    assert "VersioningConfiguration" not in found


def test_the_bucket_can_be_left_out_with_all_that_goes_with_it():
    template = template_of(large_results=False)
    template.resource_count_is("AWS::S3::Bucket", 0)
    assert "s3:" not in str(statements(template))
    assert "LARGE_RESULTS_BUCKET" not in str(template.to_json())


def test_a_gradual_deployment_rolls_back_on_the_durable_alarms():
    config = codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES
    template = template_of(deployment_config=config)
    group = properties(template, "AWS::CodeDeploy::DeploymentGroup")
    assert {alarm["Name"]["Ref"][:20] for alarm in group["AlarmConfiguration"]["Alarms"]} == {
        "PipelineAlarmsFailed",
        "PipelineAlarmsTimedO",
        "PipelineAlarmsModelE",
        "PipelineAlarmsErrors",
        "PipelineAlarmsStuck2",
        "PipelineAlarmsDeadLe",
        "PipelineAlarmsUtiliz",
    }
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert "CodeDeployLambdaAliasUpdate" in the_only(template, "AWS::Lambda::Alias")["UpdatePolicy"]


def test_the_deployment_group_is_an_attribute():
    config = codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES
    made = DurableAgentPipeline(new_stack(), "Pipeline", deployment_config=config)
    assert isinstance(made.deployment_group, codedeploy.LambdaDeploymentGroup)
    assert DurableAgentPipeline(new_stack(), "Pipeline").deployment_group is None


def keyed(region: str | None = None) -> tuple[Template, str]:
    stack = new_stack(region)
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    DurableAgentPipeline(stack, "Pipeline", encryption_key=key)
    return Template.from_stack(stack), stack.resolve(key.key_arn)


def test_one_key_encrypts_everything_that_is_stored():
    template, arn = keyed()
    assert properties(template, "AWS::Lambda::Function")["DurableConfig"]["KMSKeyArn"] == arn
    assert properties(template, "AWS::Lambda::Function")["KmsKeyArn"] == arn
    assert properties(template, "AWS::Logs::LogGroup")["KmsKeyId"] == arn
    assert properties(template, "AWS::SNS::Topic")["KmsMasterKeyId"] == arn
    queues = template.find_resources("AWS::SQS::Queue").values()
    assert [queue["Properties"]["KmsMasterKeyId"] for queue in queues] == [arn, arn]
    assert str(arn) in str(properties(template, "AWS::S3::Bucket")["BucketEncryption"])
    assert properties(template, "AWS::Lambda::Function")["Environment"]["Variables"]["LARGE_RESULTS_KMS_KEY_ARN"] == arn


def test_the_key_lets_the_services_that_encrypt_use_it():
    template, _ = keyed()
    policy = properties(template, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    served = str([s["Principal"]["Service"] for s in policy if "Service" in s["Principal"]])
    for service in ("lambda.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com", "logs."):
        assert service in served
    unbound = [s for s in policy if "Service" in s["Principal"] and "Condition" not in s]
    assert [s["Principal"]["Service"] for s in unbound] == ["events.amazonaws.com"]  # CDK's own, for the rule's targets


def test_the_function_may_use_the_key_and_only_use_it():
    template, arn = keyed()
    (found,) = [s for s in statements(template) if s["Resource"] == arn]
    assert found["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_fails_when_the_key_is_of_another_region():
    stack = new_stack("eu-west-1")
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/abc")
    with pytest.raises(
        ValueError, match="encryption_key must be of the stack's Region eu-west-1, got a key of us-east-1"
    ):
        DurableAgentPipeline(stack, "Pipeline", encryption_key=key)


def test_a_key_whose_policy_cannot_be_changed_is_warned_about():
    stack = new_stack("us-east-1")
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/abc")
    DurableAgentPipeline(stack, "Pipeline", encryption_key=key)
    (warning,) = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert "its policy must let lambda, logs, cloudwatch, events use it" in str(warning.entry.data)


def in_network(subnet: ec2.SubnetType, *endpoints: ec2.InterfaceVpcEndpointAwsService) -> tuple[Template, list[str]]:
    stack = new_stack("us-east-1")
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0 if subnet is ec2.SubnetType.PRIVATE_ISOLATED else 1, max_azs=2)
    for index, service in enumerate(endpoints):
        vpc.add_interface_endpoint(f"Endpoint{index}", service=service)
    DurableAgentPipeline(
        stack, "Pipeline", vpc=vpc, vpc_subnets=ec2.SubnetSelection(subnet_type=subnet), large_results=False
    )
    found = Annotations.from_stack(stack).find_warning("/Stack/Pipeline", Match.any_value())
    return Template.from_stack(stack), [str(warning.entry.data) for warning in found]


def test_the_function_lives_in_the_vpc_once_it_may_use_its_interfaces():
    template, warned = in_network(ec2.SubnetType.PRIVATE_WITH_EGRESS)
    (function,) = template.find_resources("AWS::Lambda::Function", {"Properties": {"DurableConfig": {}}}).values()
    assert len(function["Properties"]["VpcConfig"]["SubnetIds"]) == 2
    assert any("NetworkInterfaces" in name for name in function["DependsOn"])
    assert not warned


def test_a_network_without_a_route_to_bedrock_is_warned_about_with_the_endpoints_it_needs():
    _, (warning,) = in_network(ec2.SubnetType.PRIVATE_ISOLATED)
    assert "vpc needs endpoints for bedrock-runtime, lambda" in warning


def test_a_network_with_the_endpoints_is_fine():
    services = (ec2.InterfaceVpcEndpointAwsService.BEDROCK_RUNTIME, ec2.InterfaceVpcEndpointAwsService.LAMBDA_)
    assert in_network(ec2.SubnetType.PRIVATE_ISOLATED, *services)[1] == []


def test_fails_when_two_pipelines_have_one_id():
    stack = new_stack()
    DurableAgentPipeline(stack, "Pipeline")
    with pytest.raises(RuntimeError, match="already a Construct with name 'Pipeline'"):
        DurableAgentPipeline(stack, "Pipeline")


def test_fails_when_a_fixed_function_name_is_asked_for():
    with pytest.raises(ValueError, match=r"function_name must be left to CloudFormation.*got 'mine'"):
        template_of(function_name="mine")
