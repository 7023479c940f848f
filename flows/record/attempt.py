"""One attempt of a flow at a session, and what became of it: one record for the ledger, the report, the site and the screen."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from expectations.contract.keys import ContractError
from expectations.contract.ledger import LEDGER_COLUMNS
from expectations.contract.names import REPORTS_PREFIX
from expectations.contract.outcomes import DONE, Outcome, Verdict
from flows.cost.prices import glue_cost
from flows.session.arrow import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.gates.gate import GateReport
    from flows.glue_run import GlueRun

DAILY, IMPORT, REPLAY, RECONCILE, VERIFY = "daily", "import", "replay", "reconcile", "verify"
REBUILD, PRICES = "rebuild", "prices"
WITHDRAW, ACKNOWLEDGE = "withdraw", "acknowledge"
UNKNOWN = "unknown"
"""The flow of an attempt whose row had to be written again."""

_MOST_TEXT = 4000  # characters


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, as far as it has come.

    Attributes:
        execution: id of the flow run; one for all of its sessions.
        index: index code; empty of a file that does not tell its index.
        started_at, ended_at: aware; whole milliseconds of them are kept.
        session: the trading day; None where the attempt ended before it was known.
        reason: why it did not do what it is for, in one line; empty where it did.
        fingerprint: `Portfolio.fingerprint` of the portfolio.
        raw, raw_version_id: S3 address of the raw file, and its version.
        rows: published rows.
        gates_passed: names of the gates that let the session pass.
        gate_refused: name of the gate that refused it.
        demands_refused: what that gate demanded and did not find, one line a demand.
        warnings: demands of the gates that were not met without being critical.
        run_id: the Glue run that made the rows.
        dpu_seconds, cost_usd: of the Glue run that this attempt waited for; of a run for many sessions, this one's part.
        collected_at: instant at which B3's answer counts as collected (aware); None where none was had.
        steps: seconds by step.
        report: S3 address of the run report.
        source: where the portfolio came from, as in `Portfolio`; empty where it was not read by this attempt.
        changes: shares that entered, left, were renamed, or have another quantity than in the session before.
        raw_bytes: size of the raw file.
        files: names of the files that the portfolio was read from.
        verdict: what prices say of what is published since; None where they were not asked.
        verification: how many weights follow from them, and which do not, in one line.
        level: closing level of the session before, in points, computed; None where it could not be.
        gates: the gates' reports; none of an attempt that was read back from the ledger.
    """

    execution: str
    flow: str
    index: str
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    session: date | None = None
    reason: str = ""
    fingerprint: str = ""
    raw: str = ""
    raw_version_id: str = ""
    rows: int = 0
    gates_passed: tuple[str, ...] = ()
    gate_refused: str = ""
    demands_refused: tuple[str, ...] = ()
    warnings: int = 0
    run_id: str = ""
    dpu_seconds: float | None = None
    cost_usd: float | None = None
    collected_at: datetime | None = None
    steps: Mapping[str, float] = field(default_factory=dict)
    report: str = ""
    source: str = ""
    changes: int = 0
    raw_bytes: int = 0
    files: tuple[str, ...] = ()
    verdict: Verdict | None = None
    verification: str = ""
    level: float | None = None
    gates: tuple[GateReport, ...] = field(default=(), compare=False, repr=False)

    @property
    def failed(self) -> bool:
        """Whether there is something to mend."""
        return self.outcome not in DONE

    @property
    def seconds(self) -> float:
        """From begin to end."""
        return round((self.ended_at - self.started_at).total_seconds(), 3)

    @property
    def headline(self) -> str:
        """The attempt in one line."""
        subject = f"{self.index} {self.session or '(session unknown)'}"
        if self.failed:
            return f"{subject}: {self.outcome}: {self.reason}"
        return f"{subject}: {self.outcome}, {self.rows} rows{f': {self.reason}' if self.reason else ''}"

    @property
    def links(self) -> dict[str, str]:
        """S3 addresses of what the attempt has left for people, by what they lead to."""
        if not self.report:
            return {}
        folder = self.report.rpartition("/")[0]
        checked = self.gates_passed or self.gate_refused
        docs = {"data docs": f"{folder}/data-docs/index.html"} if checked and self.flow == DAILY else {}
        site = self.report.partition(f"/{REPORTS_PREFIX}")[0] + f"/{REPORTS_PREFIX}index.html"
        return {"summary": self.report, **docs, "all sessions": site}

    def with_gates(self, reports: Sequence[GateReport]) -> Attempt:
        """This attempt with what the gates found."""
        refused = next((report for report in reports if not report.passed), None)
        return replace(
            self,
            gates=tuple(reports),
            gates_passed=tuple(report.gate for report in reports if report.passed),
            gate_refused=refused.gate if refused else "",
            demands_refused=tuple(outcome.line() for outcome in refused.refusals) if refused else (),
            warnings=sum(len(report.warnings) for report in reports),
        )

    def with_cost(self, run: GlueRun, region: str, sessions: int = 1) -> Attempt:
        """This attempt with its part of what a Glue run for so many sessions costs, once the run has ended."""
        if run.live:
            return self
        cost = float(glue_cost(run, region)) / sessions
        return replace(self, dpu_seconds=run.dpu_seconds / sessions, cost_usd=cost)

    def ended(self, outcome: Outcome, reason: str = "", **facts: Any) -> Attempt:  # noqa: ANN401 - any of the fields
        """This attempt at its end, now. What a gate refused is quarantined, whatever else was said of it."""
        last = replace(self, ended_at=datetime.now(UTC), reason=reason, **facts)
        return replace(
            last, outcome=Outcome.QUARANTINED if outcome is Outcome.FAILED and last.gate_refused else outcome
        )

    def to_dict(self) -> dict[str, Any]:
        """The attempt as JSON's types."""
        body: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name not in ("gates", "files")}
        body |= {"files": list(self.files)} if self.files else {}
        body |= {"failed": self.failed, "seconds": self.seconds, "links": self.links, "steps": dict(self.steps)}
        body["gates"] = [
            {"gate": gate.gate, "passed": gate.passed, "verdict": gate.verdict(), "warnings": len(gate.warnings)}
            for gate in self.gates
        ]
        plain: dict[str, Any] = json.loads(json.dumps(body, default=str))
        return plain

    def to_parquet(self) -> bytes:
        """The attempt as a Parquet file with one row of the ledger."""
        import pyarrow as pa  # noqa: PLC0415 - see `arrow_schema`
        import pyarrow.parquet as pq  # noqa: PLC0415

        row = {name: _plain(value) for name, value in self._row().items()}
        target = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([row], schema()), target)
        return target.getvalue()

    def _row(self) -> dict[str, object]:
        return {
            "execucao": self.execution,
            "fluxo": self.flow,
            "indice": self.index,
            "data_pregao": self.session,
            "inicio": self.started_at,
            "fim": self.ended_at,
            "estado": str(self.outcome),
            "motivo": self.reason or None,
            "impressao_digital": self.fingerprint or None,
            "versao_raw": self.raw_version_id or None,
            "linhas": self.rows,
            "portoes_aprovados": ",".join(self.gates_passed) or None,
            "portao_recusado": self.gate_refused or None,
            "expectativas_recusadas": _DEMANDS.join(self.demands_refused) or None,
            "execucao_glue": self.run_id or None,
            "duracao_segundos": self.seconds,
            "dpu_segundos": self.dpu_seconds,
            "custo_usd": self.cost_usd,
            "relatorio": self.report or None,
            "avisos": self.warnings,
            "etapas": json.dumps(dict(self.steps)) if self.steps else None,
            "coleta": self.collected_at,
            "origem": self.source or None,
            "verificacao": str(self.verdict) if self.verdict else None,
            "verificacao_detalhes": self.verification or None,
            "nivel_anterior": self.level,
        }


