"""What the site knows of an index: every run in short and every published session's figures, in one file of the bucket.

With it a run adds itself without reading what all others left. It holds nothing of its own: `bovespa report` makes it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from expectations.contract.keys import ContractError, check_index
from expectations.contract.names import REPORTS_PREFIX
from flows.b3.calendar import SAO_PAULO
from flows.record.reports import ALREADY_PUBLISHED, STALE, Summary, reports_prefix
from flows.site.figures import Figures


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate said in a run."""

    gate: str
    passed: bool
    warnings: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the daily flow in short.

    Attributes:
        folder: of its reports, below `reports/`; ends with a slash.
        recorded_at: instant at which its answer was recorded; None of a run that asked B3 itself.
        session: None where B3's header was not read.
        outcome, error, note, rows, run_id: as in `Summary`.
        seconds: per step.
    """

    folder: str
    started_at: datetime
    recorded_at: datetime | None
    session: date | None
    outcome: str
    error: str
    note: str
    rows: int
    run_id: str
    seconds: Mapping[str, float]
    gates: tuple[Verdict, ...]

    @property
    def day(self) -> date:
        """The day in São Paulo for which it counts."""
        return (self.recorded_at or self.started_at).astimezone(SAO_PAULO).date()

    @property
    def brought(self) -> date | None:
        """The session that it took up; None where it was shown none, or only an older one that was not wanted."""
        return None if self.outcome == STALE and not self.rows else self.session

    @property
    def duration(self) -> float:
        """Seconds of all steps."""
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class Chronicle:
    """All runs of an index, the oldest first, and the figures of its published sessions."""

    index: str
    runs: tuple[Run, ...] = ()
    figures: Mapping[date, Figures] = field(default_factory=dict)

    def adding(self, found: Iterable[tuple[Run, Figures | None]]) -> Chronicle:
        """This chronicle with further runs, or the same again, and their sessions' figures where they published one.

        Of the runs that found a session published, which are many and say nothing else, the last one is kept.
        """
        runs, figures = {run.folder: run for run in self.runs}, dict(self.figures)
        for run, of_session in found:
            runs[run.folder] = run
            if of_session and run.session:
                figures[run.session] = of_session
        ordered = sorted(runs.values(), key=lambda run: run.started_at)
        last = {run.session: run.folder for run in ordered if run.outcome == ALREADY_PUBLISHED}
        kept = (run for run in ordered if run.outcome != ALREADY_PUBLISHED or last[run.session] == run.folder)
        return replace(self, runs=tuple(kept), figures=figures)

    def to_json(self) -> str:
        """The chronicle as JSON text, one line a run."""
        runs = ",\n".join(json.dumps(_run_body(run), ensure_ascii=False) for run in self.runs)
        figures = {day.isoformat(): item.to_dict() for day, item in sorted(self.figures.items())}
        return f'{{"index": {json.dumps(self.index)}, "figures": {json.dumps(figures)}, "runs": [\n{runs}\n]}}\n'


def chronicle_key(index: str) -> str:
    """The key of an index's chronicle."""
    return f"{REPORTS_PREFIX}{check_index(index).lower()}/runs.json"


def read_chronicle(index: str, text: bytes) -> Chronicle:
    """The chronicle that a file holds.

    Raises:
        ContractError: it is not one.
    """
    try:
        body = json.loads(text)
        runs = tuple(_run(item["folder"], item) for item in body["runs"])
        figures = {date.fromisoformat(day): Figures(**item) for day, item in body["figures"].items()}
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ContractError(f"{chronicle_key(index)}: not a chronicle of runs ({error!r})") from error
    return Chronicle(index, runs, figures)


def run_of(summary: Summary) -> Run:
    """A run of this process in short."""
    return run_of_summary(reports_prefix(summary), summary.to_dict())[0]


def run_of_summary(prefix: str, body: Mapping[str, Any]) -> tuple[Run, Figures | None]:
    """A run in short, of its `summary.json`, with its session's figures where it published one.

    Args:
        prefix: key prefix of the run's reports.

    Raises:
        ContractError: it is not a summary.
    """
    folder = prefix.removeprefix(REPORTS_PREFIX)
    try:
        return _run(folder, body), Figures(**body["figures"]) if body.get("figures") else None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ContractError(f"{prefix}summary.json: not a summary of a run ({error!r})") from error


def _run(folder: str, body: Mapping[str, Any]) -> Run:
    return Run(
        folder=str(folder),
        started_at=datetime.fromisoformat(body["started_at"]),
        recorded_at=datetime.fromisoformat(body["recorded_at"]) if body.get("recorded_at") else None,
        session=date.fromisoformat(body["session"]) if body["session"] else None,
        outcome=str(body["outcome"]),
        error=str(body["error"]),
        note=str(body.get("note", "")),
        rows=int(body["rows"]),
        run_id=str(body["run_id"]),
        seconds={str(step): float(value) for step, value in body["seconds"].items()},
        gates=tuple(
            Verdict(str(gate["gate"]), gate["passed"] is True, int(gate["warnings"])) for gate in body["gates"]
        ),
    )


def _run_body(run: Run) -> dict[str, Any]:
    return {
        "folder": run.folder,
        "started_at": run.started_at.isoformat(),
        "recorded_at": run.recorded_at.isoformat() if run.recorded_at else None,
        "session": run.session.isoformat() if run.session else None,
        "outcome": run.outcome,
        "error": run.error,
        "note": run.note,
        "rows": run.rows,
        "run_id": run.run_id,
        "seconds": dict(run.seconds),
        "gates": [{"gate": item.gate, "passed": item.passed, "warnings": item.warnings} for item in run.gates],
    }
