"""A gate over many sessions at once: one validation of all their rows, and the report that each would have had by itself.

A validation takes Great Expectations tens of milliseconds for each check, however few rows there are. So the rows of sessions
that have the same checks are put below each other, and each demand is made of all of them in a form that looks at one row at a
time: a count or a sum becomes a row of its own session. Whose rows a result names, or of whom it does not tell, is checked again
by itself, and reported as that said. Only a session of which every demand was met by every row is taken to have passed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from expectations.gates.gate import Check, Demand, GateReport, problem_of, run_gate, validate

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.expectations.expectation import Expectation

MOST_TOGETHER = 24
"""Sessions that one validation judges: with more, it takes no less for each."""

SUBJECT = "subject"
"""The column that tells whose a row is, by the place of the session among all."""


class _NotTogetherError(Exception):
    """These demands cannot be made of many sessions at once."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A session, and the checks that are made of it."""

    index: str
    session: date
    checks: Sequence[Check]


def run_gates(gate: str, subjects: Sequence[Subject]) -> list[GateReport]:
    """Run a gate's checks for each of many sessions.

    Returns:
        What `run_gate` would report of each, in their order. Great Expectations' own results are with those only that were
        checked by themselves.
    """
    reports: dict[int, GateReport] = {}
    for places in _alike(subjects):
        checked_at = datetime.now(UTC)
        suspects = _suspects(gate, [subjects[place] for place in places], checked_at)
        for number, place in enumerate(places):
            subject = subjects[place]
            reports[place] = (
                run_gate(gate, subject.index, subject.session, subject.checks)
                if number in suspects
                else _passed(gate, subject, checked_at)
            )
    return [reports[place] for place in range(len(subjects))]


def _alike(subjects: Sequence[Subject]) -> list[list[int]]:
    """The places of sessions that have the same checks of the same columns."""
    found: defaultdict[object, list[int]] = defaultdict(list)
    for place, subject in enumerate(subjects):
        has_problem = not subject.checks or any(problem_of(check) for check in subject.checks)
        found[place if has_problem else tuple(map(_shape, subject.checks))].append(place)
    return list(found.values())


def _shape(check: Check) -> tuple[object, ...]:
    columns = tuple(zip(check.frame.columns, map(str, check.frame.dtypes), strict=True))
    return check.name, columns, tuple(map(type, check.expectations))


def _suspects(gate: str, subjects: Sequence[Subject], checked_at: datetime) -> set[int]:
    """The sessions that are to be checked by themselves."""
    everyone = set(range(len(subjects)))
    if len(subjects) == 1:
        return everyone
    try:
        checks = _merged_checks(subjects)
    except _NotTogetherError:
        return everyone
    run_name = f"{len(subjects)} sessions {gate}"
    return {suspect for check in checks for suspect in _named(validate(check, run_name, checked_at), check, everyone)}


def _named(validation: ExpectationSuiteValidationResult, check: Check, everyone: set[int]) -> set[int]:
    if len(validation.results) != len(check.expectations):
        return everyone
    suspects: set[int] = set()
    for result in validation.results:
        if result.success is True:
            continue
        # An expectation that raised names nobody.
        entries = result.result.get("unexpected_index_list") or []
        suspects |= {entry[SUBJECT] for entry in entries} or everyone
    return suspects


def _merged_checks(subjects: Sequence[Subject]) -> list[Check]:
    """The checks of all sessions as checks of all their rows."""
    import pandas as pd  # noqa: PLC0415 - 1 s to import

    totals = _Totals()
    checks: list[Check] = []
    for of_sessions in zip(*(subject.checks for subject in subjects), strict=True):
        rows = _Rows(of_sessions, totals)
        demands = zip(*(check.expectations for check in of_sessions), strict=True)
        expectations = [merged for each in demands if (merged := rows.merged(each))]
        if SUBJECT in of_sessions[0].frame:
            raise _NotTogetherError
        frames = [check.frame.assign(**{SUBJECT: place}) for place, check in enumerate(of_sessions)]
        frame = pd.concat(frames, ignore_index=True).assign(**rows.columns)
        checks += [Check(of_sessions[0].name, frame, expectations, (SUBJECT,))] if expectations else []
    return [*checks, totals.check()] if totals.expectations else checks


