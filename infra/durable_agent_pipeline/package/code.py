"""The Lambda package as a CDK asset."""

from aws_cdk import AssetHashType, BundlingOptions
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ..choices.props import PipelineProps
from .cache import LocalBundling
from .inputs import package_of
from .lambda_source import lambda_source

BUNDLE_FOR = "durable-agent-pipeline:bundle-for"
"""Context key. "host" builds the package for the machine that synthesizes, for a deployment into a local emulator.

Default: the package is built for the function's runtime and processor.
"""


def pipeline_code(scope: Construct, props: PipelineProps, deployment: str | None = None) -> lambda_.Code:
    """The function's code.

    Its hash covers every source file that ships, the pinned requirements, the runtime, the processor and the bundler,
    and nothing of the machine that builds: the same inputs give the same asset in every stack, folder, installation.

    Args:
        scope: whose context may ask for a package for this machine.
        props: the runtime, the processor, the caller's agents.
        deployment: text of the file that says what did not fit into the variables. Default: no such file.
    """
    package = package_of(props, for_host=_for_host(scope), deployment=deployment)
    image = props.runtime.bundling_image
    return lambda_.Code.from_asset(
        str(lambda_source()),
        asset_hash_type=AssetHashType.CUSTOM,
        asset_hash=package.digest,
        # CDK hashes these options too, so nothing in them may name a folder of this machine
        bundling=BundlingOptions(image=image, local=LocalBundling(package, image.image)),
    )


def _for_host(scope: Construct) -> bool:
    chosen = scope.node.try_get_context(BUNDLE_FOR)
    if chosen not in (None, "host"):
        raise ValueError(f"the context value {BUNDLE_FOR} must be host, got {chosen!r}")
    return chosen is not None
