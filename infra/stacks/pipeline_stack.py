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
        self.api = self.pipeline.add_api()
        Tags.of(self).add("project", "durable-agent-pipeline")
        Tags.of(self).add("stage", stage.name)
        for name, value in self._outputs().items():
            CfnOutput(self, name, value=value)

    def _outputs(self) -> dict[str, str]:
        board = self.pipeline.dashboard.dashboard_name
        console = f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region={Aws.REGION}"
        return {
            "AliasArn": self.pipeline.alias.function_arn,
            "FunctionName": self.pipeline.function.function_name,
            "DashboardUrl": f"{console}#dashboards/dashboard/{board}",
            "AlarmTopicArn": self.pipeline.alarm_topic.topic_arn,
            "ApiUrl": self.api.url,
            "LogGroupName": self.pipeline.log_group.log_group_name,
        }
