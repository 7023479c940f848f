"""Published sessions against the prices in the table: what is read, what is not, and that nothing of it stops a publication."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, cast

import pytest

from expectations.contract.keys import raw_key
from expectations.contract.names import RAW_BUCKET
from expectations.contract.outcomes import Verdict
from expectations.contract.tables import REBUILT
from flows.errors import AwsError
from flows.history.month_files import month_of
from flows.history.quotes import NewQuotes, Quotes, store_quotes
from flows.history.witness import SessionPrices, Witness
from flows.session import storage
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import Publication
from local.b3 import sample
from tests.flows.history.published import Account

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio
    from flows.lake.connect import Lake

JUNE_27, JUNE_30, JULY_1 = sample.PRICED
JULY_2 = sample.SESSION_AFTER


def store(lake: Lake, *sessions: date, without: str = "") -> None:
    quotes = [quote for session in sessions for quote in sample.quotes(session) if quote.ticker != without]
    for month, of_month in groupby(quotes, lambda quote: month_of(quote.session)):
        found = list(of_month)
        store_quotes(lake, NewQuotes(month, found, {quote.session: "recorded" for quote in found}))


def publish(account: Account, portfolio: Portfolio) -> None:
    """Leave a session's raw file and record, which are all that is read of it."""
    lake, facts = account.pipeline().lake, RawFacts.of(portfolio, sample.collected_at(portfolio.session), [])
    version = storage.upload_raw(lake.raw, encode(portfolio, facts), facts)
    record = Publication(
        portfolio.index,
        portfolio.session.isoformat(),
        "2025-06-30T11:05:00+00:00",
        facts.fingerprint,
        has_sectors=True,
        raw_version_id=version.version_id,
        run_id="jr_1",
        rows=84,
        summary_rows=1,
    )
    storage.write_publication(lake.refined, record)


@pytest.fixture
def ibov(aws: Account) -> Account:
    for session in (JUNE_30, JULY_1, JULY_2):
        publish(aws, sample.recorded(session))
    return aws


def test_a_session_without_prices_says_so(ibov: Account) -> None:
    facts = Witness.of(ibov.pipeline().lake).facts("IBOV", JULY_1)
    assert facts == {"verdict": Verdict.WITHOUT_PRICES, "verification": "no prices of 2025-06-30", "level": None}


def test_a_session_is_verified_by_the_closes_and_the_portfolio_before_it(ibov: Account) -> None:
    lake = ibov.pipeline().lake
    store(lake, JUNE_27, JUNE_30, JULY_1)
    witness = Witness.of(lake)
    assert witness.facts("IBOV", JUNE_30)["verdict"] is Verdict.WITH_EVENTS
    facts = witness.facts("IBOV", JULY_1)
    assert (facts["verdict"], facts["level"]) == (Verdict.WITH_EVENTS, 138854.25)
    assert "84 of 84 weights equal" in facts["verification"]


def test_a_renamed_share_has_its_close_under_the_ticker_that_it_had(ibov: Account) -> None:
    lake = ibov.pipeline().lake
    store(lake, JUNE_27, JUNE_30, JULY_1)
    found = Witness.of(lake).verify("IBOV", JULY_2)
    assert (found.verdict, found.unpriced) == (Verdict.WITH_EVENTS, ())


def test_a_share_that_did_not_trade_keeps_its_close_also_from_the_month_before(ibov: Account) -> None:
    lake = ibov.pipeline().lake
    store(lake, JUNE_27, JUNE_30)
    store(lake, JULY_1, without="VALE3")
    closes = SessionPrices(lake).closes(JULY_1, ["VALE3", "PETR4"])
    assert (closes["VALE3"].session, closes["PETR4"].session) == (JUNE_30, JULY_1)


def test_a_session_that_was_rebuilt_is_no_witness_of_the_next(ibov: Account) -> None:
    lake = ibov.pipeline().lake
    store(lake, JUNE_27, JUNE_30, JULY_1)
    assert Witness.of(lake).verify("IBOV", JULY_1).level_is_exact
    publish(ibov, replace(sample.recorded(JUNE_30), source=REBUILT))
    assert not Witness.of(lake).verify("IBOV", JULY_1).level_is_exact


