"""Two agents of your own on one durable function: a translation and its review."""

from aws_cdk import App, CfnOutput, Stack
from durable_agent_pipeline import DurableAgentPipeline

app = App()
stack = Stack(app, "Translation")
pipeline = DurableAgentPipeline(stack, "Pipeline", agents="agents")
CfnOutput(stack, "AliasArn", value=pipeline.alias.function_arn)
app.synth()
