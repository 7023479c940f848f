"""The lease to the letter: its clock, its limits, what it says when it is lost, and who meets whom at a void one."""

from __future__ import annotations

import logging
import re
import time
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
import tenacity
from botocore.exceptions import ClientError

from expectations.contract.names import REFINED_BUCKET
from flows.errors import AwsError, LeaseLost, PublishError, WriteConflict
from flows.lake import lease
from flows.lake.lease import Lease, elapsed, session_lease
from flows.lake.s3 import Bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SESSION = date(2025, 6, 30)
KEY = "leases/ibov/year=2025/month=06/day=30/lease"
ADDRESS = f"s3://{REFINED_BUCKET}/{KEY}"
VOID_AFTER = 30.0


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock that nobody sets, as one number."""
    found = [1000.0]
    monkeypatch.setattr(lease, "elapsed", lambda: found[0])
    return found


def held(s3: S3Client) -> Lease:
    found = Lease(Bucket(s3, REFINED_BUCKET), KEY, VOID_AFTER)
    assert found.take()
    return found


class Other:
    """S3 with a lease of another, of an age in whole seconds, and what is asked of it.

    Attributes:
        refused: how many puts are refused.
    """

    def __init__(self, age: int, *, refused: int = 1, dropped: bool = False) -> None:
        self.age, self.refused, self.dropped = timedelta(seconds=age), refused, dropped
        self.puts: list[dict[str, Any]] = []

    def put_object(self, **request: Any) -> dict[str, str]:  # noqa: ANN401
        self.puts.append(request)
        if len(self.puts) > self.refused:
            return {"ETag": '"ours"'}
        raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": "taken"}}, "PutObject")

    def head_object(self, **_: Any) -> dict[str, object]:  # noqa: ANN401
        answered = datetime.now(UTC).replace(microsecond=0)
        headers = {"HTTPHeaders": {"date": format_datetime(answered, usegmt=True)}}
        return {"LastModified": answered - self.age, "ETag": '"theirs"', "Metadata": {}, "ResponseMetadata": headers}

    def delete_object(self, **_: Any) -> None:  # noqa: ANN401
        if self.dropped:
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": "renewed"}}, "DeleteObject")

    def lease(self) -> Lease:
        return Lease(Bucket(cast("S3Client", self), REFINED_BUCKET), KEY, VOID_AFTER)


# --- when it is void -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "taken"), [(31, False), (32, True)])
def test_one_is_void_once_it_is_older_than_the_time_and_the_second_that_s3_does_not_tell(
    age: int,
    taken: bool,  # noqa: FBT001
) -> None:
    assert Other(age).lease().take() is taken


def test_one_that_was_renewed_before_it_was_dropped_stays_its_holder_s() -> None:
    other = Other(60, dropped=True)
    assert other.lease().take() is False
    assert len(other.puts) == 1


def test_two_that_find_it_void_do_not_both_get_it() -> None:
    other = Other(60, refused=2)
    assert other.lease().take() is False
    assert [put.get("IfNoneMatch") for put in other.puts] == ["*", "*"]


# --- its clock -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("clocks", "read"), [({"CLOCK_BOOTTIME": 7}, 7), ({}, 1)], ids=["Linux", "elsewhere"])
def test_its_clock_goes_on_while_the_machine_sleeps_where_there_is_such_a_one(
    clocks: dict[str, int], read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(CLOCK_MONOTONIC=1, clock_gettime=float, **clocks)
    monkeypatch.setattr(lease, "time", clock)
    assert elapsed() == read


def test_this_machine_has_one_of_the_two() -> None:
    assert abs(elapsed() - time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))) < 60


# --- when it is renewed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stood", "renewed"), [(14.9, False), (15.0, True)])
def test_before_a_write_it_is_renewed_from_half_of_the_time_on(
    s3: S3Client,
    now: list[float],
    stood: float,
    renewed: bool,  # noqa: FBT001
) -> None:
    taken = held(s3)
    before = taken.etag
    now[0] += stood
    taken.ensure()
    assert (taken.etag != before) is renewed
    taken.check()


def test_one_that_is_void_is_waited_for_at_short_intervals_until_a_dead_holder_s_is_void(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def noted(**options: Any) -> tenacity.Retrying:  # noqa: ANN401
        given.append(options)
        return tenacity.Retrying(**options)

    monkeypatch.setattr(lease, "Retrying", noted)
    with session_lease(Bucket(s3, REFINED_BUCKET), "IBOV", SESSION, VOID_AFTER):
        pass
    (options,) = given
    # A lease that was taken just now is void one second after the time, and S3 may tell it a second late.
    assert options["stop"].max_delay == VOID_AFTER + 2
    assert (options["wait"].multiplier, options["wait"].max) == (0.2, 5)


# --- what it says --------------------------------------------------------------------------------------------------------


def test_who_stood_still_is_told_which_lease_and_what_to_do(s3: S3Client, now: list[float]) -> None:
    taken = held(s3)
    now[0] += 20
    with pytest.raises(LeaseLost) as lost:
        taken.check()
    assert str(lost.value) == (
        f"{ADDRESS}: not renewed for 20 s, so that another flow may publish the session by now: nothing more was written; "
        "run it again"
    )


def test_who_was_overtaken_is_told_so_each_time(s3: S3Client) -> None:
    taken = held(s3)
    s3.put_object(Bucket=REFINED_BUCKET, Key=KEY, Body=b"of the next")
    said = (
        f"{ADDRESS}: this flow stood still for more than 30 s, and another has taken the session over: nothing more was "
        "written, and what the other publishes stays"
    )
    with pytest.raises(LeaseLost) as first:
        taken.renew()
    assert isinstance(first.value.__cause__, WriteConflict)
    for again in (taken.renew, taken.check):
        with pytest.raises(LeaseLost) as lost:
            again()
        assert str(lost.value) == said == str(first.value)


def test_who_waited_in_vain_is_told_for_which_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    refined = Bucket(cast("S3Client", Other(0, refused=10**9)), REFINED_BUCKET)
    said = f"^{re.escape(ADDRESS)}: another flow has been publishing the session for 0.05 s$"
    with pytest.raises(PublishError, match=said), session_lease(refined, "IBOV", SESSION, 0.05):
        pytest.fail("entered without the lease")


def test_a_renewal_that_failed_is_a_warning_that_names_the_lease_and_why(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def renew(_: Lease) -> None:
        raise AwsError("S3 is out")

    monkeypatch.setattr(Lease, "renew", renew)
    with caplog.at_level(logging.WARNING), session_lease(Bucket(s3, REFINED_BUCKET), "IBOV", SESSION, 0.2):
        ends = time.monotonic() + 60
        while not caplog.messages and time.monotonic() < ends:
            time.sleep(0.01)
    assert caplog.messages[0] == f"the lease {ADDRESS} was not renewed: S3 is out"
