"""A database that agents ask, as the construct's keyword `database`: PostgreSQL or Amazon Athena."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager

from ..acknowledgements import accept_documents, accept_tables
from .secrets import accept_secret, read_secret
from .tool_choice import ToolChoice

CA_FILE = "database-ca.pem"
"""Name beside agents.toml of the certificates in the package."""


@dataclass(frozen=True, kw_only=True)
class Postgres(ToolChoice):
    """PostgreSQL for `query_database`; docs/tools.md.

    Its user should be able to SELECT and nothing else; `vpc` and a security group let the function reach it.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
    """

    host: str
    """Name of the server, as its certificate says it."""

    database: str
    """Name of the database."""

    port: int = 5432
    """Default: 5432."""

    secret: secretsmanager.ISecret | None = None
    """Secret with `username` and `password`. Default: none, IAM authentication by `user` and `resource_id`."""

    user: str | None = None
    """User that IAM authenticates. Default: none, `secret` has it."""

    resource_id: str | None = None
    """What IAM names the server by: `db-...`, `cluster-...` or `prx-...`. Default: none, with `secret`."""

    ca_file: Path | str | None = None
    """Certificates that the server's is signed by, for Amazon RDS its bundle for the Region.
    Default: the ones that the system trusts, which suits RDS Proxy."""

    about: str = ""
    """What the model is told of the tables, at most 2,000 characters. Default: nothing."""

    def __post_init__(self) -> None:
        by_iam = self.user is not None and self.resource_id is not None
        if by_iam == (self.secret is not None) or (self.user is None) != (self.resource_id is None):
            raise ValueError("database must have either secret, or user with resource_id, got another choice")
        if self.ca_file is not None and not Path(self.ca_file).is_file():
            raise ValueError(f"ca_file of database must be a file, got {str(self.ca_file)!r}")

    @property
    def box(self) -> str:
        """Name of its row in the Lambda's toolboxes.py."""
        return "database"

    def settings(self, stack: Stack) -> dict[str, Any]:
        """Where it is."""
        del stack
        chosen = {
            "user": self.user,
            "secret_arn": self.secret.secret_arn if self.secret else None,
            "ca_file": CA_FILE if self.ca_file else None,
            "about": self.about,
        }
        known = {"name": self.database, "host": self.host, "port": self.port}
        return {**known, **{name: value for name, value in chosen.items() if value}}

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """Connecting as the one user, or reading the one secret."""
        if self.secret is not None:
            return read_secret(self.secret)
        user = stack.format_arn(
            service="rds-db",
            resource="dbuser",
            resource_name=f"{self.resource_id}/{self.user}",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return [iam.PolicyStatement(actions=["rds-db:connect"], resources=[user])]

    def accept(self, role: iam.IRole) -> None:
        """What reading the secret needs besides."""
        accept_secret(role, self.secret)

    def files(self) -> Iterator[tuple[Path, str]]:
        """The certificates."""
        return iter([(Path(self.ca_file), CA_FILE)] if self.ca_file is not None else [])


@dataclass(frozen=True, kw_only=True)
class Athena(ToolChoice):
    """Amazon Athena for `query_database`: one database of the Glue catalog, read-only by the role; docs/tools.md.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
    """

    workgroup: athena.CfnWorkGroup
    """Workgroup that queries run in; it must limit what one query scans and say where results go."""

    database: str
    """Name of the database in the Glue catalog."""

    data: s3.IBucket
    """Bucket that the tables lie in; the function may list and read below `data_prefix`."""

    results: s3.IBucket
    """Bucket that the workgroup writes results to."""

    data_prefix: str = ""
    """Beginning of the tables' keys, ending with "/". Default: the whole bucket."""

    results_prefix: str = ""
    """Beginning of the results' keys, ending with "/", as in the workgroup. Default: the whole bucket."""

    about: str = ""
    """What the model is told of the tables, at most 2,000 characters. Default: nothing."""

    def __post_init__(self) -> None:
        configuration = self.workgroup.work_group_configuration
        if getattr(configuration, "bytes_scanned_cutoff_per_query", None) is None:
            raise ValueError("workgroup must limit what a query scans, by bytes_scanned_cutoff_per_query, got no limit")
        if getattr(configuration, "enforce_work_group_configuration", None) is False:
            raise ValueError("workgroup must enforce its configuration, got enforce_work_group_configuration=False")
        for name in ("data_prefix", "results_prefix"):
            given = getattr(self, name)
            if given and not given.endswith("/"):
                raise ValueError(f'{name} must end with "/", got {given!r}')

    @property
    def box(self) -> str:
        """Name of its row in the Lambda's toolboxes.py."""
        return "database"

    def settings(self, stack: Stack) -> dict[str, Any]:
        """Where it is."""
        del stack
        known = {"name": self.database, "workgroup": self.workgroup.name}
        return {**known, **({"about": self.about} if self.about else {})}

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """Asking in this workgroup, reading this database's tables and data, keeping results; nothing that writes."""
        catalog = [
            stack.format_arn(service="glue", resource="catalog"),
            stack.format_arn(service="glue", resource="database", resource_name=self.database),
            stack.format_arn(service="glue", resource="table", resource_name=f"{self.database}/*"),
        ]
        workgroup = stack.format_arn(service="athena", resource="workgroup", resource_name=self.workgroup.name)
        return [
            _may([f"athena:{action}" for action in ASK], [workgroup]),
            _may([f"glue:{action}" for action in LOOK_UP], catalog),
            _may(["s3:GetBucketLocation"], [self.data.bucket_arn, self.results.bucket_arn]),
            _may(["s3:ListBucket"], [self.data.bucket_arn], self.data_prefix),
            _may(["s3:GetObject"], [self.data.arn_for_objects(f"{self.data_prefix}*")]),
            _may(["s3:GetObject", "s3:PutObject"], [self.results.arn_for_objects(f"{self.results_prefix}*")]),
        ]

    def accept(self, role: iam.IRole) -> None:
        """All tables of one database, all objects below two prefixes; and the keys of encrypted buckets."""
        accept_tables(role, self.database)
        accept_documents(role, self.data, self.data_prefix)
        accept_documents(role, self.results, self.results_prefix)
        if self.data.encryption_key:
            self.data.encryption_key.grant_decrypt(role)
        if self.results.encryption_key:
            self.results.encryption_key.grant_encrypt_decrypt(role)


ASK = ("StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution")
LOOK_UP = ("GetDatabase", "GetTable", "GetTables", "GetPartition", "GetPartitions")


def _may(actions: Sequence[str], resources: Sequence[str], prefix: str = "") -> iam.PolicyStatement:
    below = {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None
    return iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=below)
