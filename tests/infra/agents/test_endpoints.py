"""Models that are not called through Bedrock: permissions stated whole, variables, prices, what ships, refusals."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Annotations, Match, Template

from agent_workflow.agents import read_agents, read_agents_and_boxes
from agent_workflow.settings import read_settings
from infra.durable_agent_pipeline import DurableAgentPipeline, OpenAiEndpoint, PipelineProps, SageMakerEndpoint
from infra.durable_agent_pipeline.package import build
from infra.durable_agent_pipeline.package.inputs import package_of
from infra.durable_agent_pipeline.package.lambda_source import lambda_source
from tests.infra.apps import ACCOUNT, durable_function, new_stack
from tests.infra.research_tools.test_outside_tools import of_the_role, resolved, rights
from tests.infra.test_rule_packs import findings, report

REGION = "us-east-1"
ARN = "arn:aws:secretsmanager:us-east-1:111111111111:secret:models-AbCdEf"
URL = "https://models.example.com/v1"
SONNET = "us.anthropic.claude-sonnet-4-6"
INVOKE = ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"]
NEEDED = {"Action": "secretsmanager:GetSecretValue", "Resource": ARN}
PRICE = {"input": "0.5", "output": "1.5"}


def secret(stack: Stack) -> secretsmanager.ISecret:
    return secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", ARN)


def house(stack: Stack, **changes: Any) -> OpenAiEndpoint:
    return OpenAiEndpoint(**{"model": "qwen", "base_url": URL, "secret": secret(stack), **changes})


def test_an_openai_endpoint_needs_its_one_secret_and_no_more():
    with_key = of_the_role(lambda stack: {"models": {"analysis": house(stack)}})
    assert with_key - of_the_role() == rights([NEEDED])


def test_without_a_key_it_needs_nothing():
    assert of_the_role(lambda stack: {"models": {"analysis": house(stack, secret=None)}}) == of_the_role()


def test_a_sagemaker_endpoint_needs_to_be_invoked_and_no_more():
    chosen = of_the_role(lambda _: {"models": {"analysis": SageMakerEndpoint(endpoint_name="tuned")}})
    arn = "arn:aws:sagemaker:us-east-1:111111111111:endpoint/tuned"
    assert chosen - of_the_role() == rights([{"Action": INVOKE, "Resource": arn}])


def test_a_pipeline_without_a_model_of_bedrock_may_call_none():
    names = ("research", "analysis", "summary")
    chosen = of_the_role(lambda _: {"models": dict.fromkeys(names, SageMakerEndpoint(endpoint_name="tuned"))})
    assert not [action for action, _, _ in chosen if action.startswith("bedrock:")]


def test_the_key_of_a_secret_is_opened_too():
    stack = new_stack(REGION)
    own = secretsmanager.Secret(stack, "Own", encryption_key=kms.Key(stack, "Key"))
    DurableAgentPipeline(stack, "Pipeline", models={"analysis": house(stack, secret=own)})
    assert '"kms:Decrypt"' in json.dumps(Template.from_stack(stack).find_resources("AWS::IAM::Policy"))


def folder(tmp_path: Path, model: str, tables: str = "") -> Path:
    (tmp_path / "prompts").mkdir(parents=True)
    (tmp_path / "prompts" / "one.md").write_text("You are an agent.")
    one = f'[[agents]]\nname = "one"\ninputs = ["query"]\nmodel = "{model}"\nmax_tokens = 9\n'
    (tmp_path / "agents.toml").write_text(one + tables)
    return tmp_path


OPENAI = f'[models."openai/qwen"]\nbase_url = "{URL}"\nsecret_arn = "{ARN}"\nsecret_field = "key"\n'


def test_what_agents_toml_declares_is_permitted_as_what_a_keyword_chooses(tmp_path):
    agents = folder(tmp_path, "openai/qwen", OPENAI)
    chosen = of_the_role(lambda _: {"agents": agents})
    assert rights([NEEDED]) <= chosen
    assert not [action for action, _, _ in chosen if action.startswith("bedrock:")]
    again = of_the_role(lambda _: {"agents": folder(tmp_path / "b", "sagemaker/tuned")})
    arn = "arn:aws:sagemaker:us-east-1:111111111111:endpoint/tuned"
    assert rights([{"Action": INVOKE, "Resource": arn}]) <= again


def test_a_declared_endpoint_may_be_chosen_by_its_id(tmp_path):
    agents = folder(tmp_path, "amazon.nova-lite-v1:0", OPENAI)
    assert rights([NEEDED]) <= of_the_role(lambda _: {"agents": agents, "models": {"one": "openai/qwen"}})


PROFILE = "arn:aws:bedrock:us-east-1:111111111111:application-inference-profile/abc"


def test_a_profile_is_permitted_and_priced_by_what_agents_toml_says_it_was_created_from(tmp_path):
    agents = folder(tmp_path, PROFILE, f'[models."{PROFILE}"]\nsource = "{SONNET}"\n')
    stack = new_stack(REGION)
    DurableAgentPipeline(stack, "Pipeline", agents=agents)
    template = Template.from_stack(stack)
    prices = json.loads(durable_function(template)["Environment"]["Variables"]["MODEL_PRICES"])
    assert prices[PROFILE].items() >= {"input": "3.3", "output": "16.5"}.items()
    assert "foundation-model/anthropic.claude-sonnet-4-6" in json.dumps(template.find_resources("AWS::IAM::Policy"))
    assert read_agents(agents)[0].endpoint is None


def variables(models: Any, **choices: Any) -> dict[str, Any]:
    stack = new_stack(REGION)
    DurableAgentPipeline(stack, "Pipeline", models=models(stack), **choices)
    return dict(resolved(durable_function(Template.from_stack(stack))["Environment"]["Variables"]))


def test_the_function_accepts_the_settings_that_synth_gives_it():
    given = variables(
        lambda stack: {
            "research": house(stack, name="house", secret_field="token", limit_by="max_completion_tokens"),
            "analysis": SageMakerEndpoint(endpoint_name="tuned", model="m", inference_component="part"),
            "summary": SageMakerEndpoint(endpoint_name="plain"),
        }
    )
    settings = read_settings({key: value for key, value in given.items() if isinstance(value, str)})
    agents = {agent.name: agent for agent in agents_of(settings)}
    research = agents["research"].endpoint
    assert agents["research"].model == "openai/house"
    assert (research.base_url, research.model, research.secret_arn) == (URL, "qwen", ARN)
    assert (research.secret_field, research.limit_by) == ("token", "max_completion_tokens")
    assert (agents["analysis"].endpoint.model, agents["analysis"].endpoint.inference_component) == ("m", "part")
    assert (agents["summary"].model, agents["summary"].endpoint.model) == ("sagemaker/plain", None)


def agents_of(settings: Any) -> Any:
    read = read_agents_and_boxes(settings.agents_folder, settings.agent_models, more_models=settings.model_settings)
    return read[0]


def test_an_endpoint_of_the_same_app_is_named_at_deployment():
    stack = new_stack(REGION)
    made = sagemaker.CfnEndpoint(stack, "Endpoint", endpoint_config_name="config")
    models = {"analysis": SageMakerEndpoint(endpoint_name=made.attr_endpoint_name, model="m")}
    DurableAgentPipeline(stack, "Pipeline", models=models, prices={next(iter(models.values())).id: PRICE})
    given = durable_function(Template.from_stack(stack))["Environment"]["Variables"]
    for name in ("AGENT_MODELS", "MODEL_PRICES", "MODEL_SETTINGS"):
        assert {"Fn::GetAtt": ["Endpoint", "EndpointName"]} in given[name]["Fn::Join"][1], name


def test_a_price_is_unknown_and_warned_about_until_it_is_given():
    stack = new_stack(REGION)
    pipeline = DurableAgentPipeline(stack, "Pipeline", models={"analysis": SageMakerEndpoint(endpoint_name="tuned")})
    said = Match.string_like_regexp("no price is known for 'sagemaker/tuned'")
    Annotations.from_stack(stack).has_warning(f"/{pipeline.node.path}", said)
    assert (
        "sagemaker/tuned"
        not in variables(lambda _: {"analysis": SageMakerEndpoint(endpoint_name="tuned")})["MODEL_PRICES"]
    )
    given = variables(lambda stack: {"analysis": house(stack)}, prices={"openai/qwen": PRICE})
    assert json.loads(given["MODEL_PRICES"])["openai/qwen"] == {**PRICE, "as_of": "given"}


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (
            lambda _: OpenAiEndpoint(model="m", base_url="http://models.example.com"),
            "base_url must be an https address",
        ),
        (lambda _: OpenAiEndpoint(model="m", base_url="https://u:p@models.example.com"), "without credentials"),
        (lambda _: OpenAiEndpoint(model="m", base_url="https://models.example.com?key=1"), "without credentials"),
        (lambda _: OpenAiEndpoint(model="m", base_url="models.example.com"), "base_url must be an https address"),
        (lambda _: OpenAiEndpoint(model="m", base_url="https://[::1"), "base_url must be an https address"),
        (lambda _: OpenAiEndpoint(model="m", base_url="https://x.test:999999"), "base_url must be an https address"),
        (lambda s: house(s, limit_by="tokens"), "limit_by must be max_tokens or max_completion_tokens, got 'tokens'"),
        (lambda s: house(s, secret_field=""), "secret_field must be a word, got ''"),
        (lambda s: house(s, model="", name=""), "must be of openai/NAME or sagemaker/NAME"),
        (lambda _: SageMakerEndpoint(endpoint_name="a b"), "must be the name of a SageMaker endpoint, got 'a b'"),
        (lambda _: SageMakerEndpoint(endpoint_name=""), "must be the name of a SageMaker endpoint, got ''"),
        (lambda _: SageMakerEndpoint(endpoint_name="a", model=""), "model must be a word, got ''"),
        (lambda _: "openai/unknown", "must have a table [models.ID] in agents.toml, or be given as an OpenAiEndpoint"),
    ],
)
def test_fails_when_an_endpoint_breaks_a_rule(choice, said):
    stack = new_stack(REGION)
    with pytest.raises(ValueError, match=re.escape(said)):
        DurableAgentPipeline(stack, "Pipeline", models={"analysis": choice(stack)})


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080"])
def test_plain_http_is_for_loopback_only(host):
    assert OpenAiEndpoint(model="m", base_url=f"http://{host}/v1").id == "openai/m"


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ("", "model of 'one': a model of another kind must have a table [models.ID] in agents.toml"),
        (OPENAI.replace("-AbCdEf", ""), "secret_arn must be the whole ARN of a secret"),
        (OPENAI.replace("https", "http"), "[models.'openai/qwen']: base_url must be an https address"),
        ('[models."openai/qwen"]\n', "[models.'openai/qwen']: base_url must be an https address without credentials"),
        ('[models.claude]\nsource = "x"\n', "[models.ID] must be of openai/NAME or sagemaker/NAME, or the ARN of an"),
        (OPENAI + 'api_key = "sk-1"\n', "must have only the fields base_url, model, secret_arn"),
        ('[models]\n"openai/qwen" = 1\n', "must be a table, got 1"),
    ],
)
def test_fails_when_a_table_breaks_a_rule(tmp_path, tables, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        DurableAgentPipeline(new_stack(REGION), "Pipeline", agents=folder(tmp_path, "openai/qwen", tables))


def test_fails_when_a_guardrail_would_be_passed_by():
    stack = new_stack(REGION)
    arn = "arn:aws:bedrock:us-east-1:111111111111:guardrail/abc"
    with pytest.raises(ValueError, match=r"guardrail_arn must come with models of Bedrock only, got 'openai/qwen'"):
        DurableAgentPipeline(stack, "Pipeline", models={"analysis": house(stack)}, guardrail_arn=arn)


def test_fails_when_two_endpoints_have_one_id():
    stack = new_stack(REGION)
    elsewhere = OpenAiEndpoint(model="qwen", base_url="https://elsewhere.example.com")
    models = {"research": house(stack), "analysis": elsewhere}
    with pytest.raises(ValueError, match="got two for 'openai/qwen': give one a name"):
        DurableAgentPipeline(stack, "Pipeline", models=models)


def routes_missing(models: Any) -> str:
    """What a pipeline in subnets without a way out warns about."""
    stack = new_stack(REGION)
    isolated = ec2.SubnetConfiguration(name="in", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    vpc = ec2.Vpc(stack, "Vpc", subnet_configuration=[isolated], restrict_default_security_group=False)
    subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    prices = {"openai/qwen": PRICE, "sagemaker/tuned": PRICE}
    DurableAgentPipeline(stack, "Pipeline", models=models(stack), prices=prices, vpc=vpc, vpc_subnets=subnets)
    found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("needs endpoints for"))
    return re.findall("needs endpoints for (.*), got", str(found[0].entry.data))[0]


def test_in_a_vpc_without_a_way_out_what_the_models_need_is_named():
    assert routes_missing(lambda _: {}) == "bedrock-runtime, lambda, s3"
    one = lambda stack: {  # noqa: E731 - the models of one stack
        "research": house(stack),
        "analysis": SageMakerEndpoint(endpoint_name="tuned"),
        "summary": SageMakerEndpoint(endpoint_name="tuned"),
    }
    assert routes_missing(one) == "secretsmanager, sagemaker.runtime, lambda, s3"


def inside(models: dict[str, Any]) -> set[str]:
    return {name for _, name in package_of(PipelineProps(models=models)).sources}


def test_the_code_and_the_packages_of_a_kind_ship_only_where_it_is_used():
    without = inside({})
    openai = inside({"summary": OpenAiEndpoint(model="m", base_url=URL)})
    container = inside({"summary": SageMakerEndpoint(endpoint_name="tuned")})
    own = {name for name in without if name.startswith("model_kinds/")}
    assert own == {"model_kinds/__init__.py"}
    files = {"__init__.py", "endpoint.py", "key.py", "requirements.txt", "usage.py"}
    assert openai - without == {f"model_kinds/openai/{name}" for name in files}
    more = {"__init__.py", "container.py", "lines.py", "requirements.txt"}
    assert container - openai == {f"model_kinds/sagemaker/{name}" for name in more}


def test_what_a_kind_imports_is_not_pruned():
    assert package_of(PipelineProps()).keep == ()
    kept = package_of(PipelineProps(models={"summary": SageMakerEndpoint(endpoint_name="tuned")})).keep
    assert {"httpx2", "httpcore2", "h11", "anyio", "sagemaker-runtime"} <= set(kept)
    assert set(kept) - set(build.UNUSED) == {"sagemaker-runtime"}


@pytest.mark.slow
def test_the_rule_packs_find_nothing(tmp_path: Path):
    def fill(app: App) -> None:
        stack = Stack(app, "Stack", env={"account": ACCOUNT, "region": REGION})
        by_name = secretsmanager.Secret.from_secret_name_v2(stack, "Named", "models")
        models = {
            "research": house(stack),
            "analysis": SageMakerEndpoint(endpoint_name="tuned"),
            "summary": OpenAiEndpoint(model="other", base_url=URL, secret=by_name),
        }
        prices = {model.id: PRICE for model in models.values()}
        DurableAgentPipeline(stack, "Pipeline", models=models, prices=prices)

    assert not findings(report(tmp_path, fill))


AS_PACKAGED = """
import importlib.abc, json, sys
from importlib.metadata import packages_distributions
pinned, pruned = map(set, map(json.loads, sys.argv[1:]))
plain = lambda name: name.lower().replace("_", "-")
absent = {name for name, found in packages_distributions().items() if not pinned & set(map(plain, found))} | pruned
class Package(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"{name} is not in the package", name=name)
sys.meta_path.insert(0, Package())
import model_kinds.openai.endpoint, model_kinds.sagemaker.container
"""


@pytest.mark.slow
def test_the_package_has_all_that_both_kinds_import():
    package = package_of(PipelineProps(models={"summary": SageMakerEndpoint(endpoint_name="tuned")}))
    pinned = [
        line.partition("==")[0]
        for file, inside in package.sources
        if Path(inside).name == build.OUR_REQUIREMENTS
        for line in file.read_text().splitlines()
        if re.match("[a-zA-Z]", line)
    ]
    pruned = [name for name in build.UNUSED if name not in package.keep]
    command = [sys.executable, "-c", AS_PACKAGED, json.dumps(pinned), json.dumps(pruned)]
    done = subprocess.run(command, cwd=lambda_source(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
