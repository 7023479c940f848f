"""The table of prices: rows are quotes again, several write a month at once, a share without a row keeps its last close."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.names import DATABASE
from expectations.contract.quotes import QUOTES_TABLE, Quote
from flows.errors import AwsError, WriteConflict
from flows.history.needed_shares import NeededShares
from flows.history.quotes import (
    LAST_CLOSE_SESSIONS,
    NewQuotes,
    last_closes,
    quote_rows,
    quotes_months,
    quotes_of,
    read_quotes,
    store_quotes,
)
from flows.history.refresh import refresh
from tests.flows.history.published import INDEX, JUN_2, JUN_3, JUNE, MAY_30, Account, portfolio, two

PETR4 = Quote(JUN_2, "PETR4", "BRPETRACNPR6", "PN  EJ  N2", "PETROBRAS", Decimal("31.39"), 1, 212)
VALE3 = Quote(JUN_2, "VALE3", "BRVALEACNOR0", "ON      NM", "VALE", Decimal("52.10"), 1, 190)
DAYS = [JUN_2 + timedelta(days=number) for number in range(30)]

quotes = st.builds(
    replace,
    st.just(PETR4),
    ticker=st.sampled_from(["PETR4", "VALE3", "ABEV3"]),
    session=st.sampled_from(DAYS),
    close=st.decimals(Decimal("0.01"), Decimal("99999999999.99"), places=2),
    fatcot=st.sampled_from([1, 1000]),
    dismes=st.integers(0, 999),
)


@given(st.lists(quotes, max_size=20, unique_by=lambda item: (item.ticker, item.session)))
def test_rows_are_the_quotes_again_by_share_and_session(items: list[Quote]) -> None:
    assert quotes_of(quote_rows(items)) == sorted(items, key=lambda item: (item.ticker, item.session))


class TestWriting:
    def new(self, *items: Quote, made_from: str = "a.b") -> NewQuotes:
        return NewQuotes(JUNE, items, dict.fromkeys((item.session for item in items), made_from))

    def test_a_month_keeps_other_shares_and_sessions(self, aws: Account) -> None:
        lake = aws.pipeline().lake
        tuesday = replace(PETR4, session=JUN_3)
        store_quotes(lake, self.new(PETR4))
        store_quotes(lake, self.new(VALE3, made_from="c.d"))
        store_quotes(lake, self.new(tuesday))
        found = read_quotes(lake, JUN_2, JUN_3)
        assert found == {JUN_2: {"PETR4": PETR4, "VALE3": VALE3}, JUN_3: {"PETR4": tuesday}}
        assert read_quotes(lake, JUN_3, JUN_3, ["VALE3"]) == {}
        assert read_quotes(lake, JUN_2, JUN_3, ["VALE3"]) == {JUN_2: {"VALE3": VALE3}}

    def test_the_same_again_writes_nothing(self, aws: Account) -> None:
        lake = aws.pipeline().lake
        store_quotes(lake, self.new(PETR4))
        (before,) = lake.refined.objects(QUOTES_TABLE.prefix)
        store_quotes(lake, self.new(PETR4))
        (after,) = lake.refined.objects(QUOTES_TABLE.prefix)
        assert after == before

    def test_several_at_once_lose_nothing_of_one_another(self, aws: Account) -> None:
        lake = aws.pipeline().lake
        items = [replace(PETR4, session=day) for day in DAYS[:4]]
        with ThreadPoolExecutor(len(items)) as pool:
            list(pool.map(lambda item: store_quotes(lake, self.new(item)), items))
        assert sorted(read_quotes(lake, DAYS[0], DAYS[-1])) == DAYS[:4]

    def test_a_month_without_its_partition_gets_it_and_what_else_lies_there_goes(self, aws: Account) -> None:
        lake = aws.pipeline().lake
        store_quotes(lake, self.new(PETR4))
        aws.glue.batch_delete_partition(
            DatabaseName=DATABASE, TableName=QUOTES_TABLE.name, PartitionsToDelete=[{"Values": ["2025", "6"]}]
        )
        aws.put("cotacoes/year=2025/month=06/stray", b"")
        store_quotes(lake, self.new(PETR4))
        found = quotes_months(lake).months()
        assert found[JUNE].points_to == "cotacoes/year=2025/month=06/"
        assert found[JUNE].strays == ()

    def test_a_file_that_nobody_can_read_has_no_prices_and_is_made_anew(self, aws: Account) -> None:
        lake = aws.pipeline().lake
        aws.put("cotacoes/year=2025/month=06/part-00000.parquet", b"spoilt")
        assert read_quotes(lake, JUN_2, JUN_3) == {}
        store_quotes(lake, self.new(PETR4))
        assert read_quotes(lake, JUN_2, JUN_3) == {JUN_2: {"PETR4": PETR4}}

    def test_others_who_write_all_the_time_are_an_error_by_name(
        self, aws: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("flows.history.quotes._MOST_TRIES", 2)

        def overtaken(*_: object) -> None:
            raise WriteConflict("somebody else has written it meanwhile")

        monkeypatch.setattr("flows.history.month_files.MonthlyTable.put", overtaken)
        with pytest.raises(AwsError, match="somebody else has written it"):
            store_quotes(aws.pipeline().lake, self.new(PETR4))


def test_a_year_of_all_indices_is_twelve_objects_of_three_mebibytes(aws: Account) -> None:
    random = Random(1)
    tickers = [f"{''.join(random.choices('ABCDEFGHIJ', k=4))}{random.choice(('3', '4', '11'))}" for _ in range(450)]
    closes = {ticker: random.randint(100, 20_000) for ticker in tickers}
    items = []
    for day in DAYS[:23]:
        for ticker in tickers:
            closes[ticker] = max(1, round(closes[ticker] * random.gauss(1, 0.02)))
            quote = Quote(
                day, ticker, f"BR{ticker[:4]}ACNOR1", "ON      NM", ticker[:4], Decimal(closes[ticker]) / 100, 1, 9
            )
            items.append(quote)
    store_quotes(aws.pipeline().lake, NewQuotes(JUNE, items, dict.fromkeys(DAYS[:23], "0123456789ab.0123456789ab")))
    (month,) = aws.pipeline().lake.refined.objects(QUOTES_TABLE.prefix)
    assert 12 * month.size < 3 * 2**20


class TestLastCloses:
    def of(self, *traded: int, ticker: str = "PETR4") -> dict[date, dict[str, Quote]]:
        """Quotes of all days, with the share in those of these numbers."""
        return {
            day: {ticker: replace(PETR4, session=day)} if number in traded else {} for number, day in enumerate(DAYS)
        }

    def test_a_share_that_traded_has_its_close(self) -> None:
        assert last_closes(self.of(4, 5), DAYS[5], DAYS, ["PETR4"])["PETR4"].session == DAYS[5]

    def test_a_share_without_a_row_keeps_its_last_close_within_the_limit(self) -> None:
        last = DAYS[LAST_CLOSE_SESSIONS]
        assert last_closes(self.of(0), last, DAYS, ["PETR4"])["PETR4"].session == DAYS[0]
        assert last_closes(self.of(0), DAYS[LAST_CLOSE_SESSIONS + 1], DAYS, ["PETR4"]) == {}
        assert last_closes(self.of(0), DAYS[1], DAYS, ["PETR4"], limit=0) == {}

    def test_no_older_price_is_taken_over_a_session_that_is_not_known(self) -> None:
        known = self.of(0)
        del known[DAYS[2]]
        assert last_closes(known, DAYS[4], DAYS, ["PETR4"]) == {}
        assert last_closes(known, DAYS[1], DAYS, ["PETR4"])["PETR4"].session == DAYS[0]

    @given(st.sets(st.integers(0, 29)), st.integers(0, 29), st.integers(0, 29))
    def test_it_is_the_newest_of_those_up_to_the_session(self, traded: set[int], at: int, limit: int) -> None:
        found = last_closes(self.of(*traded), DAYS[at], DAYS, ["PETR4", "VALE3"], limit)
        wanted = [number for number in traded if at - limit <= number <= at]
        assert {ticker: quote.session for ticker, quote in found.items()} == (
            {"PETR4": DAYS[max(wanted)]} if wanted else {}
        )


class TestNeededShares:
    def test_are_those_of_the_month_and_the_ones_beside_it_of_all_indices(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(item) for item in (two(MAY_30), two(JUN_2))])
        other = portfolio(date(2025, 8, 29), ("PETR4", 10, "100.000"), index="IDIV")
        refresh(aws.pipeline(), "IDIV", [aws.publish(other)])
        aws.put("historico/indice=IBOV/year=2025/month=06/stray", b"")
        aws.put("historico/indice=nothing/year=2025/month=06/part-00000.parquet", b"")
        shares = NeededShares.of(aws.pipeline().lake)
        pair = {"ABEV3", "VALE3"}
        assert shares.around(date(2025, 6, 1)) == pair
        assert shares.around(date(2025, 4, 1)) == pair
        assert shares.around(date(2025, 7, 1)) == {*pair, "PETR4"}
        assert shares.around(date(2025, 9, 1)) == {"PETR4"}
        assert shares.around(date(2020, 1, 1)) == pair
        assert shares.all() == {*pair, "PETR4"}