def test_prices_are_no_second_witness_of_what_was_computed_from_them(ibov: Account) -> None:
    lake = ibov.pipeline().lake
    store(lake, JUNE_27, JUNE_30, JULY_1)
    publish(ibov, replace(sample.recorded(JULY_1), source=REBUILT))
    found = Witness.of(lake).verify("IBOV", JULY_1)
    assert (found.verdict, found.session_before) == (Verdict.WITHOUT_PRICES, JUNE_30)
    assert found.remarks == ("computed from prices, which are no second witness of it",)


def test_what_is_damaged_is_divergent(ibov: Account) -> None:
    lake = ibov.pipeline().lake
    store(lake, JUNE_27, JUNE_30)
    rows = {row.codigo: row for row in sample.recorded(JULY_1).holdings}
    swapped = {"PETR3": rows["PETR4"].qtde_teorica, "PETR4": rows["PETR3"].qtde_teorica}
    damaged = [replace(row, qtde_teorica=swapped.get(row.codigo, row.qtde_teorica)) for row in rows.values()]
    publish(ibov, replace(sample.recorded(JULY_1), holdings=tuple(damaged)))
    facts = Witness.of(lake).facts("IBOV", JULY_1)
    assert facts["verdict"] is Verdict.DIVERGENT
    assert "PETR3" in facts["verification"]
    assert "PETR4" in facts["verification"]


def test_what_is_judged_is_the_version_that_is_published(ibov: Account) -> None:
    lake = ibov.pipeline().lake
    store(lake, JUNE_27, JUNE_30, JULY_1)
    first, *rest = sample.recorded(JULY_1).holdings
    later = replace(sample.recorded(JULY_1), holdings=(replace(first, qtde_teorica=first.qtde_teorica * 2), *rest))
    facts = RawFacts.of(later, sample.collected_at(JULY_1), [])
    storage.upload_raw(lake.raw, encode(later, facts), facts)
    assert Witness.of(lake).verify("IBOV", JULY_1).verdict is Verdict.WITH_EVENTS


def test_prices_that_cannot_be_had_and_files_that_cannot_be_read_are_remarks(
    ibov: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = ibov.pipeline().lake
    missing = Witness.of(lake).facts("IBOV", date(2025, 7, 3))
    assert missing["verdict"] is Verdict.WITHOUT_PRICES
    assert "prices could not be asked" in missing["verification"]

    def fail(*_: object) -> object:
        raise AwsError("S3 is down")

    monkeypatch.setattr("flows.history.witness.read_quotes", fail)
    facts = Witness.of(lake).facts("IBOV", JULY_1)
    assert (facts["verdict"], facts["verification"]) == (
        Verdict.WITHOUT_PRICES,
        "prices could not be asked: S3 is down",
    )


def test_a_spoilt_file_of_the_session_before_is_no_reason_against_this_one(ibov: Account) -> None:
    lake = ibov.pipeline().lake
    store(lake, JUNE_27, JUNE_30)
    ibov.s3.put_object(Bucket=RAW_BUCKET, Key=raw_key("IBOV", JUNE_30), Body=b"not Parquet")
    found = Witness.of(lake).verify("IBOV", JULY_1)
    assert (found.verdict, found.level_is_exact) == (Verdict.WITH_EVENTS, False)


def test_a_months_prices_are_read_once_for_many_sessions(ibov: Account) -> None:
    lake = ibov.pipeline().lake
    store(lake, JUNE_27, JUNE_30, JULY_1)
    prices = SessionPrices(lake)
    first = prices.of(JUNE_30)
    assert prices.of(JUNE_27)
    assert cast("object", prices.of(JUNE_30)) is first


def test_of_the_months_that_were_read_the_last_dozen_is_kept(monkeypatch: pytest.MonkeyPatch, ibov: Account) -> None:
    read: list[date] = []

    def quotes(_: object, first: date, __: date) -> Quotes:
        read.append(first)
        return {}

    monkeypatch.setattr("flows.history.witness.read_quotes", quotes)
    prices = SessionPrices(ibov.pipeline().lake)
    months = [date(2024, month, 1) for month in range(1, 13)] + [date(2025, 1, 1)]
    for month in (*months, months[1]):
        prices.of(month)
    assert read == months
    prices.of(months[0])
    assert read == [*months, months[0]]
