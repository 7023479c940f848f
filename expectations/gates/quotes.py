"""The gate of B3's prices: a month's quotes, before they are stored.

A site that lies is seen by what no two sessions share: the closes of one session under the date of another.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract import b3_texts
from expectations.gates.gate import CRITICAL, WARNING, Check
from expectations.gates.raw_texts import tipo_pattern

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

GATE = "gate-quotes"

_ISIN = r"^[A-Z]{2}[A-Z0-9]{9}[0-9]\Z"
# Shares of an index trade nearly every session: B3 asks for 80 to 95 % of them. Wanted are those of the sessions around.
_USUAL = 0.8
_FEW = 3  # shares whose closes may all be yesterday's by chance
_MOST_MOVED = 10.0  # times that a price may rise or fall overnight; splits and groupings of shares do more


def quotes_checks(
    rows: pd.DataFrame, before: pd.DataFrame, wanted: Collection[str], sessions: Collection[date]
) -> list[Check]:
    """The checks of a month's new quotes.

    Args:
        rows: the new quotes, in the columns of the table `bovespa_cotacoes`.
        before: those that are known of the sessions before them and between them; none where nothing is known.
        wanted: the tickers that were looked for.
        sessions: the trading calendar's.
    """
    return [
        Check("quotes.rows", _beside_last(rows, before, sessions), _row_expectations(), ("acao", "data_pregao")),
        Check("quotes.sessions", _summaries(rows, before, len(wanted)), _session_expectations(), ("data_pregao",)),
    ]


def _beside_last(rows: pd.DataFrame, before: pd.DataFrame, sessions: Collection[date]) -> pd.DataFrame:
    """The rows, each with how many times its price is the share's last one, or the last one it (1 for a first one), and whether
    its session is one of the calendar.
    """
    import pandas as pd  # noqa: PLC0415 - not at import: the Glue job imports this package's contract

    known = pd.concat([before, rows]).drop_duplicates(["acao", "data_pregao"], keep="last")
    known = known.sort_values(["acao", "data_pregao"])
    price = known["preco_fechamento"] / known["fator_cotacao"]
    ratio = price / price.groupby(known["acao"]).shift()
    moved = known.assign(vezes=ratio.where(ratio >= 1, 1 / ratio).fillna(1.0))
    beside = rows.merge(moved[["acao", "data_pregao", "vezes"]], on=["acao", "data_pregao"], how="left")
    return beside.assign(dia_de_pregao=beside["data_pregao"].isin(sessions))


def _summaries(rows: pd.DataFrame, before: pd.DataFrame, wanted: int) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    known = pd.concat([before, rows]).drop_duplicates(["acao", "data_pregao"], keep="last")
    closes: dict[date, dict[str, float]] = {}
    for session, ticker, price in zip(known["data_pregao"], known["acao"], known["preco_fechamento"], strict=True):
        closes.setdefault(session, {})[ticker] = price
    order = sorted(closes)
    return pd.DataFrame(
        [
            {
                "data_pregao": session,
                "negociadas": len(closes[session]) / max(wanted, 1),
                "mesmos_precos": any(
                    _are_same(closes[session], closes[other])
                    for other in order[max(order.index(session) - 1, 0) : order.index(session) + 2]
                    if other != session
                ),
            }
            for session in sorted(set(rows["data_pregao"]))
        ]
    )


def _are_same(closes: dict[str, float], others: dict[str, float]) -> bool:
    common = closes.keys() & others.keys()
    return len(common) > _FEW and all(closes[ticker] == others[ticker] for ticker in common)


def _row_expectations() -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415 - 2 s to import

    forms = [
        ("acao", b3_texts.TICKER_PATTERN, CRITICAL, "every acao is a ticker"),
        ("isin", _ISIN, CRITICAL, "every isin has an ISIN's form"),
        ("nome_acao", b3_texts.NAME_PATTERN, WARNING, "every nome_acao is a trading name"),
        ("especificacao", tipo_pattern(known_flags=False), WARNING, "every especificacao is of a known form"),
    ]
    return [
        *(
            gxe.ExpectColumnValuesToMatchRegex(column=name, regex=pattern, severity=severity, notes=notes)
            for name, pattern, severity, notes in forms
        ),
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["acao", "data_pregao"], severity=CRITICAL, notes="a share has one price a session"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="preco_fechamento",
            min_value=0,
            strict_min=True,
            severity=CRITICAL,
            notes="every price is above zero",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="fator_cotacao", min_value=1, severity=CRITICAL, notes="every price is for a number of units"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="dia_de_pregao",
            value_set=[True],
            severity=CRITICAL,
            notes="every session is one of the trading calendar",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="vezes",
            max_value=_MOST_MOVED,
            severity=WARNING,
            notes=f"no price is more than {_MOST_MOVED:g} times the last one, or less than that part of it",
        ),
    ]


def _session_expectations() -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="mesmos_precos",
            value_set=[False],
            severity=CRITICAL,
            notes="the prices are not those of the session beside, each of them: two sessions never have the same",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="negociadas",
            min_value=_USUAL,
            severity=WARNING,
            notes=f"at least {_USUAL:.0%} of the shares that were looked for traded",
        ),
    ]
