"""The record of one Athena query, from its submission to its result."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.rights.privileges import Rights, caller

if TYPE_CHECKING:
    from local.athena.engine import Engine, Result

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
    state: str = "QUEUED"
    reason: str | None = None
    submitted: float = field(default_factory=time.time)
    completed: float | None = None
    is_select: bool = True
    scanned_bytes: int = 0
    result: Result | None = None
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
        "StatementType": "DML" if execution.is_select else "DDL",
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
            "SelectedEngineVersion": "Athena engine version 3",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
        "SubstatementType": execution.text.split(maxsplit=1)[0].upper() if execution.text else "",
    }
