"""Choices of where data lives, who can read it, when it goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms


@dataclass(frozen=True, kw_only=True)
class ProtectionChoices:
    """Keys, network, storage, removal."""

    encryption_key: kms.IKey | None = None
    """Customer managed key, symmetric and of the stack's own Region, for checkpoints, environment, logs, alarm topic,
    dead letters, large results and the table of budgets. Default: keys that AWS owns."""

    large_results: bool = True
    """Whether texts and tool results too big for a checkpoint go to a bucket. Default: True, to an encrypted bucket
    whose objects expire when no execution can need them any more."""

    vpc: ec2.IVpc | None = None
    """Network to run in; needs a route to Bedrock and Lambda, by NAT or by endpoints. Default: Lambda's own network."""

    vpc_subnets: ec2.SubnetSelection | None = None
    """Subnets of `vpc`. Default: its private subnets."""

    security_groups: Sequence[ec2.ISecurityGroup] | None = None
    """Security groups in `vpc`. Default: one of its own, open outwards only."""

    removal_policy: RemovalPolicy = RemovalPolicy.DESTROY
    """What happens to the function, its logs, dead letters and table of budgets when the pipeline is removed. RETAIN
    keeps the function with its versions, alias and role, so that running executions finish. With DESTROY they do not:
    the function takes its versions with it, whatever their own removal policy says. Default: DESTROY."""

    large_results_removal_policy: RemovalPolicy | None = None
    """What happens to the bucket of large results: DESTROY or RETAIN. DESTROY empties it first, by a
    small function that CDK brings.
    Default: RETAIN, its objects expire by themselves."""

    def check_protection(self) -> None:
        """Refuse a network choice without a network, a bucket's removal that is neither of the two."""
        if self.vpc is None and (self.vpc_subnets is not None or self.security_groups):
            chosen = "vpc_subnets" if self.vpc_subnets is not None else "security_groups"
            raise ValueError(f"{chosen} must come with vpc, got no vpc")
        bucket = self.large_results_removal_policy
        if bucket not in {None, RemovalPolicy.DESTROY, RemovalPolicy.RETAIN}:
            got = getattr(bucket, "name", repr(bucket))
            raise ValueError(f"large_results_removal_policy must be DESTROY or RETAIN, got {got}")
        if bucket is not None and not self.large_results:
            raise ValueError("large_results_removal_policy must come with large_results, got large_results=False")


# From here on written by scripts/construct_page.py --write: the class above, for type checkers and editors.
class ProtectionKeywords(TypedDict, total=False):
    """Keys, network, storage, removal."""

    encryption_key: kms.IKey | None
    """Customer managed key, symmetric and of the stack's own Region, for checkpoints, environment, logs, alarm topic,
    dead letters, large results and the table of budgets. Default: keys that AWS owns."""

    large_results: bool
    """Whether texts and tool results too big for a checkpoint go to a bucket. Default: True, to an encrypted bucket
    whose objects expire when no execution can need them any more."""

    vpc: ec2.IVpc | None
    """Network to run in; needs a route to Bedrock and Lambda, by NAT or by endpoints. Default: Lambda's own network."""

    vpc_subnets: ec2.SubnetSelection | None
    """Subnets of `vpc`. Default: its private subnets."""

    security_groups: Sequence[ec2.ISecurityGroup] | None
    """Security groups in `vpc`. Default: one of its own, open outwards only."""

    removal_policy: RemovalPolicy
    """What happens to the function, its logs, dead letters and table of budgets when the pipeline is removed. RETAIN
    keeps the function with its versions, alias and role, so that running executions finish. With DESTROY they do not:
    the function takes its versions with it, whatever their own removal policy says. Default: DESTROY."""

    large_results_removal_policy: RemovalPolicy | None
    """What happens to the bucket of large results: DESTROY or RETAIN. DESTROY empties it first, by a small function
    that CDK brings. Default: RETAIN, its objects expire by themselves."""
