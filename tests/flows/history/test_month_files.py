"""A month's file: its rows and what it was made from are read back the same, and whatever is not to be used holds nothing."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE
from flows.history.month_files import CONTENTS, Content, MonthlyTable, encode, month_of
from flows.history.rows import HISTORY_SCHEMA
from flows.lake.s3 import ObjectInfo, ObjectSummary, StoredObject

if TYPE_CHECKING:
    from flows.lake.catalog import Catalog

JUNE = date(2025, 6, 1)
FILE = ObjectSummary("month.parquet", 1, '"as listed"', datetime(2025, 7, 1, tzinfo=UTC))


class Kept:
    """A bucket that keeps what is put."""

    body = b""
    beside: Mapping[str, str] | None = None

    def put(self, _: str, body: bytes, *, metadata: Mapping[str, str] | None, **__: object) -> None:
        self.body, self.beside = body, metadata

    def find(self, _: str) -> StoredObject:
        return StoredObject(self.body, ObjectInfo(FILE.etag, "null", FILE.stored_at, self.beside or {}))

    def address(self, key: str) -> str:
        return f"s3://refined/{key}"


def table(rules: int = 1) -> MonthlyTable:
    return MonthlyTable(cast("Any", Kept()), cast("Catalog", None), HISTORY_TABLE, "IBXX", rules)


def written(content: Content, rules: int = 1) -> bytes:
    made = table(rules)
    made.put(JUNE, content, cast("ObjectSummary | None", None))
    return cast("Any", made.refined).body  # type: ignore[no-any-return]


def some_rows(count: int) -> pa.Table:
    row: dict[str, Any] = dict.fromkeys(HISTORY_SCHEMA.names)
    texts = {field.name: "x" for field in HISTORY_SCHEMA if field.type == pa.string()}
    numbers = {field.name: 1 for field in HISTORY_SCHEMA if field.type in (pa.int32(), pa.float64())}
    days = {"data_pregao": date(2025, 6, 2), "timestamp_coleta": 0}
    return pa.Table.from_pylist([row | texts | numbers | days] * count, schema=HISTORY_SCHEMA)


sessions = st.dictionaries(st.dates(JUNE, date(2025, 6, 30)), st.text("0123456789abcdef", min_size=32, max_size=32))


@given(st.integers(0, 5), sessions)
def test_what_was_put_is_read_back_the_same(count: int, of: dict[date, str]) -> None:
    read = table().decode(written(Content(some_rows(count), of)))
    assert (read.rows, read.sessions) == (some_rows(count), of)


@given(sessions)
def test_the_same_content_is_the_same_bytes_in_whatever_order_its_sessions_are_named(of: dict[date, str]) -> None:
    backwards = {day: of[day] for day in sorted(of, reverse=True)}
    assert written(Content(some_rows(1), of)) == written(Content(some_rows(1), backwards))


def test_a_file_of_other_rules_or_columns_holds_no_session() -> None:
    of = {date(2025, 6, 2): "0" * 32}
    body = written(Content(some_rows(1), of), rules=2)
    assert (table(2).decode(body).sessions, table(1).decode(body).sessions) == (of, {})
    other = MonthlyTable(cast("Any", Kept()), cast("Catalog", None), CHANGES_TABLE, "IBXX", 2)
    assert other.decode(body).sessions == {}


@given(st.binary(max_size=40))
def test_bytes_that_are_no_such_file_hold_nothing(body: bytes) -> None:
    read = table().decode(body)
    assert (read.rows.num_rows, read.sessions) == (0, {})


@given(
    st.binary(max_size=40)
    | st.sampled_from([b"{}", b"[]", b"null", b'{"made":1,"sessions":[]}', b'{"sessions":{"x":1}}'])
)
def test_a_statement_that_is_none_is_of_no_session(stated: bytes) -> None:
    target = io.BytesIO()
    with pq.ParquetWriter(target, HISTORY_SCHEMA, store_schema=False) as writer:
        writer.write_table(some_rows(1))
        writer.add_key_value_metadata({CONTENTS: stated})
    assert table().decode(target.getvalue()).sessions == {}


def stating(**changed: object) -> bytes:
    """Two rows, in a file that says something else of itself."""
    stated = {"made": table().made, "rows": 2, "sessions": {"2025-06-02": "0" * 32}} | changed
    return encode(some_rows(2), {CONTENTS: json.dumps(stated)})


def test_a_file_of_another_number_of_rows_than_it_says_is_of_no_session() -> None:
    of = {date(2025, 6, 2): "0" * 32}
    assert table().decode(stating()).sessions == of
    assert table().decode(stating(rows=3)).sessions == {}


def test_a_file_that_does_not_say_how_many_rows_it_has_is_taken_at_its_word() -> None:
    made = json.dumps({"made": table().made, "sessions": {"2025-06-02": "0" * 32}})
    assert table().decode(encode(some_rows(2), {CONTENTS: made})).sessions == {date(2025, 6, 2): "0" * 32}


def test_a_file_that_states_nothing_holds_nothing() -> None:
    read = table().decode(encode(some_rows(2)))
    assert (read.rows.num_rows, read.sessions) == (0, {})


def test_a_file_is_packed_has_an_index_of_its_pages_and_no_second_schema() -> None:
    file = pq.ParquetFile(io.BytesIO(encode(some_rows(2))))
    column = file.metadata.row_group(0).column(0)
    assert (column.compression, column.has_offset_index) == ("ZSTD", True)
    assert b"ARROW:schema" not in (file.metadata.metadata or {})


def test_a_bit_that_turned_within_a_page_is_noticed() -> None:
    body = written(Content(some_rows(2), {}))
    footer = len(body) - int.from_bytes(body[-8:-4], "little") - 8
    for position in range(4, footer):
        turned = body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
        assert table().decode(turned).rows in (some_rows(2), some_rows(0)), position


def test_the_first_day_of_a_month_stands_for_it() -> None:
    assert month_of(date(2025, 6, 30)) == JUNE


def test_within_a_lease_neither_file_nor_partition_is_written_without_it() -> None:
    lease: Any = SimpleNamespace(guard=lambda what: ("guarded", what))
    made = table()
    held = made.within(lease)
    assert (held.refined, held.catalog) == (("guarded", made.refined), ("guarded", made.catalog))
    assert replace(held, refined=made.refined, catalog=made.catalog) == made


def test_the_statement_changes_no_byte_of_the_rows() -> None:
    rows = some_rows(3)
    plain, stating = encode(rows), written(Content(rows, {date(2025, 6, 2): "0" * 32}))
    footer = int.from_bytes(plain[-8:-4], "little") + 8
    assert stating.startswith(plain[:-footer])


# --- what a file is made from, said beside its bytes -------------------------------------------------------------------


def kept(of: dict[date, str], rules: int = 1) -> tuple[MonthlyTable, Kept, ObjectSummary]:
    """A table of which one month was put, its bucket, and the file as a listing shows it."""
    made = table(rules)
    made.put(JUNE, Content(some_rows(2), of), None)
    bucket = cast("Kept", made.refined)
    listed = replace(FILE, etag=f'"{hashlib.md5(bucket.body).hexdigest()}"')
    bucket.find = lambda _: StoredObject(  # type: ignore[method-assign]
        bucket.body, ObjectInfo(listed.etag, "null", listed.stored_at, bucket.beside or {})
    )
    return made, bucket, listed


@given(sessions)
def test_what_a_file_is_made_from_is_told_without_reading_its_rows(of: dict[date, str]) -> None:
    made, _, listed = kept(of)
    with patch.object(MonthlyTable, "decode", side_effect=AssertionError("read")):
        assert made.sessions(listed) == of


def test_other_bytes_than_were_put_are_read_whatever_is_said_beside_them() -> None:
    made, bucket, listed = kept({date(2025, 6, 2): "0" * 32})
    bucket.body = bucket.body[:-60] + bytes(60)
    assert made.sessions(listed) == {}


def test_a_file_with_a_byte_that_is_another_is_of_nothing_though_it_can_be_read() -> None:
    made, bucket, listed = kept({date(2025, 6, 2): "0" * 32})
    assert made.read(listed).sessions == made.sessions(listed) == {date(2025, 6, 2): "0" * 32}
    bucket.body = bucket.body.replace(b"parquet-cpp", b"parquet-cpq")
    assert made.decode(bucket.body).sessions
    assert (made.sessions(listed), made.read(listed).sessions, made.read(listed).rows.num_rows) == ({}, {}, 0)


@given(st.none() | st.fixed_dictionaries({"contents": st.text(max_size=30) | st.just("{}") | st.just("[]")}))
def test_where_nothing_of_use_is_said_beside_it_a_file_is_read(beside: dict[str, str] | None) -> None:
    of = {date(2025, 6, 2): "0" * 32}
    made, bucket, listed = kept(of)
    bucket.beside = beside
    assert made.sessions(listed) == of


def test_what_was_made_by_other_rules_is_of_nothing() -> None:
    made, _, listed = kept({date(2025, 6, 2): "0" * 32})
    assert replace(made, rules=2).sessions(listed) == {}


def test_what_is_said_beside_it_without_sense_is_not_taken() -> None:
    of = {date(2025, 6, 2): "0" * 32}
    made, bucket, listed = kept(of)
    bucket.beside = {"contents": json.dumps({"made": made.made, "sessions": ["2025-06-02"]})}
    assert made.sessions(listed) == of


def test_as_much_as_s3_keeps_is_said_beside_an_object_and_no_byte_more() -> None:
    day = date(2025, 6, 2)
    _, bucket, _ = kept({day: ""})
    room = 1900 - len((bucket.beside or {})["contents"])
    assert [len(kept({day: "0" * length})[1].beside or {}) for length in (room, room + 1)] == [1, 0]


def test_more_than_s3_keeps_beside_an_object_is_said_in_the_file_alone() -> None:
    of = {date(2025, 6, day): f"{day:02}" * 40 for day in range(1, 31)}
    made, bucket, listed = kept(of)
    assert bucket.beside is None
    assert made.sessions(listed) == of


@given(sessions)
def test_what_is_said_beside_an_object_fits_into_what_s3_keeps(of: dict[date, str]) -> None:
    _, bucket, _ = kept(of)
    assert sum(len(name) + len(text) for name, text in (bucket.beside or {}).items()) <= 2048
    assert all(text.isascii() for text in (bucket.beside or {}).values())
