"""Packed files: what is inside is read, and what cannot be unpacked is named."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.backfill.importing import packed
from flows.backfill.importing.files import Found, ImportProblem, SourceFile
from flows.backfill.importing.packed import unpacked
from flows.backfill.importing.readers import Unreadable, read_files
from local.b3.formats import csv_download

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio

NAME = "IBOVDia_30-06-25.csv"


def csv_of(portfolio: Portfolio) -> bytes:
    return base64.b64decode(csv_download(portfolio))


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize("name", [f"{NAME}.gz", NAME, "IBOVDia_30-06-25.txt.gz"])
def test_gzip_is_unpacked_whatever_the_name_says(sample: Portfolio, name: str) -> None:
    (found,) = read_files([SourceFile(name, gzip.compress(csv_of(sample)))])
    assert isinstance(found, Found)
    assert found.portfolio.session == sample.session
    assert found.files[0].content == csv_of(sample)


def test_a_zip_is_as_many_files_as_are_in_it(sample: Portfolio) -> None:
    content = zipped(
        **{NAME: csv_of(sample), "__MACOSX/._x.csv": b"x", ".DS_Store": b"x", "readme.md": b"x", "odd.csv": b"x"}
    )
    found = list(read_files([SourceFile("all.zip", content)]))
    assert [item.name for item in found if isinstance(item, Found)] == [f"all.zip/{NAME}"]
    assert {item.files[0].name for item in found if isinstance(item, Unreadable)} == {
        "all.zip/readme.md",
        "all.zip/odd.csv",
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \r\n", "empty"),
        (gzip.compress(b"x" * 1000)[:-10], "packed with gzip, and cut or damaged"),
        (zipped(a=b"x" * 1000)[:-30], "packed with zip, and cut or damaged"),
        (zipped(), "nothing is in it"),
        (gzip.compress(gzip.compress(b"x")), "packed more than once"),
        (zipped(a=zipped(b=b"x")), "packed more than once"),
    ],
    # Archives hold the time of their making, which workers that run side by side must not have in the tests' names.
    ids=["nothing", "blanks", "a cut gzip", "a cut zip", "an empty zip", "gzip in gzip", "zip in zip"],
)
def test_what_cannot_be_unpacked_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(ImportProblem, match=reason):
        list(unpacked(SourceFile("a.csv", content)))


def test_an_encrypted_zip_is_named() -> None:
    content = bytearray(zipped(a=b"x" * 100))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ImportProblem, match="packed with zip, and encrypted"):
        list(unpacked(SourceFile("a.zip", bytes(content))))


@pytest.mark.parametrize("name", ["a.gz", "a.zip"])
def test_a_name_that_says_packed_of_what_is_not_is_named(name: str) -> None:
    with pytest.raises(ImportProblem, match="not packed as its name says"):
        list(unpacked(SourceFile(name, b"text")))


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(a=content)], ids=["gzip", "zip"])
def test_a_few_bytes_that_stand_for_too_many_are_refused(monkeypatch: pytest.MonkeyPatch, pack: type[bytes]) -> None:
    monkeypatch.setattr(packed, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(ImportProblem, match="1000000"):
        list(unpacked(SourceFile("a", pack(b"\1" * 1_000_001))))


@given(st.sampled_from([b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b""]), st.binary(max_size=200))
def test_no_content_raises_anything_else(mark: bytes, rest: bytes) -> None:
    try:
        list(unpacked(SourceFile("a.csv", mark + rest)))
    except ImportProblem as problem:
        assert "\n" not in str(problem)  # noqa: PT017 - what is unpacked is right as well
