"""DuckDB, over S3 by s3fs, and in the folders of the laptop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.clients.conftest import Lake

duckdb = pytest.importorskip("duckdb")
s3fs = pytest.importorskip("s3fs")

CODES = ["ITUB4", "PETR4", "VALE3"]


@pytest.fixture
def connection(lake: Lake) -> Iterator[Any]:
    made = duckdb.connect()
    made.register_filesystem(s3fs.S3FileSystem(skip_instance_cache=True))
    yield made
    made.close()


@pytest.mark.parametrize("where", ["S3", "folders"])
def test_the_history_is_read(lake: Lake, connection: Any, where: str) -> None:  # noqa: ANN401
    source = lake.month if where == "S3" else f"{lake.folder}/historico/**/*.parquet"

    found = connection.execute("SELECT codigo FROM read_parquet(?) ORDER BY 1", [source]).fetchall()

    assert [code for (code,) in found] == CODES


def test_the_refined_table_is_read_in_the_folders_with_its_partitions(lake: Lake, connection: Any) -> None:  # noqa: ANN401
    source = f"{lake.folder}/refined-data/**/*.parquet"

    found = connection.execute("SELECT acao, year FROM read_parquet(?, hive_partitioning = true) ORDER BY 1", [source])

    assert found.fetchall() == [(code, 2025) for code in CODES]
