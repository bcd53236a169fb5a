"""One query on PostgreSQL: TLS, a read-only transaction, and caps on time, rows and bytes that the server keeps."""

import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

from research_tools.database.read_only_sql import QueryRefused
from research_tools.database.rows import Rows

ANSWER = "SELECT left(row_to_json(answer)::text, $1) FROM (\n{sql}\n) AS answer LIMIT $2"
"""Whatever is asked, the server sends so many short texts: a value of a gigabyte never leaves it. A SELECT within a
SELECT can also neither write in a WITH nor make a table by INTO."""

TIMED_OUT = "57014"
NETWORK_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """Where the database is, and how much of it one query may take.

    Attributes:
        host: its name, as its certificate says it.
        database: name of the database.
        credentials: gives user and password of the moment; the user should be a role that can only read.
        port: 5432 by default.
        ca_file: certificates to trust in place of the system's, such as the bundle of Amazon RDS.
    """

    host: str
    database: str
    credentials: Callable[[], tuple[str, str]]
    port: int = 5432
    ca_file: str | None = None

    def ask(self, sql: str, *, max_rows: int, max_bytes: int, seconds: float) -> Rows:
        """The answer to one statement.

        Raises:
            QueryRefused: the database is not to be had, or refused, or took too long.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            connection = self._connected(seconds)
        except (InterfaceError, DatabaseError, OSError, LookupError, BotoCoreError, ClientError) as error:
            raise QueryRefused(f"the database could not be reached: {_said(error) or type(error).__name__}") from error
        try:
            for words in ("START TRANSACTION READ ONLY", f"SET LOCAL statement_timeout = {int(seconds * 1000)}"):
                connection.execute_unnamed(words)
            # Parse and Bind: the protocol itself refuses a second statement behind the first
            context = connection.execute_unnamed(ANSWER.format(sql=sql), vals=(max_bytes + 1, max_rows + 1))
            return Rows([row[0] for row in context.rows])
        except DatabaseError as error:
            if _code(error) == TIMED_OUT:
                raise QueryRefused(f"a query must end within {seconds:g} seconds") from None
            raise QueryRefused(f"the database refused the query: {_said(error)}") from None
        except (InterfaceError, OSError) as error:
            raise QueryRefused(f"the database was lost: {type(error).__name__}") from error
        finally:
            _close(connection)

    def _connected(self, seconds: float) -> Any:
        user, password = self.credentials()
        return Connection(
            user,
            host=self.host,
            port=self.port,
            database=self.database,
            password=password,
            ssl_context=ssl.create_default_context(cafile=self.ca_file),
            timeout=seconds + NETWORK_SECONDS,
            application_name="durable-agent-pipeline",
        )


def by_secret(secret_arn: str) -> Callable[[], tuple[str, str]]:
    """User and password of a secret of Secrets Manager, in the form that RDS gives it."""

    def read() -> tuple[str, str]:
        import boto3

        found = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=secret_arn)["SecretString"])
        return found["username"], found["password"]

    return read


def by_iam(host: str, port: int, user: str) -> Callable[[], tuple[str, str]]:
    """A token of this process's role in place of a password; it is good for 15 minutes."""

    def read() -> tuple[str, str]:
        import boto3

        return user, boto3.client("rds").generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user)

    return read


def _code(error: Exception) -> str:
    return _fields(error).get("C", "")


def _said(error: Exception) -> str:
    return _fields(error).get("M", "")


def _fields(error: Exception) -> dict[str, str]:
    return error.args[0] if error.args and isinstance(error.args[0], dict) else {}


def _close(connection: Any) -> None:
    try:
        connection.close()
    except (InterfaceError, DatabaseError, OSError):
        return  # it was lost already
