"""The bucket for texts and tool results that are too big for a checkpoint."""

import math

from aws_cdk import CfnResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ..acknowledgements import accept_no_access_log, accept_objects
from ..choices.execution_choices import MAX_EXECUTION
from ..choices.props import PipelineProps
from .encryption import USE

_EMPTIER = "Custom::S3AutoDeleteObjectsCustomResourceProvider"
LONGEST_DAYS = math.ceil(MAX_EXECUTION.to_days()) + 90


def large_results(scope: Construct, props: PipelineProps, role: iam.IRole) -> s3.IBucket | None:
    """An encrypted, private bucket whose objects expire when no execution can need them any more."""
    if not props.large_results:
        return None
    if props.large_results_bucket:
        _grant(role, props.large_results_bucket)
        return props.large_results_bucket
    gone = props.large_results_removal_policy is RemovalPolicy.DESTROY
    bucket = s3.Bucket(
        scope,
        "LargeResults",
        encryption=s3.BucketEncryption.KMS if props.encryption_key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=props.encryption_key,
        bucket_key_enabled=True if props.encryption_key else None,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned=False,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=Duration.days(expires_after_days(props)),
                abort_incomplete_multipart_upload_after=Duration.days(1),
            )
        ],
        removal_policy=RemovalPolicy.DESTROY if gone else RemovalPolicy.RETAIN,
        auto_delete_objects=gone,  # a bucket that is not empty cannot be deleted
    )
    if gone:
        _tag_emptier(Stack.of(scope))
    accept_no_access_log(bucket)
    _grant(role, bucket)
    return bucket


def _tag_emptier(stack: Stack) -> None:
    """CDK writes its role and function without tags, also where the whole app has some."""
    for node in stack.node.find_child(_EMPTIER).node.find_all():
        if isinstance(node, CfnResource) and node.cfn_resource_type in {"AWS::IAM::Role", "AWS::Lambda::Function"}:
            node.add_property_override("Tags", [{"Key": "purpose", "Value": "empties buckets before they are deleted"}])


def expires_after_days(props: PipelineProps) -> int:
    """Days from writing an object to the end of the history of the longest execution that may refer to it."""
    if props.execution_timeout.is_unresolved() or props.retention_period.is_unresolved():
        return LONGEST_DAYS
    return math.ceil(props.execution_timeout.to_days(integral=False)) + math.ceil(props.retention_period.to_days())


def _grant(role: iam.IRole, bucket: s3.IBucket) -> None:
    """Write and read objects; list, without which a lost object looks like a forbidden one. Never delete."""
    objects = iam.PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=[bucket.arn_for_objects("*")])
    role.add_to_principal_policy(objects)
    role.add_to_principal_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn]))
    if bucket.encryption_key:
        bucket.encryption_key.grant(role, *USE)
    accept_objects(role, bucket)
