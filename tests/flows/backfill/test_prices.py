"""B3's prices brought into their table: which files are asked for, what is stored, and what a site that fails or lies does."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.names import DATABASE, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.quotes import QUOTES_TABLE, Quote, QuotesFile, Span
from flows.b3.calendar import sessions_between
from flows.backfill.price_intake import PricesReport
from flows.backfill.prices import Prices, files_for
from flows.errors import NotPublishedError
from flows.history.quotes import read_quotes
from flows.history.refresh import refresh
from flows.session.pipeline import Pipeline
from flows.settings import Settings
from local.b3.standin import Answer, StandIn, Tamper, serving
from tests.flows.history.published import INDEX, Account, portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

TICKERS = ("ABEV3", "ALOS3", "BPAC11", "PETR4", "VALE3")
OTHER = "XPBR31"
JUNE = sessions_between(date(2025, 6, 1), date(2025, 6, 30))
LAST = JUNE[-1]
TODAY = date(2025, 7, 10)


def quote(ticker: str, session: date, close: str | None = None) -> Quote:
    price = Decimal(close) if close else Decimal(session.toordinal() % 97 + len(ticker)) / 100 + 20
    return Quote(session, ticker, "BRVALEACNOR0", "ON      NM", ticker[:4], price.quantize(Decimal("0.01")), 1, 100)


def quotes_of(sessions: list[date], tickers: tuple[str, ...] = (*TICKERS, OTHER)) -> dict[date, list[Quote]]:
    return {session: [quote(ticker, session) for ticker in tickers] for session in sessions}


@dataclass
class Market:
    """An account in which a portfolio of five shares is published, and B3's site with its prices."""

    account: Account
    site: StandIn

    @property
    def pipeline(self) -> Pipeline:
        settings = Settings.model_validate(
            {"prices_base_url": self.site.prices_url, "b3_attempts": 1, "b3_connect_timeout": 2}
        )
        return Pipeline(settings, self.account.pipeline().lake)

    def publish(self, session: date, *tickers: str) -> None:
        shares = ((ticker, 10, "20.000") for ticker in tickers)
        refresh(self.account.pipeline(), INDEX, [self.account.publish(portfolio(session, *shares))])

    def fill(self, since: date = JUNE[0], until: date = LAST, today: date = TODAY) -> PricesReport:
        self.site.requests.clear()
        return Prices(self.pipeline).fill(since, until, today)

    def tamper(self, change: Tamper) -> None:
        self.site.tamper = change

    @property
    def asked(self) -> list[str]:
        return [path.rpartition("/")[2] for path in self.site.requests]

    @property
    def stored(self) -> dict[date, set[str]]:
        found = read_quotes(self.pipeline.lake, date(2000, 1, 1), date(2099, 12, 31))
        return {session: set(of_session) for session, of_session in found.items()}


@pytest.fixture
def aws(s3: S3Client, glue: GlueClient) -> Account:
    """An account in memory in which nothing is published."""
    return Account(s3, glue)


@pytest.fixture(scope="module")
def site() -> Iterator[StandIn]:
    with serving() as stand_in:
        yield stand_in


@pytest.fixture
def market(aws: Account, site: StandIn) -> Market:
    site.quotes, site.tamper = quotes_of(JUNE), None
    found = Market(aws, site)
    found.publish(LAST, *TICKERS)
    return found


class TestWhatIsAskedFor:
    def test_a_few_days_by_the_day_many_by_the_month_and_a_year_whole(self) -> None:
        year = sessions_between(date(2024, 1, 1), date(2024, 12, 31))
        assert [file.name for file in files_for(year, TODAY)] == ["COTAHIST_A2024.ZIP"]
        assert [file.name for file in files_for(JUNE, TODAY)] == ["COTAHIST_M062025.ZIP"]
        assert [file.name for file in files_for(JUNE[:2], TODAY)] == [
            "COTAHIST_D02062025.ZIP",
            "COTAHIST_D03062025.ZIP",
        ]

    def test_a_month_or_a_year_that_is_not_over_by_smaller_files(self) -> None:
        assert {file.span for file in files_for(JUNE, LAST)} == {Span.DAY}
        spring = sessions_between(date(2025, 1, 1), date(2025, 5, 31))
        assert {file.span for file in files_for(spring, TODAY)} == {Span.MONTH}

    @given(st.sets(st.dates(date(2020, 1, 1), date(2025, 12, 31)), max_size=300), st.dates(date(2020, 1, 1)))
    def test_every_session_is_in_exactly_one_file(self, sessions: set[date], today: date) -> None:
        files = files_for(sessions, today)
        assert all(len([file for file in files if file.has(session)]) == 1 for session in sessions)
        assert files == sorted(files, key=lambda file: file.first)


