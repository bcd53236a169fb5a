"""A flow of your own on one durable function: a branch, a loop, and a person who has the last word."""

from aws_cdk import App, CfnOutput, Duration, Stack
from durable_agent_pipeline import DurableAgentPipeline, Review

app = App()
stack = Stack(app, "PressRelease")
review = Review(timeout=Duration.hours(8), max_rounds=2)
pipeline = DurableAgentPipeline(stack, "Pipeline", agents="agents", review=review)
CfnOutput(stack, "AliasArn", value=pipeline.alias.function_arn)
app.synth()
