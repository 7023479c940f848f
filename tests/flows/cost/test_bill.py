"""The bill: usage times prices, with the services' minimums."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from flows.cost.bill import ESTIMATE_USD, GIGABYTE, Bill, BilledQuery, BillingMonth, StoredVersion, Usage, bill
from flows.cost.prices import REGIONS
from flows.errors import SettingsError
from flows.glue_run import GlueRun
from flows.lake.glue_job import glue_run

PRICES = REGIONS["us-east-1"]
JUNE = BillingMonth.of("2025-06")
AFTER = datetime(2025, 7, 2, tzinfo=UTC)
NOTHING = Usage((), 0, 0.0, (), ())
MEGABYTE = 1024**2


def run(seconds: int, **more: object) -> GlueRun:
    return glue_run({"Id": "jr_1", "JobRunState": "SUCCEEDED", "ExecutionTime": seconds, "MaxCapacity": 2.0} | more)


def billed(now: datetime = AFTER, **used: object) -> Bill:
    return bill(replace(NOTHING, **used), JUNE, PRICES, now)  # type: ignore[arg-type]


def test_the_estimate_is_the_users() -> None:
    assert sum(ESTIMATE_USD.values()) == Decimal("1.63")


# --- months --------------------------------------------------------------------------------------------------------------


def test_a_month_is_utcs_and_ends_before_the_next() -> None:
    assert (JUNE.begin, JUNE.end) == (datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
    assert JUNE.has(JUNE.begin)
    assert not JUNE.has(JUNE.end)


def test_december_is_followed_by_january() -> None:
    assert BillingMonth.of("2025-12").end == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2025-13", "2025-00", "2025-6", "06-2025", "2025-06-30", "", "0000-01", "\uff12\uff10\uff12\uff15-06"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="expected YYYY-MM"):
        BillingMonth.of(text)


@pytest.mark.parametrize(
    ("now", "elapsed"),
    [(JUNE.begin - timedelta(days=1), 0.0), (JUNE.begin + timedelta(days=15), 0.5), (AFTER, 1.0)],
)
def test_how_much_of_it_is_over(now: datetime, elapsed: float) -> None:
    assert JUNE.elapsed(now) == elapsed


# --- Glue ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "dpu_seconds"),
    [
        pytest.param(run(90), 180, id="seconds times DPUs"),
        pytest.param(run(8), 120, id="a minute at least"),
        pytest.param(run(90, DPUSeconds=150.5), 150.5, id="what Glue states counts"),
        pytest.param(run(90, DPUSeconds=30), 120, id="but a minute at least"),
        pytest.param(run(0, MaxCapacity=10), 600, id="of a run that did nothing, too"),
    ],
)
def test_a_run_is_billed_by_its_dpu_seconds(ended: GlueRun, dpu_seconds: float) -> None:
    assert ended.billed_dpu_seconds == dpu_seconds
    assert float(billed(runs=[ended]).of("Glue")) == pytest.approx(dpu_seconds / 3600 * 0.44)


def test_a_month_of_daily_runs_costs_what_was_estimated() -> None:
    """21 sessions of two DPUs for three and a half minutes, as the user reckoned."""
    found = billed(runs=[run(214)] * 21)
    assert abs(found.of("Glue") - ESTIMATE_USD["Glue"]) < Decimal("0.01")


def test_flexible_runs_have_a_line_and_a_price_of_their_own() -> None:
    found = billed(runs=[run(1800), run(1800, ExecutionClass="FLEX")])
    assert [(line.what, line.usd) for line in found.lines if line.service == "Glue"] == [
        ("DPU-hour of 1 run", Decimal("0.44")),
        ("flexible DPU-hour of 1 run", Decimal("0.29")),
    ]


# --- Lambda, Athena ------------------------------------------------------------------------------------------------------


def test_the_lambda_is_billed_by_requests_and_gigabyte_seconds() -> None:
    found = billed(invocations=1_000_000, gb_seconds=1000.0)
    assert found.of("Lambda") == Decimal("0.20") + 1000 * PRICES.lambda_compute.usd


@pytest.mark.parametrize(
    ("query", "megabytes"),
    [
        (BilledQuery(0), 10),
        (BilledQuery(10 * MEGABYTE), 10),
        (BilledQuery(10 * MEGABYTE + 1), 11),
        (BilledQuery(5 * MEGABYTE, billed=False), 0),
    ],
)
def test_a_query_is_rounded_up_to_the_megabyte_and_ten_at_least(query: BilledQuery, megabytes: int) -> None:
    assert query.billed_bytes() == megabytes * MEGABYTE


def test_a_terabyte_costs_five_dollars() -> None:
    assert billed(queries=[BilledQuery(1024**4)]).of("Athena") == 5


# --- S3 ------------------------------------------------------------------------------------------------------------------


def gigabyte_months(found: Bill) -> Decimal:
    (line,) = [line for line in found.lines if line.noun == "GB-month"]
    return line.quantity


@pytest.mark.parametrize(
    ("since", "now", "share"),
    [
        pytest.param(JUNE.begin - timedelta(days=90), AFTER, 1.0, id="all month"),
        pytest.param(JUNE.begin + timedelta(days=15), AFTER, 0.5, id="from the middle on"),
        pytest.param(JUNE.begin, JUNE.begin + timedelta(days=6), 0.2, id="up to now"),
        pytest.param(AFTER, AFTER, 0.0, id="later"),
    ],
)
def test_storage_is_billed_for_the_time_that_it_lasted(since: datetime, now: datetime, share: float) -> None:
    found = billed(now, stored=[StoredVersion(GIGABYTE, since)])
    assert float(gigabyte_months(found)) == pytest.approx(share)


def test_writes_are_counted_by_what_was_stored_in_the_month() -> None:
    old, fresh = StoredVersion(1, JUNE.begin - timedelta(days=1)), StoredVersion(1, JUNE.begin)
    (line,) = [line for line in billed(stored=[old, fresh, fresh]).lines if line.what.startswith("PUT")]
    assert line.quantity == 2


def test_reads_and_lists_are_modelled_by_runs_and_say_so() -> None:
    modelled = [line for line in billed(runs=[run(60)]).lines if "modelled" in line.what]
    assert [line.what.split(",")[0] for line in modelled] == ["LIST", "GET"]
    assert all(line.quantity > 0 for line in modelled)


# --- all of it -----------------------------------------------------------------------------------------------------------


def test_nothing_costs_nothing() -> None:
    assert billed().usd == 0


def test_the_total_is_that_of_the_services() -> None:
    found = billed(
        runs=[run(100)],
        invocations=3,
        gb_seconds=1.0,
        stored=[StoredVersion(5000, JUNE.begin)],
        queries=[BilledQuery(1)],
    )
    assert found.usd == sum(found.of(name) for name in ESTIMATE_USD)
    assert all(found.of(name) > 0 for name in ESTIMATE_USD)


def test_sao_paulos_prices_are_higher() -> None:
    usage = replace(NOTHING, runs=(run(100),), queries=(BilledQuery(1),))
    assert bill(usage, JUNE, REGIONS["sa-east-1"], AFTER).usd > bill(usage, JUNE, PRICES, AFTER).usd
