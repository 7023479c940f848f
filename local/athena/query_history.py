"""How Athena's queries went, remembered beyond the account's end; their rows lie in S3."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.account.gateway import ServiceError

if TYPE_CHECKING:
    from local.account.state import AccountState

LARGEST_PAGE = 50
"""Of ListQueryExecutions, and the most that BatchGetQueryExecution takes."""


class QueryHistory:
    """The queries that have ended.

    Args:
        state: where they are kept.
    """

    def __init__(self, state: AccountState) -> None:
        self._state = state

    def keep(self, execution: dict[str, Any]) -> None:
        """Keep a query that has ended, as GetQueryExecution states it."""
        row = (
            execution["QueryExecutionId"],
            execution["WorkGroup"],
            execution["Status"]["SubmissionDateTime"],
            json.dumps(execution),
        )
        with self._state.transaction() as transaction:
            transaction.execute("INSERT OR REPLACE INTO query_executions VALUES (?, ?, ?, ?)", row)

    def find(self, execution_id: str) -> dict[str, Any] | None:
        """One query."""
        rows = self._state.rows("SELECT body FROM query_executions WHERE id = ?", (execution_id,))
        return json.loads(rows[0][0]) if rows else None

    def submitted(self, workgroup: str) -> dict[str, float]:
        """The workgroup's queries by their ids, each with the instant at which it was submitted."""
        query = "SELECT id, submitted FROM query_executions WHERE workgroup = ?"
        return dict(self._state.rows(query, (workgroup,)))


def page_of(ids: list[str], request: dict[str, Any]) -> dict[str, Any]:
    """A page of ids, as ListQueryExecutions answers."""
    size = min(int(request.get("MaxResults") or LARGEST_PAGE), LARGEST_PAGE)
    offset = int(request.get("NextToken") or 0)
    answer: dict[str, Any] = {"QueryExecutionIds": ids[offset : offset + size]}
    return answer | ({"NextToken": str(offset + size)} if len(ids) > offset + size else {})


def batch_of(request: dict[str, Any]) -> list[str]:
    """The ids that BatchGetQueryExecution is asked for.

    Raises:
        ServiceError: they are too many.
    """
    ids: list[str] = request["QueryExecutionIds"]
    if not 1 <= len(ids) <= LARGEST_PAGE:
        raise ServiceError("InvalidRequestException", f"QueryExecutionIds must have 1 to {LARGEST_PAGE} items")
    return ids
