"""Gate 2 of many sessions: each is audited, or has its own problem, whatever is wrong with another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import pytest

from expectations.contract.keys import ContractError
from expectations.gates.gate import CRITICAL, Check
from flows.errors import StagingError
from flows.session import audit as module
from flows.session.audit import Audited, audit_many
from flows.session.staging import StagedSession
from flows.session.storage import RawVersion

DAYS = [date(2025, 6, day) for day in (23, 24, 25, 26)]
PROBLEMS = {DAYS[1]: StagingError("a file is gone"), DAYS[2]: ContractError("not a raw file")}


def staged(day: date) -> StagedSession:
    return StagedSession("IBOV", day, "jr_1", day, 1, 1, (), ())


def version(day: date) -> RawVersion:
    return RawVersion("raw", f"raw-data/{day}", "v1", datetime.now(UTC), "f", has_sectors=True)


@pytest.fixture(autouse=True)
def reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions of two rows, the last of which has a null."""

    def read(_: object, __: RawVersion, item: StagedSession) -> Any:  # noqa: ANN401
        if problem := PROBLEMS.get(item.session):
            raise problem
        frame = pd.DataFrame({"codigo": ["VALE3", None if item.session == DAYS[3] else "PETR4"]}, dtype=object)
        demand = gxe.ExpectColumnValuesToNotBeNull(column="codigo", severity=CRITICAL, notes="no codigo is null")
        facts: Any = SimpleNamespace(session=item.session)
        output: Any = SimpleNamespace()
        return module._Read(facts, item, output, [Check("refined.rows", frame, [demand])])

    monkeypatch.setattr(module, "_read", read)


def audited(*days: date) -> list[Any]:
    lake: Any = None
    return audit_many(lake, [(version(day), staged(day)) for day in days])


def test_a_session_that_cannot_be_read_is_its_own_problem_and_the_others_are_judged() -> None:
    first, second, third, last = audited(*DAYS)
    assert (second, third) == (PROBLEMS[DAYS[1]], PROBLEMS[DAYS[2]])
    assert [(item.staged.session, item.facts.session, item.report.passed) for item in (first, last)] == [
        (DAYS[0], DAYS[0], True),
        (DAYS[3], DAYS[3], False),
    ]
    assert "no codigo is null: 1 of 2 rows fail" in last.report.verdict()


def test_great_expectations_own_results_are_not_held() -> None:
    (refused,) = audited(DAYS[3])
    assert isinstance(refused, Audited)
    assert (refused.report.passed, refused.report.validations) == (False, ())


def test_a_single_session_keeps_them_for_its_data_docs() -> None:
    lake: Any = None
    report = module.audit(lake, version(DAYS[0]), staged(DAYS[0])).report
    assert len(report.validations) == 1
    assert replace(report, validations=()) == report


def test_nothing_is_audited_where_there_is_nothing() -> None:
    assert audited() == []
    assert audited(DAYS[1]) == [PROBLEMS[DAYS[1]]]
