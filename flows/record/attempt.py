"""The ledger's rows: what one attempt of a flow at a session did, as a record and as a Parquet file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract.keys import ContractError
from expectations.contract.ledger import LEDGER_COLUMNS, AttemptState
from flows.record.reports import FAILED
from flows.session.arrow import arrow_schema

if TYPE_CHECKING:
    from expectations.gates.gate import GateReport
    from flows.backfill.batch import Result
    from flows.record.reports import Summary
    from flows.session.etl import GlueRun

DAILY, IMPORT, REPLAY, RECONCILE = "daily", "import", "replay", "reconcile"

SCHEMA = arrow_schema(LEDGER_COLUMNS)

_MOST_TEXT = 4000  # characters


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt; its fields are the ledger's columns, in order, where each is described.

    Attributes:
        execution: id of the flow run.
        started_at, ended_at: aware; whole milliseconds of them are kept.
    """

    execution: str
    flow: str
    index: str
    session: date | None
    started_at: datetime
    ended_at: datetime
    state: AttemptState
    reason: str | None = None
    fingerprint: str | None = None
    raw_version_id: str | None = None
    rows: int = 0
    gates_passed: str | None = None
    gate_refused: str | None = None
    demands_refused: str | None = None
    glue_run_id: str | None = None
    seconds: float = 0.0
    dpu_seconds: float | None = None
    cost_usd: float | None = None
    report: str | None = None

    def to_parquet(self) -> bytes:
        """The row as a Parquet file of its own."""
        values = {name: _plain(value) for name, value in zip(SCHEMA.names, astuple(self), strict=True)}
        target = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([values], SCHEMA), target)
        return target.getvalue()

    @classmethod
    def from_parquet(cls, content: bytes) -> Attempt:
        """Read a row back.

        Raises:
            ContractError: the file is not one row of the ledger.
        """
        try:
            (row,) = pq.read_table(io.BytesIO(content), columns=SCHEMA.names).to_pylist()
            values = dict(zip((field.name for field in fields(cls)), row.values(), strict=True))
            return cls(**values | {"state": AttemptState(row["estado"])})
        except (pa.ArrowException, OSError, TypeError, ValueError) as error:
            raise ContractError(f"ledger: not a row ({type(error).__name__}: {error})") from error


@dataclass(frozen=True, slots=True)
class Book:
    """What all rows of one flow run have in common.

    Attributes:
        execution: id of the flow run.
        region: AWS region, which sets the price of a DPU-hour.
    """

    execution: str
    flow: str
    region: str

    def of_summary(self, summary: Summary, ended_at: datetime) -> Attempt:
        """The row of a daily run."""
        state = _state(summary.outcome, summary.gates)
        reason = summary.reason or ("it broke off; the log says where" if summary.outcome == FAILED else None)
        attempt = replace(
            self._begun(summary.index, summary.session, state, summary.started_at, ended_at),
            reason=reason,
            fingerprint=summary.fingerprint or None,
            raw_version_id=summary.raw_version_id or None,
            rows=summary.rows,
            glue_run_id=summary.run_id or None,
            report=summary.links.get("summary"),
        )
        return self._with_cost(_with_gates(attempt, summary.gates), summary.run, 1)

    def of_result(self, result: Result, ended_at: datetime) -> Attempt:
        """The row of one session of a batch."""
        way = result.way
        attempt = replace(
            self._begun(result.index, result.session, _state(result.outcome, way.gates), way.started_at, ended_at),
            reason=result.reason or None,
            fingerprint=way.version.fingerprint if way.version else None,
            raw_version_id=way.version.version_id if way.version else None,
            rows=result.rows,
            glue_run_id=result.run_id or None,
        )
        return self._with_cost(_with_gates(attempt, way.gates), way.run, way.sessions)

    def of_refusal(self, report: GateReport, fingerprint: str, started_at: datetime, ended_at: datetime) -> Attempt:
        """The row of a session that gate 1 refused before anything else was done."""
        attempt = self._begun(report.index, report.session, AttemptState.QUARANTINED, started_at, ended_at)
        return _with_gates(replace(attempt, reason=report.verdict(), fingerprint=fingerprint), [report])

    def _begun(
        self, index: str, session: date | None, state: AttemptState, started_at: datetime, ended_at: datetime
    ) -> Attempt:
        seconds = round((ended_at - started_at).total_seconds(), 3)
        return Attempt(self.execution, self.flow, index, session, started_at, ended_at, state, seconds=seconds)

    def _with_cost(self, attempt: Attempt, run: GlueRun | None, sessions: int) -> Attempt:
        if run is None or run.dpu_seconds is None:
            return attempt
        cost = run.cost(self.region)
        return replace(
            attempt,
            dpu_seconds=run.dpu_seconds / sessions,
            cost_usd=None if cost is None else float(cost) / sessions,
        )


def _with_gates(attempt: Attempt, gates: Sequence[GateReport]) -> Attempt:
    refused = next((gate for gate in gates if not gate.passed), None)
    return replace(
        attempt,
        gates_passed=",".join(gate.gate for gate in gates if gate.passed) or None,
        gate_refused=refused.gate if refused else None,
        demands_refused=" | ".join(outcome.line() for outcome in refused.refusals) if refused else None,
    )


def _state(outcome: str, gates: Sequence[GateReport]) -> AttemptState:
    return AttemptState(outcome) if all(gate.passed for gate in gates) else AttemptState.QUARANTINED


def _plain(value: object) -> object:
    """A value as the file holds it: texts bounded and writable, whatever B3 sent; instants as Athena shows them."""
    if isinstance(value, str):
        return str(value)[:_MOST_TEXT].encode(errors="replace").decode()
    if isinstance(value, datetime):
        whole = value.astimezone(UTC)
        return whole.replace(microsecond=whole.microsecond // 1000 * 1000)
    return value
