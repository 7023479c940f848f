"""COTAHIST files that people have: found among portfolios, kept in landing, read, and held to what the table has."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expectations.contract.names import RAW_BUCKET
from expectations.contract.quotes import Quote
from flows.backfill.import_folder import FolderImport
from flows.backfill.import_prices import PriceFile, PricesImport, price_files
from flows.errors import NotPublishedError
from flows.history.quotes import read_quotes
from flows.history.refresh import refresh
from local.b3.cotahist import file_of, packed
from tests.flows.history.published import INDEX, Account, portfolio

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

FRIDAY, MONDAY = date(2025, 6, 27), date(2025, 6, 30)
TICKERS = ("ABEV3", "ALOS3", "PETR4", "VALE3")


def quotes(session: date, cents: int = 0) -> list[Quote]:
    return [
        Quote(
            session, ticker, "BRVALEACNOR0", "ON      NM", ticker[:4], Decimal(2000 + session.day + cents) / 100, 1, 7
        )
        for ticker in (*TICKERS, "XPBR31")
    ]


def text(*sessions: date, cents: int = 0) -> bytes:
    return file_of([item for session in sessions for item in quotes(session, cents)], "COTAHIST.2025", MONDAY)


@pytest.fixture
def aws(s3: S3Client, glue: GlueClient) -> Account:
    account = Account(s3, glue)
    refresh(
        account.pipeline(), INDEX, [account.publish(portfolio(MONDAY, *((ticker, 10, "25.000") for ticker in TICKERS)))]
    )
    return account


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old").mkdir()
    return tmp_path


def run(aws: Account, folder: Path, **how: bool) -> list[PriceFile]:
    return PricesImport(aws.pipeline(), **how).run(folder, price_files(folder))  # type: ignore[arg-type]


def stored(aws: Account) -> dict[date, dict[str, Decimal]]:
    found = read_quotes(aws.pipeline().lake, FRIDAY, MONDAY)
    return {day: {ticker: item.close for ticker, item in of_day.items()} for day, of_day in found.items()}


def landed(aws: Account) -> list[str]:
    listed = aws.s3.list_objects_v2(Bucket=RAW_BUCKET, Prefix="landing/cotahist/").get("Contents", [])
    return [item["Key"].rpartition("/")[0] + "/" + item["Key"].partition(".")[2] for item in listed]


def test_zip_and_text_are_taken_whatever_their_names(aws: Account, folder: Path) -> None:
    (folder / "COTAHIST_D270625.ZIP").write_bytes(packed(text(FRIDAY), "COTAHIST_D270625.TXT"))
    (folder / "old" / "prices.txt").write_bytes(text(MONDAY).replace(b"\r\n", b"\n"))
    (folder / "notes.txt").write_bytes(b"nothing")
    found = run(aws, folder)
    assert [(item.name, item.failed, item.report and item.report.stored) for item in found] == [
        ("COTAHIST_D270625.ZIP", False, (FRIDAY,)),
        ("old/prices.txt", False, (MONDAY,)),
    ]
    assert {day: set(of_day) for day, of_day in stored(aws).items()} == {FRIDAY: set(TICKERS), MONDAY: set(TICKERS)}
    assert landed(aws) == ["landing/cotahist/D20250627/zip", "landing/cotahist/undated/txt.gz"]
    key = aws.s3.list_objects_v2(Bucket=RAW_BUCKET, Prefix="landing/cotahist/undated/")["Contents"][0]["Key"]
    kept = aws.s3.get_object(Bucket=RAW_BUCKET, Key=key)
    assert gzip.decompress(kept["Body"].read()) == (folder / "old" / "prices.txt").read_bytes()
    assert kept["Metadata"]["file-name"] == "old/prices.txt"


def test_the_same_file_again_changes_nothing(aws: Account, folder: Path) -> None:
    (folder / "COTAHIST_A2025.TXT").write_bytes(text(FRIDAY, MONDAY))
    run(aws, folder)
    (again,) = run(aws, folder)
    assert again.report
    assert (again.report.stored, again.report.held, again.failed) == ((), 2, False)
    assert landed(aws) == ["landing/cotahist/A2025/txt.gz"]


def test_other_prices_than_the_table_s_are_a_conflict_or_a_correction(aws: Account, folder: Path) -> None:
    (folder / "COTAHIST_A2025.TXT").write_bytes(text(FRIDAY, MONDAY))
    run(aws, folder)
    (folder / "COTAHIST_A2025.TXT").write_bytes(text(FRIDAY, MONDAY, cents=1))
    (other,) = run(aws, folder)
    assert other.report
    assert other.report.missing[MONDAY] == "ABEV3 at 20.31 where the table has 20.30: --replace takes the file's"
    assert stored(aws)[MONDAY]["ABEV3"] == Decimal("20.30")
    (corrected,) = run(aws, folder, replaces=True)
    assert not corrected.failed
    assert stored(aws)[MONDAY]["ABEV3"] == Decimal("20.31")


def test_a_dry_run_says_what_would_be_stored_and_writes_nothing(aws: Account, folder: Path) -> None:
    (folder / "COTAHIST_A2025.TXT").write_bytes(text(FRIDAY, MONDAY))
    (found,) = run(aws, folder, dry_run=True)
    assert found.report
    assert found.report.stored == (FRIDAY, MONDAY)
    assert (stored(aws), landed(aws)) == ({}, [])


def test_a_file_that_was_cut_is_named_kept_and_stores_nothing(aws: Account, folder: Path) -> None:
    (folder / "COTAHIST_A2025.TXT").write_bytes(text(FRIDAY, MONDAY)[:-300])
    (folder / "COTAHIST_A2024.ZIP").write_bytes(packed(text(FRIDAY), "COTAHIST_A2024.TXT")[:-20])
    found = run(aws, folder)
    assert [item.problem.partition(" (")[0].partition(": b'")[0] for item in found] == [
        "B3's answer, zip: damaged or cut short",
        "B3's answer, line 11: 194 bytes where 245 were expected",
    ]
    assert stored(aws) == {}
    assert len(landed(aws)) == 2


def test_they_are_no_portfolios(aws: Account, folder: Path) -> None:
    (folder / "COTAHIST_A2025.TXT").write_bytes(text(FRIDAY, MONDAY))
    (folder / "COTAHIST_A2025.ZIP").write_bytes(packed(text(FRIDAY, MONDAY), "COTAHIST_A2025.TXT"))
    assert FolderImport(aws.pipeline()).run(folder) == []


def test_without_anything_published_nobody_knows_whose_prices_are_needed(aws: Account, folder: Path) -> None:
    aws.forget(INDEX)
    (folder / "COTAHIST_A2025.TXT").write_bytes(text(MONDAY))
    with pytest.raises(NotPublishedError, match="whose prices are needed"):
        run(aws, folder)
