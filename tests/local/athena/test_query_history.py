from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.account.gateway import ServiceError
from local.account.state import AccountState
from local.athena.query_history import QueryHistory, batch_of, page_of


def execution(name: str, at: float, workgroup: str = "bovespa") -> dict[str, Any]:
    return {
        "QueryExecutionId": name,
        "WorkGroup": workgroup,
        "Status": {"SubmissionDateTime": at, "State": "SUCCEEDED"},
    }


def test_a_query_is_remembered_beyond_the_accounts_end(tmp_path: Path) -> None:
    state = AccountState(tmp_path / "state")
    QueryHistory(state).keep(execution("q1", 1.5))
    state.close()
    history = QueryHistory(AccountState(tmp_path / "state"))
    assert history.find("q1") == execution("q1", 1.5)
    assert history.find("q2") is None


def test_queries_are_their_workgroups(tmp_path: Path) -> None:
    history = QueryHistory(AccountState(tmp_path / "state"))
    for found in (execution("q1", 1.0), execution("q2", 2.0), execution("q3", 3.0, "primary")):
        history.keep(found)
    assert history.submitted("bovespa") == {"q1": 1.0, "q2": 2.0}


def test_ids_come_in_pages_of_fifty_at_most() -> None:
    ids = [f"q{number}" for number in range(120)]
    found, token = [], None
    while True:
        page = page_of(ids, {"MaxResults": 1000} | ({"NextToken": token} if token else {}))
        assert len(page["QueryExecutionIds"]) <= 50
        found += page["QueryExecutionIds"]
        if not (token := page.get("NextToken")):
            break
    assert found == ids


@pytest.mark.parametrize("count", [0, 51])
def test_a_batch_is_one_to_fifty(count: int) -> None:
    with pytest.raises(ServiceError, match="1 to 50"):
        batch_of({"QueryExecutionIds": ["q"] * count})
