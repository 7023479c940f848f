"""Athena: the operations that start, show and stop queries, and hand out their results."""

from __future__ import annotations

import importlib
import logging
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.account.gateway import ServiceError
from local.athena.executions import Execution, end, runtime_statistics, stated
from local.athena.language.errors import AthenaQueryError
from local.athena.metadata import CatalogMetadata
from local.athena.query_history import batch_of, page_of
from local.athena.results import Results
from local.athena.rights import CallersCatalog
from local.athena.small_files import SmallFiles
from local.rights.api_calls import AccountPlace
from local.rights.iam import Call
from local.rights.privileges import caller
from local.rights.s3_calls import bucket_arn, object_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from local.account.gateway import Operation
    from local.athena.query_history import QueryHistory
    from local.glue.catalog import GlueCatalog
    from local.glue.partitions import Partitions
    from local.s3.mirror import Mirror

_LARGEST_PAGE = 1000
_DEFAULT_DATABASE = "default"
_INTERRUPTION_SECONDS = 0.05
_PLACE = AccountPlace()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ResultStorage:
    """Where results go: writes an object by URL, says whether a bucket exists, and a folder of the account's own for answers."""

    write: Callable[[str, bytes], None]
    has_bucket: Callable[[str], bool]
    answers: Path


class Queries:
    """The query operations of Athena; of an earlier account's queries only how they went is known, and their results in S3.

    Args:
        catalog: databases and tables.
        partitions: the registered partitions.
        mirror: the files.
        workgroup: a workgroup's configuration by name, None where there is no such workgroup.
        storage: where results go.
        place: of the account.
        history: remembers queries beyond the account's end.
    """

    def __init__(
        self,
        catalog: GlueCatalog,
        partitions: Partitions,
        mirror: Mirror,
        workgroup: Callable[[str], dict[str, Any] | None],
        storage: ResultStorage,
        place: AccountPlace = _PLACE,
        *,
        history: QueryHistory | None = None,
    ) -> None:
        self._answers = Results(storage.answers)
        self._catalog = catalog
        self._partitions = partitions
        self._mirror = mirror
        self._workgroup = workgroup
        self._storage = storage
        self._place = place
        self._history = history
        self._small_files = SmallFiles()
        self._executions: dict[str, Execution] = {}
        self._tokens: dict[str, tuple[str, dict[str, Any]]] = {}

    @staticmethod
    def get_ready() -> None:
        """Import what runs queries and reads many small files, half a second each, which the first query takes otherwise."""
        for name in ("local.athena.running", "local.athena.statements", "numpy", "pyarrow.dataset"):
            importlib.import_module(name)

    def operations(self) -> Mapping[str, Operation]:
        """The operations by X-Amz-Target."""
        offered = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._get,
            "BatchGetQueryExecution": self._batch_get,
            "GetQueryResults": self._results,
            "StopQueryExecution": self._stop,
            "ListQueryExecutions": self._list,
            "GetQueryRuntimeStatistics": self._runtime_statistics,
            **CatalogMetadata(self._catalog, self._partitions, self._place).operations(),
        }
        return {f"AmazonAthena.{name}": operation for name, operation in offered.items()}

    def workgroup_of(self, execution_id: str) -> str | None:
        """The workgroup of a query; None where there is no such query."""
        execution = self._executions.get(execution_id)
        return execution.workgroup if execution else None

    # --- operations ------------------------------------------------------------------------------------------------------

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        token = request.get("ClientRequestToken")
        if token in self._tokens:
            execution_id, asked = self._tokens[token]
            if asked != request:
                message = "Idempotent parameters do not match: the ClientRequestToken was used for another query"
                raise ServiceError("InvalidRequestException", message)
            return {"QueryExecutionId": execution_id}
        execution = self._accepted(request)
        self._executions[execution.id] = execution
        if token:
            self._tokens[token] = execution.id, request
        threading.Thread(target=self._run, args=(execution,), daemon=True).start()
        return {"QueryExecutionId": execution.id}

    def _accepted(self, request: dict[str, Any]) -> Execution:
        name = request.get("WorkGroup") or "primary"
        configuration = self._workgroup(name)
        if configuration is None:
            raise ServiceError("InvalidRequestException", f"WorkGroup {name} is not found.")
        own = (request.get("ResultConfiguration") or {}).get("OutputLocation")
        location = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        if not configuration.get("EnforceWorkGroupConfiguration"):
            location = own or location
        if not location:
            raise ServiceError(
                "InvalidRequestException",
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input.",
            )
        if not self._storage.has_bucket(location.split("/")[2]):
            raise ServiceError(
                "InvalidRequestException", f"Unable to verify/create output bucket {location.split('/')[2]}"
            )
        from local.athena.statements import kind_of  # noqa: PLC0415 - see `_run`

        execution_id = str(uuid.uuid4())
        text = request["QueryString"].strip().rstrip(";").strip()
        kind = kind_of(text)
        database = str((request.get("QueryExecutionContext") or {}).get("Database") or _DEFAULT_DATABASE)
        return Execution(
            id=execution_id,
            text=text,
            database=database.strip("`").lower(),
            workgroup=name,
            output=f"{location.rstrip('/')}/{execution_id}.{'csv' if kind.is_query else 'txt'}",
            parameters=request.get("ExecutionParameters") or [],
            cutoff=configuration.get("BytesScannedCutoffPerQuery"),
            kind=kind,
        )

    def _execution(self, request: dict[str, Any]) -> Execution:
        execution_id = request["QueryExecutionId"]
        if execution_id not in self._executions:
            raise ServiceError("InvalidRequestException", f"QueryExecution {execution_id} was not found")
        return self._executions[execution_id]

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"QueryExecution": self._known(request["QueryExecutionId"]) or stated(self._execution(request))}

    def _batch_get(self, request: dict[str, Any]) -> dict[str, Any]:
        found = {name: self._known(name) for name in batch_of(request)}
        unknown = [
            {"QueryExecutionId": name, "ErrorCode": "INVALID_QUERY_EXECUTION_ID", "ErrorMessage": "not found"}
            for name, execution in found.items()
            if execution is None
        ]
        known = [execution for execution in found.values() if execution]
        return {"QueryExecutions": known, "UnprocessedQueryExecutionIds": unknown}

    def _known(self, execution_id: str) -> dict[str, Any] | None:
        if execution_id in self._executions:
            return stated(self._executions[execution_id])
        return self._history.find(execution_id) if self._history else None

    def _stop(self, request: dict[str, Any]) -> dict[str, Any]:
        execution = self._execution(request)
        if execution.state in ("QUEUED", "RUNNING"):
            end(execution, "CANCELLED", "Query cancelled by user")
            threading.Thread(target=_interrupt, args=(execution,), daemon=True).start()
        return {}

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request.get("WorkGroup") or "primary"
        submitted = self._history.submitted(name) if self._history else {}
        own = {found.id: found.submitted for found in self._executions.values() if found.workgroup == name}
        times = {**submitted, **own}
        return page_of(sorted(times, key=lambda execution_id: times[execution_id], reverse=True), request)

    def _runtime_statistics(self, request: dict[str, Any]) -> dict[str, Any]:
        known = self._get(request)["QueryExecution"]
        execution = self._executions.get(request["QueryExecutionId"])
        return runtime_statistics(known, execution.rows or 0 if execution else 0)

    def _results(self, request: dict[str, Any]) -> dict[str, Any]:
        execution = self._execution(request)
        if execution.state in ("QUEUED", "RUNNING"):
            text = f"Query has not yet finished. Current state: {execution.state}"
            raise ServiceError("InvalidRequestException", text)
        if execution.rows is None:
            text = f"Query did not finish successfully. Final query state: {execution.state}"
            raise ServiceError("InvalidRequestException", text)
        caller().demand(Call("s3:GetObject", _arn(execution.output)))
        result = self._answers.of(execution.id)
        columns = result.columns
        header = [tuple(column["Name"] for column in columns)] if execution.kind.is_query else []
        rows = [*header, *result.rows]
        size = min(int(request.get("MaxResults") or _LARGEST_PAGE), _LARGEST_PAGE)
        offset = int(request.get("NextToken") or 0)
        listed = [{"Data": [_datum(value) for value in row]} for row in rows[offset : offset + size]]
        answer = {
            "UpdateCount": 0,
            "ResultSet": {"Rows": listed, "ResultSetMetadata": {"ColumnInfo": list(columns)}},
        }
        return answer | ({"NextToken": str(offset + size)} if len(rows) > offset + size else {})

    # --- running ---------------------------------------------------------------------------------------------------------

    def _run(self, execution: Execution) -> None:
        # An account that is not asked starts without it: see `get_ready`.
        from local.athena.running import ScanLimitError, answer_of  # noqa: PLC0415

        execution.state = "RUNNING" if execution.state == "QUEUED" else execution.state
        try:
            execution.rights.demand(Call("s3:GetBucketLocation", bucket_arn(execution.output.split("/")[2])))
            result, content = answer_of(execution, self._catalog_of(execution), self._mirror, self._small_files)
            execution.rights.demand(Call("s3:PutObject", _arn(execution.output)))
            self._storage.write(execution.output, content)
            self._answers.keep(execution.id, result)
        except ScanLimitError as error:
            end(execution, "CANCELLED", str(error))
        except AthenaQueryError as error:
            end(execution, "FAILED", str(error))
        except ServiceError as error:
            end(execution, "FAILED", f"{error.code}: {error.message}")
        else:
            execution.rows = len(result.rows)
            end(execution, "SUCCEEDED")
        finally:
            # Whatever else it dies of, and its thread with it: a query that never ends would be waited for.
            if execution.state in ("QUEUED", "RUNNING"):
                end(execution, "FAILED", "GENERIC_INTERNAL_ERROR: see the account's log")
            try:
                if self._history:
                    self._history.keep(stated(execution))
            finally:
                execution.has_ended.set()
        log.info("query %s %s %s", execution.id, execution.state, execution.reason or "")

    def _catalog_of(self, execution: Execution) -> CallersCatalog:
        return CallersCatalog(self._catalog, self._partitions, execution.rights, self._place)


def _arn(url: str) -> str:
    return object_arn(*url.removeprefix("s3://").split("/", 1))


def _interrupt(execution: Execution) -> None:
    # Again and again: DuckDB forgets an interruption that comes before the query has begun.
    while not execution.has_ended.wait(_INTERRUPTION_SECONDS):
        if execution.engine:
            execution.engine.interrupt()


def _datum(value: str | None) -> dict[str, str]:
    return {} if value is None else {"VarCharValue": value}
