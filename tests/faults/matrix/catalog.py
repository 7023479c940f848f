"""The boundaries to the Data Catalog and to Athena, on a first publication and on a correction."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from matrix import protections as kept_by
from matrix.case import Case, Ends, Fault, Stage, at_aws
from matrix.wire import changes, loses_the_answer, refuses, resets, takes_half, to

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from matrix.bench import Bench
    from matrix.proxy import Exchange

CATALOG = "catalog"
ATHENA = "Athena"

_CREATE = to("BatchCreatePartition")
_UPDATE = to("BatchUpdatePartition")
_DELETE = to("BatchDeletePartition")
_half_created = takes_half("PartitionInputList", lambda item: {"PartitionValues": item["Values"]})
_half_updated = takes_half("Entries", lambda item: {"PartitionValueList": item["PartitionValueList"]})
_half_deleted = takes_half("PartitionsToDelete", lambda item: {"PartitionValues": item["Values"]})
_THROTTLED = refuses("ThrottlingException")


def _first_publication() -> list[Case]:
    publish = partial(Case, CATALOG, stage=Stage.PUBLISH)
    recovers = partial(publish, ends=Ends.RECOVERS, protection=kept_by.AWS_RETRIES)
    fails = partial(publish, ends=Ends.FAILS)
    return [
        recovers(fault="GetPartitions throttled", arm=at_aws(Fault(to("GetPartitions"), _THROTTLED))),
        recovers(fault="BatchCreatePartition throttled", arm=at_aws(Fault(_CREATE, _THROTTLED)), quick=True),
        recovers(fault="BatchUpdatePartition throttled", arm=at_aws(Fault(_UPDATE, _THROTTLED))),
        recovers(
            fault="BatchUpdatePartition took place, its answer is lost", arm=at_aws(Fault(_UPDATE, loses_the_answer))
        ),
        recovers(
            fault="500 to BatchCreatePartition", arm=at_aws(Fault(_CREATE, refuses("InternalServiceException", 500)))
        ),
        fails(
            fault="BatchCreatePartition throttled, lasting",
            protection=kept_by.RECORD_LAST,
            says="creating partitions",
            arm=at_aws(Fault(_CREATE, _THROTTLED, None)),
        ),
        fails(
            fault="BatchCreatePartition took place, its answer is lost",
            protection=kept_by.FROM_WHAT_IS_THERE,
            says="creating partitions",
            arm=at_aws(Fault(_CREATE, loses_the_answer)),
        ),
        fails(
            fault="half of BatchCreatePartition fails",
            protection=kept_by.CREATE_HIDDEN,
            says="creating partitions",
            arm=at_aws(Fault(_CREATE, _half_created)),
            by_ticker=True,
            quick=True,
        ),
        fails(
            fault="half of the BatchUpdatePartition that shows fails",
            protection=kept_by.WHOLE_BATCHES,
            says="updating partitions",
            arm=at_aws(Fault(_UPDATE, _half_updated)),
            by_ticker=True,
            quick=True,
        ),
        fails(
            fault="the BatchUpdatePartition that shows throttled, lasting",
            protection=kept_by.FROM_WHAT_IS_THERE,
            says="updating partitions",
            arm=at_aws(Fault(_UPDATE, _THROTTLED, None)),
        ),
    ]


def _corrections() -> list[Case]:
    """Of a correction that renames one share and joins two others: one partition comes, two go."""
    correct = partial(Case, CATALOG, stage=Stage.CORRECT, by_ticker=True)
    return [
        correct(
            fault="half of the BatchUpdatePartition that hides fails (correction)",
            protection=kept_by.WHOLE_BATCHES,
            ends=Ends.FAILS,
            says="updating partitions",
            arm=at_aws(Fault(_UPDATE, _half_updated)),
        ),
        correct(
            fault="half of BatchDeletePartition fails (correction)",
            protection=kept_by.STRAY_PARTITIONS,
            ends=Ends.FAILS,
            says="deleting partitions",
            arm=at_aws(Fault(_DELETE, _half_deleted)),
        ),
        correct(
            fault="BatchDeletePartition took place, its answer is lost (correction)",
            protection=kept_by.GONE_ALREADY,
            ends=Ends.RECOVERS,
            arm=at_aws(Fault(_DELETE, loses_the_answer)),
        ),
        correct(
            fault="half of the BatchUpdatePartition that shows fails (correction)",
            protection=kept_by.WHOLE_BATCHES,
            ends=Ends.FAILS,
            says="updating partitions",
            arm=at_aws(Fault(_UPDATE, _half_updated, after=1)),
        ),
    ]


def _failed(answer: dict[str, Any]) -> dict[str, Any]:
    status = {**answer["QueryExecution"]["Status"], "State": "FAILED", "StateChangeReason": "injected"}
    return {"QueryExecution": {**answer["QueryExecution"], "Status": status}}


@dataclass
class _Slow:
    """A query that is RUNNING for so many seconds, counted from the first look at it."""

    seconds: float
    began: float = field(default=0.0)

    def __call__(self, exchange: Exchange) -> None:
        self.began = self.began or time.monotonic()
        running = time.monotonic() - self.began < self.seconds
        changes(self._running if running else lambda answer: answer)(exchange)

    def _running(self, answer: dict[str, Any]) -> dict[str, Any]:
        status = {**answer["QueryExecution"]["Status"], "State": "RUNNING"}
        return {"QueryExecution": {**answer["QueryExecution"], "Status": status}}


def _slow_query(bench: Bench) -> AbstractContextManager[object]:
    return at_aws(Fault(to("GetQueryExecution"), _Slow(3), None))(bench)


def _other_cell(answer: dict[str, Any]) -> dict[str, Any]:
    answer["ResultSet"]["Rows"][-1]["Data"][1]["VarCharValue"] = "ANOTHER"
    return answer


def _row_less(answer: dict[str, Any]) -> dict[str, Any]:
    answer["ResultSet"]["Rows"].pop()
    return answer


def _athena() -> list[Case]:
    recovers = partial(Case, ATHENA, stage=Stage.PUBLISH, ends=Ends.RECOVERS, protection=kept_by.AWS_RETRIES)
    fails = partial(Case, ATHENA, stage=Stage.PUBLISH, ends=Ends.FAILS, protection=kept_by.CONFIRM)
    start, look, results = to("StartQueryExecution"), to("GetQueryExecution"), to("GetQueryResults")
    return [
        recovers(fault="StartQueryExecution throttled", arm=at_aws(Fault(start, refuses("TooManyRequestsException")))),
        recovers(fault="connection reset by GetQueryResults", arm=at_aws(Fault(results, resets))),
        fails(
            fault="the query FAILED",
            protection=kept_by.QUERY_STATE,
            says="Athena query FAILED: injected",
            arm=at_aws(Fault(look, changes(_failed), None)),
            quick=True,
        ),
        fails(
            fault="the query does not end",
            protection=kept_by.QUERY_LIMIT,
            says="has not ended within 1 s and was stopped",
            arm=_slow_query,
            limits={"query_timeout": "1"},
        ),
        fails(
            fault="a cell is another than was audited",
            says="are strange",
            arm=at_aws(Fault(results, changes(_other_cell))),
        ),
        fails(fault="a row is missing", says="are missing", arm=at_aws(Fault(results, changes(_row_less)))),
    ]


CASES = [*_first_publication(), *_corrections(), *_athena()]
