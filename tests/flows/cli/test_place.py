"""Where a command works, and what it may be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli.console import Screen
from flows.cli.place import Place, open_place
from flows.errors import SettingsError
from flows.settings import Settings


@pytest.mark.parametrize(
    ("home", "address", "shown"),
    [
        pytest.param(None, "s3://bucket/a/b", "s3://bucket/a/b", id="in AWS"),
        pytest.param(Path("/h"), "s3://bucket/a/b", "file:///h/s3/bucket/a/b", id="on the laptop"),
        pytest.param(Path("/h"), "https://example.com", "https://example.com", id="not in S3"),
    ],
)
def test_an_address_is_shown_as_its_user_can_open_it(home: Path | None, address: str, shown: str) -> None:
    assert Place(Settings(), home).shown(address) == shown


def test_in_aws_the_account_is_that_of_the_environment_and_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOVESPA_BUCKET_SUFFIX", "-acme")
    with open_place(Screen(as_json=True), aws=True) as place:
        assert (place.settings.bucket_suffix, place.home, place.links) == ("-acme", None, ())


def test_a_wrong_setting_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOVESPA_HOEM", "x")
    with pytest.raises(SettingsError, match="BOVESPA_HOEM"), open_place(Screen(as_json=True), aws=False):
        pass
