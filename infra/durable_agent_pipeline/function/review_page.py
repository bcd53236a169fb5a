"""The page on which a person answers a review: a function of its own behind a function URL, and its links' key."""

from aws_cdk import Duration, IgnoreMode, PhysicalName
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ..acknowledgements import accept_no_queue, accept_objects, accept_runtime, accept_tracing, accept_versions
from ..choices.props import PipelineProps
from ..package.lambda_source import PAGE, PAGE_FILES, lambda_source
from .policies import ANSWER, HISTORY

HANDLER = f"{PAGE}.handler.lambda_handler"


class ReviewPage(Construct):
    """May check links, read this pipeline's executions and answer their callbacks; nothing else.

    Attributes:
        function: the page's own, of the runtime's boto3 and a few modules.
        url: where it is.
        role: what it runs as.
        link_key: signs the links; the pipeline may only sign with it, the page only check.
        log_group: a line for each request: its status and how it ended; never a link, a text or a callback's id.
    """

    function: lambda_.Function
    url: lambda_.FunctionUrl
    role: iam.Role
    link_key: kms.Key
    log_group: logs.LogGroup

    def __init__(self, scope: Construct, construct_id: str, props: PipelineProps, signer: iam.IRole) -> None:
        super().__init__(scope, construct_id)
        self.link_key = kms.Key(
            self,
            "LinkKey",
            description="Signs the links to the review page of a durable agent pipeline",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            removal_policy=props.removal_policy,
        )
        self.link_key.grant_generate_mac(signer)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            retention=props.log_retention,
            encryption_key=props.encryption_key,
            removal_policy=props.removal_policy,
        )
        self.role = _role(self, props, self.link_key, self.log_group)
        self.function = _function(self, props, self.role, self.link_key, self.log_group)
        # the link is the authority: a person who got it by mail has no credentials to sign a request with
        self.url = self.function.add_function_url(auth_type=lambda_.FunctionUrlAuthType.NONE)

    def serve(self, function: lambda_.IFunction, bucket: s3.IBucket | None) -> None:
        """Allow reading and answering the executions of a function, and reading their large texts.

        In a policy of its own: that function's environment has the page's address, so the page must not wait for it.
        """
        policy = iam.Policy(
            self,
            "Executions",
            roles=[self.role],
            statements=[
                iam.PolicyStatement(actions=[*HISTORY, *ANSWER], resources=[f"{function.function_arn}:*"]),
            ],
        )
        accept_versions(policy, function)
        if bucket is not None:
            policy.add_statements(
                iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects("*")])
            )
            accept_objects(policy, bucket)


def review_page(scope: Construct, props: PipelineProps, signer: iam.IRole) -> ReviewPage | None:
    """The page; None unless `review` asks for one."""
    return ReviewPage(scope, "ReviewPage", props, signer) if props.review and props.review.page else None


def _role(scope: Construct, props: PipelineProps, link_key: kms.Key, group: logs.LogGroup) -> iam.Role:
    role = iam.Role(
        scope,
        "Role",
        role_name=PhysicalName.GENERATE_IF_NEEDED,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    )
    group.grant_write(role)
    link_key.grant_verify_mac(role)
    if props.encryption_key:
        props.encryption_key.grant_decrypt(role)  # histories and large texts are encrypted with it
    if props.tracing is not lambda_.Tracing.DISABLED:
        accept_tracing(role)
    return role


def _function(
    scope: Construct, props: PipelineProps, role: iam.Role, link_key: kms.Key, group: logs.LogGroup
) -> lambda_.Function:
    function = lambda_.Function(
        scope,
        "Function",
        description="Shows a review of a durable agent pipeline and takes its answer",
        # nothing to install: the files themselves, and none of the pipeline's others
        code=lambda_.Code.from_asset(str(lambda_source()), exclude=_all_but(PAGE_FILES), ignore_mode=IgnoreMode.GIT),
        handler=HANDLER,
        runtime=props.runtime,
        architecture=props.architecture,
        memory_size=512,
        timeout=Duration.seconds(20),
        role=role,
        environment={"REVIEW_LINK_KEY_ARN": link_key.key_arn},
        environment_encryption=props.encryption_key,
        log_group=group,
        logging_format=lambda_.LoggingFormat.JSON,
        tracing=props.tracing,
    )
    accept_runtime(function)
    accept_no_queue(function)
    return function


def _all_but(files: tuple[str, ...]) -> list[str]:
    """Patterns that leave out everything else; git cannot bring back a file of a folder that it left out."""
    folders = sorted({file.rpartition("/")[0] for file in files})
    within = [pattern for folder in folders for pattern in (f"!/{folder}/", f"/{folder}/*")]
    return ["/*", *within, *(f"!/{file}" for file in files)]
