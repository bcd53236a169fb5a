"""Five agents of your own: a customer's complaint becomes a letter, and a manager is asked where it costs money."""

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_sns as sns
from durable_agent_pipeline import DurableAgentPipeline

app = App()
stack = Stack(app, "Complaints")
questions = sns.Topic(stack, "Questions", display_name="Questions to the manager", enforce_ssl=True)
pipeline = DurableAgentPipeline(
    stack,
    "Pipeline",
    agents="agents",
    environment={"QUESTIONS_TOPIC_ARN": questions.topic_arn},  # read by agents/tools.py
    execution_timeout=Duration.days(3),  # a manager may take two of them to answer
    slow_execution=Duration.days(2),
    budget_ceiling_usd="0.50",
)
questions.grant_publish(pipeline.function)
outputs = {
    "AliasArn": pipeline.alias.function_arn,
    "FunctionName": pipeline.function.function_name,
    "QuestionsTopicArn": questions.topic_arn,
}
for name, value in outputs.items():
    CfnOutput(stack, name, value=value)
app.synth()
