"""A gate: suites run over frames, a report of what was found, and a refusal that names rows.

A gate fails closed. Great Expectations calls an empty suite a success, and most expectations on zero rows as well (measured
on 1.24), so the gate itself refuses an empty suite, a frame without rows, anything that is no expectation, an expectation
that raised or was not evaluated, and a result that it cannot read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from expectations.gates.gx_inside import quiet_context

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.expectations.expectation import Expectation

CRITICAL = "critical"
WARNING = "warning"

_SAMPLE = 10  # rows that a report names for one failed expectation


class GateRefused(Exception):  # noqa: N818 - the gate's verdict
    """A gate refused a session. The message is one line; `report` tells all of it."""

    def __init__(self, report: GateReport) -> None:
        super().__init__(report.verdict())
        self.report = report


@dataclass(frozen=True, slots=True)
class Check:
    """A frame and the expectations that hold it to the contract.

    Attributes:
        name: the suite's name, such as `raw.rows`.
        frame: the rows that are checked.
        expectations: instances; `notes` says in words what each one demands.
        key: columns whose values name a row in a report.
    """

    name: str
    frame: pd.DataFrame
    expectations: Sequence[Expectation]
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """What one expectation found.

    Attributes:
        check: name of the check.
        expectation: type of the expectation; `gate` for what the gate itself found.
        column: what it looked at; empty for the whole table.
        demand: what was demanded, in words.
        severity: `critical` stops the session, `warning` is reported.
        success: whether the demand was met.
        observed: what was observed, in short.
        rows: the rows that failed, up to ten, by the check's key and the value found.
        unexpected: number of rows that failed.
    """

    check: str
    expectation: str
    column: str
    demand: str
    severity: str
    success: bool
    observed: str
    rows: tuple[str, ...] = ()
    unexpected: int = 0

    def line(self) -> str:
        """The outcome in one line."""
        where = f": {'; '.join(self.rows)}" if self.rows else ""
        more = f" and {self.unexpected - len(self.rows)} more" if self.unexpected > len(self.rows) > 0 else ""
        return f"{self.demand}: {self.observed}{where}{more}"


@dataclass(frozen=True, slots=True)
class GateReport:
    """All that a gate found of one session.

    Attributes:
        gate: `gate-1-raw` or `gate-2-refined`.
        index: index code.
        session: the trading day.
        checked_at: instant of the check (UTC).
        outcomes: one an expectation, and those of the gate itself.
        validations: Great Expectations' own results, for Data Docs; not part of the JSON.
    """

    gate: str
    index: str
    session: date
    checked_at: datetime
    outcomes: tuple[Demand, ...]
    validations: tuple[ExpectationSuiteValidationResult, ...] = field(default=(), compare=False, repr=False)

    @property
    def refusals(self) -> tuple[Demand, ...]:
        """The failed outcomes that stop the session: all but warnings, whatever else their severity says."""
        return tuple(outcome for outcome in self.outcomes if not outcome.success and outcome.severity != WARNING)

    @property
    def warnings(self) -> tuple[Demand, ...]:
        """The failed outcomes that are only reported."""
        return tuple(outcome for outcome in self.outcomes if not outcome.success and outcome.severity == WARNING)

    @property
    def passed(self) -> bool:
        """Whether the session may go on: something was checked, and nothing critical failed."""
        return bool(self.outcomes) and not self.refusals

    def verdict(self) -> str:
        """The verdict in one line."""
        subject = f"{self.gate} {'passed' if self.passed else 'refused'} {self.index} {self.session}"
        if self.passed:
            return f"{subject}: {len(self.outcomes)} expectations, {len(self.warnings)} warnings"
        found = " | ".join(outcome.line() for outcome in self.refusals) or "nothing was checked"
        return f"{subject}: {found}"

    def to_json(self) -> str:
        """The report as JSON text."""
        body = {
            "gate": self.gate,
            "index": self.index,
            "session": self.session.isoformat(),
            "checked_at": self.checked_at.isoformat(),
            "passed": self.passed,
            "verdict": self.verdict(),
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
        }
        return json.dumps(body, indent=1, ensure_ascii=False)


def run_gate(gate: str, index: str, session: date, checks: Sequence[Check]) -> GateReport:
    """Run every check of a gate over its frame.

    Returns:
        The report, whatever was found; `require` refuses by it.
    """
    checked_at = datetime.now(UTC)
    outcomes: list[Demand] = []
    validations: list[ExpectationSuiteValidationResult] = []
    for check in checks:
        if problem := problem_of(check):
            outcomes.append(_refusal(check.name, *problem))
            continue
        validation = validate(check, f"{index} {session} {gate}", checked_at)
        validations.append(validation)
        outcomes.extend(_outcomes(check, validation.to_json_dict()))
    return GateReport(gate, index, session, checked_at, tuple(outcomes), tuple(validations))


def require(report: GateReport) -> GateReport:
    """The report itself, when the gate lets the session pass.

    Raises:
        GateRefused: a critical expectation failed, or nothing was checked.
    """
    if not report.passed:
        raise GateRefused(report)
    return report


def _refusal(check: str, demand: str, observed: str) -> Demand:
    return Demand(check, "gate", "", demand, CRITICAL, success=False, observed=observed)


def problem_of(check: Check) -> tuple[str, str] | None:
    """What is wrong with a check itself, as a demand and what was observed; None where nothing is."""
    from great_expectations.expectations.expectation import Expectation  # noqa: PLC0415 - 2 s to import

    if not check.expectations:
        return f"{check.name} has expectations", "the suite is empty"
    if strange := [item for item in check.expectations if not isinstance(item, Expectation)]:
        return f"{check.name} holds known expectations only", f"{strange[0]!r} is none"
    if check.frame.empty:
        return f"{check.name} has rows", "no rows"
    return None


def validate(check: Check, run_name: str, run_time: datetime) -> ExpectationSuiteValidationResult:
    """Great Expectations' own result of a check."""
    import great_expectations as gx  # noqa: PLC0415 - 2 s to import

    asset = quiet_context().data_sources.add_pandas("session").add_dataframe_asset(check.name)
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": check.frame})
    result_format: dict[str, object] = {"result_format": "COMPLETE"}
    if check.key:
        result_format["unexpected_index_column_names"] = list(check.key)
    # Copies: a suite marks its expectations as its own, and the same check may be run again.
    suite = gx.ExpectationSuite(name=check.name, expectations=[*map(copy, check.expectations)])
    result = batch.validate(suite, result_format=result_format)
    run_id = gx.RunIdentifier(run_name=run_name, run_time=run_time)
    # What a Data Docs page has of a run: Great Expectations tells it where the run is a stored definition's.
    result.meta |= {"run_id": run_id, "validation_time": run_id.run_time}
    result.meta["batch_parameters"] = {"dataframe": "<DATAFRAME>"}
    return result