@dataclass(slots=True)
class _Totals:
    """What is demanded of a session as a whole: a row for each session, a pair of columns for each demand.

    Attributes:
        columns: what was found, and what is wanted, of all sessions in their order.
    """

    columns: dict[str, pd.Series[Any]] = field(default_factory=dict)
    expectations: list[Expectation] = field(default_factory=list)

    def add(self, found: Sequence[object], wanted: Sequence[object]) -> None:
        import pandas as pd  # noqa: PLC0415

        names = f"found {len(self.expectations)}", f"wanted {len(self.expectations)}"
        # Objects: compared as Python compares them, whatever they are.
        columns = (pd.Series(list[Any](values), dtype=object) for values in (found, wanted))
        self.columns |= dict(zip(names, columns, strict=True))
        self.expectations.append(_pair_equal(*names, "neither"))

    def bound(self, found: Sequence[int], limits: Any) -> None:  # noqa: ANN401 - an expectation with limits
        """Demand that what was found of each session is within the limits of an expectation."""
        import great_expectations.expectations as gxe  # noqa: PLC0415
        import pandas as pd  # noqa: PLC0415

        name = f"found {len(self.expectations)}"
        self.columns[name] = pd.Series(found)
        bounds = {key: getattr(limits, key) for key in ("min_value", "max_value", "strict_min", "strict_max")}
        self.expectations.append(gxe.ExpectColumnValuesToBeBetween(column=name, **bounds))

    def check(self) -> Check:
        import pandas as pd  # noqa: PLC0415

        frame = pd.DataFrame(self.columns)
        return Check("totals", frame.assign(**{SUBJECT: range(len(frame))}), self.expectations, (SUBJECT,))


@dataclass(slots=True)
class _Rows:
    """One check of each session.

    Attributes:
        columns: to be put beside the rows of all.
    """

    checks: Sequence[Check]
    totals: _Totals
    columns: dict[str, list[object]] = field(default_factory=dict)

    def merged(self, demands: Sequence[Expectation]) -> Expectation | None:
        """The demand of all rows that each session's demand is of its own; None where it is one of totals.

        Raises:
            _NotTogetherError: there is no such demand.
        """
        first = demands[0]
        own = _OWN_WORDS.get(type(first).__name__)
        if own is None or any(not _is_whole(item) or not _same(item, first, own.fields) for item in demands):
            raise _NotTogetherError
        return own.merge(self, demands)

    def as_it_is(self, demands: Sequence[Any]) -> Expectation:
        first: Expectation = demands[0]
        return first

    def in_set(self, demands: Sequence[Any]) -> Expectation:
        sets = [list(item.value_set or ()) for item in demands]
        if all(values == sets[0] for values in sets):
            return self.as_it_is(demands)
        column, name = demands[0].column, f"wanted {len(self.columns)}"
        if not all(sets) or column not in self.checks[0].frame or name in self.checks[0].frame:
            raise _NotTogetherError
        # What is in the session's set is to be itself, and anything else one of the set; a null is in every set.
        of_sessions = ((check.frame[column], values) for check, values in zip(self.checks, sets, strict=True))
        self.columns[name] = [cell if cell in values else values[0] for cells, values in of_sessions for cell in cells]
        return _pair_equal(column, name, "either_value_is_missing")

    def unique(self, demands: Sequence[Any]) -> Expectation:
        return _unique_together([demands[0].column])

    def compound_unique(self, demands: Sequence[Any]) -> Expectation:
        return _unique_together(demands[0].column_list)

    def count(self, demands: Sequence[Any]) -> None:
        self.totals.add([len(check.frame) for check in self.checks], [item.value for item in demands])

    def count_within(self, demands: Sequence[Any]) -> None:
        self.totals.bound([len(check.frame) for check in self.checks], demands[0])

    def distinct_within(self, demands: Sequence[Any]) -> None:
        column = demands[0].column
        if column not in self.checks[0].frame:
            raise _NotTogetherError
        self.totals.bound([check.frame[column].nunique() for check in self.checks], demands[0])

    def sum(self, demands: Sequence[Any]) -> None:
        is_one_value = all(
            item.min_value == item.max_value is not None and not item.strict_min and not item.strict_max
            for item in demands
        )
        column = demands[0].column
        if not is_one_value or self.checks[0].frame[column].dtype.kind not in "if":
            raise _NotTogetherError
        self.totals.add([check.frame[column].sum() for check in self.checks], [item.min_value for item in demands])


@dataclass(frozen=True, slots=True)
class _Own:
    """How an expectation is made one of many sessions.

    Attributes:
        fields: in which the sessions' expectations may differ.
    """

    merge: Callable[[_Rows, Sequence[Any]], Expectation | None]
    fields: frozenset[str] = frozenset()


