"""Where a command works, and what it may be asked for."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expectations.contract.keys import published_key
from expectations.contract.names import REFINED_BUCKET
from flows.cli.console import Screen
from flows.cli.place import Place, open_place
from flows.errors import AwsError, SettingsError
from flows.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.mark.parametrize(
    ("home", "address", "expected"),
    [
        pytest.param(None, "s3://bucket/a/b", "s3://bucket/a/b", id="in AWS"),
        pytest.param(Path("/h"), "s3://bucket/a/b", "file:///h/s3/bucket/a/b", id="on the laptop"),
        pytest.param(
            Path("/a b/ç"),
            "s3://bucket/year=2025/x y",
            "file:///a%20b/%C3%A7/s3/bucket/year=2025/x%20y",
            id="as a link",
        ),
        pytest.param(Path("/h"), "https://example.com", "https://example.com", id="not in S3"),
    ],
)
def test_an_address_is_shown_as_its_user_can_open_it(home: Path | None, address: str, expected: str) -> None:
    assert Place(Settings(), home).link_to(address) == expected


def test_a_page_of_the_site_is_shown_in_the_user_s_language_where_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "pt")
    folder = tmp_path / "s3" / "bucket"
    folder.mkdir(parents=True)
    (folder / "index.pt.html").write_text("", encoding="utf-8")
    shown = [Place(Settings(), tmp_path).page_of(f"s3://bucket/{name}") for name in ("index.html", "old.html", "x.md")]
    assert [link.rpartition("/")[2] for link in shown] == ["index.pt.html", "old.html", "x.md"]
    monkeypatch.setenv("LANGUAGE", "en")
    assert Place(Settings(), tmp_path).page_of("s3://bucket/index.html").endswith("/index.html")


def test_in_aws_the_account_is_that_of_the_environment_and_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOVESPA_BUCKET_SUFFIX", "-acme")
    with open_place(Screen(as_json=True), aws=True) as place:
        assert (place.settings.bucket_suffix, place.home, place.links) == ("-acme", None, ())


def test_a_wrong_setting_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOVESPA_HOEM", "x")
    with pytest.raises(SettingsError, match="BOVESPA_HOEM"), open_place(Screen(as_json=True), aws=False):
        pass


def test_whatever_is_opened_reports_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"):
        monkeypatch.delenv(name, raising=False)
    with open_place(Screen(as_json=True), aws=True):
        assert (os.environ["DO_NOT_TRACK"], os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"]) == ("1", "false")


def test_aws_without_a_region_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with (
        pytest.raises(AwsError, match="You must specify a region"),
        open_place(Screen(as_json=True), aws=True) as place,
    ):
        place.lake.athena.query("SELECT 1")


def test_what_is_published_is_found_by_index(s3: S3Client) -> None:
    records = [("IBOV", date(2025, 7, 1)), ("IBOV", date(2025, 6, 30)), ("IFIX", date(2025, 6, 30))]
    for index, session in records:
        s3.put_object(Bucket=REFINED_BUCKET, Key=published_key(index, session), Body=b"{}")
    s3.put_object(Bucket=REFINED_BUCKET, Key="published/ibov/other", Body=b"")
    place = Place(Settings(), None)
    assert place.published() == {"IBOV": [date(2025, 6, 30), date(2025, 7, 1)], "IFIX": [date(2025, 6, 30)]}
    assert place.published("IFIX") == {"IFIX": [date(2025, 6, 30)]}
