"""The pipeline on every kind of model, over the wire of each: Bedrock's by id, llama.cpp's own server, a container."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent_workflow.prices import ModelPrice
from durable_strands.records import Usage
from infra.durable_agent_pipeline.agents.models import read_model
from infra.durable_agent_pipeline.agents.prices import price_table
from scripts.local_aws.bedrock.weights import bundled_weights
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings
from tests.e2e.shared_stack import shared_stack
from tests.lambda_src.model_kinds.wires import SECRET, Wires, wires

pytestmark = pytest.mark.slow

ARN = "arn:aws:bedrock:us-east-1:111111111111"
BEDROCK = {
    "tuned": f"{ARN}:custom-model-deployment/abc123def456",
    "imported": f"{ARN}:imported-model/abc123def456",
    "provisioned": f"{ARN}:provisioned-model/abc123def456",
    "profile": f"{ARN}:application-inference-profile/abc123def456",
}
KEY = "sk-of-llama-cpp"
PRICE = {"input": "0.5", "output": "1.5", "cache_read": "0.1", "cache_write": "0"}
HOUSE, CONTAINER = "openai/smollm2", "sagemaker/house"


def declare(folder: Path, models: dict[str, str]) -> Path:
    (folder / "prompts").mkdir(parents=True)
    entries = []
    for name, model in models.items():
        (folder / "prompts" / f"{name}.md").write_text("Answer with one short sentence.")
        entries.append(f'[[agents]]\nname = "{name}"\ninputs = ["query"]\nmodel = "{model}"\nmax_tokens = 400\n')
    (folder / "agents.toml").write_text("\n".join(entries))
    return folder


def test_each_kind_of_bedrock_is_asked_by_its_id_and_priced_by_what_is_known_of_it(tmp_path):
    read = [read_model(arn, {BEDROCK["profile"]: "us.anthropic.claude-sonnet-4-6"}) for arn in BEDROCK.values()]
    prices, unknown = price_table(read, {})
    assert set(unknown) == {BEDROCK[name] for name in ("tuned", "imported", "provisioned")}
    script = {"default": {"text": "done", "usage": {"inputTokens": 1000, "outputTokens": 10}}}
    with shared_stack(tmp_path, declare(tmp_path / "agents", BEDROCK), MODEL_PRICES=json.dumps(prices)) as stack:
        ended = stack.run({"query": "tides"}, script)
    assert ended.error is None, ended.document
    asked = {call["agent"]: call["model_id"] for call in ended.calls if call["event"] == "started"}
    assert asked == BEDROCK
    costs = {name: one["cost_usd"] for name, one in ended.document["usage"]["agents"].items()}
    price = ModelPrice.model_validate(prices[BEDROCK["profile"]])
    assert Decimal(costs.pop("profile")) == price.cost(Usage(1000, 10)) == Decimal("0.003465")
    assert costs == dict.fromkeys(("tuned", "imported", "provisioned"))


def llama_server() -> Any:
    """llama.cpp's own server, which wants a key; it ends with what is returned."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(bundled_weights())
    params.n_ctx, params.n_parallel, params.verbosity, params.warmup = 2048, 1, 0, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    params.api_keys = [KEY]
    return xllamacpp.Server(params)


class Served:
    """A pipeline of two agents: one asks llama.cpp itself, the other a container with llama.cpp in it."""

    def __init__(self, folder: Path, told: Wires, stack: LocalStack) -> None:
        self.told = told
        self._folder, self._stack = folder, stack

    def ask(self) -> dict[str, Any]:
        """The document of one execution; nothing private may be in the log."""
        payload = json.dumps({"query": "Is seawater salty?"}).encode()
        answer = self._stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=payload)
        document: dict[str, Any] = json.loads(answer["Payload"].read())
        log = (self._folder / "function.log").read_text()
        assert KEY not in log
        assert "seawater" not in log
        return document


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("kinds")
    server = llama_server()
    table = {"base_url": f"{server.listening_address}/v1", "secret_arn": SECRET, "secret_field": "token"}
    agents = declare(folder / "agents", {"open": HOUSE, "contained": CONTAINER})
    with wires() as told:
        told.upstream, told.upstream_key = server.listening_address, KEY
        environment = {
            "AGENTS_FOLDER": str(agents),
            "MODEL_SETTINGS": json.dumps({HOUSE: table}),
            "MODEL_PRICES": json.dumps({HOUSE: PRICE}),
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": told.url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": told.url,
        }
        with LocalStack(StackSettings(folder=folder / "stack", environment=environment, skip_time=True)) as stack:
            yield Served(folder / "stack", told, stack)


@pytest.fixture
def told(served: Served) -> Wires:
    """What is answered, all well again."""
    served.told.in_service, served.told.secret = True, json.dumps({"token": KEY})
    return served.told


def test_llama_cpp_answers_as_an_openai_endpoint_and_as_a_container(served, told):
    asked, read = len(told.asked), told.secrets_read
    result = served.ask()
    assert result.get("status") == "completed", result
    assert (len(told.asked), told.secrets_read) == (asked + 1, read + 1)
    assert result["open"].strip()
    assert result["report"].strip()
    usage = result["usage"]["agents"]
    assert (usage["open"]["model_id"], usage["contained"]["model_id"]) == (HOUSE, CONTAINER)
    for name in ("open", "contained"):
        assert (usage[name]["model_calls"], usage[name]["unknown_calls"]) == (1, 0)
        assert usage[name]["output_tokens"] > 0
    # one prompt, one model: of what llama.cpp had in its cache, a container's usage says nothing
    counted = usage["open"]
    assert counted["input_tokens"] + counted["cache_read_tokens"] == usage["contained"]["input_tokens"] > 20
    spent = Usage(*(counted[f"{kind}_tokens"] for kind in ("input", "output", "cache_read", "cache_write")))
    assert Decimal(counted["cost_usd"]) == ModelPrice.model_validate(PRICE).cost(spent) != 0
    assert usage["contained"]["cost_usd"] is None
    assert result["usage"]["cost_usd"] is None


def test_a_wrong_key_ends_the_execution(served, told):
    told.secret = json.dumps({"token": "sk-wrong"})
    assert served.ask()["errorType"] == "ModelAccessDenied"


def test_a_secret_without_the_key_ends_the_execution_and_is_not_shown(served, told):
    told.secret = "sk-not-json"
    document = served.ask()
    assert document["errorType"] == "ModelAccessDenied"
    assert "whose field 'token' is the key" in document["errorMessage"]
    assert "sk-not-json" not in json.dumps(document)


def test_an_endpoint_out_of_service_ends_the_execution(served, told):
    told.in_service = False
    document = served.ask()
    assert (document["errorType"], CONTAINER in document["errorMessage"]) == ("ModelNotFound", True)
