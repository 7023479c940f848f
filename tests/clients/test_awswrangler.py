"""awswrangler: without CTAS, its catalog, a table's files; what the laptop has not is an error, never an empty frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from expectations.contract.names import DATABASE

if TYPE_CHECKING:
    from tests.clients.conftest import Lake

wr = pytest.importorskip("awswrangler")

Expected = Callable[[str], list[tuple[str | None, ...]]]


@pytest.mark.parametrize("name", ["history", "refined", "view"])
def test_a_query_without_ctas_gives_athenas_rows(lake: Lake, expected: Expected, name: str) -> None:
    frame = wr.athena.read_sql_query(
        f"/* by awswrangler */ {lake.queries[name]}", DATABASE, ctas_approach=False, workgroup=lake.settings.workgroup
    )

    assert len(frame) == 3
    assert list(frame["acao"]) == [row[0] for row in expected(name)]


def test_the_default_which_makes_a_table_is_refused_in_clear_words(lake: Lake) -> None:
    with pytest.raises(Exception, match="CREATE is refused"):
        wr.athena.read_sql_query("SELECT * FROM bovespa_historico", DATABASE, workgroup=lake.settings.workgroup)


def test_the_catalog_lists_databases_tables_and_types(lake: Lake) -> None:
    assert DATABASE in list(wr.catalog.databases()["Database"])
    assert wr.catalog.does_table_exist(DATABASE, "bovespa_historico")
    assert wr.catalog.get_table_types(DATABASE, "bovespa_historico")["data_pregao"] == "date"


def test_a_tables_files_are_read_with_their_partitions(lake: Lake) -> None:
    frame = wr.s3.read_parquet_table(table="bovespa_historico", database=DATABASE)

    assert sorted(frame["acao"]) == ["ITUB4", "PETR4", "VALE3"]
    assert {str(value) for value in frame["indice"]} == {"IBOV"}


def test_a_prefix_is_no_object_and_asking_for_it_makes_none(lake: Lake) -> None:
    (file,) = lake.files("historico/")
    before = wr.s3.list_objects(lake.url(""))

    assert wr.s3.does_object_exist(file)
    assert not wr.s3.does_object_exist(lake.url("refined-data"))
    assert not wr.s3.does_object_exist(f"{file}/")
    assert wr.s3.list_objects(lake.url("")) == before
