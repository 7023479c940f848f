"""Athena: one query, its rows and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from flows.errors import QueryError
from flows.lake.calls import aws_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

_FIRST_PAUSE = 0.05  # seconds
_LONGEST_PAUSE = 2.0  # seconds
_GROWTH = 1.25  # of the pauses: what has ended is waited for by a quarter as long again at most


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to a query.

    Attributes:
        columns: names of the columns.
        types: Athena's types of the columns, such as `varchar` or `double`.
        rows: values as Athena writes them; None for null.
        scanned_bytes: what Athena bills.
        milliseconds: Athena's own execution time.
        output: S3 address of the result file.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    scanned_bytes: int
    milliseconds: int
    output: str


@dataclass(frozen=True, slots=True)
class Athena:
    """Athena in one account.

    Attributes:
        timeout: longest wait for a query, in seconds.
    """

    client: AthenaClient
    workgroup: str
    database: str
    timeout: float

    def query(self, sql: str) -> QueryResult:
        """Run one query and read all of its rows.

        Args:
            sql: a statement that Athena runs, without parameters.

        Raises:
            QueryError: Athena failed or cancelled the query, or it took too long; the message is Athena's reason.
            AwsError: Athena could not be asked.
        """
        return self.answer(self.start(sql))

    def query_each(self, statements: Iterable[str]) -> tuple[QueryResult, ...]:
        """The answers to several queries, in their order, which Athena runs side by side.

        Raises:
            QueryError, AwsError: as of `query`, of the first that fails.
        """
        return tuple([self.answer(query_id) for query_id in [self.start(sql) for sql in statements]])

    def start(self, sql: str) -> str:
        """Begin a query, and do not wait for it.

        Returns:
            The query's id.

        Raises:
            AwsError: Athena could not be asked, or does not take such a query.
        """
        with aws_errors("querying Athena"):
            return self.client.start_query_execution(
                QueryString=sql, WorkGroup=self.workgroup, QueryExecutionContext={"Database": self.database}
            )["QueryExecutionId"]

    def answer(self, query_id: str) -> QueryResult:
        """The answer to a query that was begun; waits for its end.

        Raises:
            QueryError, AwsError: as of `query`.
        """
        with aws_errors("querying Athena"):
            execution = _wait(self.client, query_id, self.timeout)
            state = execution["Status"]["State"]
            if state != "SUCCEEDED":
                reason = execution["Status"].get("StateChangeReason", "no reason given")
                raise QueryError(f"Athena query {state}: {reason}")
            return _result(self.client, query_id, execution)


def _wait(athena: AthenaClient, query_id: str, timeout: float) -> QueryExecutionTypeDef:
    retries = Retrying(
        retry=retry_if_result(lambda found: found["Status"]["State"] in {"QUEUED", "RUNNING"}),
        wait=wait_exponential(multiplier=_FIRST_PAUSE, exp_base=_GROWTH, max=_LONGEST_PAUSE),
        stop=stop_after_delay(timeout),
    )
    try:
        execution: QueryExecutionTypeDef = retries(
            lambda: athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        )
    except RetryError as error:
        athena.stop_query_execution(QueryExecutionId=query_id)
        raise QueryError(f"Athena query {query_id} has not ended within {timeout:g} s and was stopped") from error
    return execution


def _result(athena: AthenaClient, query_id: str, execution: QueryExecutionTypeDef) -> QueryResult:
    rows: list[tuple[str | None, ...]] = []
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id):
        result = page["ResultSet"]
        info = result.get("ResultSetMetadata", {}).get("ColumnInfo", [])
        columns = columns or tuple(column["Name"] for column in info)
        types = types or tuple(column["Type"] for column in info)
        rows.extend(tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in result["Rows"])
    # Athena repeats a query's column names as its first row; DDL answers have none.
    if rows and rows[0] == columns:
        rows = rows[1:]
    statistics = execution.get("Statistics", {})
    return QueryResult(
        columns=columns,
        types=types,
        rows=tuple(rows),
        scanned_bytes=statistics.get("DataScannedInBytes", 0),
        milliseconds=statistics.get("EngineExecutionTimeInMillis", 0),
        output=execution.get("ResultConfiguration", {}).get("OutputLocation", ""),
    )
