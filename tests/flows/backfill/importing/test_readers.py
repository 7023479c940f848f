"""Files of every kind in one folder: what can be read is, and what cannot stops nothing."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.backfill.importing.files import Found, Hints, SourceFile
from flows.backfill.importing.readers import KINDS, Unreadable, read_files
from local.b3.formats import csv_download, html_page, json_page

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio


def test_each_file_is_read_by_its_kind(sample: Portfolio) -> None:
    files = [
        SourceFile("IBOVDia_30-06-25.csv", base64.b64decode(csv_download(sample))),
        SourceFile("a.JSON", json_page(sample, 1, 120, by_sector=False)),
        SourceFile("a.htm", html_page(sample)),
    ]
    found = list(read_files(files, Hints("IBOV")))
    assert {(item.name, item.portfolio.source) for item in found if isinstance(item, Found)} == {
        ("IBOVDia_30-06-25.csv", "copy of csv"),
        ("a.JSON", "copy of json"),
        ("a.htm", "copy of html"),
    }


def test_what_cannot_be_read_is_told_and_stops_nothing(sample: Portfolio) -> None:
    good = SourceFile("IBOVDia_30-06-25.csv", base64.b64decode(csv_download(sample)))
    odd = [SourceFile(f"ibov-2025-06-30.{kind}", b"odd") for kind in sorted(KINDS)]
    found = list(read_files([*odd, good]))
    assert [item.name for item in found if isinstance(item, Found)] == [good.name]
    assert {item.files[0].name for item in found if isinstance(item, Unreadable)} == {file.name for file in odd}
    assert all(item.reason for item in found if isinstance(item, Unreadable))


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(content=st.binary(max_size=400))
def test_no_content_raises(kind: str, content: bytes) -> None:
    list(read_files([SourceFile(f"ibov-2025-06-30.{kind}", content)]))
