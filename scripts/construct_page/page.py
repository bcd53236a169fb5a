"""The page with every choice of the construct."""

from __future__ import annotations

import re
from pathlib import Path

from infra.durable_agent_pipeline import PipelineProps
from infra.durable_agent_pipeline.choices.described import Choice, groups

PAGE = Path(__file__).parents[2] / "docs" / "construct.md"

_HEAD = """\
<!-- printed by scripts/construct_page.py --write from infra/durable_agent_pipeline/choices -->
# The construct's choices

Every keyword of `DurableAgentPipeline`, all of them optional. `help(DurableAgentPipeline)` shows the same text, and
an editor shows it where a keyword is written. A value that breaks its rule is refused at synth, with rule and value.

Types are those of `aws-cdk-lib`: `Duration`, `Size` and `RemovalPolicy` of `aws_cdk`; `lambda_` is
`aws_cdk.aws_lambda`, and likewise `logs`, `iam`, `kms`, `ec2`, `s3`, `sns`, `sqs`, `codedeploy`.
"""
_FEATURES = """
## More than keywords

| method | what it does |
|---|---|
| `grant_invoke`, `grant_review`, `grant_operate`, `grant_read` | lets a grantee start, answer, operate, read |
| `start_on_schedule`, `start_on_event`, `start_on_queue` | starts executions, always through the alias |
| `on_success` | sends a target the name of each execution that succeeded |
| `add_api` | an HTTP API that starts, finds, reads and stops executions, see [api.md](api.md) |
| `metric_*` | every metric of the pipeline, for alarms and graphs of your own |

`alarm_choices` takes `AlarmChoice(threshold=..., severity="page" or "ticket", enabled=...)` for each alarm that
[operations.md](operations.md) names. `review` takes `Review(topic=..., escalation_topic=..., event_bus=...,
page=..., by_default=..., after=..., timeout=..., on_timeout=..., max_rounds=...)`, all optional, see
[flow.md](flow.md). `budgets` takes `Budgets(per_day_usd=..., per_month_usd=..., tenant_per_day_usd=...,
tenant_per_month_usd=...)`, see [budgets.md](budgets.md).
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for group in groups(PipelineProps):
        parts += [f"## {group.title.removesuffix('.')}\n", "| keyword | type | what it is, and its rule | default |"]
        parts += ["|---|---|---|---|", *map(_row, group.choices), ""]
    return "\n".join(parts) + _FEATURES


def _row(choice: Choice) -> str:
    cells = (f"`{choice.name}`", f"`{choice.kind}`", choice.says, choice.default)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    return re.sub(r"<(\w+)>", r"\\<\1>", text.replace("|", "\\|"))
