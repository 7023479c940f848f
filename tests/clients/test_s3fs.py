"""s3fs lists and reads what the pipeline has published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.clients.conftest import Lake

s3fs = pytest.importorskip("s3fs")

CODES = ["ITUB4", "PETR4", "VALE3"]


def test_files_are_listed_and_read(lake: Lake) -> None:
    files = s3fs.S3FileSystem(skip_instance_cache=True)

    found = files.glob(f"{lake.settings.refined_bucket}/refined-data/**/*.parquet")

    assert [key.split("acao=")[1].split("/")[0] for key in sorted(found)] == CODES
    with files.open(found[0]) as file:
        assert file.read(4) == b"PAR1"
