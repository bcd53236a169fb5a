"""The topic that alarms and bad endings are told to."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from .props import PipelineProps


def alarm_topic(scope: Construct, props: PipelineProps) -> sns.Topic:
    """Where every alarm goes; publishing without TLS is refused."""
    topic = sns.Topic(
        scope,
        "AlarmTopic",
        display_name="Durable agent pipeline alarms",
        enforce_ssl=True,
        master_key=props.encryption_key,
    )
    # a topic policy of any kind replaces the default one, which had let the account's alarms publish
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsOfThisAccount",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    for subscription in props.alarm_subscriptions:
        topic.add_subscription(subscription)
    return topic
