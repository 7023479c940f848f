"""Whoever reads the monthly tables by their prefix sees what the catalog shows, also while months are replaced.

The readers are analysts' own, polars and pyarrow, over HTTP, against an S3 that takes one request at a time, as moto is not made
for several. A reader that asks for a file in several requests may find another file between two of them: it refuses, and is asked
again. What it answers is never less than what is published, never more, and never twice.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import boto3
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
import requests
from moto.server import DomainDispatcherApplication, create_backend_app
from pyarrow.fs import S3FileSystem
from werkzeug.serving import make_server

from expectations.contract.catalog import table_input
from expectations.contract.names import DATABASE, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE, TABLES, Table
from flows.history.refresh import refresh
from tests.flows.history.published import INDEX, JUN_2, JUN_3, JUN_30, MAY_30, Account, two

if TYPE_CHECKING:
    from datetime import date

Rows = Counter[tuple[tuple[str, object], ...]]
Read = Callable[[str, Table], Rows]
KEYS = {"access_key": "reader", "secret_key": "secret", "region": "us-east-1"}


def rows_of(table: Table, read: pa.Table) -> Rows:
    """Rows in the table's columns, counted."""
    names = [column.name for column in table.columns]
    return Counter(tuple((name, row[name]) for name in names) for row in read.select(names).to_pylist())


def by_polars(url: str, table: Table) -> Rows:
    options = {f"aws_{name}": value for name, value in (("access_key_id", "reader"), ("secret_access_key", "secret"))}
    options |= {"aws_region": "us-east-1", "aws_endpoint_url": url, "aws_allow_http": "true"}
    frame = pl.read_parquet(f"s3://{REFINED_BUCKET}/{table.prefix}", storage_options=options, hive_partitioning=True)
    return rows_of(table, frame.to_arrow())


def by_pyarrow(url: str, table: Table) -> Rows:
    files = S3FileSystem(endpoint_override=url.removeprefix("http://"), scheme="http", **KEYS)
    found = ds.dataset(f"{REFINED_BUCKET}/{table.prefix}", filesystem=files, format="parquet", partitioning="hive")
    return rows_of(table, found.to_table())


by_each_reader = pytest.mark.parametrize("read", [by_polars, by_pyarrow])


def by_catalog(aws: Account, table: Table) -> Rows:
    names = [column.name for column in table.columns]
    return Counter(tuple((name, row[name]) for name in names) for row in aws.rows(table))


@contextmanager
def serving() -> Iterator[str]:
    """Moto behind HTTP, one request at a time."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app))
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Account]]:
    """An account behind an address, in which nothing is published."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with serving() as url:
        requests.post(f"{url}/moto-api/reset", timeout=10)
        client: Any = boto3.client
        s3, glue = (client(name, endpoint_url=url, region_name="us-east-1") for name in ("s3", "glue"))
        for bucket in (RAW_BUCKET, REFINED_BUCKET):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=RAW_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        glue.create_database(DatabaseInput={"Name": DATABASE})
        for table in TABLES:
            glue.create_table(DatabaseName=DATABASE, TableInput=table_input(table, REFINED_BUCKET))
        yield url, Account(s3, glue)


@by_each_reader
@pytest.mark.parametrize("table", [HISTORY_TABLE, CHANGES_TABLE])
def test_by_prefix_are_the_catalogs_rows(served: tuple[str, Account], read: Read, table: Table) -> None:
    url, aws = served
    for session, weight in ((MAY_30, "60.000"), (JUN_2, "61.000"), (JUN_3, "62.000"), (JUN_2, "63.000")):
        refresh(aws.pipeline(), INDEX, [aws.publish(of(session, weight), run=f"jr_{weight}")])
        assert read(url, table) == by_catalog(aws, table)
    assert by_catalog(aws, table)


@by_each_reader
def test_while_two_flows_replace_a_month_again_and_again_every_answer_is_of_one_moment(
    served: tuple[str, Account], read: Read
) -> None:
    url, aws = served
    refresh(aws.pipeline(), INDEX, [aws.publish(of(day, "60.000")) for day in (MAY_30, JUN_2, JUN_3, JUN_30)])
    ended = Event()

    def replace(session: date) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            fresh = aws.publish(of(session, f"{60 + number % 9}.000"), run=f"jr_{number}")
            refresh(aws.pipeline(), INDEX, [fresh])

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(replace, session) for session in (JUN_2, JUN_3)]
        try:
            seen = [answered for _ in range(40) if (answered := answer(read, url))]
        finally:
            ended.set()
        for writer in writers:
            writer.result()
    assert len(seen) > 5
    for rows in seen:
        shares = Counter((dict(row)["data_pregao"], dict(row)["acao"]) for row in rows.elements())
        assert shares == Counter((day, code) for day in (MAY_30, JUN_2, JUN_3, JUN_30) for code in ("ABEV3", "VALE3"))
    assert len({tuple(sorted(map(str, rows))) for rows in seen}) > 1, "nothing was replaced meanwhile"
    assert read(url, HISTORY_TABLE) == by_catalog(aws, HISTORY_TABLE)


def answer(read: Read, url: str) -> Rows | None:
    """What the reader answers; None where it refuses, because the file is another one between two of its requests."""
    try:
        return read(url, HISTORY_TABLE)
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def of(session: date, weight: str) -> Any:  # noqa: ANN401 - a portfolio
    """Two shares, the first of which has the weight."""
    return two(session, weight, f"{100 - float(weight):.3f}")
