"""Rules of cdk-nag that a resource breaks knowingly, each with its reason; docs/security.md lists them all."""

from collections.abc import Iterable
from typing import cast

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

VERSIONS = (
    "Durable execution calls are authorised on <function>:<version>/durable-execution/...; versions come and go with "
    "every deployment while executions stay on theirs, so the wildcard covers the versions of this one function."
)
TRACING = "X-Ray's PutTraceSegments and PutTelemetryRecords have no resource to name; IAM accepts only '*' for them."
DEAD_LETTERS = "This queue is where dead letters end: it has no consumer that could fail and so no queue behind it."
UNDELIVERED = (
    "Rules and schedules name this queue as their dead-letter queue, a use that the rule does not know; nothing "
    "consumes it, so there is nothing to put a queue behind."
)
RUNTIME = "Python 3.13 has durable execution and years of support left; 3.14 is one keyword away (runtime)."
INTERFACES = "Lambda manages network interfaces that do not exist yet; EC2 accepts only '*' for these actions."
OBJECTS = "Objects are named by the digest of what they hold, so a grant can only name all objects of this one bucket."
DOCUMENTS = "Documents come and go, so the right to read them can only name all below one prefix of this one bucket."
TABLES = "Tables come and go, so the right to look them up can only name all tables of this one database."
RANDOM_END = "A secret imported by its name has an end of six characters that only the service knows."
ACCESS_LOG = (
    "Only the function's role can read or write the bucket, objects expire, and CloudTrail data events record access "
    "where that is asked for; a log bucket would outlive what it logs."
)
TOPIC_KEY = (
    "CDK grants publishing to an encrypted topic with GenerateDataKey*: two actions on this one key of the caller's."
)
DEPLOYMENT = (
    "CDK attaches AWS's policy for CodeDeploy on Lambda to the deployment group's role, whoever made that role."
)

DESTINATION = (
    "Lambda destinations do not work for durable functions; the function's dead-letter queue takes the events that "
    "were given up, and a rule reports executions that failed."
)
QUEUE_DESTINATION = (
    "A queue's messages that keep failing go to the dead-letter queue of that queue; Lambda sends none on."
)

PAGE_WITHOUT_QUEUE = (
    "A browser waits for every answer of the review page; it is never invoked asynchronously, so no event can be lost."
)

API_FIREWALL = (
    "Callers are authorized by IAM or by tokens, every request is throttled and its body checked against a model; a "
    "web ACL, priced by the month, is the owner's to add to the stage."
)
API_COGNITO = "Callers are authorized by IAM or by the authorizer that the pipeline's owner chose."
API_LOGS_ROLE = "API Gateway writes logs as one role of the whole account, for which AWS documents this policy."
API_CALLS = "An execution's id is in the path, so the right to read or stop one can only name all of this one API."
STACK = "A stack's ARN ends with an id that each creation makes anew; the wildcard stands for that id alone."
ACCOUNT = "Quotas, metrics and model access of the account are read, which name no resource of this pipeline."


def accept_tracing(role: IConstruct) -> None:
    """X-Ray without a resource."""
    _accept(role, TRACING, "AwsSolutions-IAM5[Resource::*]")


def accept_versions(grantee: IConstruct, function: lambda_.IFunction) -> None:
    """A wildcard over the versions of one function, wherever in the grantee the policy ends up."""
    named = Stack.of(grantee).resolve(function.function_arn)
    # the finding's id holds the ARN as the template writes it: the function by its logical id
    logical_id = named["Fn::GetAtt"][0] if "Fn::GetAtt" in named else None
    if logical_id:
        _accept(grantee, VERSIONS, f"AwsSolutions-IAM5[Resource::<{logical_id}.Arn>:*]")


def accept_stack(grantee: IConstruct, arn: str) -> None:
    """One stack, whatever its id."""
    _accept(grantee, STACK, f"AwsSolutions-IAM5[Resource::{_written(Stack.of(grantee).resolve(arn))}]")


def accept_account(grantee: IConstruct) -> None:
    """What is the account's, not a resource's."""
    _accept(grantee, ACCOUNT, "AwsSolutions-IAM5[Resource::*]")


def accept_last_queue(queue: Construct) -> None:
    """A dead-letter queue without a dead-letter queue."""
    _accept(queue, DEAD_LETTERS, "Serverless-SQSRedrivePolicy")


def accept_undelivered(queue: Construct) -> None:
    """A dead-letter queue of rules and schedules."""
    _accept(queue, UNDELIVERED, "AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy")


def accept_runtime(function: lambda_.Function) -> None:
    """A runtime that is not the newest."""
    if function.runtime.name == lambda_.Runtime.PYTHON_3_13.name:
        _accept(function, RUNTIME, "AwsSolutions-L1", "Serverless-LambdaLatestVersion")


