"""The topic for alarms and failed executions."""

from aws_cdk import Annotations, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from ..choices.props import PipelineProps
from ..function.encryption import USE

_FOREIGN_TOPIC = (
    "alarm_topic is not of this app: its policy must let cloudwatch.amazonaws.com and events.amazonaws.com publish, "
    "else no alarm reaches anybody"
)


def alarm_topic(scope: Construct, props: PipelineProps) -> sns.ITopic:
    """Where every alarm goes; publishing without TLS is refused."""
    topic = props.alarm_topic or sns.Topic(
        scope,
        "AlarmTopic",
        display_name="Durable agent pipeline alarms",
        enforce_ssl=True,
        master_key=props.encryption_key,
    )
    # a topic policy of any kind replaces the default one, which had let the account's alarms publish
    added = topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsOfThisAccount",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    if not added.statement_added:
        Annotations.of(scope).add_warning_v2("durable-agent-pipeline:topic-policy", _FOREIGN_TOPIC)
    if props.alarm_topic and isinstance(topic, sns.Topic) and topic.master_key:
        own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
        alarms = iam.ServicePrincipal("cloudwatch.amazonaws.com", conditions=own_account)
        topic.master_key.grant(alarms, *USE)  # else alarms cannot publish to what that key encrypts
    for subscription in props.alarm_subscriptions:
        topic.add_subscription(subscription)
    return topic
