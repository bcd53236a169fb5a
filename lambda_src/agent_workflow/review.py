"""Waits for a person: rounds of a question and its answer, none of them lost, none taken for another."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, StepContext, StepError
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, StepConfig
from aws_durable_execution_sdk_python.exceptions import CallbackError, CallbackTimeoutError

from agent_workflow.flow_errors import ReviewNotRequested
from agent_workflow.review_answer import TEXT_OF, Answer, Unreadable, digest_of, read_answer
from agent_workflow.review_choice import ReviewChoice
from agent_workflow.review_notice import Notice, has_page, tell
from agent_workflow.settings import Settings
from agent_workflow.telemetry import emit, execution_name
from durable_strands import retry_interrupted, retry_transient
from durable_strands.errors import rebuild
from durable_strands.serdes import LIMIT_BYTES, PlainJson
from durable_strands.sizes import checkpoint_bytes

MOST_UNREADABLE = 100
"""Answers in a row that decide nothing, before the review counts as not requestable: each is paid as an operation."""
Revise = Callable[[str, str], str]
Shown = Callable[[str], dict[str, Any]]


class ReviewEnded(BaseException):
    """Ends the flow: the text was rejected, or nobody answered. No `except Exception` of a flow goes on after it."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class _Round:
    """What is asked now: a text, and what has been asked of it before."""

    text: str
    of: str
    choice: ReviewChoice
    revisable: bool
    number: int = 1
    escalated: bool = False
    unreadable: int = 0

    @property
    def may_revise(self) -> bool:
        return self.revisable and self.number <= self.choice.max_rounds

    def unanswered(self) -> Answer:
        """What it means that nobody answered in time; the second time it is never a yes."""
        return Answer("reject" if self.escalated else self.choice.on_timeout, "timed out", timed_out=True)


class Reviews:
    """The reviews of one pass.

    Attributes:
        rounds: what the result's `review` lists.
        operations: durable operations so far.
    """

    def __init__(
        self, context: DurableContext, settings: Settings, shown: Shown | None = None, serdes: Any = None
    ) -> None:
        """Begin with none.

        Args:
            context: the durable context.
            settings: who is told, and whether there is a page.
            shown: gives what the page shows beside a text, `cost_usd` and `sources`, inside a step. Default: nothing.
            serdes: how what the page shows is kept. Default: as JSON, if it fits into a checkpoint.
        """
        self.rounds: list[dict[str, Any]] = []
        self.operations = 0
        self._context = context
        self._settings = settings
        self._shown: Shown = shown or (lambda _: {})
        self._serdes = serdes
        self._number = 0

    def accepted(self, text: str, of: str, choice: ReviewChoice, revise: Revise | None) -> str:
        """The text that a person approved or wrote.

        Args:
            text: what is reviewed.
            of: which text it is.
            choice: how long to wait, and what no answer means.
            revise: gives the text again, from the text and a person's comments. Default: it cannot be sent back.

        Raises:
            ReviewEnded: it was rejected, or not answered.
            ReviewNotRequested: nobody could be told, or nobody gave a readable answer.
        """
        round_ = _Round(text, of, choice, revise is not None)
        while round_.unreadable < MOST_UNREADABLE:
            try:
                answer = self._answer(round_)
            except Unreadable:
                round_.unreadable += 1
                continue
            except CallbackTimeoutError:
                answer = round_.unanswered()
            self._note(round_.number, answer)
            match answer.decision:
                case "approve":
                    return round_.text
                case "edit":
                    return answer.text or ""
                case "reject":
                    raise ReviewEnded("review_timed_out" if answer.timed_out else "rejected")
                case "escalate":
                    round_.escalated = True
                case "revise" if revise is not None:
                    round_ = replace(
                        round_, text=revise(round_.text, answer.text or ""), number=round_.number + 1, unreadable=0
                    )
        raise ReviewNotRequested(f"{MOST_UNREADABLE} answers in a row broke a rule")

    def _answer(self, round_: _Round) -> Answer:
        self._number += 1
        name, digest = f"review-{self._number}", digest_of(round_.text)
        seconds = round_.choice.timeout_seconds
        callback = self._context.create_callback(name=name, config=CallbackConfig(Duration.from_seconds(seconds)))
        self.operations += 1
        if self._settings.review_topic_arn or self._settings.review_event_bus:
            arn = self._context.execution_context.durable_execution_arn
            told = Notice(
                self._settings.pipeline, execution_name(arn), arn, name, callback.callback_id, round_.number, digest,
                round_.of, seconds, round_.escalated,
            )  # fmt: skip
            self._tell(f"{name}-notify", told, round_)
        try:
            document = callback.result()
        except CallbackTimeoutError:
            self._count(f"{name}-answered", "ReviewsTimedOut")
            raise
        except CallbackError:
            self._count(f"{name}-answered", "ReviewsAnswered")
            raise Unreadable("the callback was answered with a failure") from None
        self._count(f"{name}-answered", "ReviewsAnswered")
        return read_answer(document, number=round_.number, digest=digest, may_revise=round_.may_revise)

    def _tell(self, name: str, notice: Notice, round_: _Round) -> None:
        def once(_: StepContext) -> dict[str, Any]:
            tell(self._settings, notice)
            emit(self._settings, {"ReviewsAsked": 1})
            return self._for_the_page(round_)

        self.operations += 1
        serdes = (self._serdes or PlainJson()) if has_page(self._settings) else None
        try:
            # A review of which nobody hears must not wait for its end, which may stand for a yes.
            self._context.step(once, name=name, config=StepConfig(retry_transient(max_attempts=6), serdes=serdes))
        except StepError as error:
            raise rebuild(error) from None

    def _count(self, name: str, metric: str) -> None:
        """Once, whatever is replayed: an answer is no step of its own."""

        def once(_: StepContext) -> None:
            emit(self._settings, {metric: 1})

        self.operations += 1
        try:
            self._context.step(once, name=name, config=StepConfig(retry_interrupted()))
        except StepError as error:
            raise rebuild(error) from None

    def _for_the_page(self, round_: _Round) -> dict[str, Any]:
        """What the page shows, kept where it can read it; nothing of a text that does not fit."""
        if not has_page(self._settings):
            return {}
        kept = {
            "text": round_.text,
            "round": round_.number,
            "of": round_.of,
            "may_revise": round_.may_revise,
            "pipeline": self._settings.pipeline,
            **self._shown(round_.text),
        }
        return kept if self._serdes or checkpoint_bytes(kept) <= LIMIT_BYTES else {}

    def _note(self, number: int, answer: Answer) -> None:
        noted: dict[str, Any] = {"round": number, "decision": answer.decision, "reviewer": answer.reviewer}
        field = TEXT_OF.get(answer.decision)
        if answer.text is not None and field != "text":
            noted[field or "reason"] = answer.text
        self.rounds.append(noted)
