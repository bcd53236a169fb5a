"""The cause of every alarm, provoked for real."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from scripts.local_aws.account.environment import ACCOUNT, REGION
from scripts.rehearse.scenario import Scenario
from scripts.rehearse.stage import QUOTA, Stage
from scripts.rehearse.synthesized import OPERATIONS, PARALLEL, SLOW_SECONDS, STORAGE_BYTES

API_GATEWAY, API_STAGE = "AWS/ApiGateway", "v1"
TOPICS = [f"side {number:02}" for number in range(PARALLEL)]
EARLY = "slow-reviewer"
DELAY_SECONDS, SILENT_SECONDS = 4, 600
PERIODS = {"throttled": 3, "broken": 2}
"""Executions that provoke an alarm of several datapoints, one each."""
MODEL = "us.anthropic.claude-sonnet-4-6"


def ordinary(stage: Stage, _: int) -> None:
    """One execution, start to report."""
    stage.start("ordinary")
    stage.ends("ordinary")


def bad_event(stage: Stage, _: int) -> None:
    """A caller sends a field that there is not."""
    stage.start("bad-event", colour="red")
    stage.ends("bad-event")


def out_of_time(stage: Stage, _: int) -> None:
    """A wait of an hour, and an execution_timeout that comes first."""
    stage.limits(execution_timeout_seconds=8)
    stage.start("out-of-time", demo_checkpoint=True)
    stage.limits()
    stage.ends("out-of-time")


def crash(stage: Stage, _: int) -> None:
    """The process is killed where the second agent begins, again and again."""
    rule = {"operation": "analysis-agent", "action": "START", "times": 1000, "moment": "before"}
    stage.stack.replace_kill_rules([rule])
    stage.start("crashing")
    stage.until(lambda: len(stage.happened("killed")) >= 2, "two crashes")  # noqa: PLR2004


def end_crashes(stage: Stage) -> None:
    """It goes on, and ends."""
    stage.stack.replace_kill_rules([])
    stage.ends("crashing")


def throttled_for_good(stage: Stage, _: int) -> None:
    """Bedrock refuses the first call twice, and is silent at the third try."""
    stage.replies({"agent": "research", "faults": ["throttle", "throttle", "stall"], "stall_seconds": SILENT_SECONDS})
    stage.start("stuck")
    stage.until(lambda: stage.calls() >= 3, "the third try")  # noqa: PLR2004


def end_stuck(stage: Stage) -> None:
    """It is stopped; its call is silent for good."""
    stage.stop("stuck")


def ask_early(stage: Stage) -> None:
    """An execution waits for a person while everything else is rehearsed."""
    stage.start(EARLY, review=True)
    stage.asked(EARLY)


def answer_late(stage: Stage, _: int) -> None:
    """The person answers."""
    stage.keep(EARLY)
    began = stage.happened("execution_started")[0]["at"]
    stage.until(lambda: time.time() - began > SLOW_SECONDS, f"{SLOW_SECONDS} seconds")
    stage.approve(EARLY)
    stage.ends(EARLY)


def too_many_at_once(stage: Stage, _: int) -> None:
    """Two executions, and room for one invocation."""
    stage.replies({"agent": "research", "delay_seconds": 1})
    stage.account.front.concurrency = 1
    stage.limits(concurrent_invocations=1)
    stage.start("first-of-two")
    stage.start("second-of-two")
    stage.until(lambda: stage.happened("invocation_throttled"), "a refused invocation")


def make_room(stage: Stage) -> None:
    """Both go on."""
    stage.limits()
    stage.account.front.concurrency = 1000
    stage.ends("first-of-two", "second-of-two")


def as_many_as_may_run(stage: Stage, _: int) -> None:
    """As many executions as the account may have."""
    stage.replies({"agent": "analysis", "delay_seconds": DELAY_SECONDS})
    for number in range(QUOTA):
        stage.start(f"many-{number}")
    stage.until(lambda: stage.has_measured("TotalModelCalls"), "a first answer")
    stage.publish("AWS/Lambda", "ApproximateRunningDurableExecutionsUtilization")


def stop_many(stage: Stage) -> None:
    """All of them."""
    stage.stop(*(f"many-{number}" for number in range(QUOTA)))
    stage.idle()


def refused_calls(name: str, fault: str) -> Callable[[Stage, int], None]:
    """Bedrock answers one topic's call, refuses those of all the others once, and is silent then."""
    others_of_them = len(TOPICS) - 1
    faults = [fault] * others_of_them + ["stall"] * others_of_them

    def provoke(stage: Stage, number: int) -> None:
        if number:
            stage.stop(f"{name}-{number - 1}")
        others = {"agent": "research", "faults": faults, "stall_seconds": SILENT_SECONDS}
        stage.replies({"agent": "research", "contains": TOPICS[0]}, others)
        stage.start(f"{name}-{number}", topics=TOPICS)
        stage.until(lambda: stage.retries() >= others_of_them, f"{others_of_them} refused calls")
        stage.until(lambda: stage.has_measured("TotalModelCalls"), "the one answer")

    return provoke


