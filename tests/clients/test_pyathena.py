"""PyAthena: cursors of tuples, of pandas' and polars' frames, and SQLAlchemy's inspector."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from expectations.contract.names import DATABASE

if TYPE_CHECKING:
    from tests.clients.conftest import Lake

pyathena = pytest.importorskip("pyathena")

REFINED = "SELECT acao, data_pregao, timestamp_coleta, quantidade_teorica_acoes FROM bovespa_refined_data ORDER BY acao"


def connect(lake: Lake, **more: Any) -> Any:  # noqa: ANN401 - PyAthena's
    given = {"work_group": lake.settings.workgroup, "region_name": lake.account.region, "schema_name": DATABASE}
    return pyathena.connect(**given, poll_interval=0.05, **more)


def test_a_cursor_gives_rows_of_pythons_types(lake: Lake) -> None:
    rows = connect(lake).cursor().execute(REFINED).fetchall()

    first = ("ITUB4", date(2025, 6, 30), datetime.fromisoformat("2025-06-30T11:00:05.123"), 812_500_000.0)
    assert (len(rows), rows[0]) == (3, first)


def test_a_parameter_takes_its_place(lake: Lake) -> None:
    cursor = connect(lake).cursor()

    rows = cursor.execute("SELECT acao FROM bovespa_historico WHERE acao = %(code)s", {"code": "VALE3"}).fetchall()

    assert rows == [("VALE3",)]


@pytest.mark.parametrize("module", ["pandas", "polars"])
def test_a_frame_has_athenas_rows(
    lake: Lake, module: str, expected: Callable[[str], list[tuple[str | None, ...]]]
) -> None:
    cursors = pytest.importorskip(f"pyathena.{module}.cursor")
    cursor = connect(lake).cursor(getattr(cursors, f"{module.title()}Cursor"))
    cursor.execute("SELECT acao, setor FROM bovespa_dez_maiores WHERE indice = 'IBOV' ORDER BY acao")
    found = cursor.as_pandas() if module == "pandas" else cursor.as_polars().to_pandas()

    rows = [tuple(None if pd.isna(value) or value == "" else value for value in row) for row in found.to_numpy()]
    assert rows == expected("view")


def test_sqlalchemys_inspector_lists_what_there_is(lake: Lake) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    url = f"awsathena+rest://@athena.{lake.account.region}.amazonaws.com:443/{DATABASE}?work_group={lake.settings.workgroup}"
    inspector = sqlalchemy.inspect(sqlalchemy.create_engine(url))

    assert DATABASE in inspector.get_schema_names()
    assert "bovespa_historico" in inspector.get_table_names(DATABASE)
    assert "bovespa_dez_maiores" in inspector.get_view_names(DATABASE)
    columns = {column["name"]: str(column["type"]) for column in inspector.get_columns("bovespa_historico", DATABASE)}
    assert (columns["acao"], columns["data_pregao"]) == ("VARCHAR", "DATE")


def test_a_table_is_read_by_its_name(lake: Lake) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    url = f"awsathena+rest://@athena.{lake.account.region}.amazonaws.com:443/{DATABASE}?work_group={lake.settings.workgroup}"
    with sqlalchemy.create_engine(url).connect() as connection:
        frame = pd.read_sql_table("bovespa_historico", connection, schema=DATABASE)

    assert sorted(frame["acao"]) == ["ITUB4", "PETR4", "VALE3"]
