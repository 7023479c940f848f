"""An attempt as Markdown: Prefect's artifact, and the summary beside the run's pages."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from flows.record.markdown import NOT_MET, escaped, markdown_table

if TYPE_CHECKING:
    from expectations.gates.gate import Demand, GateReport
    from flows.record.attempt import Attempt


def attempt_markdown(attempt: Attempt) -> str:
    """An attempt as Markdown that reads well without network."""
    lines = [f"# {escaped(attempt.headline)}", ""]
    facts = [
        ("Session", str(attempt.session or "unknown")),
        ("Rows", str(attempt.rows)),
        ("Raw file", attempt.raw or "none"),
        ("Glue run", attempt.run_id or "none"),
        ("Started", f"{attempt.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"),
        *([("Prices", f"{attempt.verdict}: {attempt.verification}")] if attempt.verdict else []),
        *([("Note", attempt.reason)] if attempt.reason and not attempt.failed else []),
    ]
    lines += markdown_table(("What", "Value"), facts)
    for gate in attempt.gates:
        lines += _gate(gate)
    if attempt.steps:
        lines += ["", "## Timings", ""]
        lines += markdown_table(("Step", "Seconds"), [(step, f"{value:.2f}") for step, value in attempt.steps.items()])
    if attempt.links:
        lines += ["", "## Links", "", *(f"- {name}: `{address}`" for name, address in attempt.links.items())]
    return "\n".join(lines) + "\n"


def _gate(gate: GateReport) -> list[str]:
    heading = ("Demand", "Severity", "Result", "Observed")
    verdict = "passed" if gate.passed else "refused"
    return ["", f"## {gate.gate}: {verdict}", "", *markdown_table(heading, [_cells(item) for item in gate.outcomes])]


def _cells(demand: Demand) -> tuple[str, ...]:
    observed = f"{demand.observed}{': ' if demand.rows else ''}{'; '.join(demand.rows)}"
    return demand.demand, demand.severity, "met" if demand.success else NOT_MET, observed
