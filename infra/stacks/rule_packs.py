"""The cdk-nag packs that every synth runs."""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks


def check(app: App) -> None:
    """Fail the synth on a finding that no resource has acknowledged with a reason."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True), ServerlessChecks(app, verbose=True))
