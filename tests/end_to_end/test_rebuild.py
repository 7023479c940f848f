"""A session that nobody collected: rebuilt, published as what it is, and replaced by B3's own file once somebody has it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.outcomes import Outcome, Verdict
from expectations.contract.tables import REBUILT
from flows.backfill.import_folder import FolderImport
from flows.backfill.judging import Judging
from flows.backfill.rebuilding import Rebuilding
from flows.record.state import NOT_B3S, State
from flows.record.status import read_status
from local.b3.formats import csv_download
from local.rights.keys import FLOW_ROLE
from tests.flows.b3 import recorded

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from expectations.contract.quotes import Quote
    from flows.record.state import SessionState
    from local.account.client import Account
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

JULY_3, JULY_4, JULY_7 = recorded.SESSIONS[-3:]


FLOWS = """
import json
from datetime import date
from flows.prices import prices
from flows.rebuild import rebuild

days, missed = {"since": date(2025, 7, 3), "until": date(2025, 7, 4)}, date(2025, 7, 4)
states = [prices(**days, return_state=True), rebuild(missed, return_state=True)]
states += [rebuild(missed, publish=True, return_state=True), rebuild(date(2025, 7, 2), return_state=True)]
print(json.dumps([[state.name, state.result(raise_on_failure=False)] for state in states]))
"""


def run_flows(account: Account, operator: Operator) -> list[list[Any]]:
    """The flows as a deployment runs them, with the rights that they have in AWS: each one's state and result."""
    variables = {
        **os.environ,
        **account.environment(FLOW_ROLE),
        "B3_BASE_URL": operator.stand_in.url,
        "BOVESPA_PRICES_BASE_URL": operator.stand_in.prices_url,
    }
    done = subprocess.run(
        [sys.executable, "-c", FLOWS], env=variables, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[list[Any]] = json.loads(done.stdout)
    return found


def quotes(session: date) -> list[Quote]:
    """The recorded closes with an ISIN each, which the record of these sessions lacks."""
    return [replace(quote, isin=f"BR{quote.ticker[:4]}ACNOR0") for quote in recorded.quotes(session).values()]


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


def test_a_missed_session_is_rebuilt_and_replaced_by_b3s_own_file(
    account: Account, operator: Operator, tmp_path: Path
) -> None:
    pipeline, stated = operator.pipeline, recorded.portfolio(JULY_4)
    write(tmp_path / "neighbours", JULY_3, JULY_7)
    neighbours = FolderImport(pipeline).run(tmp_path / "neighbours")
    assert {item.outcome for item in neighbours} == {Outcome.PUBLISHED}
    assert state(operator).state is State.MISSING

    operator.stand_in.quotes.update({day: quotes(day) for day in (JULY_3, JULY_4)})
    (filled, of_prices), (planned, plan), (ended, rebuilt), (refused, why) = run_flows(account, operator)
    assert (filled, of_prices["missing"]) == ("Completed", {})
    assert planned == "Completed", plan
    assert plan["attempt"] is None, "a plan publishes nothing"
    attempt = rebuilt["attempt"]
    assert (ended, attempt["outcome"], attempt["rows"], attempt["source"]) == (
        "Completed",
        Outcome.REBUILT,
        84,
        REBUILT,
    )
    assert "RADL3 ex 0.0653" in attempt["reason"]
    assert attempt["gates_passed"] == ["gate-1-raw", "gate-2-refined"]
    assert refused == "Failed"
    assert "2025-07-02" in why["error"]
    visible = {str(row[0]): (float(str(row[6])), float(str(row[7]))) for row in operator.published(JULY_4)}
    assert visible == {row.codigo: (float(row.qtde_teorica), float(row.participacao_pct)) for row in stated.holdings}
    assert origins(operator) == {REBUILT}
    found = state(operator)
    assert (found.state, found.verdict) == (State.PUBLISHED, Verdict.WITHOUT_PRICES)
    assert NOT_B3S in found.note
    rebuilding = Rebuilding.of(pipeline, "IBOV")
    assert rebuilding.publish(rebuilding.plan(JULY_4)).outcome is Outcome.ALREADY_PUBLISHED

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
