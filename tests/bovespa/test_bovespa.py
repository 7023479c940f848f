"""`import bovespa`: frames of what is published, read from the laptop's files as they lie, and refusals where nothing is."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import bovespa
from bovespa import source
from expectations.contract.keys import ContractError, published_key
from expectations.contract.names import REFINED_BUCKET
from expectations.contract.partitions import month_key
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE, Column, ColumnType, Table
from flows.errors import DamagedError, NotPublishedError, SettingsError
from flows.lake.athena import QueryResult
from flows.session.arrow import arrow_schema

FIRST, SECOND = date(2025, 6, 30), date(2025, 7, 1)
WEIGHTS = {FIRST: {"ABEV3": 40.0, "VALE3": 60.0}, SECOND: {"ABEV3": 41.0, "VALE3": 59.0}}
_VALUES: dict[ColumnType, Any] = {
    ColumnType.STRING: "x",
    ColumnType.BIGINT: 1,
    ColumnType.INT: 1,
    ColumnType.DOUBLE: 1.5,
    ColumnType.BOOLEAN: False,
    ColumnType.DATE: FIRST,
    ColumnType.TIMESTAMP: datetime.fromisoformat("2025-06-30T11:00:00+00:00"),
}


def rows_of(columns: tuple[Column, ...], rows: list[dict[str, Any]]) -> pa.Table:
    """Rows with the values that are given, and any other in the other columns."""
    whole = [{column.name: _VALUES[column.type] for column in columns} | row for row in rows]
    return pa.Table.from_pylist(whole, schema=arrow_schema(columns))


def write_month(bucket: Path, table: Table, session: date, rows: list[dict[str, Any]]) -> None:
    path = bucket / month_key(table, "IBOV", session)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows_of(table.columns, rows), path)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The refined bucket of an account with two sessions, each in a month of its own."""
    monkeypatch.setenv("BOVESPA_HOME", str(tmp_path))
    folder = tmp_path / "s3" / REFINED_BUCKET
    for session, weights in WEIGHTS.items():
        stated = [
            {"acao": code, "data_pregao": session, "percentual_participacao_ibov": weight}
            for code, weight in weights.items()
        ]
        write_month(folder, HISTORY_TABLE, session, stated)
        publish(folder, session)
    moved = [{"acao": code, "data_pregao": SECOND, "mudanca": "participacao"} for code in WEIGHTS[SECOND]]
    write_month(folder, CHANGES_TABLE, SECOND, [*moved, {"acao": "OIBR3", "data_pregao": SECOND, "mudanca": "saiu"}])
    return folder


def publish(bucket: Path, session: date, index: str = "IBOV") -> None:
    record = bucket / published_key(index, session)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text("{}")


class TestPortfolio:
    def test_is_the_newest_by_default_the_heaviest_share_first(self, bucket: Path) -> None:
        assert bucket
        frame = bovespa.portfolio("ibov")
        assert frame["acao"].tolist() == ["VALE3", "ABEV3"]
        assert set(frame["data_pregao"]) == {pd.Timestamp(SECOND)}

    @pytest.mark.parametrize("on", ["2025-06-30", FIRST])
    def test_is_of_the_last_session_on_the_day_or_before(self, bucket: Path, on: date | str) -> None:
        assert bucket
        assert bovespa.portfolio(on=on)["percentual_participacao_ibov"].tolist() == [60.0, 40.0]
        assert set(bovespa.portfolio(on="2025-07-05")["data_pregao"]) == {pd.Timestamp(SECOND)}

    def test_before_the_first_session_is_refused(self, bucket: Path) -> None:
        assert bucket
        with pytest.raises(NotPublishedError, match="no session up to 2025-06-29 is published"):
            bovespa.portfolio(on="2025-06-29")

    def test_has_the_columns_of_the_history_with_their_types(self, bucket: Path) -> None:
        assert bucket
        types = bovespa.portfolio().dtypes.astype(str)
        assert [*types.index] == [column.name for column in HISTORY_TABLE.columns if column.name != "day"]
        assert (types["data_pregao"], types["dias_desde_coleta"]) == ("datetime64[ms]", "Int32")
        assert (types["timestamp_coleta"], types["redutor"]) == ("datetime64[us, UTC]", "float64")


class TestHistory:
    def test_is_in_order_and_of_the_days_that_are_asked_for(self, bucket: Path) -> None:
        assert bucket
        whole = bovespa.history()
        assert [*zip(whole["data_pregao"].dt.date, whole["acao"], strict=True)] == [
            (day, code) for day in (FIRST, SECOND) for code in ("ABEV3", "VALE3")
        ]
        assert len(bovespa.history(since=SECOND)) == len(bovespa.history(until="2025-06-30")) == 2

    def test_of_a_month_whose_file_was_replaced_is_the_file_that_lies_there(self, bucket: Path) -> None:
        row = {"acao": "ABEV3", "data_pregao": SECOND, "percentual_participacao_ibov": 100.0}
        write_month(bucket, HISTORY_TABLE, SECOND, [row])
        assert bovespa.history(since=SECOND)["percentual_participacao_ibov"].tolist() == [100.0]

    def test_that_lacks_a_published_session_is_refused_with_what_mends_it(self, bucket: Path) -> None:
        publish(bucket, date(2025, 7, 2))
        with pytest.raises(NotPublishedError, match=r"the history lacks 2025-07-02.*bovespa reconcile"):
            bovespa.history()

    def test_of_an_index_without_a_session_is_refused(self, bucket: Path) -> None:
        assert bucket
        with pytest.raises(NotPublishedError, match="IFIX: no session is published"):
            bovespa.history("IFIX")


