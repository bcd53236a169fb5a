"""What doctor looks at, one check after the other; each says what it found and what helps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from scripts.operate.endings import NotAllowed, Refused, code_of, refusal_of
from scripts.operate.executions import listed
from scripts.operate.place import NOT_THERE, Place

OK, WARN, BAD, SKIPPED = "ok", "look", "BAD", "-"
NOT_EMULATED = "not emulated here"
NEAR_PERCENT = 80.0
GEOGRAPHIES = frozenset({"us", "eu", "jp", "au", "apac", "us-gov", "global"})
FIRST_USE = "aws bedrock put-use-case-for-model-access, or the console's model catalog"


@dataclass(frozen=True)
class Finding:
    """What a check came to.

    check: what was looked at.
    state: one of the four words above.
    words: what was found.
    helps: what to do. Default: nothing has to be done.
    """

    check: str
    state: str
    words: str
    helps: str = ""


Check = Callable[[Place], Iterator[Finding]]


def findings(place: Place) -> Iterator[Finding]:
    """Every check's; one that is refused says so instead of ending the rest."""
    for name, check in CHECKS.items():
        try:
            yield from check(place)
        except ResponseParserError:
            yield Finding(name, SKIPPED, NOT_EMULATED)
        except (BotoCoreError, ClientError) as error:
            yield _refused(name, error)
        except Refused as refusal:
            yield Finding(name, BAD, str(refusal))


def _credentials(place: Place) -> Iterator[Finding]:
    yield Finding("credentials", OK, place.client("sts").get_caller_identity()["Arn"])


def _region(place: Place) -> Iterator[Finding]:
    yield Finding("Region", OK, f"{place.region_name}, {place.alias.arn or place.endpoint_url}")


def _alias(place: Place) -> Iterator[Finding]:
    alias = place.durable.get_alias(FunctionName=place.alias.function, Name=place.alias.name)
    shifting = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    words = f"{place.alias.name} points to version {alias['FunctionVersion']}"
    if shifting:
        shares = ", ".join(f"{100 * share:.0f} % to version {version}" for version, share in shifting.items())
        yield Finding("alias", WARN, f"{words}, {shares}", "a deployment is under way: wait for its end")
    else:
        yield Finding("alias", OK, words)


def _function(place: Place) -> Iterator[Finding]:
    found = _configuration(place)
    durable, state = found.get("DurableConfig") or {}, found.get("State", "Active")
    if not durable:
        yield Finding("function", BAD, "it is not durable", "deploy the stack anew: Lambda has no DurableConfig of it")
    elif state != "Active":
        yield Finding("function", BAD, f"its state is {state}", found.get("StateReason", ""))
    else:
        hours = durable["ExecutionTimeout"] / 3600
        runtime = found.get("Runtime", "its own runtime")
        kept = f"kept {durable.get('RetentionPeriodInDays')} days"
        yield Finding("function", OK, f"{runtime}, executions of up to {hours:g} h, {kept}")


def _executions(place: Place) -> Iterator[Finding]:
    newest = next(listed(place), None)
    words = "none yet" if newest is None else f"the newest is {newest['DurableExecutionName']}, {newest['Status']}"
    yield Finding("executions", OK, words)


def _quotas(place: Place) -> Iterator[Finding]:
    now = datetime.now(UTC)
    metric = {"Namespace": "AWS/Lambda", "MetricName": "ApproximateRunningDurableExecutionsUtilization"}
    query = {"Id": "used", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Maximum"}}
    answer = place.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=now - timedelta(hours=1), EndTime=now
    )
    values = [value for result in answer["MetricDataResults"] for value in result["Values"]]
    used = max(values, default=0.0)
    words = f"{used:.0f} % of the account's running durable executions in the last hour"
    helps = "see Utilization in docs/operations.md"
    yield Finding("quotas", WARN, words, helps) if used >= NEAR_PERCENT else Finding("quotas", OK, words)


