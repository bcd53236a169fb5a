"""The right to read one secret."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from ..acknowledgements import accept_random_end


def read_secret(secret: secretsmanager.ISecret | None) -> list[iam.PolicyStatement]:
    """Reading its value; nothing without a secret."""
    if secret is None:
        return []
    return [iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[_named(secret)])]


def accept_secret(role: iam.IRole, secret: secretsmanager.ISecret | None) -> None:
    """The unknown end of a secret imported by its name alone, and the key of one that has a key of its own."""
    if secret is not None and secret.secret_full_arn is None:
        accept_random_end(role, _named(secret))
    if secret is not None and secret.encryption_key is not None:
        secret.encryption_key.grant_decrypt(role)


def _named(secret: secretsmanager.ISecret) -> str:
    return secret.secret_full_arn or f"{secret.secret_arn}-??????"
