"""The table that counts what is spent in a day and a month."""

import json

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..choices.props import PipelineProps

_UPDATE = ("dynamodb:UpdateItem",)


def budget_table(scope: Construct, props: PipelineProps, role: iam.IRole) -> dynamodb.ITable | None:
    """A table of one item for each month of the pipeline and of each tenant; None without `budgets`.

    The function may update items and nothing else: what it must know of one, an update's answer tells.
    """
    if props.budgets is None:
        return None
    own_key = dynamodb.TableEncryption.CUSTOMER_MANAGED
    table = dynamodb.Table(
        scope,
        "Budgets",
        partition_key=dynamodb.Attribute(name="month", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="scope", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        time_to_live_attribute="expires",
        encryption=own_key if props.encryption_key else dynamodb.TableEncryption.DEFAULT,
        encryption_key=props.encryption_key,
        removal_policy=props.removal_policy,
    )
    role.add_to_principal_policy(iam.PolicyStatement(actions=list(_UPDATE), resources=[table.table_arn]))
    return table


def budget_variables(props: PipelineProps, table: dynamodb.ITable | None) -> dict[str, str | None]:
    """What the function reads of it."""
    if props.budgets is None or table is None:
        return {}
    limits = {name: format(amount, "f") for name, amount in props.budgets.limits().items()}
    return {"BUDGETS": json.dumps({"table": table.table_name, **limits})}
