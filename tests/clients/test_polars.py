"""polars, over S3 by itself, and in the folders of the laptop."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.clients.conftest import Lake

polars = pytest.importorskip("polars")

CODES = ["ITUB4", "PETR4", "VALE3"]


def options(lake: Lake) -> dict[str, str]:
    return {
        "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "aws_region": lake.account.region,
        "aws_endpoint_url": lake.endpoint,
        "aws_allow_http": "true",
    }


def test_the_history_is_read_over_s3(lake: Lake) -> None:
    assert sorted(polars.read_parquet(lake.month, storage_options=options(lake))["codigo"]) == CODES


def test_the_refined_table_is_read_over_s3(lake: Lake) -> None:
    found = polars.read_parquet(lake.files("refined-data/"), storage_options=options(lake))

    assert sorted(found["codigo"]) == CODES


def test_the_history_is_read_in_the_folders_with_its_partitions(lake: Lake) -> None:
    found = polars.read_parquet(f"{lake.folder}/historico/**/*.parquet", hive_partitioning=True)

    assert sorted(found["codigo"]) == CODES
    assert set(found["indice"]) == {"IBOV"}
