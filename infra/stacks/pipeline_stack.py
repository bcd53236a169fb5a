"""One pipeline as a stack: its tags, its outputs."""

from aws_cdk import Aws, CfnOutput, Environment, Stack, Tags
from constructs import Construct

from infra.durable_agent_pipeline import DurableAgentPipeline

from .stages import Stage


class PipelineStack(Stack):
    """The pipeline of one stage."""

    def __init__(self, scope: Construct, stage: Stage, *, env: Environment | None = None) -> None:
        super().__init__(
            scope,
            f"DurableAgentPipeline-{stage.name}",
            description=f"Checkpointed research agents on a Lambda durable function ({stage.name})",
            env=env,
            termination_protection=stage.protected,
        )
        self.pipeline = DurableAgentPipeline(self, "Pipeline", **stage.choices)
        self.api = self.pipeline.add_api() if _asked(self, "api") else None
        Tags.of(self).add("project", "durable-agent-pipeline")
        Tags.of(self).add("stage", stage.name)
        for name, value in self._outputs().items():
            CfnOutput(self, name, value=value)

    def _outputs(self) -> dict[str, str]:
        board = self.pipeline.dashboard.dashboard_name
        console = f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region={Aws.REGION}"
        api = {"ApiUrl": self.api.url} if self.api else {}
        return {
            "AliasArn": self.pipeline.alias.function_arn,
            "FunctionName": self.pipeline.function.function_name,
            "DashboardUrl": f"{console}#dashboards/dashboard/{board}",
            "AlarmTopicArn": self.pipeline.alarm_topic.topic_arn,
            "LogGroupName": self.pipeline.log_group.log_group_name,
            "DeadLetterQueueUrl": self.pipeline.dead_letter_queue.queue_url,
            "UndeliveredQueueUrl": self.pipeline.undelivered_queue.queue_url,
            **api,
        }


def _asked(scope: Construct, name: str) -> bool:
    """A context value that is true or false; the CLI passes it as text.

    Raises:
        ValueError: for anything else.
    """
    given = scope.node.try_get_context(name)
    words = {None: False, False: False, "false": False, True: True, "true": True}
    if given not in words:
        raise ValueError(f"context {name} must be true or false, got {given!r}")
    return words[given]
