"""Judges of what code cannot tell: another model reads the report. Costs its calls; loads strands-agents-evals."""

from __future__ import annotations

from typing import Any

from scripts.evaluate.checks import Check, body_and_sources
from scripts.evaluate.run import Answer
from scripts.evaluate.topics import Topic

RUBRICS = {
    "judged-support": "Each statement of the report that cites ids such as [s1] must follow from the words that stand "
    "beside those ids in its list of sources. Score the share of cited statements that do; pass at 0.9 or more.",
    "judged-answer": "The report must answer the question that was asked, directly and first, without padding and "
    "without claims that nothing in it supports. Score 0 to 1; pass at 0.7 or more.",
}
"""Name of a check -> what its judge looks for."""


class Judges:
    """The judges, asked by one model.

    model: id of a Bedrock model; of an OpenAI-compatible server, where `openai_url` names one.
    """

    def __init__(self, model: str, openai_url: str | None = None) -> None:
        from strands_evals.evaluators import OutputEvaluator

        self._evaluators = {
            name: OutputEvaluator(rubric=rubric, model=_model(model, openai_url)) for name, rubric in RUBRICS.items()
        }

    def checks_of(self, answer: Answer, topic: Topic) -> list[Check]:
        """What each judge says of a report; a judge that cannot be asked fails its check and no other."""
        return [self._asked(name, answer.report, topic.query) for name in self._evaluators]

    def _asked(self, name: str, report: str, query: str) -> Check:
        from strands_evals.types.evaluation import EvaluationData

        body, sources = body_and_sources(report)
        given: Any = EvaluationData(input=query, actual_output=f"{body}\n\nSources:\n{sources}")
        try:
            (said,) = self._evaluators[name].evaluate(given)
        except Exception as error:  # noqa: BLE001 - whatever a model or its client raises is told, the rest goes on
            return Check(name, False, 0.0, f"the judge failed: {type(error).__name__}")
        return Check(name, said.test_pass, min(1.0, max(0.0, said.score)), said.reason or "")


def _model(model: str, openai_url: str | None) -> Any:
    if openai_url is None:
        return model
    from strands.models.openai import OpenAIModel

    return OpenAIModel(client_args={"base_url": openai_url, "api_key": "none"}, model_id=model)