class TestWhatIsStored:
    def test_is_each_session_once_in_one_object_a_month_with_the_index_s_shares_alone(self, market: Market) -> None:
        report = market.fill()
        assert (report.stored, report.missing, report.held) == (tuple(JUNE), {}, 0)
        assert market.stored == {session: set(TICKERS) for session in JUNE}
        assert market.account.keys("cotacoes/") == ["cotacoes/year=2025/month=06/part-00000.parquet"]
        assert market.asked == ["COTAHIST_M062025.ZIP"]

    def test_is_what_athena_sees_in_the_month_s_partition(self, market: Market) -> None:
        market.fill()
        found = market.account.glue.get_partitions(DatabaseName=DATABASE, TableName=QUOTES_TABLE.name)["Partitions"]
        assert [(item["Values"], item["StorageDescriptor"]["Location"]) for item in found] == [
            (["2025", "6"], f"s3://{REFINED_BUCKET}/cotacoes/year=2025/month=06/")
        ]
        rows = pq.read_table(io.BytesIO(market.account.body("cotacoes/year=2025/month=06/part-00000.parquet")))
        assert rows.num_rows == len(TICKERS) * len(JUNE)
        assert {row["preco_fechamento"] for row in rows.to_pylist()} == {
            float(item.close) for items in quotes_of(JUNE, TICKERS).values() for item in items
        }

    def test_is_there_already_the_second_time_and_b3_is_not_asked(self, market: Market) -> None:
        market.fill()
        before = market.account.body("cotacoes/year=2025/month=06/part-00000.parquet")
        report = market.fill()
        assert (report.held, report.stored, market.asked) == (len(JUNE), (), [])
        assert market.account.body("cotacoes/year=2025/month=06/part-00000.parquet") == before

    def test_is_read_again_in_landing_where_another_share_is_needed(self, market: Market) -> None:
        market.fill(JUNE[-2])
        market.publish(JUNE[-2], *TICKERS[1:], OTHER)
        report = market.fill(JUNE[-2])
        assert (report.stored, market.asked) == (tuple(JUNE[-2:]), [])
        assert market.stored == {session: {*TICKERS, OTHER} for session in JUNE[-2:]}

    def test_keeps_what_other_runs_have_stored_of_the_month(self, market: Market) -> None:
        for session in (JUNE[3], JUNE[0], JUNE[7]):
            market.fill(session, session)
        assert sorted(market.stored) == [JUNE[0], JUNE[3], JUNE[7]]

    def test_is_kept_in_landing_as_received(self, market: Market) -> None:
        market.fill(LAST)
        keys = [
            item["Key"]
            for item in market.account.s3.list_objects_v2(Bucket=RAW_BUCKET, Prefix="landing/cotahist/")["Contents"]
        ]
        assert len(keys) == 1
        assert keys[0].startswith("landing/cotahist/D20250630/")
        body = market.account.s3.get_object(Bucket=RAW_BUCKET, Key=keys[0])["Body"].read()
        assert body == market.site.answer("/InstDados/SerHist/COTAHIST_D30062025.ZIP").body

    def test_is_nothing_where_nothing_is_published(self, aws: Account, site: StandIn) -> None:
        aws.forget(INDEX)
        with pytest.raises(NotPublishedError, match="no portfolio is published, which would tell whose prices"):
            Market(aws, site).fill()