def _concurrency(place: Place) -> Iterator[Finding]:
    limit = place.durable.get_account_settings()["AccountLimit"]
    free, whole = limit["UnreservedConcurrentExecutions"], limit["ConcurrentExecutions"]
    words = f"{free:,} of {whole:,} of the account's concurrency are not reserved"
    if whole < 1000:  # noqa: PLR2004 - what an account has by default, once it is not new
        yield Finding("concurrency", WARN, words, "a new account's quota: ask for more")
    else:
        yield Finding("concurrency", OK, words)


def _models(place: Place) -> Iterator[Finding]:
    models = models_of(_configuration(place))
    if not models:
        yield Finding("models", SKIPPED, "the function's variables name none; they are in its package or local")
    bedrock = place.client("bedrock")
    for model in models:
        yield from _model(bedrock, model)


def _model(bedrock: Any, model: str) -> Iterator[Finding]:
    if model.startswith("arn:"):
        yield Finding(model, SKIPPED, "an ARN of your own: what it stands for was not looked into")
        return
    if "/" in model:
        yield Finding(model, SKIPPED, "an endpoint, not a model of Bedrock: it was not called")
        return
    foundation = foundation_of(model)
    access = bedrock.get_foundation_model_availability(modelId=foundation)
    yield _access(model, access)
    lifecycle = bedrock.get_foundation_model(modelIdentifier=foundation)["modelDetails"].get("modelLifecycle", {})
    if lifecycle.get("status") == "LEGACY":
        until = f" until {lifecycle['endOfLifeTime']:%Y-%m-%d}" if lifecycle.get("endOfLifeTime") else ""
        yield Finding(model, WARN, f"legacy{until}: it will be retired", "choose its successor by `models`")
    if foundation.startswith("anthropic."):
        yield from _first_use(bedrock, model)


def _access(model: str, access: dict[str, Any]) -> Finding:
    wanted = {
        "regionAvailability": ("AVAILABLE", "it is not offered in this Region: another model or Region"),
        "authorizationStatus": (
            "AUTHORIZED",
            "the account may not use it: ask its administrator",
        ),
        "entitlementAvailability": (
            "AVAILABLE",
            "not subscribed: make one call with Marketplace rights",
        ),
    }
    for name, (good, helps) in wanted.items():
        if access[name] != good:
            return Finding(model, BAD, f"{name} is {access[name]}", helps)
    agreement = access["agreementAvailability"]["status"]
    if agreement != "AVAILABLE":
        return Finding(model, BAD, f"its agreement is {agreement}", "accept it: README, In a fresh account")
    return Finding(model, OK, "the account may call it")


def _first_use(bedrock: Any, model: str) -> Iterator[Finding]:
    try:
        bedrock.get_use_case_for_model_access()
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        yield Finding(model, BAD, "Anthropic's form of first use was not filled in", FIRST_USE)


def models_of(configuration: dict[str, Any]) -> list[str]:
    """The models that the function's variables name, each once."""
    variables = (configuration.get("Environment") or {}).get("Variables") or {}
    chosen = json.loads(variables.get("AGENT_MODELS") or "{}")
    priced = json.loads(variables.get("MODEL_PRICES") or "{}")
    return list(dict.fromkeys([*chosen.values(), *priced]))


def foundation_of(model: str) -> str:
    """Id of the foundation model behind a model id or a system inference profile."""
    geography, _, rest = model.partition(".")
    return rest if geography in GEOGRAPHIES else model


def _configuration(place: Place) -> dict[str, Any]:
    alias = place.alias
    return dict(place.durable.get_function_configuration(FunctionName=alias.function, Qualifier=alias.name))


def _refused(name: str, error: BotoCoreError | ClientError) -> Finding:
    if isinstance(error, ClientError) and code_of(error) in NOT_THERE:
        return Finding(name, SKIPPED, NOT_EMULATED)
    refusal = refusal_of(error)
    helps = "" if isinstance(refusal, NotAllowed) else "see docs/operations.md, First look"
    return Finding(name, BAD, str(refusal), helps)


CHECKS: dict[str, Check] = {
    "credentials": _credentials,
    "Region": _region,
    "alias": _alias,
    "function": _function,
    "executions": _executions,
    "models": _models,
    "quotas": _quotas,
    "concurrency": _concurrency,
}
