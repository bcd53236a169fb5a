"""What AWS may refuse, each one clear line and the contract's exit status."""

import pytest
from botocore import xform_name

from scripts.operate.calls import CALLS
from scripts.operate.place import Place
from tests.scripts.operate.stubbed import Answer, arn_of, event, got, history, listing, stack, summary

ONE = arn_of("one")
WAITING = event(2, "CallbackStarted", "review-1", CallbackStartedDetails={"CallbackId": "Q0I="})
READ = "get_durable_execution"


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("ExpiredTokenException", 4, "the credentials have expired: sign in again"),
        ("UnrecognizedClientException", 4, "AWS does not know these credentials"),
        ("AccessDeniedException", 4, "not allowed: lambda:GetDurableExecution; pipeline.grant_review(...)"),
        ("KMSAccessDeniedException", 4, "the pipeline's key refuses kms:Decrypt"),
        ("TooManyRequestsException", 1, "AWS throttles GetDurableExecution"),
        ("ServiceException", 1, "GetDurableExecution was answered with ServiceException"),
        ("ResourceNotFoundException", 3, f"there is no execution {ONE}: it never was, or its retention is over"),
    ],
)
def test_fails_when_reading_is_refused(account, run, code, status, words):
    account.on("lambda", Answer(READ, None, code=code))
    got_status, out, errors = run("show", ONE)
    assert (got_status, out) == (status, "")
    assert errors.startswith(f"pipeline: {words}")
    assert len(errors.splitlines()) == 1


RUNNING, PAUSED = got("one", "RUNNING"), got("one", "PAUSED")
ENDED = got("one", InputPayload='{"query": "edge"}')
ASKED = [RUNNING, history("one", WAITING)]


@pytest.mark.parametrize(
    ("command", "before", "operation", "grant"),
    [
        (("stop", ONE), [RUNNING], "StopDurableExecution", "grant_operate"),
        (("pause", ONE), [RUNNING], "PauseDurableExecution", "grant_operate"),
        (("resume", ONE), [PAUSED], "ResumeDurableExecution", "grant_operate"),
        (("review", "approve", ONE), ASKED, "SendDurableExecutionCallbackSuccess", "grant_review"),
        (("list",), [], "ListDurableExecutionsByFunction", "grant_review"),
        (("start", "edge"), [], "Invoke", "grant_invoke"),
        (("redrive", ONE), [ENDED, history("one", data=False)], "Invoke", "grant_invoke"),
    ],
)
def test_fails_when_a_right_is_missing_and_says_which_grant_gives_it(request, command, before, operation, grant):
    account, run = request.getfixturevalue("account"), request.getfixturevalue("run")
    account.on("cloudformation", stack())
    account.on("lambda", *before, Answer(xform_name(operation), None, code="AccessDeniedException"))
    status, _, errors = run(*command)
    action = f"lambda:{operation}".replace(":Invoke", ":InvokeFunction")
    assert (status, errors) == (4, f"pipeline: not allowed: {action}; pipeline.{grant}(...) in the CDK app gives it\n")


def test_fails_when_the_stack_is_not_in_this_region(account, run):
    account.on("cloudformation", Answer("describe_stacks", None, code="ValidationError"))
    status, _, errors = run("list", "--region", "eu-west-1")
    assert status == 3
    assert errors == (
        "pipeline: there is no stack DurableAgentPipeline-dev in eu-west-1: another --region, --profile or --stage?\n"
    )


def test_fails_when_the_execution_is_of_another_region(account, run):
    status, _, errors = run("show", ONE, "--region", "eu-west-1")
    assert (status, errors) == (
        2, "pipeline: the execution is in us-east-1, asked was eu-west-1: --region us-east-1\n",
    )  # fmt: skip
    assert account.calls == []


def test_fails_when_a_review_was_answered_while_it_was_read(account, run):
    gone = Answer("send_durable_execution_callback_success", None, code="ResourceNotFoundException")
    account.on("lambda", got("one", "RUNNING"), history("one", WAITING), gone)
    status, _, errors = run("review", "approve", ONE)
    assert (status, errors) == (
        1, "pipeline: review-1 of one was answered or timed out meanwhile: scripts/pipeline show one\n",
    )  # fmt: skip


def test_fails_when_another_review_is_asked_than_the_one_that_was_read(account, run):
    account.on("lambda", got("one", "RUNNING"), history("one", WAITING))
    status, _, errors = run("review", "approve", ONE, "--review", "review-0")
    assert (status, errors) == (
        1, "pipeline: one waits for review-1, not for review-0: scripts/pipeline review show one\n",
    )  # fmt: skip
    account.assert_all_asked()


def test_fails_when_several_begin_alike(account, run):
    account.on("cloudformation", stack())
    rows = [summary(f"run-{number}") for number in range(30)]
    account.on("lambda", listing(asked={"DurableExecutionName": "run"}), listing(*rows))
    status, _, errors = run("stop", "run")
    assert status == 2
    assert errors == (
        "pipeline: several executions begin with run: run-0, run-1, run-2, run-3, run-4, ...; give more of the name\n"
    )


def test_a_call_that_the_table_does_not_have_never_leaves():
    client = Place(endpoint_url="http://127.0.0.1:9").client("lambda")
    with pytest.raises(LookupError, match="the table of calls must have every call, got lambda ListFunctions"):
        client.list_functions()


def test_the_table_has_each_call_once():
    assert len({(call.service, call.operation) for call in CALLS}) == len(CALLS)
