"""One Athena query: waited for, read whole, explained when it fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from flows.errors import AwsError, QueryError
from flows.lake.athena import Athena, QueryResult

SUCCEEDED = {
    "Status": {"State": "SUCCEEDED"},
    "Statistics": {"DataScannedInBytes": 1234, "EngineExecutionTimeInMillis": 56},
    "ResultConfiguration": {"OutputLocation": "s3://results/q-1.csv"},
}


def state(name: str, reason: str | None = None) -> dict[str, Any]:
    return {"Status": {"State": name} | ({"StateChangeReason": reason} if reason else {})}


def page(*rows: Sequence[str | None], columns: Sequence[str] = ("tipo", "total")) -> dict[str, Any]:
    """A page of results as Athena writes one: nulls are cells without a value."""
    data = [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows]
    info = [{"Name": name, "Type": "varchar"} for name in columns]
    return {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": info}}}


@dataclass
class Service:
    """Answers as it is told to, the last answer again and again."""

    executions: list[dict[str, Any]] = field(default_factory=lambda: [SUCCEEDED])
    pages: list[dict[str, Any]] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    looked: list[tuple[int, str]] = field(default_factory=list)

    def start_query_execution(self, **query: Any) -> dict[str, str]:  # noqa: ANN401
        self.started.append(query)
        return {"QueryExecutionId": f"q-{len(self.started)}"}

    def get_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        self.looked.append((len(self.started), QueryExecutionId))
        return {"QueryExecution": self.executions[min(self.looks, len(self.executions)) - 1]}

    @property
    def looks(self) -> int:
        return len(self.looked)

    def stop_query_execution(self, *, QueryExecutionId: str) -> None:  # noqa: N803 - AWS's name
        self.stopped.append(QueryExecutionId)

    def get_paginator(self, name: str) -> Service:
        assert name == "get_query_results"
        return self

    def paginate(self, *, QueryExecutionId: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - AWS's name
        return iter(self.pages)


def run(service: Service, timeout: float = 5) -> QueryResult:
    return Athena(service, "bovespa", "default", timeout).query("SELECT 1")  # type: ignore[arg-type]


class TestAnswer:
    def test_has_columns_types_rows_and_what_it_cost(self) -> None:
        service = Service(pages=[page(("tipo", "total"), ("ON NM", "58"), ("PN", None))])
        assert run(service) == QueryResult(
            columns=("tipo", "total"),
            types=("varchar", "varchar"),
            rows=(("ON NM", "58"), ("PN", None)),
            scanned_bytes=1234,
            milliseconds=56,
            output="s3://results/q-1.csv",
        )

    def test_is_read_over_all_pages_and_loses_the_heading_of_the_first_only(self) -> None:
        service = Service(pages=[page(("tipo", "total"), ("ON", "1")), page(("PN", "2")), page(("UNT", "3"))])
        assert [row[0] for row in run(service).rows] == ["ON", "PN", "UNT"]

    def test_without_rows_is_empty_and_keeps_its_columns(self) -> None:
        result = run(Service(pages=[page(("tipo", "total"))]))
        assert (result.columns, result.rows) == (("tipo", "total"), ())

    def test_of_a_statement_without_heading_keeps_its_first_row(self) -> None:
        service = Service(pages=[page(("year=2025/month=6",), columns=("partition",))])
        assert run(service).rows == (("year=2025/month=6",),)

    def test_without_statistics_costs_nothing_that_is_known(self) -> None:
        result = run(Service(executions=[state("SUCCEEDED")], pages=[page(("tipo", "total"))]))
        assert (result.scanned_bytes, result.milliseconds, result.output) == (0, 0, "")


class TestRunning:
    def test_asks_in_the_workgroup_and_database(self) -> None:
        service = Service()
        run(service)
        assert service.started == [
            {"QueryString": "SELECT 1", "WorkGroup": "bovespa", "QueryExecutionContext": {"Database": "default"}}
        ]

    def test_waits_while_the_query_is_queued_or_running(self) -> None:
        service = Service(executions=[state("QUEUED"), state("RUNNING"), SUCCEEDED])
        run(service)
        assert service.looks == 3

    @pytest.mark.parametrize("ended", ["FAILED", "CANCELLED"])
    def test_tells_athena_s_own_reason_when_the_query_fails(self, ended: str) -> None:
        service = Service(executions=[state(ended, "SYNTAX_ERROR: line 1:8")])
        with pytest.raises(QueryError, match=f"Athena query {ended}: SYNTAX_ERROR: line 1:8"):
            run(service)

    def test_says_so_when_athena_gives_no_reason(self) -> None:
        with pytest.raises(QueryError, match="FAILED: no reason given"):
            run(Service(executions=[state("FAILED")]))

    def test_stops_a_query_that_takes_too_long(self) -> None:
        service = Service(executions=[state("RUNNING")])
        with pytest.raises(QueryError, match=r"q-1 has not ended within 0\.1 s and was stopped"):
            run(service, timeout=0.1)
        assert service.stopped == ["q-1"]

    @pytest.mark.parametrize(
        "error",
        [
            ClientError({"Error": {"Code": "InvalidRequestException", "Message": "no"}}, "StartQueryExecution"),
            EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
        ],
        ids=["refused", "not to be had"],
    )
    def test_is_an_error_of_aws_when_athena_cannot_be_asked(self, error: Exception) -> None:
        class Down(Service):
            def start_query_execution(self, **query: Any) -> dict[str, str]:  # noqa: ANN401
                raise error

        with pytest.raises(AwsError, match="querying Athena: "):
            run(Down())


def test_several_queries_are_all_begun_before_the_first_is_waited_for() -> None:
    service = Service(pages=[page(("tipo", "total"), ("ON", "1"))])
    found = Athena(service, "bovespa", "default", 5).query_each(["SELECT 1", "SELECT 2"])  # type: ignore[arg-type]
    assert [query["QueryString"] for query in service.started] == ["SELECT 1", "SELECT 2"]
    assert (service.looked, [result.rows for result in found]) == ([(2, "q-1"), (2, "q-2")], [(("ON", "1"),)] * 2)
