"""The gate of prices: what B3 states passes, and each demand refuses, or warns of, what breaks it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from expectations.gates.gate import GateReport, run_gate
from expectations.gates.quotes import GATE, quotes_checks

FRIDAY, MONDAY, TUESDAY, SUNDAY = date(2025, 6, 27), date(2025, 6, 30), date(2025, 7, 1), date(2025, 6, 29)
TICKERS = ("ABEV3", "ALOS3", "BPAC11", "PETR4", "VALE3")
CALENDAR = (FRIDAY, MONDAY, TUESDAY)


def rows(session: date, cents: int = 0, **cells: Any) -> pd.DataFrame:  # noqa: ANN401 - cells
    """Five shares' quotes of a session; `cells` are put into the first."""
    frame = pd.DataFrame(
        [
            {
                "acao": ticker,
                "isin": "BRVALEACNOR0",
                "nome_acao": "VALE",
                "especificacao": "ON  EJ  NM",
                "preco_fechamento": 20.0 + number + cents / 100,
                "fator_cotacao": 1,
                "numero_distribuicao": 7,
                "data_pregao": session,
                "day": session.day,
            }
            for number, ticker in enumerate(TICKERS)
        ]
    )
    for name, value in cells.items():
        frame.loc[0, name] = value
    return frame


NOTHING = rows(MONDAY).iloc[:0]


def check(found: pd.DataFrame, before: pd.DataFrame = NOTHING) -> GateReport:
    return run_gate(GATE, "COTAHIST", MONDAY, quotes_checks(found, before, TICKERS, CALENDAR))


def test_what_b3_states_passes_without_a_warning() -> None:
    report = check(rows(MONDAY, 1), rows(FRIDAY))
    assert report.passed, report.verdict()
    assert report.warnings == ()
    assert check(pd.concat([rows(MONDAY), rows(TUESDAY, 5)])).passed


@pytest.mark.parametrize(
    ("cells", "demand"),
    [
        ({"acao": "ABEV"}, "every acao is a ticker"),
        ({"isin": ""}, "every isin has an ISIN's form"),
        ({"isin": "BRVALEACNORX"}, "every isin has an ISIN's form"),
        ({"preco_fechamento": 0.0}, "every price is above zero"),
        ({"preco_fechamento": -1.0}, "every price is above zero"),
        ({"fator_cotacao": 0}, "every price is for a number of units"),
        ({"data_pregao": SUNDAY}, "every session is one of the trading calendar"),
        ({"acao": "ALOS3"}, "a share has one price a session"),
    ],
)
def test_what_breaks_a_demand_is_refused(cells: dict[str, Any], demand: str) -> None:
    report = check(rows(MONDAY, 1, **cells))
    assert not report.passed
    assert demand in [refusal.demand for refusal in report.refusals]


@pytest.mark.parametrize(
    ("cells", "demand"),
    [
        ({"nome_acao": "vale"}, "every nome_acao is a trading name"),
        ({"especificacao": "XX"}, "every especificacao is of a known form"),
        ({"preco_fechamento": 201.0}, "no price is more than 10 times the last one, or less than that part of it"),
        ({"preco_fechamento": 1.9}, "no price is more than 10 times the last one, or less than that part of it"),
    ],
)
def test_what_a_person_may_look_at_is_warned_of(cells: dict[str, Any], demand: str) -> None:
    report = check(rows(MONDAY, 1, **cells), rows(FRIDAY))
    assert report.passed, report.verdict()
    assert [warning.demand for warning in report.warnings] == [demand]


def test_prices_for_other_units_are_no_leap() -> None:
    assert check(rows(MONDAY, 1, preco_fechamento=20_100.0, fator_cotacao=1000), rows(FRIDAY)).warnings == ()


def test_few_of_the_shares_are_warned_of() -> None:
    report = check(rows(MONDAY).iloc[:3])
    assert report.passed
    assert [warning.demand for warning in report.warnings] == ["at least 80% of the shares that were looked for traded"]


@pytest.mark.parametrize("before", [FRIDAY, TUESDAY])
def test_the_prices_of_the_session_beside_are_refused(before: date) -> None:
    report = check(rows(MONDAY), rows(before))
    assert not report.passed
    assert "the prices are not those of the session beside" in report.verdict()


def test_a_few_prices_may_stay() -> None:
    assert check(rows(MONDAY).iloc[:3], rows(FRIDAY)).passed
    assert check(rows(MONDAY, preco_fechamento=20.5), rows(FRIDAY)).passed


def test_a_correction_of_a_session_is_not_held_to_what_it_corrects() -> None:
    assert check(rows(MONDAY, 1), rows(MONDAY)).passed


def test_no_prices_are_refused() -> None:
    assert not check(NOTHING).passed
