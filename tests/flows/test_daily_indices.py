"""What the flow `daily-indices` does before the indices' own flows, and what these do not do again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from expectations.gates.gate import GateRefused, GateReport
from flows import daily, daily_indices
from flows.errors import AwsError, B3Error
from flows.record.attempt import DAILY, FlowRun, OpenAttempt
from flows.session.shared_run import Prepared, going_on_from

if TYPE_CHECKING:
    from collections.abc import Mapping

SESSION, AT = date(2025, 6, 30), datetime(2025, 6, 30, 11, tzinfo=UTC)
PASSING: Any = SimpleNamespace(success=True, severity="critical", line=lambda: "")


def collected(index: str) -> Any:  # noqa: ANN401 - a part of it
    facts = SimpleNamespace(index=index, session=SESSION, collected_at=AT, fingerprint="f", source="B3")
    return SimpleNamespace(facts=facts, content=b"")


def report(index: str, *, passes: bool = True) -> GateReport:
    return GateReport("gate-1-raw", index, SESSION, AT, (PASSING,) if passes else ())


@dataclass
class Steps:
    """A pipeline that counts what gate 1 judges; B3 does not answer for SMLL, and gate 1 refuses IBXL."""

    judged: list[str] = field(default_factory=list)
    lake: Any = field(default_factory=lambda: SimpleNamespace(refined=None))

    def collect(self, index: str, _: datetime) -> Any:  # noqa: ANN401 - a part of it
        if index == "SMLL":
            raise B3Error("closed")
        return collected(index)

    def neighbours(self, *_: object) -> list[object]:
        return []

    def check_raw(self, item: Any, _: object) -> GateReport:  # noqa: ANN401 - as above
        self.judged.append(item.facts.index)
        return report(item.facts.index, passes=item.facts.index != "IBXL")


class Log:
    def info(self, *_: object) -> None: ...

    warning = info


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    made = Steps()
    monkeypatch.setattr(daily_indices, "Pipeline", lambda *_: made)
    monkeypatch.setattr(daily_indices, "connect", lambda _: None)
    for module in (daily, daily_indices):
        monkeypatch.setattr(module, "is_stale", lambda *_: False)
        monkeypatch.setattr(module, "get_run_logger", Log)
    return made


def prepared(*codes: str) -> Mapping[str, Prepared]:
    return daily_indices._prepared(codes, force=True, at=AT)


def test_gate_1_judges_each_answer_once_and_those_that_pass_share_a_run(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared: list[str] = []

    def share(_: object, answered: Mapping[str, Prepared], *, force: bool) -> Mapping[str, Prepared]:
        shared.extend(answered if force else ())
        return answered

    monkeypatch.setattr(daily_indices, "share_run", share)
    found = prepared("IBOV", "IBXX", "IBXL", "SMLL")
    assert (steps.judged, shared) == (["IBOV", "IBXX", "IBXL"], ["IBOV", "IBXX"])
    assert {index: item.report and item.report.passed for index, item in found.items()} == {
        "IBOV": True,
        "IBXX": True,
        "IBXL": False,
        "SMLL": None,
    }


def test_where_no_run_can_be_shared_nothing_is_taken_for_judged(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    def share(*_: object, **__: object) -> Mapping[str, Prepared]:
        raise AwsError("Glue is closed")

    monkeypatch.setattr(daily_indices, "share_run", share)
    assert [item.report for item in prepared("IBOV", "IBXX").values()] == [None, None]


def test_the_flow_of_an_index_takes_the_report_that_there_is(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "name_run", lambda _: None)
    going = OpenAttempt(FlowRun("x", DAILY).begin("IBXL"))
    pipeline: Any = steps
    known = Prepared(collected("IBXL"), report=report("IBXL", passes=False))
    with going_on_from({"IBXL": known}), pytest.raises(GateRefused, match="gate-1-raw refused IBXL"):
        daily._run(pipeline, going, force=True, collected_at=AT)
    assert (steps.judged, len(going.attempt.gates)) == ([], 1)
