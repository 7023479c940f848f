"""The record of one Athena query, from its submission to its result."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.rights.privileges import Rights, caller

if TYPE_CHECKING:
    from local.athena.engine import Engine
    from local.athena.statements import StatementKind

_ENGINE_VERSION = "Athena engine version 3"


@dataclass
class Execution:
    """One query on its way, with the rights of whoever asked for it."""

    id: str
    text: str
    database: str
    workgroup: str
    output: str
    parameters: list[str]
    cutoff: int | None
    kind: StatementKind
    state: str = "QUEUED"
    reason: str | None = None
    submitted: float = field(default_factory=time.time)
    completed: float | None = None
    scanned_bytes: int = 0
    rows: int | None = None  # of the answer, once there is one
    engine: Engine | None = None
    has_ended: threading.Event = field(default_factory=threading.Event)
    rights: Rights = field(default_factory=caller)


def end(execution: Execution, state: str, reason: str | None = None) -> None:
    """The query has ended; what ends it first counts."""
    if execution.completed is None:
        execution.state, execution.reason, execution.completed = state, reason, time.time()


def stated(execution: Execution) -> dict[str, Any]:
    """The query as GetQueryExecution states it."""
    milliseconds = round(((execution.completed or time.time()) - execution.submitted) * 1000)
    status: dict[str, Any] = {"State": execution.state, "SubmissionDateTime": execution.submitted}
    if execution.completed:
        status["CompletionDateTime"] = execution.completed
    if execution.reason:
        status["StateChangeReason"] = execution.reason
    return {
        "QueryExecutionId": execution.id,
        "Query": execution.text,
        "StatementType": execution.kind.type,
        "ResultConfiguration": {"OutputLocation": execution.output},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
        "QueryExecutionContext": {"Database": execution.database, "Catalog": "awsdatacatalog"},
        "Status": status,
        "Statistics": {
            "EngineExecutionTimeInMillis": milliseconds,
            "DataScannedInBytes": execution.scanned_bytes,
            "TotalExecutionTimeInMillis": milliseconds,
            "QueryQueueTimeInMillis": 0,
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        },
        "WorkGroup": execution.workgroup,
        "EngineVersion": {
            "SelectedEngineVersion": _ENGINE_VERSION,
            "EffectiveEngineVersion": _ENGINE_VERSION,
        },
        "SubstatementType": execution.kind.word,
    }


def runtime_statistics(execution: dict[str, Any], rows: int) -> dict[str, Any]:
    """The query as GetQueryRuntimeStatistics states it.

    Args:
        execution: as GetQueryExecution states it.
        rows: how many it gave.
    """
    statistics = execution["Statistics"]
    times = (
        *("QueryQueueTimeInMillis", "ServicePreProcessingTimeInMillis", "QueryPlanningTimeInMillis"),
        *("EngineExecutionTimeInMillis", "ServiceProcessingTimeInMillis", "TotalExecutionTimeInMillis"),
    )
    scanned = statistics["DataScannedInBytes"]
    return {
        "QueryRuntimeStatistics": {
            "Timeline": {name: statistics[name] for name in times},
            "Rows": {"InputBytes": scanned, "OutputRows": rows},
        }
    }
