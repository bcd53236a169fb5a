"""The tool `query_database`: one read-only statement on the database that its declaration names."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from research_tools.database.read_only_sql import read_only
from research_tools.database.rows import Rows
from research_tools.reading import Reading

TITLE_CHARACTERS = 200


class Database(Protocol):
    """PostgreSQL or Athena."""

    def ask(self, sql: str, *, max_rows: int, max_bytes: int, seconds: float) -> Rows:
        """The answer to one statement."""


def make(settings: Any, folder: Path) -> dict[str, Callable[..., list[Reading]]]:
    """The tool, for `[tools.database]`."""
    database, dialect, address = _athena(settings) if settings.workgroup else _postgres(settings, folder)

    def query_database(sql: str) -> list[Reading]:
        """Ask the database by one SELECT; the answer is one JSON object a row.

        Args:
            sql: One SELECT statement. information_schema.columns lists tables and columns.
        """
        return ask(
            sql,
            database=database,
            dialect=dialect,
            address=address,
            max_rows=settings.max_rows,
            max_bytes=settings.max_bytes,
            seconds=settings.seconds,
        )

    query_database.__doc__ = f"{query_database.__doc__}\nThe SQL dialect is {dialect}. {settings.about}"
    return {"query_database": query_database}


def ask(
    sql: str, *, database: Database, dialect: str, address: str, max_rows: int, max_bytes: int, seconds: float
) -> list[Reading]:
    """Ask once.

    Args:
        sql: what the model wrote.
        database: who answers.
        dialect: of sqlglot.
        address: of the database, for the source's own.
        max_rows: most rows told.
        max_bytes: most bytes told.
        seconds: longest run.

    Raises:
        QueryRefused: it is not one statement that only reads, or it failed; for the model.
    """
    runs = read_only(sql, dialect)
    rows = database.ask(runs, max_rows=max_rows, max_bytes=max_bytes, seconds=seconds)
    digest = hashlib.sha256(runs.encode()).hexdigest()[:12]
    title = runs if len(runs) <= TITLE_CHARACTERS else f"{runs[:TITLE_CHARACTERS]}..."
    return [Reading(title, f"{address}#{digest}", rows.text(max_rows, max_bytes))]


def _athena(settings: Any) -> tuple[Database, str, str]:
    from research_tools.database.athena import Athena

    address = f"athena://{settings.workgroup}/{settings.name}"
    return Athena(workgroup=settings.workgroup, database=settings.name, catalog=settings.catalog), "athena", address


def _postgres(settings: Any, folder: Path) -> tuple[Database, str, str]:
    from research_tools.database.postgres import Postgres, by_iam, by_secret

    host, port, user, secret = settings.host, settings.port, settings.user, settings.secret_arn
    database = Postgres(
        host=host,
        port=port,
        database=settings.name,
        credentials=by_secret(secret) if secret else by_iam(host, port, user),
        ca_file=str(folder / settings.ca_file) if settings.ca_file else None,
    )
    return database, "postgres", f"postgresql://{host}/{settings.name}"
