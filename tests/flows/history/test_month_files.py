"""A month's file: its rows and what it was made from are read back the same, and whatever is not to be used holds nothing."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE
from flows.history.month_files import CONTENTS, Content, MonthlyTable, encode
from flows.history.rows import HISTORY_SCHEMA

if TYPE_CHECKING:
    from flows.lake.catalog import Catalog
    from flows.lake.s3 import ObjectSummary

JUNE = date(2025, 6, 1)


class Kept:
    """A bucket that keeps what is put."""

    body = b""

    def put(self, _: str, body: bytes, **__: object) -> None:
        self.body = body


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


sessions = st.dictionaries(st.dates(JUNE, date(2025, 6, 30)), st.from_regex(r"[0-9a-f]{32}", fullmatch=True))


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


def test_the_statement_changes_no_byte_of_the_rows() -> None:
    rows = some_rows(3)
    plain, stating = encode(rows), written(Content(rows, {date(2025, 6, 2): "0" * 32}))
    footer = int.from_bytes(plain[-8:-4], "little") + 8
    assert stating.startswith(plain[:-footer])