class TestB3:
    def test_without_a_month_s_file_is_asked_for_its_days(self, market: Market) -> None:
        market.tamper(lambda path, right: Answer(b"", status=404) if "_M" in path else right)
        assert market.fill().stored == tuple(JUNE)
        assert market.asked == ["COTAHIST_M062025.ZIP", *(QuotesFile.of(Span.DAY, day).name for day in JUNE)]

    def test_whose_month_lacks_most_of_its_sessions_is_not_asked_for_each_of_them(self, market: Market) -> None:
        market.site.quotes = quotes_of(JUNE[-2:])
        report = market.fill()
        assert (report.stored, len(report.missing)) == (tuple(JUNE[-2:]), len(JUNE) - 2)
        assert market.asked == ["COTAHIST_M062025.ZIP"]

    def test_with_a_page_in_place_of_a_day_is_named_and_stops_no_other_day(self, market: Market) -> None:
        del market.site.quotes[JUNE[-2]]
        report = market.fill(JUNE[-3])
        assert report.stored == (JUNE[-3], LAST)
        assert list(report.missing) == [JUNE[-2]]
        assert "a page came in place of a ZIP" in report.missing[JUNE[-2]]
        assert report.headline.startswith("prices of 2 sessions stored, 0 there already, 1 missing: 2025-06-27: ")

    def test_that_is_down_is_asked_for_one_file_alone(self, market: Market) -> None:
        market.tamper(lambda path, right: Answer(b"", status=503))
        report = market.fill(JUNE[-3])
        assert (report.stored, sorted(report.missing)) == ((), JUNE[-3:])
        assert set(report.missing.values()) == {"COTAHIST_D26062025.ZIP: HTTP 503, after 1 attempts"}
        assert market.asked == ["COTAHIST_D26062025.ZIP"]

    @pytest.mark.parametrize(
        ("damage", "reason"),
        [
            pytest.param(lambda body: body[:-40], "zip: damaged or cut short", id="a ZIP that was cut"),
            pytest.param(lambda body: b"PK" + b"x" * 50, "zip: damaged or cut short", id="no ZIP"),
            pytest.param(lambda body: b"maintenance", "zip: b'maintenance' where a ZIP", id="a text"),
        ],
    )
    def test_that_sends_what_is_damaged_stores_nothing(
        self, market: Market, damage: Callable[[bytes], bytes], reason: str
    ) -> None:
        market.tamper(lambda path, right: replace(right, body=damage(right.body)))
        report = market.fill(LAST)
        assert (report.stored, market.stored) == ((), {})
        assert reason in report.missing[LAST]

    def test_that_sends_another_day_s_file_stores_nothing(self, market: Market) -> None:
        other = market.site.answer("/InstDados/SerHist/COTAHIST_D27062025.ZIP")
        market.tamper(lambda path, right: other)
        report = market.fill(LAST)
        assert report.missing == {LAST: "B3's answer, COTAHIST_D30062025.ZIP: prices of 2025-06-27 in it"}
        assert market.stored == {}

    def test_that_sends_a_day_s_prices_under_the_next_day_s_date_is_refused(self, market: Market) -> None:
        market.fill(JUNE[-2], JUNE[-2])
        market.site.quotes[LAST] = [replace(item, session=LAST) for item in market.site.quotes[JUNE[-2]]]
        report = market.fill(LAST)
        assert "the prices are not those of the session beside" in report.missing[LAST]
        assert list(market.stored) == [JUNE[-2]]

    def test_that_lied_is_asked_again_and_believed_once_it_is_right(self, market: Market) -> None:
        market.fill(JUNE[-2], JUNE[-2])
        right = market.site.quotes[LAST]
        market.site.quotes[LAST] = [replace(item, session=LAST) for item in market.site.quotes[JUNE[-2]]]
        assert not market.fill(LAST).stored
        market.site.quotes[LAST] = right
        assert market.fill(LAST).stored == (LAST,)

    def test_that_states_a_price_twice_or_none_is_refused(self, market: Market) -> None:
        market.site.quotes[LAST] = [*market.site.quotes[LAST], quote("VALE3", LAST, "0.00")]
        report = market.fill(LAST)
        assert "a share has one price a session" in report.missing[LAST]
        assert "every price is above zero" in report.missing[LAST]

    def test_with_few_of_the_shares_or_a_price_far_off_is_warned_of(self, market: Market) -> None:
        market.fill(JUNE[-2], JUNE[-2])
        market.site.quotes[LAST] = [quote("VALE3", LAST, "9999.00"), quote("ABEV3", LAST), quote("ALOS3", LAST)]
        report = market.fill(LAST)
        assert report.stored == (LAST,)
        assert len(report.warnings) == 2
        assert "VALE3" in " ".join(report.warnings)
