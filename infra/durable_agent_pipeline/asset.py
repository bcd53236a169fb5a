"""The Lambda package as a CDK asset."""

from aws_cdk import AssetHashType, BundlingOptions
from aws_cdk import aws_lambda as lambda_

from .bundling import LocalBundling
from .package import package_of
from .props import PipelineProps
from .source import lambda_source


def pipeline_code(props: PipelineProps) -> lambda_.Code:
    """The function's code.

    Its hash covers every source file that ships, the pinned requirements, the runtime, the processor, the bundler and
    whether byte code is included: the same inputs give the same asset in every stack, folder and installation.
    """
    package = package_of(props)
    image = props.runtime.bundling_image
    return lambda_.Code.from_asset(
        str(lambda_source()),
        asset_hash_type=AssetHashType.CUSTOM,
        asset_hash=package.digest,
        # CDK hashes these options too, so nothing in them may name a folder of this machine
        bundling=BundlingOptions(image=image, local=LocalBundling(package, image.image)),
    )
