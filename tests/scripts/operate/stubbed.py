"""AWS as botocore's Stubber plays it: each call is held to the parameters that the service's own model knows."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.stub import Stubber

from scripts.operate.place import Place

ACCOUNT, REGION, FUNCTION = "123456789012", "us-east-1", "Pipeline"
ALIAS_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}:live"
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@dataclass
class Answer:
    """What a call must ask, and what it is answered with: a response, or an error code."""

    operation: str
    asked: dict[str, Any] | None
    response: dict[str, Any] = field(default_factory=dict)
    code: str = ""


class Account:
    """The answers of every service, in order; `calls` counts what was asked."""

    def __init__(self) -> None:
        self.answers: defaultdict[str, list[Answer]] = defaultdict(list)
        self.stubbers: list[Stubber] = []
        self.calls: list[tuple[str, str]] = []

    def on(self, service: str, *answers: Answer) -> None:
        """Answer these calls of a service next."""
        self.answers[service] += answers

    def place(self, **choices: Any) -> Place:
        """A Place whose clients talk to this account."""
        account = self

        class Stubbed(Place):
            def client(self, service: str) -> Any:
                client = super().client(service)
                account.answer(client, service)
                return client

        return Stubbed(**{**choices, "region": choices.get("region") or REGION})

    def answer(self, client: Any, service: str) -> None:
        stubber = Stubber(client)
        for answer in self.answers[service]:
            if answer.code:
                stubber.add_client_error(
                    answer.operation, answer.code, f"{answer.code} it is", expected_params=answer.asked
                )
            else:
                stubber.add_response(answer.operation, answer.response, answer.asked)
        client.meta.events.register(
            "before-parameter-build", lambda model, **_: self.calls.append((service, model.name))
        )
        stubber.activate()
        self.stubbers.append(stubber)

    def assert_all_asked(self) -> None:
        """Nothing that was to be asked was left out."""
        for stubber in self.stubbers:
            stubber.assert_no_pending_responses()


def arn_of(name: str, version: str = "3") -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}:{version}/durable-execution/{name}/0001"


def summary(name: str, status: str = "FAILED", version: str = "3") -> dict[str, Any]:
    return {
        "DurableExecutionArn": arn_of(name, version),
        "DurableExecutionName": name,
        "FunctionArn": ALIAS_ARN,
        "Status": status,
        "StartTimestamp": AT,
        **({} if status == "RUNNING" else {"EndTimestamp": AT}),
    }


def details(name: str, status: str = "FAILED", **more: Any) -> dict[str, Any]:
    return {**summary(name, status), "Version": "3", **more}


def stack(stage: str = "dev") -> Answer:
    outputs = [{"OutputKey": "AliasArn", "OutputValue": ALIAS_ARN}]
    described = {"StackName": "x", "CreationTime": AT, "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}
    return Answer("describe_stacks", {"StackName": f"DurableAgentPipeline-{stage}"}, {"Stacks": [described]})


def listing(*rows: dict[str, Any], asked: dict[str, Any] | None = None, marker: str = "") -> Answer:
    """A page of executions; `asked` beside what every listing asks."""
    base = {"FunctionName": FUNCTION, "Qualifier": "live", "ReverseOrder": True, "MaxItems": 1000}
    response: dict[str, Any] = {"DurableExecutions": list(rows), **({"NextMarker": marker} if marker else {})}
    return Answer("list_durable_executions_by_function", {**base, **(asked or {})}, response)


def got(name: str, status: str = "FAILED", **more: Any) -> Answer:
    asked = {"DurableExecutionArn": arn_of(name), "IncludeExecutionData": True}
    return Answer("get_durable_execution", asked, details(name, status, **more))


def history(name: str, *events: dict[str, Any], marker: str = "", after: str = "", data: bool = True) -> Answer:
    """A page of a history, newest first."""
    asked = {"DurableExecutionArn": arn_of(name), "IncludeExecutionData": data, "ReverseOrder": True, "MaxItems": 1000}
    response: dict[str, Any] = {"Events": list(reversed(events)), **({"NextMarker": marker} if marker else {})}
    return Answer("get_durable_execution_history", {**asked, **({"Marker": after} if after else {})}, response)


def event(number: int, kind: str, key: str, **more: Any) -> dict[str, Any]:
    return {"EventType": kind, "EventId": number, "Id": key, "Name": key, "EventTimestamp": AT, **more}


Run = Callable[..., tuple[int, str, str]]
