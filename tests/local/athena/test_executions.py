from __future__ import annotations

from typing import Any

import pytest

from local.athena.executions import Execution, end, runtime_statistics, stated
from local.athena.statements import kind_of


@pytest.fixture
def execution() -> Execution:
    return Execution("id", "SELECT 1", "default", "bovespa", "s3://results/id.csv", [], None, kind_of("SELECT 1"))


def status(execution: Execution) -> dict[str, Any]:
    found: dict[str, Any] = stated(execution)["Status"]
    return found


def test_a_new_query_is_queued_and_has_no_end(execution: Execution) -> None:
    assert status(execution)["State"] == "QUEUED"
    assert "CompletionDateTime" not in status(execution)
    assert "StateChangeReason" not in status(execution)


def test_an_ended_query_states_why_and_when(execution: Execution) -> None:
    end(execution, "FAILED", "SYNTAX_ERROR: x")

    assert (status(execution)["State"], status(execution)["StateChangeReason"]) == ("FAILED", "SYNTAX_ERROR: x")
    assert status(execution)["CompletionDateTime"] >= status(execution)["SubmissionDateTime"]


def test_what_ends_a_query_first_counts(execution: Execution) -> None:
    end(execution, "CANCELLED", "Query cancelled by user")
    end(execution, "SUCCEEDED")

    assert status(execution)["State"] == "CANCELLED"


def test_a_query_states_where_it_ran_and_what_it_was(execution: Execution) -> None:
    found = stated(execution)

    assert found["QueryExecutionContext"]["Database"] == "default"
    assert found["ResultConfiguration"]["OutputLocation"] == "s3://results/id.csv"
    assert (found["WorkGroup"], found["StatementType"], found["SubstatementType"]) == ("bovespa", "DML", "SELECT")
    assert found["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"


def test_an_execution_without_text_can_be_stated_too() -> None:
    assert stated(Execution("id", "", "default", "w", "o", [], None, kind_of("")))["SubstatementType"] == "SELECT"


def test_an_execution_states_its_times_and_its_rows(execution: Execution) -> None:
    execution.scanned_bytes = 7
    end(execution, "SUCCEEDED")

    found = runtime_statistics(stated(execution), 3)["QueryRuntimeStatistics"]

    assert found["Rows"] == {"InputBytes": 7, "OutputRows": 3}
    assert found["Timeline"]["TotalExecutionTimeInMillis"] >= found["Timeline"]["QueryQueueTimeInMillis"]