class TestChanges:
    def test_are_of_composition_unless_weights_are_wanted(self, bucket: Path) -> None:
        assert bucket
        assert bovespa.changes()["acao"].tolist() == ["OIBR3"]
        assert len(bovespa.changes(weights=True)) == 3

    def test_of_days_without_a_change_are_no_rows_with_the_columns(self, bucket: Path) -> None:
        assert bucket
        frame = bovespa.changes(until=FIRST)
        assert (len(frame), "mudanca" in frame.columns) == (0, True)

    def test_of_days_without_a_session_are_refused(self, bucket: Path) -> None:
        assert bucket
        with pytest.raises(NotPublishedError, match="none of the 21 sessions from 2025-05-01 to 2025-05-31"):
            bovespa.changes(since="2025-05-01", until="2025-05-31")


def test_sessions_are_counted_and_their_shares_summed(bucket: Path) -> None:
    assert bucket
    assert bovespa.sessions().to_dict("records") == [
        {"data_pregao": pd.Timestamp(day), "total_acoes": 2, "participacao_total": 100.0, "redutor": 1.5}
        for day in (FIRST, SECOND)
    ]


@pytest.mark.parametrize(("as_", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("arrow", pa.Table)])
def test_a_frame_is_of_the_kind_that_is_wanted(bucket: Path, as_: Any, kind: type) -> None:  # noqa: ANN401
    assert bucket
    assert isinstance(bovespa.portfolio(as_=as_), kind)


def test_polars_that_is_not_there_is_named(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bucket
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(SettingsError, match="pip install polars"):
        bovespa.sessions(as_="polars")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: bovespa.portfolio(on="30/06/2025"), SettingsError),
        (lambda: bovespa.history(since="2025-07-01", until="2025-06-30"), SettingsError),
        (lambda: bovespa.sessions("IBOV' OR '1'='1"), ContractError),
        (lambda: bovespa.sessions(as_="excel"), SettingsError),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_by_name(bucket: Path, call: Any, error: type[Exception]) -> None:  # noqa: ANN401
    assert bucket
    with pytest.raises(error):
        call()


class TestInAws:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The queries that Athena gets, which it answers with the sessions, or with no rows."""
        found: list[str] = []

        def answer(sql: str) -> QueryResult:
            found.append(sql)
            if "DISTINCT" in sql:
                return QueryResult(("data_pregao",), ("date",), ((str(SECOND),), (str(FIRST),)), 0, 0, "")
            names = tuple(sql.partition(" FROM ")[0].removeprefix("SELECT ").split(", "))
            return QueryResult(names, ("varchar",) * len(names), (), 0, 0, "")

        monkeypatch.setattr(source, "_aws", lambda _: SimpleNamespace(athena=SimpleNamespace(query=answer)))
        return found

    def test_rows_come_through_athena_from_the_months_that_matter(self, asked: list[str]) -> None:
        frame = bovespa.history(since=SECOND, aws=True)
        assert [*frame.columns] == [column.name for column in HISTORY_TABLE.columns if column.name != "day"]
        assert "year * 100 + month >= 202507 AND data_pregao >= DATE '2025-07-01'" in asked[-1]
        assert "indice = 'IBOV'" in asked[-1]

    def test_days_without_a_session_are_refused(self, asked: list[str]) -> None:
        assert asked == []
        with pytest.raises(NotPublishedError, match="no session since 2025-08-01"):
            bovespa.changes(since="2025-08-01", aws=True)

    def test_an_answer_has_its_types(self, asked: list[str]) -> None:
        assert asked == []
        assert bovespa.query("SELECT DISTINCT", aws=True)["data_pregao"].max() == pd.Timestamp(SECOND)


@pytest.mark.parametrize("spoilt", [b"", b"PAR1", None])
def test_a_file_that_is_damaged_is_named_and_nothing_is_answered(bucket: Path, spoilt: bytes | None) -> None:
    file = bucket / month_key(HISTORY_TABLE, "IBOV", FIRST)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if spoilt is None else spoilt)
    with pytest.raises(DamagedError, match=r"part-00000\.parquet is damaged .*; bovespa reconcile makes it again"):
        bovespa.history()


def test_a_users_own_environment_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    import os  # noqa: PLC0415

    with source._environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
        assert ("AWS_PROFILE" in os.environ, os.environ["AWS_ENDPOINT_URL"]) == (False, "http://127.0.0.1:9")
    assert os.environ["AWS_PROFILE"] == "mine"
    assert "AWS_ENDPOINT_URL" not in os.environ
