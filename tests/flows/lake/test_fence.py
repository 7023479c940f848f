"""A call is sent only where its fence holds, looked at before it is made and as it goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from expectations.contract.names import DATABASE, REFINED_BUCKET
from expectations.contract.tables import SUMMARY_TABLE
from flows.errors import LeaseLost
from flows.lake import fence
from flows.lake.catalog import Catalog
from flows.lake.fence import watched, within

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

ONE = {("2025", "6", "30"): "resumo-data/"}


@dataclass
class Told:
    """A fence that holds until it is said not to."""

    holds: bool = True
    asked: list[str] = field(default_factory=list)

    def ensure(self) -> None:
        self.asked.append("ensure")

    def check(self) -> None:
        self.asked.append("check")
        if not self.holds:
            raise LeaseLost("it does not hold")


def test_a_block_is_not_entered_where_the_fence_does_not_hold() -> None:
    with pytest.raises(LeaseLost), within(Told(holds=False)):
        pytest.fail("entered")


def test_a_signed_call_is_looked_at_after_whatever_else_listens_for_it() -> None:
    # Outside of the account in memory, which answers as one that listens; nothing is sent.
    client, order = boto3.client("s3", region_name="us-east-1"), list[str]()
    told = Told()
    watched(client)
    client.meta.events.register("before-send", lambda **_: order.append("all"))
    client.meta.events.register("before-send.s3.PutObject", lambda **_: order.append("one"))
    with within(told):
        told.asked.clear()
        told.holds = False
        with pytest.raises(LeaseLost):
            client.meta.events.emit("before-send.s3.PutObject", request=None)
    assert order == ["one", "all"]
    assert told.asked == ["check"]


def test_a_call_without_a_fence_goes_out(s3: S3Client) -> None:
    watched(s3)
    with within(Told()):
        pass
    s3.put_object(Bucket=REFINED_BUCKET, Key="k", Body=b"x")
    with within(None):
        s3.put_object(Bucket=REFINED_BUCKET, Key="k", Body=b"y")
    assert s3.get_object(Bucket=REFINED_BUCKET, Key="k")["Body"].read() == b"y"


def test_after_the_block_a_call_is_looked_at_by_no_fence_or_by_the_one_around(s3: S3Client) -> None:
    # Before the handler by which the account in memory answers.
    s3.meta.events.register_first("before-send", fence._look)
    inner, outer = Told(), Told()
    try:
        with within(outer):
            with within(inner):
                pass
            inner.asked.clear()
            outer.asked.clear()
            s3.put_object(Bucket=REFINED_BUCKET, Key="k", Body=b"x")
        assert (inner.asked, {*outer.asked}) == ([], {"check"})
        outer.asked.clear()
        s3.put_object(Bucket=REFINED_BUCKET, Key="k", Body=b"y")
        assert (inner.asked, outer.asked) == ([], [])
    finally:
        s3.meta.events.unregister("before-send", fence._look)


@pytest.mark.parametrize("write", ["create", "point", "delete"])
def test_no_partition_is_written_where_the_fence_does_not_hold(glue: GlueClient, write: str) -> None:
    free, told = Catalog(glue, DATABASE, REFINED_BUCKET), Told(holds=False)
    if write != "create":
        free.create(SUMMARY_TABLE, ONE)
    before = free.partitions(SUMMARY_TABLE, "")
    fenced: Any = Catalog(glue, DATABASE, REFINED_BUCKET, told)
    given = dict.fromkeys(ONE, "elsewhere/") if write != "delete" else ONE
    with pytest.raises(LeaseLost):
        getattr(fenced, write)(SUMMARY_TABLE, given)
    assert free.partitions(SUMMARY_TABLE, "") == before