_DEMANDS = " | "


@cache
def schema() -> pa.Schema:
    """The ledger's columns."""
    return arrow_schema(LEDGER_COLUMNS)


def read_parquet(content: bytes) -> Attempt:
    """An attempt as the ledger keeps it; what the file lacks, because it is older than a column, is unknown.

    Raises:
        ContractError: the file is not one row of the ledger.
    """
    import pyarrow as pa  # noqa: PLC0415 - see `arrow_schema`
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        table = pq.ParquetFile(io.BytesIO(content)).read()
        (row,) = table.select([name for name in schema().names if name in table.column_names]).to_pylist()
        return Attempt(
            execution=row["execucao"],
            flow=row["fluxo"],
            index=row["indice"],
            started_at=row["inicio"],
            ended_at=row["fim"],
            outcome=Outcome(row["estado"]),
            session=row["data_pregao"],
            reason=row["motivo"] or "",
            fingerprint=row["impressao_digital"] or "",
            raw_version_id=row["versao_raw"] or "",
            rows=row["linhas"],
            gates_passed=tuple((row["portoes_aprovados"] or "").split(",")) if row["portoes_aprovados"] else (),
            gate_refused=row["portao_recusado"] or "",
            demands_refused=tuple(row["expectativas_recusadas"].split(_DEMANDS))
            if row["expectativas_recusadas"]
            else (),
            warnings=row.get("avisos") or 0,
            run_id=row["execucao_glue"] or "",
            dpu_seconds=row["dpu_segundos"],
            cost_usd=row["custo_usd"],
            collected_at=row.get("coleta"),
            steps=json.loads(row.get("etapas") or "{}"),
            report=row["relatorio"] or "",
            source=row.get("origem") or "",
            verdict=Verdict(row["verificacao"]) if row.get("verificacao") else None,
            verification=row.get("verificacao_detalhes") or "",
            level=row.get("nivel_anterior"),
        )
    except (pa.ArrowException, KeyError, OSError, TypeError, ValueError) as error:
        raise ContractError(f"ledger: not a row ({type(error).__name__}: {error})") from error


def _plain(value: object) -> object:
    """A value as the file holds it: texts bounded and writable, whatever B3 sent; instants as Athena shows them."""
    if isinstance(value, str):
        return str(value)[:_MOST_TEXT].encode(errors="replace").decode()
    if isinstance(value, datetime):
        whole = value.astimezone(UTC)
        return whole.replace(microsecond=whole.microsecond // 1000 * 1000)
    return value


@dataclass(frozen=True, slots=True)
class FlowRun:
    """The flow run to which attempts belong."""

    execution: str
    flow: str

    def begin(self, index: str, session: date | None = None, **facts: Any) -> Attempt:  # noqa: ANN401 - any of the fields
        """An attempt that begins now, and has failed until it is said to have ended otherwise."""
        now = datetime.now(UTC)
        return replace(Attempt(self.execution, self.flow, index, now, now, Outcome.FAILED, session), **facts)


class OpenAttempt:
    """An attempt while it is going on: what is known of it so far."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.over = False

    def note(self, **facts: Any) -> None:  # noqa: ANN401 - any of the fields
        """Take up what has become known."""
        self.attempt = replace(self.attempt, **facts)

    def end(self, outcome: Outcome, reason: str = "") -> None:
        """Say what became of it."""
        self.attempt, self.over = self.attempt.ended(outcome, reason), True

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the block as a step."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.note(steps={**self.attempt.steps, name: round(time.perf_counter() - began, 3)})
            if not self.over:
                self.note(ended_at=datetime.now(UTC))