_OWN_WORDS: Mapping[str, _Own] = {
    "ExpectColumnValuesToNotBeNull": _Own(_Rows.as_it_is),
    "ExpectColumnValuesToBeNull": _Own(_Rows.as_it_is),
    "ExpectColumnPairValuesToBeEqual": _Own(_Rows.as_it_is),
    "ExpectColumnValuesToBeBetween": _Own(_Rows.as_it_is),
    "ExpectColumnValuesToMatchRegex": _Own(_Rows.as_it_is),
    "ExpectColumnValuesToNotBeInSet": _Own(_Rows.as_it_is),
    "ExpectColumnValuesToBeInSet": _Own(_Rows.in_set, frozenset({"value_set"})),
    "ExpectColumnValuesToBeUnique": _Own(_Rows.unique),
    "ExpectCompoundColumnsToBeUnique": _Own(_Rows.compound_unique),
    "ExpectTableRowCountToEqual": _Own(_Rows.count, frozenset({"value"})),
    "ExpectTableRowCountToBeBetween": _Own(_Rows.count_within),
    "ExpectColumnUniqueValueCountToBeBetween": _Own(_Rows.distinct_within),
    "ExpectColumnSumToBeBetween": _Own(_Rows.sum, frozenset({"min_value", "max_value"})),
}
_WORDS = frozenset({"notes", "id"})


def _is_whole(demand: Any) -> bool:  # noqa: ANN401 - of any type
    """Whether it is one of all rows, and of each to the full."""
    return getattr(demand, "mostly", 1) == 1 and getattr(demand, "row_condition", None) is None


def _same(one: Expectation, other: Expectation, besides: frozenset[str]) -> bool:
    apart = _WORDS | besides
    left, right = ({name: value for name, value in vars(item).items() if name not in apart} for item in (one, other))
    return left == right


def _pair_equal(one: str, other: str, ignore: str) -> Expectation:
    import great_expectations.expectations as gxe  # noqa: PLC0415 - 2 s to import

    return gxe.ExpectColumnPairValuesToBeEqual(column_A=one, column_B=other, ignore_row_if=ignore)


def _unique_together(columns: Sequence[str]) -> Expectation:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    # Two nulls of a session are twice the same here, whatever its own demand makes of them: it is then checked by itself.
    return gxe.ExpectCompoundColumnsToBeUnique(column_list=[SUBJECT, *columns], ignore_row_if="never")


def _passed(gate: str, subject: Subject, checked_at: datetime) -> GateReport:
    demands = tuple(_met(check, item) for check in subject.checks for item in _evaluated(check.expectations))
    return GateReport(gate, subject.index, subject.session, checked_at, demands)


def _evaluated(expectations: Sequence[Expectation]) -> list[Expectation]:
    """In the order in which Great Expectations reports them: those of a column beside each other."""
    by_column: defaultdict[object, list[Expectation]] = defaultdict(list)
    for item in expectations:
        by_column[getattr(item, "column", None)].append(item)
    return [item for group in by_column.values() for item in group]


def _met(check: Check, demand: Any) -> Demand:  # noqa: ANN401 - of any type
    columns = [str(getattr(demand, name)) for name in ("column", "column_A", "column_B") if hasattr(demand, name)]
    words = str(demand.notes or f"{demand.expectation_type}({', '.join(columns)})")
    severity = str(getattr(demand.severity, "value", demand.severity))
    return _shared(check.name, demand.expectation_type, ", ".join(columns), words, severity, _observed(check, demand))


@lru_cache(maxsize=4096)
def _shared(check: str, expectation: str, column: str, demand: str, severity: str, observed: str) -> Demand:
    """A demand that was met: most are the same of all sessions, and are held once."""
    return Demand(check, expectation, column, demand, severity, success=True, observed=observed)


def _observed(check: Check, demand: Any) -> str:  # noqa: ANN401 - of any type
    from great_expectations.util import convert_to_json_serializable  # noqa: PLC0415 - 2 s to import

    name = type(demand).__name__
    if name in ("ExpectTableRowCountToEqual", "ExpectTableRowCountToBeBetween"):
        return str(len(check.frame))
    if name == "ExpectColumnUniqueValueCountToBeBetween":
        return str(check.frame[demand.column].nunique())
    if name == "ExpectColumnSumToBeBetween":
        return str(convert_to_json_serializable(check.frame[demand.column].sum()))
    return f"0 of {len(check.frame)} rows fail"