def accept_no_destination(alias: Construct) -> None:
    """Asynchronous events without a failure destination."""
    _accept(alias, DESTINATION, "Serverless-LambdaAsyncFailureDestination")


def accept_no_queue_destination(mapping: Construct) -> None:
    """A queue's mapping without a failure destination."""
    _accept(mapping, QUEUE_DESTINATION, "Serverless-LambdaEventSourceMappingDestination")


def accept_interfaces(policy: iam.Policy) -> None:
    """Network interfaces without a resource."""
    _accept(policy, INTERFACES, "AwsSolutions-IAM5[Resource::*]")


def accept_objects(role: IConstruct, bucket: s3.IBucket) -> None:
    """All objects of one bucket."""
    named = Stack.of(role).resolve(bucket.bucket_arn)
    if isinstance(named, dict) and "Fn::GetAtt" in named:
        _accept(role, OBJECTS, f"AwsSolutions-IAM5[Resource::<{named['Fn::GetAtt'][0]}.Arn>/*]")


def accept_topic_key(role: IConstruct) -> None:
    """Publishing to a topic that is encrypted with a key of the caller's."""
    _accept(role, TOPIC_KEY, "AwsSolutions-IAM5[Action::kms:GenerateDataKey*]")


def accept_documents(role: iam.IRole, bucket: s3.IBucket, prefix: str) -> None:
    """All documents below one prefix."""
    named = _written(Stack.of(role).resolve(bucket.arn_for_objects(f"{prefix}*")))
    _accept(role, DOCUMENTS, f"AwsSolutions-IAM5[Resource::{named}]")


def accept_tables(role: iam.IRole, database: str) -> None:
    """All tables of one database of the Glue catalog."""
    stack = Stack.of(role)
    named = _written(stack.resolve(stack.format_arn(service="glue", resource="table", resource_name=f"{database}/*")))
    _accept(role, TABLES, f"AwsSolutions-IAM5[Resource::{named}]")


def accept_random_end(role: iam.IRole, arn: str) -> None:
    """A secret whose whole ARN is not known."""
    _accept(role, RANDOM_END, f"AwsSolutions-IAM5[Resource::{_written(Stack.of(role).resolve(arn))}]")


def accept_no_access_log(bucket: s3.Bucket) -> None:
    """A bucket without server access logs."""
    _accept(bucket, ACCESS_LOG, "AwsSolutions-S1")


def accept_no_queue(function: lambda_.Function) -> None:
    """A function that only a browser calls, without a dead-letter queue."""
    _accept(function, PAGE_WITHOUT_QUEUE, "Serverless-LambdaDLQ")


def accept_deployment_policy(group: Construct) -> None:
    """A managed policy that CDK insists on."""
    arn = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"
    _accept(group, DEPLOYMENT, f"AwsSolutions-IAM4[Policy::{arn}]")


def accept_api(api: apigateway.RestApi) -> None:
    """A public API without web ACL and user pool, and the account's role for its logs."""
    _accept(api, API_FIREWALL, "AwsSolutions-APIG3")
    _accept(api, API_COGNITO, "AwsSolutions-COG4")
    arn = "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    _accept(api, API_LOGS_ROLE, f"AwsSolutions-IAM4[Policy::{arn}]")


def accept_api_calls(grantee: iam.IGrantable, methods: Iterable[apigateway.Method]) -> None:
    """All ids of one API, wherever in the grantee the policy ends up."""
    holder = policy_holder(grantee)
    if holder is None:
        return
    for method in methods:
        named = _written(Stack.of(holder).resolve(method.method_arn))
        if "*" in named:
            _accept(holder, API_CALLS, f"AwsSolutions-IAM5[Resource::{named}]")


def policy_holder(grantee: iam.IGrantable) -> IConstruct | None:
    """The role or user, of this app or imported, that a granted policy is attached to; None for other principals."""
    principal = grantee.grant_principal
    # an imported role is no Construct to Python, only something with a node
    return cast(IConstruct, principal) if hasattr(principal, "node") else None


def _written(resolved: object) -> str:
    """A resolved ARN as the findings' ids write it: references in angle brackets."""
    if isinstance(resolved, dict) and "Fn::Join" in resolved:
        return "".join(_written(part) for part in resolved["Fn::Join"][1])
    if isinstance(resolved, dict) and "Ref" in resolved:
        return f"<{resolved['Ref']}>"
    if isinstance(resolved, dict) and "Fn::GetAtt" in resolved:
        return f"<{'.'.join(resolved['Fn::GetAtt'])}>"
    return str(resolved)


def _accept(construct: IConstruct, reason: str, *findings: str) -> None:
    for finding in findings:
        Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))
