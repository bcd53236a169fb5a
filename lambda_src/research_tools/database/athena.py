"""One query on Amazon Athena, in a workgroup whose scan limit the service keeps."""

import json
import time
from dataclasses import dataclass
from typing import Any

from research_tools.aws_failures import failure_of
from research_tools.database.read_only_sql import QueryRefused
from research_tools.database.rows import Rows

LONGEST_PAUSE_SECONDS = 2.0
ANSWER = "SELECT * FROM (\n{sql}\n) AS answer LIMIT {most}"
MOST_ROWS = 999
"""A page of results has 1,000 rows, of which the first holds the names of the columns."""


@dataclass(frozen=True, kw_only=True)
class Athena:
    """Where the query runs.

    Attributes:
        workgroup: its configuration says where results go and how much one query may scan.
        database: of the catalog.
        catalog: Default: the Glue data catalog.
        client: Athena's client. Default: one of the process's own Region.
    """

    workgroup: str
    database: str
    catalog: str = "AwsDataCatalog"
    client: Any = None

    def ask(self, sql: str, *, max_rows: int, max_bytes: int, seconds: float) -> Rows:  # noqa: ARG002 - as Postgres.ask
        """The answer to one statement; a query that takes longer is stopped.

        Raises:
            QueryRefused: the query failed, was over the scan limit, or took too long.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.client or _client()
        most = min(max_rows, MOST_ROWS) + 1
        try:
            started = client.start_query_execution(
                QueryString=ANSWER.format(sql=sql, most=most),
                QueryExecutionContext={"Database": self.database, "Catalog": self.catalog},
                WorkGroup=self.workgroup,
            )["QueryExecutionId"]
            _wait(client, started, seconds)
            found = client.get_query_results(QueryExecutionId=started, MaxResults=min(most + 1, MOST_ROWS + 1))
        except (ClientError, BotoCoreError) as error:
            raise QueryRefused(f"the query could not be run: {failure_of(error)}") from error
        return Rows(_lines(found["ResultSet"]))


def _wait(client: Any, query: str, seconds: float) -> None:
    began, pause = time.monotonic(), 0.1
    while True:
        status = client.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            return
        if status["State"] in ("FAILED", "CANCELLED"):
            raise QueryRefused(f"the query failed: {status.get('StateChangeReason', status['State'])}")
        if time.monotonic() - began > seconds:
            client.stop_query_execution(QueryExecutionId=query)
            raise QueryRefused(f"a query must end within {seconds:g} seconds")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _lines(results: dict[str, Any]) -> list[str]:
    names = [column["Name"] for column in results["ResultSetMetadata"]["ColumnInfo"]]
    rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in results["Rows"]]
    return [json.dumps(dict(zip(names, row, strict=False)), ensure_ascii=False) for row in rows[1:]]


def _client() -> Any:
    import boto3

    return boto3.client("athena")
