from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from local.account.gateway import ServiceError
from local.athena.queries import Queries, ResultStorage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.conftest import Eventually, Shares


class Athena:
    """The operations, called as the gateway calls them, and the objects that they wrote."""

    def __init__(self, shares: Shares, eventually: Eventually, answers: Path) -> None:
        self.written: dict[str, bytes] = {}
        self.workgroups: dict[str, dict[str, Any]] = {
            "bovespa": {
                "EnforceWorkGroupConfiguration": True,
                "ResultConfiguration": {"OutputLocation": "s3://results/queries/"},
            },
            "primary": {"EnforceWorkGroupConfiguration": False, "ResultConfiguration": {}},
        }
        storage = ResultStorage(self.written.__setitem__, lambda bucket: bucket == "results", answers)
        self.queries = Queries(shares.catalog, shares.partitions, shares.mirror, self.workgroups.get, storage)
        self._operations = self.queries.operations()
        self._eventually = eventually

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return lambda **request: self._operations[f"AmazonAthena.{name}"](request)

    def start(self, text: str, **request: Any) -> str:  # noqa: ANN401
        given = {"WorkGroup": "bovespa", **request}
        execution_id: str = self.StartQueryExecution(QueryString=text, **given)["QueryExecutionId"]
        return execution_id

    def run(self, text: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401
        execution_id = self.start(text, **request)

        def ended() -> bool:
            execution = self.GetQueryExecution(QueryExecutionId=execution_id)["QueryExecution"]
            return execution["Status"]["State"] not in ("QUEUED", "RUNNING")

        self._eventually(ended)
        execution: dict[str, Any] = self.GetQueryExecution(QueryExecutionId=execution_id)["QueryExecution"]
        return execution

    def rows(self, execution: dict[str, Any], **request: Any) -> list[list[str | None]]:  # noqa: ANN401
        answer = self.GetQueryResults(QueryExecutionId=execution["QueryExecutionId"], **request)
        return [[datum.get("VarCharValue") for datum in row["Data"]] for row in answer["ResultSet"]["Rows"]]


def test_what_runs_queries_is_imported_once_it_is_to_get_ready() -> None:
    program = """
import sys
from local.athena.queries import Queries
names = {"duckdb", "pyarrow.dataset", "local.athena.analysis.planner"}
print(names & set(sys.modules))
Queries.get_ready()
print(names <= set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nTrue\n"


@pytest.fixture
def athena(shares: Shares, eventually: Eventually, tmp_path: Path) -> Athena:
    return Athena(shares, eventually, tmp_path / "answers")


def test_a_query_succeeds_with_a_header_and_its_rows(athena: Athena, shares: Shares) -> None:
    file = shares.add(30, "VALE3", name="vale", weight=0.5)

    execution = athena.run("SELECT name, quantity, weight FROM shares;")

    assert execution["Status"]["State"] == "SUCCEEDED"
    assert execution["Status"]["CompletionDateTime"] >= execution["Status"]["SubmissionDateTime"]
    assert execution["Statistics"]["DataScannedInBytes"] == file.stat().st_size
    assert athena.rows(execution) == [["name", "quantity", "weight"], ["vale", None, "0.5"]]


def test_a_result_states_its_columns_types(athena: Athena, shares: Shares) -> None:
    shares.add(30, "VALE3")

    execution = athena.run("SELECT name, quantity, weight, day FROM shares")

    answer = athena.GetQueryResults(QueryExecutionId=execution["QueryExecutionId"])
    info = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(column["Name"], column["Type"]) for column in info] == [
        ("name", "varchar"),
        ("quantity", "bigint"),
        ("weight", "double"),
        ("day", "integer"),
    ]


def test_the_result_lies_in_the_workgroups_location(athena: Athena) -> None:
    execution = athena.run("SELECT 1 AS one, cast(null AS varchar) AS nothing")

    output = execution["ResultConfiguration"]["OutputLocation"]
    assert output == f"s3://results/queries/{execution['QueryExecutionId']}.csv"
    assert athena.written[output] == b'"one","nothing"\n"1",\n'


def test_a_statements_result_is_text_without_a_header(athena: Athena) -> None:
    execution = athena.run("SHOW TABLES")

    assert execution["StatementType"] == "DDL"
    assert execution["ResultConfiguration"]["OutputLocation"].endswith(".txt")
    assert athena.rows(execution) == [["shares"]]


def test_results_are_handed_out_page_by_page_with_one_header(athena: Athena, shares: Shares) -> None:
    for day in range(1, 5):
        shares.add(day, "VALE3")
    execution = athena.run("SELECT day FROM shares ORDER BY day")

    first = athena.GetQueryResults(QueryExecutionId=execution["QueryExecutionId"], MaxResults=3)

    assert len(first["ResultSet"]["Rows"]) == 3
    assert athena.rows(execution, MaxResults=3) == [["day"], ["1"], ["2"]]
    assert athena.rows(execution, MaxResults=3, NextToken=first["NextToken"]) == [["3"], ["4"]]


def test_a_failed_query_says_why_and_has_no_result(athena: Athena) -> None:
    execution = athena.run("SELECT * FROM nothing")

    assert execution["Status"]["State"] == "FAILED"
    reason = "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.nothing' does not exist"
    assert execution["Status"]["StateChangeReason"] == reason
    with pytest.raises(ServiceError, match="Final query state: FAILED"):
        athena.rows(execution)


def test_a_statement_that_writes_is_a_failed_query(athena: Athena) -> None:
    execution = athena.run("DROP TABLE shares")

    assert execution["Status"]["State"] == "FAILED"
    assert "DROP is refused" in execution["Status"]["StateChangeReason"]
    assert athena.rows(athena.run("SHOW TABLES")) == [["shares"]]


def test_a_query_that_would_read_more_than_its_workgroup_allows_is_cut_off(athena: Athena, shares: Shares) -> None:
    shares.add(30, "VALE3")
    athena.workgroups["bovespa"]["BytesScannedCutoffPerQuery"] = 10

    execution = athena.run("SELECT * FROM shares")

    assert execution["Status"] | {"SubmissionDateTime": 0, "CompletionDateTime": 0} == {
        "State": "CANCELLED",
        "StateChangeReason": "Bytes scanned limit was exceeded",
        "SubmissionDateTime": 0,
        "CompletionDateTime": 0,
    }
    assert execution["Statistics"]["DataScannedInBytes"] > 10


def test_a_query_in_another_database_is_told_by_its_context(athena: Athena) -> None:
    execution = athena.run("SELECT * FROM shares", QueryExecutionContext={"Database": "b3"})

    assert execution["Status"]["StateChangeReason"] == "SCHEMA_NOT_FOUND: line 1:15: Schema 'b3' does not exist"


def test_parameters_are_filled_in(athena: Athena, shares: Shares) -> None:
    shares.add(29, "VALE3")
    shares.add(30, "VALE3")

    execution = athena.run("SELECT day FROM shares WHERE day = ?", ExecutionParameters=["30"])

    assert athena.rows(execution) == [["day"], ["30"]]


def test_a_workgroup_must_exist(athena: Athena) -> None:
    with pytest.raises(ServiceError, match="WorkGroup other is not found"):
        athena.start("SELECT 1", WorkGroup="other")


def test_without_a_place_for_the_result_nothing_runs(athena: Athena) -> None:
    with pytest.raises(ServiceError, match="No output location provided"):
        athena.start("SELECT 1", WorkGroup="primary")


def test_a_result_cannot_go_to_a_bucket_that_is_not_there(athena: Athena) -> None:
    with pytest.raises(ServiceError, match="Unable to verify/create output bucket elsewhere"):
        athena.start("SELECT 1", WorkGroup="primary", ResultConfiguration={"OutputLocation": "s3://elsewhere/"})


def test_a_workgroup_that_enforces_its_location_overrides_the_callers(athena: Athena) -> None:
    execution = athena.run("SELECT 1", ResultConfiguration={"OutputLocation": "s3://results/mine/"})

    assert execution["ResultConfiguration"]["OutputLocation"].startswith("s3://results/queries/")


def test_the_same_request_twice_is_one_query(athena: Athena) -> None:
    first = athena.start("SELECT 1", ClientRequestToken="t" * 32)

    assert athena.start("SELECT 1", ClientRequestToken="t" * 32) == first


def test_the_token_of_another_query_is_refused(athena: Athena) -> None:
    athena.start("SELECT 1", ClientRequestToken="t" * 32)

    with pytest.raises(ServiceError, match="InvalidRequestException: Idempotent parameters do not match"):
        athena.start("SELECT 2", ClientRequestToken="t" * 32)


def test_a_database_in_backquotes_is_that_database(athena: Athena, shares: Shares) -> None:
    shares.add(30, "VALE3")

    execution = athena.run("SELECT day FROM shares", QueryExecutionContext={"Database": "`default`"})

    assert athena.rows(execution) == [["day"], ["30"]]


def test_a_query_after_a_comment_is_a_query(athena: Athena) -> None:
    execution = athena.run("/* awswrangler */ -- first\nSELECT 1 AS one")

    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "SELECT")
    assert execution["ResultConfiguration"]["OutputLocation"].endswith(".csv")
    assert athena.rows(execution) == [["one"], ["1"]]


def test_a_query_states_its_rows_and_its_times(athena: Athena) -> None:
    execution = athena.run("VALUES 1, 2")

    found = athena.GetQueryRuntimeStatistics(QueryExecutionId=execution["QueryExecutionId"])

    assert found["QueryRuntimeStatistics"]["Rows"]["OutputRows"] == 2
    assert "EngineExecutionTimeInMillis" in found["QueryRuntimeStatistics"]["Timeline"]


def test_queries_are_listed_newest_first_by_workgroup(athena: Athena) -> None:
    first = athena.run("SELECT 1")["QueryExecutionId"]
    second = athena.run("SELECT 2")["QueryExecutionId"]

    assert athena.ListQueryExecutions(WorkGroup="bovespa") == {"QueryExecutionIds": [second, first]}
    assert athena.ListQueryExecutions() == {"QueryExecutionIds": []}


def test_many_queries_are_shown_at_once_and_unknown_ones_named(athena: Athena) -> None:
    known = athena.run("SELECT 1")["QueryExecutionId"]

    answer = athena.BatchGetQueryExecution(QueryExecutionIds=[known, "unknown"])

    assert [execution["QueryExecutionId"] for execution in answer["QueryExecutions"]] == [known]
    assert [one["QueryExecutionId"] for one in answer["UnprocessedQueryExecutionIds"]] == ["unknown"]


def test_an_unknown_query_is_not_found(athena: Athena) -> None:
    with pytest.raises(ServiceError, match="QueryExecution unknown was not found"):
        athena.GetQueryExecution(QueryExecutionId="unknown")


def test_a_stopped_query_is_cancelled(athena: Athena, eventually: Eventually) -> None:
    endless = (
        "SELECT count(*) FROM unnest(sequence(1, 9000)) a(x), unnest(sequence(1, 9000)) b(y), unnest(sequence(1, 9000)) c(z) "
        "WHERE x * y * z % 7 = 3"
    )
    execution_id = athena.start(endless)
    with pytest.raises(ServiceError, match="Query has not yet finished"):
        athena.GetQueryResults(QueryExecutionId=execution_id)

    athena.StopQueryExecution(QueryExecutionId=execution_id)

    execution = athena.GetQueryExecution(QueryExecutionId=execution_id)["QueryExecution"]
    assert execution["Status"]["State"] == "CANCELLED"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_query_whose_thread_dies_is_a_failed_one_not_an_endless_one(athena: Athena) -> None:
    def full(_: str, __: bytes) -> None:
        raise OSError("no space left on device")

    athena.queries._storage = ResultStorage(full, lambda _: True, athena.queries._storage.answers)
    execution = athena.run("SELECT 1")
    assert execution["Status"]["State"] == "FAILED"
    assert "GENERIC_INTERNAL_ERROR" in execution["Status"]["StateChangeReason"]


def test_an_answer_is_handed_out_however_many_came_after_it(athena: Athena, shares: Shares) -> None:
    shares.add(30, "VALE3", name="vale", weight=0.5)
    first = athena.run("SELECT name, quantity, '' AS blank FROM shares")
    later = [athena.run(f"SELECT {number} AS number") for number in range(12)]

    assert athena.rows(first)[1:] == [["vale", None, ""]]
    assert [athena.rows(item)[1:] for item in later] == [[[str(number)]] for number in range(12)]


def test_few_answers_are_in_memory(athena: Athena) -> None:
    for number in range(12):
        athena.run(f"SELECT {number} AS number")

    assert len(athena.queries._answers._held) < 6
