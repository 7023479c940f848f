from __future__ import annotations

import pytest

from local.rights.iam import Call
from local.rights.privileges import TrailEntry
from local.rights.requests import S3Requests, s3_requests

KEY = "raw-data/ibov.parquet"


def read(key: str = KEY, *, at: float = 1.0, role: str = "flow", action: str = "GetObject") -> TrailEntry:
    return TrailEntry(at, role, Call(f"s3:{action}", f"arn:aws:s3:::b/{key}"), allowed=True)


def listed(prefix: str, *, at: float = 1.0) -> TrailEntry:
    return TrailEntry(at, "flow", Call("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": prefix}), allowed=True)


@pytest.mark.parametrize(
    ("trail", "lists", "reads"),
    [
        pytest.param([], 0, 0, id="nothing"),
        pytest.param([read(), read(action="GetObjectVersion")], 0, 2, id="reads"),
        pytest.param([listed("raw-data/"), listed("landing/")], 2, 0, id="listings"),
        pytest.param([read(), listed(KEY)], 0, 1, id="a key that is not there"),
        pytest.param([read(), listed("raw-data/")], 1, 1, id="a listing after a read"),
        pytest.param([read(), read("copy", action="PutObject")], 0, 0, id="a copy"),
        pytest.param([read(), read(at=2.0, action="PutObject")], 0, 1, id="a read, and then a write"),
        pytest.param([read(), read(role="etl", action="PutObject")], 0, 1, id="a read, and another's write"),
        pytest.param([read(role="etl-local"), read(role="etl-local", action="PutObject")], 0, 1, id="Spark's"),
        pytest.param([read(action="PutObject"), read(action="DeleteObject")], 0, 0, id="writes"),
    ],
)
def test_requests_are_counted_as_s3_bills_them(trail: list[TrailEntry], lists: int, reads: int) -> None:
    assert s3_requests(trail) == S3Requests(lists, reads)