def end_refused(name: str) -> Callable[[Stage], None]:
    """The last of them is stopped."""
    return lambda stage: stage.stop(f"{name}-{PERIODS[name] - 1}")


def looping_model(stage: Stage, _: int) -> None:
    """The model asks for one tool after the other."""
    uses = [{"name": "look_up", "input": {"subject": f"thing {number}"}} for number in range(OPERATIONS)]
    stage.replies({"agent": "research", "turn": 1, "tool_uses": uses})
    stage.start("looping")
    stage.ends("looping")


def talkative_tool(stage: Stage, _: int) -> None:
    """Tools return much."""
    size = 90
    uses = [
        {"name": "look_up", "input": {"subject": f"thing {number}", "kilobytes": size}}
        for number in range(STORAGE_BYTES // (1000 * size) + 1)
    ]
    stage.replies({"agent": "research", "turn": 1, "tool_uses": uses})
    stage.start("talkative")
    stage.ends("talkative")


def dear_agent(stage: Stage, _: int) -> None:
    """One agent reads a great deal, in two executions."""
    stage.replies({"agent": "research", "usage": {"inputTokens": 200_000, "outputTokens": 1000}})
    names = ("dear-1", "dear-2")
    for name in names:
        stage.start(name)
    stage.ends(*names)


def too_old(stage: Stage, _: int) -> None:
    """Nothing may start for longer than an event is kept."""
    stage.limits(concurrent_invocations=0, max_event_age_seconds=1)
    stage.start("too-old")
    stage.until(lambda: stage.happened("dead_letter_sent"), "the dead letter")


def queue_gone(stage: Stage, _: int) -> None:
    """Somebody deleted the queue of dead letters."""
    stage.account.client("sqs").delete_queue(QueueUrl=stage.account.output("DeadLetterQueueUrl"))
    stage.start("nowhere-to-go", colour="red")
    stage.ends("nowhere-to-go")
    stage.until(lambda: stage.happened("dead_letter_lost"), "the lost letter")


def queue_back(stage: Stage) -> None:
    """A deployment makes it again."""
    url = stage.account.output("DeadLetterQueueUrl")
    stage.account.client("sqs").create_queue(QueueName=url.rpartition("/")[2])


def no_right_to_publish(stage: Stage, _: int) -> None:
    """Somebody took EventBridge's right to the topic away; then an execution is stopped."""
    before = stage.account.messages("UndeliveredQueueUrl")
    stage.account.let_publish("events.amazonaws.com", allowed=False)
    stage.start("stopped-unheard", demo_checkpoint=True)
    stage.until(lambda: stage.happened("invocation_ended"), "its wait")
    stage.stop("stopped-unheard")
    stage.ends("stopped-unheard")
    stage.tell_ending("stopped-unheard")
    stage.until(lambda: stage.account.messages("UndeliveredQueueUrl") > before, "the message that was not delivered")
    stage.count_undelivered(before)


def right_to_publish(stage: Stage) -> None:
    """A deployment gives it back."""
    stage.account.let_publish("events.amazonaws.com", allowed=True)


def model_ages(stage: Stage, _: int) -> None:
    """AWS announces the end of the model; it is called all the same."""
    stage.account.front.legacy.add(MODEL)
    stage.start("old-model")
    stage.ends("old-model")


def model_renewed(stage: Stage) -> None:
    """It is not legacy any more."""
    stage.account.front.legacy.clear()


def lambda_down(stage: Stage, _: int) -> None:
    """Lambda does not answer what the API asks it."""
    stage.account.front.down = True
    url = f"{stage.account.front.emulator_url}/restapis/{stage.account.output('Api')}/{API_STAGE}/_user_request_"
    address = f"{url}/executions/one"
    request = AWSRequest(method="GET", url=address, headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(ACCOUNT, "local"), "execute-api", REGION).add_auth(request)
    reply = httpx.get(address, headers=dict(request.headers), timeout=30, trust_env=False)
    if reply.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        stage.count(API_GATEWAY, "5XXError", 1, ApiName="Api")


def lambda_up(stage: Stage) -> None:
    """It answers again."""
    stage.account.front.down = False


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("", "an ordinary execution", ordinary),
    Scenario("Failed", "an event with an unknown field", bad_event, "InvalidRequest", looks_at="bad-event"),
    Scenario(
        "DeadLetters", "nothing may start for longer than an event is kept", too_old, "Rate Exceeded",
        beside=frozenset({"Throttled"}), queue="DeadLetterQueueUrl", settle=lambda stage: stage.limits(),
    ),
    Scenario(
        "TimedOut", "a wait that outlasts execution_timeout", out_of_time, "reached execution_timeout",
        looks_at="out-of-time",
    ),
    Scenario(
        "Errors", "the process is killed in the same call each time", crash, r"Runtime\.ExitError",
        looks_at="crashing", settle=end_crashes,
    ),
    Scenario(
        "Stuck", "Bedrock throttles the first call for good", throttled_for_good, "ModelThrottled",
        looks_at="stuck", settle=end_stuck,
    ),
    Scenario(
        "Throttled", "two executions, room for one invocation", too_many_at_once, "1 of 1 of the account's concurrency",
        looks_at="first-of-two", settle=make_room,
    ),
    Scenario(
        "Utilization", "as many executions as the account may run", as_many_as_may_run,
        "100 % of the account's running durable executions", looks_at="many-0", settle=stop_many,
    ),
    Scenario(
        "ModelThrottled", "Bedrock throttles most topics, three periods long",
        refused_calls("throttled", "throttle"),
        "ModelThrottled", looks_at="throttled-2", settle=end_refused("throttled"),
    ),
    Scenario(
        "ModelErrors", "Bedrock fails for most topics, two periods long",
        refused_calls("broken", "server_error"),
        "ModelUnavailable", looks_at="broken-1", settle=end_refused("broken"),
    ),
    Scenario("Operations", "a model that asks for tools without end", looping_model, "look_up", looks_at="looping"),
    Scenario("Storage", "tools that return much", talkative_tool, r"1\.\d of 100 MB", looks_at="talkative"),
    Scenario("Spend", "an agent that reads 200,000 tokens", dear_agent, r"research .*1\.\d\d", looks_at="dear-1"),
    Scenario(
        "DeadLetterErrors", "the queue of dead letters was deleted", queue_gone, "NonExistentQueue",
        beside=frozenset({"Failed"}), looks_at="nowhere-to-go", queue="DeadLetterQueueUrl", settle=queue_back,
    ),
    Scenario(
        "Undelivered", "EventBridge may not publish to the topic", no_right_to_publish, "NO_PERMISSIONS",
        queue="UndeliveredQueueUrl", settle=right_to_publish,
    ),
    Scenario("LegacyModel", "the model in use becomes legacy", model_ages, "it will be retired", settle=model_renewed),
    Scenario("ApiErrors", "Lambda does not answer the API", lambda_down, "ServiceException", settle=lambda_up),
    Scenario(
        "Slow", "a person answers a review late", answer_late, "review-1 +ok", looks_at=EARLY, prepare=ask_early,
    ),
)  # fmt: skip
"""In the order in which they are rehearsed; Slow ends last, since it waits longest."""
