"""A session that nobody collected: rebuilt, published as what it is, and replaced by B3's own file once somebody has it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from expectations.contract.outcomes import Outcome, Verdict
from expectations.contract.tables import REBUILT
from flows.backfill.import_folder import FolderImport
from flows.backfill.judging import Judging
from flows.backfill.rebuilding import Rebuilding, rebuildable
from flows.history.month_files import month_of
from flows.history.quotes import NewQuotes, store_quotes
from flows.record.state import NOT_B3S, State
from flows.record.status import read_status
from local.b3.formats import csv_download
from tests.flows.b3 import recorded

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from flows.record.state import SessionState
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

JULY_3, JULY_4, JULY_7 = recorded.SESSIONS[-3:]


def write(folder: Path, *sessions: date) -> None:
    folder.mkdir()
    for session in sessions:
        content = base64.b64decode(csv_download(recorded.portfolio(session)))
        (folder / f"IBOVDia_{session:%d-%m-%y}.csv").write_bytes(content)


def state(operator: Operator) -> SessionState:
    found = read_status(operator.pipeline, datetime.now(UTC), JULY_4, JULY_4, ["IBOV"])
    (day,) = found.of("IBOV").days
    return day


def origins(operator: Operator) -> set[str]:
    """What the session's rows say that they came from, in the history and in the refined table."""
    where = f"WHERE data_pregao = DATE '{JULY_4}'"
    rows = operator.query(
        f"SELECT origem FROM bovespa_historico {where} UNION SELECT origem FROM bovespa_refined_data {where}"
    ).rows
    return {str(row[0]) for row in rows}


def test_a_missed_session_is_rebuilt_and_replaced_by_b3s_own_file(operator: Operator, tmp_path: Path) -> None:
    pipeline, stated = operator.pipeline, recorded.portfolio(JULY_4)
    write(tmp_path / "neighbours", JULY_3, JULY_7)
    neighbours = FolderImport(pipeline).run(tmp_path / "neighbours")
    assert {item.outcome for item in neighbours} == {Outcome.PUBLISHED}
    quotes = [quote for day in (JULY_3, JULY_4) for quote in recorded.quotes(day).values()]
    store_quotes(pipeline.lake, NewQuotes(month_of(JULY_4), quotes, {quote.session: "recorded" for quote in quotes}))
    assert state(operator).state is State.MISSING
    assert list(rebuildable(pipeline, [("IBOV", JULY_4)])) == [("IBOV", JULY_4)]

    rebuilding = Rebuilding.of(pipeline, "IBOV")
    plan = rebuilding.plan(JULY_4)
    assert state(operator).state is State.MISSING, "a plan publishes nothing"
    attempt = rebuilding.publish(plan)
    assert (attempt.outcome, attempt.rows, attempt.source) == (Outcome.REBUILT, 84, REBUILT), attempt.reason
    assert "RADL3 ex 0.0653" in attempt.reason
    assert attempt.gates_passed == ("gate-1-raw", "gate-2-refined")
    visible = {str(row[0]): (float(str(row[6])), float(str(row[7]))) for row in operator.published(JULY_4)}
    assert visible == {row.codigo: (float(row.qtde_teorica), float(row.participacao_pct)) for row in stated.holdings}
    assert origins(operator) == {REBUILT}
    found = state(operator)
    assert (found.state, found.verdict) == (State.PUBLISHED, Verdict.WITHOUT_PRICES)
    assert NOT_B3S in found.note
    assert rebuilding.publish(plan).outcome is Outcome.ALREADY_PUBLISHED

    write(tmp_path / "own", JULY_4)
    (imported,) = FolderImport(pipeline).run(tmp_path / "own")
    assert (imported.outcome, imported.reason) == (
        Outcome.PUBLISHED,
        "replaces the rebuilt session: every cell is the same",
    )
    assert origins(operator) == {"copy of csv"}
    found = state(operator)
    assert NOT_B3S not in found.note
    assert found.verdict is Verdict.WITH_EVENTS
    assert Judging(pipeline).run(datetime.now(UTC), JULY_4, JULY_4, ["IBOV"]) == []