def _outcomes(check: Check, validation: Mapping[str, Any]) -> Iterable[Demand]:
    results = validation.get("results")
    if not isinstance(results, list) or len(results) != len(check.expectations):
        found = len(results) if isinstance(results, list) else "no"
        yield _refusal(check.name, f"all {len(check.expectations)} expectations were evaluated", f"{found} results")
        return
    for result in results:
        try:
            yield _outcome(check, result)
        except (KeyError, TypeError) as error:
            yield _refusal(check.name, "each result can be read", f"{type(error).__name__}: {error}")


def _outcome(check: Check, result: Mapping[str, Any]) -> Demand:
    config, found = result["expectation_config"], result["result"]
    kwargs = config["kwargs"]
    columns = [str(kwargs[name]) for name in ("column", "column_A", "column_B") if name in kwargs]
    rows = _rows(check.key, found)
    return Demand(
        check=check.name,
        expectation=config["type"],
        column=", ".join(columns),
        demand=str(config.get("notes") or f"{config['type']}({', '.join(columns)})"),
        severity=str(config["severity"]),
        success=result["success"] is True,
        observed=_observed(result),
        rows=rows,
        unexpected=int(found.get("unexpected_count", 0)),
    )


def _observed(result: Mapping[str, Any]) -> str:
    found = result["result"]
    if message := _exception(result["exception_info"]):
        return f"could not be evaluated ({message.splitlines()[0]})"
    if "observed_value" in found:
        return str(found["observed_value"])
    return f"{found['unexpected_count']} of {found['element_count']} rows fail"


def _exception(info: Mapping[str, Any]) -> str | None:
    # One dict, or one a metric that raised.
    infos = [info] if "raised_exception" in info else list(info.values())
    return next((str(item["exception_message"] or "no message") for item in infos if item["raised_exception"]), None)


def _rows(key: tuple[str, ...], found: Mapping[str, Any]) -> tuple[str, ...]:
    entries = found.get("unexpected_index_list") or []
    if not key:
        return tuple(repr(value) for value in (found.get("unexpected_list") or [])[:_SAMPLE])
    lines = []
    for entry in entries[:_SAMPLE]:
        names = " ".join(str(entry[name]) for name in key)
        values = {name: _plain(value) for name, value in entry.items() if name not in key and str(value) != names}
        lines.append(
            f"{names} ({', '.join(f'{name}={value!r}' for name, value in values.items())})" if values else names
        )
    return tuple(lines)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a cell of any type
    """A cell as Python writes it, not as NumPy does."""
    return value.item() if hasattr(value, "item") else value
