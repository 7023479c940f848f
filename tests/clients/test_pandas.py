"""pandas, over S3 by s3fs: a file of the history, and all of the refined table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

pytest.importorskip("s3fs")

if TYPE_CHECKING:
    from tests.clients.conftest import Lake

CODES = ["ITUB4", "PETR4", "VALE3"]


def test_a_file_of_the_history_is_read(lake: Lake) -> None:
    assert sorted(pd.read_parquet(lake.month)["codigo"]) == CODES


def test_the_refined_table_is_read_file_by_file(lake: Lake) -> None:
    frames = [pd.read_parquet(url) for url in lake.files("refined-data/")]

    assert sorted(pd.concat(frames)["codigo"]) == CODES


def test_a_prefix_is_read_as_one_table(lake: Lake) -> None:
    found = pd.read_parquet(lake.url("refined-data/"))

    assert sorted(found["codigo"]) == CODES
