"""Many small files read at once: the rows of just these files, as they are now, or none where DuckDB is to read them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local.athena.small_files import NUMBER, SmallFiles

Write = Callable[[Sequence[int]], list[os.DirEntry[str]]]
MANY = 140


@pytest.fixture(params=[2 * MANY, 30], autouse=True, ids=["all at once", "some at a time"])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many files are read at once."""
    monkeypatch.setattr("local.athena.small_files._AT_ONCE", request.param)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of one row for each number; the files, by name."""

    def call(values: Sequence[int]) -> list[os.DirEntry[str]]:
        for place, value in enumerate(values):
            pq.write_table(pa.table({"value": [value]}), tmp_path / f"{place:03}.parquet")
        return entries(tmp_path)

    return call


def entries(folder: Path) -> list[os.DirEntry[str]]:
    return sorted(os.scandir(folder), key=lambda entry: entry.name)


def found(rows: pa.Table | None) -> list[tuple[int, int]] | None:
    return None if rows is None else list(zip(rows[NUMBER].to_pylist(), rows["value"].to_pylist(), strict=True))


def test_each_row_tells_its_file_by_its_place_among_those_that_were_asked_for(write: Write) -> None:
    small, files = SmallFiles(), write(range(MANY))
    chosen = [*files[35:], *files[:30]]
    assert found(small.rows(files)) == [(number, number) for number in range(MANY)]
    assert found(small.rows(chosen)) == list(enumerate([*range(35, MANY), *range(30)]))


def test_what_was_read_is_not_read_again(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    small, files = SmallFiles(), write(range(MANY))
    first = small.rows(files)
    monkeypatch.setattr("local.athena.small_files._read", lambda paths, _: pytest.fail(str(paths)))
    assert small.rows(files) == first


def test_a_file_that_was_written_again_is_read_again(write: Write, tmp_path: Path) -> None:
    small = SmallFiles()
    small.rows(write(range(MANY)))
    place = tmp_path / "new"
    pq.write_table(pa.table({"value": [-1]}), place)
    place.replace(tmp_path / "003.parquet")
    assert found(small.rows(entries(tmp_path))) == [(n, -1 if n == 3 else n) for n in range(MANY)]


def test_files_of_several_rows_and_of_none_have_theirs(write: Write, tmp_path: Path) -> None:
    write(range(MANY))
    pq.write_table(pa.table({"value": pa.array([], pa.int64())}), tmp_path / "001.parquet")
    pq.write_table(pa.table({"value": [7, 8]}), tmp_path / "002.parquet")
    rows = found(SmallFiles().rows(entries(tmp_path)))
    assert rows == [(0, 0), (2, 7), (2, 8), *((n, n) for n in range(3, MANY))]


def test_no_more_is_kept_than_may_be(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    small, files = SmallFiles(), write(range(2 * MANY))
    monkeypatch.setattr("local.athena.small_files._MOST_FILES", MANY)
    small.rows(files[:MANY])
    assert found(small.rows(files[MANY:])) == list(enumerate(range(MANY, 2 * MANY)))
    monkeypatch.setattr("local.athena.small_files._read", lambda paths, _: pytest.fail(str(paths)))
    assert small.rows(files[MANY:]) is not None
    with pytest.raises(pytest.fail.Exception):
        small.rows(files[:MANY])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(pa.table({"value": ["1"]}), id="of another type"),
        pytest.param(pa.table({"other": [1]}), id="of another name"),
        pytest.param(pa.table({"value": [1], "more": [1]}), id="with one column more"),
    ],
)
def test_files_that_differ_are_left_to_duckdb_before_and_after_the_others_were_read(
    write: Write, tmp_path: Path, other: pa.Table
) -> None:
    small, files = SmallFiles(), write(range(MANY))
    pq.write_table(other, tmp_path / "999.parquet")
    assert small.rows(entries(tmp_path)) is None
    assert small.rows(files) is not None
    assert small.rows(entries(tmp_path)) is None


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pa.array([[1]]), id="a list"),
        pytest.param(pa.array([b"x"]), id="bytes"),
        pytest.param(pa.array([1], pa.uint32()), id="unsigned"),
        pytest.param(pa.array([0], pa.timestamp("ns")), id="nanoseconds"),
        pytest.param(pa.array([b"\xff"]).view(pa.string()), id="text that is none"),
    ],
)
def test_types_that_are_not_plain_are_left_to_duckdb(tmp_path: Path, column: pa.Array) -> None:
    for place in range(MANY):
        pq.write_table(pa.table({"value": column}), tmp_path / f"{place:03}.parquet", store_schema=False)
    assert SmallFiles().rows(entries(tmp_path)) is None


def test_what_is_no_parquet_is_left_to_duckdb(write: Write, tmp_path: Path) -> None:
    write(range(MANY))
    (tmp_path / "999.parquet").write_bytes(b"PAR1, and nothing else")
    assert SmallFiles().rows(entries(tmp_path)) is None


def test_few_files_and_large_ones_are_left_to_duckdb(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    files = write(range(MANY))
    assert SmallFiles().rows(files[:3]) is None
    monkeypatch.setattr("local.athena.small_files._LARGEST", 100)
    assert SmallFiles().rows(files) is None
