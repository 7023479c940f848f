"""One publisher a session: the lease lets one in, waits for others, and outlives nobody for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from expectations.contract.keys import ContractError, lease_key
from expectations.contract.names import REFINED_BUCKET
from flows.errors import AwsError, LeaseLost, PublishError, WriteConflict
from flows.lake.lease import Lease, elapsed, session_lease
from flows.lake.s3 import Bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SESSION = date(2025, 6, 30)
KEY = "leases/ibov/year=2025/month=06/day=30/lease"


@contextmanager
def lease(s3: S3Client, void_after: float = 30, index: str = "IBOV") -> Iterator[Lease]:
    with session_lease(Bucket(s3, REFINED_BUCKET), index, SESSION, void_after) as held:
        yield held


def lies(s3: S3Client) -> bool:
    return any(item["Key"] == KEY for item in s3.list_objects_v2(Bucket=REFINED_BUCKET).get("Contents", []))


def test_is_a_key_of_the_session_s_own() -> None:
    assert lease_key("IBOV", SESSION) == KEY
    with pytest.raises(ContractError):
        lease_key("../x", SESSION)


def test_lies_in_s3_within_the_block_only(s3: S3Client) -> None:
    with lease(s3):
        assert lies(s3)
    assert not lies(s3)


def test_is_given_back_when_the_block_fails(s3: S3Client) -> None:
    with pytest.raises(ZeroDivisionError), lease(s3):
        raise ZeroDivisionError
    assert not lies(s3)


def test_lets_one_of_many_in_at_a_time(s3: S3Client) -> None:
    inside, most, done = 0, 0, 0
    guard = threading.Lock()

    def publish() -> None:
        nonlocal inside, most, done
        with lease(s3):
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.02)
            with guard:
                inside -= 1
                done += 1

    threads = [threading.Thread(target=publish) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, done) == (1, 3)


def test_of_one_session_leaves_the_others_free(s3: S3Client) -> None:
    with lease(s3), lease(s3, index="IBXX"), session_lease(Bucket(s3, REFINED_BUCKET), "IBOV", date(2025, 7, 1), 30):
        assert lies(s3)


def test_of_a_holder_at_work_is_renewed_so_that_nobody_takes_it_for_void(s3: S3Client) -> None:
    def age() -> timedelta:
        return datetime.now(UTC) - s3.head_object(Bucket=REFINED_BUCKET, Key=KEY)["LastModified"]

    with lease(s3, void_after=3):
        time.sleep(4)
        assert age() < timedelta(seconds=3)
    assert not lies(s3)


def test_is_renewed_four_times_within_the_time_after_which_it_is_void(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float | None] = []

    class Watched(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            asked.append(timeout)
            return super().wait(timeout)

    monkeypatch.setattr("flows.lake.lease.Event", Watched)
    with lease(s3, void_after=600):
        until(lambda: bool(asked))
    assert asked == [150.0]


def test_is_renewed_on_though_s3_was_not_to_be_had_once(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Lease] = []

    def renew(held: Lease) -> None:
        tried.append(held)
        raise AwsError("not to be had")

    monkeypatch.setattr(Lease, "renew", renew)
    with lease(s3, void_after=0.2):
        until(lambda: len(tried) > 1)


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_that_was_taken_and_whose_answer_was_lost_is_known_as_one_s_own(s3: S3Client) -> None:
    class Deaf:
        """S3 whose first answer to a put is lost, so that botocore puts again."""

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            return getattr(s3, name)

        def put_object(self, **request: Any) -> Any:  # noqa: ANN401
            s3.put_object(**request)
            return s3.put_object(**request)

    began = time.monotonic()
    with lease(cast("S3Client", Deaf()), void_after=30):
        assert time.monotonic() - began < 10
        assert lies(s3)
    assert not lies(s3)


def test_of_a_holder_that_died_is_void_after_a_time(s3: S3Client) -> None:
    s3.put_object(Bucket=REFINED_BUCKET, Key=KEY, Body=b"of one that was killed")
    with lease(s3, void_after=0.1):
        assert s3.get_object(Bucket=REFINED_BUCKET, Key=KEY)["Body"].read() != b"of one that was killed"


def test_that_was_taken_over_is_not_taken_from_its_new_holder(s3: S3Client) -> None:
    with lease(s3):
        s3.put_object(Bucket=REFINED_BUCKET, Key=KEY, Body=b"of the next")
    assert s3.get_object(Bucket=REFINED_BUCKET, Key=KEY)["Body"].read() == b"of the next"


def test_that_is_gone_already_is_given_back_all_the_same(s3: S3Client) -> None:
    with lease(s3):
        s3.delete_object(Bucket=REFINED_BUCKET, Key=KEY)
    assert not lies(s3)


def test_that_cannot_be_taken_is_an_error_of_aws(s3: S3Client) -> None:
    with (
        pytest.raises(AwsError, match=r"writing s3://no-such-bucket/leases/.*NoSuchBucket"),
        session_lease(Bucket(s3, "no-such-bucket"), "IBOV", SESSION, 30),
    ):
        pytest.fail("entered without the lease")


class Held:
    """S3 as seen by one that comes while another holds the lease.

    Args:
        age: how long ago the other took it.
        refusals: how often the lease is refused before it is free.
        ahead: by how much S3's clock is ahead of this machine's.
    """

    def __init__(
        self,
        age: timedelta = timedelta(0),
        refusals: int = 1000,
        code: str = "PreconditionFailed",
        ahead: timedelta = timedelta(0),
    ) -> None:
        self._age = age
        self._ahead = ahead
        self._refusals = refusals
        self._code = code
        self.deleted: list[str] = []

    def put_object(self, **_: Any) -> dict[str, str]:  # noqa: ANN401
        self._refusals -= 1
        if self._refusals < 0:
            return {"ETag": '"ours"'}
        raise ClientError({"Error": {"Code": self._code, "Message": "taken"}}, "PutObject")

    def head_object(self, **_: Any) -> dict[str, object]:  # noqa: ANN401
        now = datetime.now(UTC) + self._ahead
        answered = {"HTTPHeaders": {"date": format_datetime(now, usegmt=True)}}
        return {"LastModified": now - self._age, "ETag": '"theirs"', "Metadata": {}, "ResponseMetadata": answered}

    def list_objects_v2(self, **_: Any) -> dict[str, object]:  # noqa: ANN401
        return {"Contents": [{"Key": KEY}]}

    def delete_object(self, **request: Any) -> None:  # noqa: ANN401
        self.deleted.append(request["IfMatch"])


class Waiting:
    """The time of one that waits, which passes as soon as it is waited for."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    found = Waiting()
    for name in ("tenacity.time", "tenacity.nap.time"):
        monkeypatch.setattr(name, found)
    return found


def test_that_another_holds_all_the_time_is_not_broken_into(waiting: Waiting) -> None:
    held, began = Held(), waiting.monotonic()
    with pytest.raises(PublishError, match="another flow has been publishing the session for"), lease(held, 600):
        pytest.fail("entered without the lease")
    assert held.deleted == []
    assert 600 < waiting.monotonic() - began < 610


@pytest.mark.usefixtures("waiting")
def test_whose_age_s3_tells_in_whole_seconds_is_void_a_second_later() -> None:
    held = Held(timedelta(seconds=0.9))
    with pytest.raises(PublishError), lease(held, 0.05):
        pytest.fail("entered without the lease")
    assert held.deleted == []


@pytest.mark.parametrize("code", ["PreconditionFailed", "412", "ConditionalRequestConflict", "409"])
def test_that_is_refused_for_a_while_is_waited_for(code: str) -> None:
    held = Held(refusals=1, code=code)
    with lease(held):
        assert held.deleted == []
    assert held.deleted == ['"ours"']


def test_that_is_void_is_dropped_by_its_own_etag_so_that_a_newer_one_stays() -> None:
    held = Held(timedelta(seconds=60), refusals=1)
    with lease(held):
        assert held.deleted == ['"theirs"']


def test_that_s3_refuses_for_another_reason_is_an_error_of_aws() -> None:
    with pytest.raises(AwsError, match="AccessDenied"), lease(Held(code="AccessDenied")):
        pytest.fail("entered without the lease")


SKEWED = pytest.mark.parametrize("ahead", [timedelta(hours=9), timedelta(hours=-9)], ids=["S3 ahead", "S3 behind"])


@SKEWED
@pytest.mark.usefixtures("waiting")
def test_is_as_old_as_s3_s_own_clock_says_whatever_this_machine_s_does(ahead: timedelta) -> None:
    young = Held(timedelta(seconds=5), ahead=ahead)
    with pytest.raises(PublishError, match="another flow has been publishing"), lease(young, 0.05 + 5):
        pytest.fail("entered without the lease")
    assert young.deleted == []


@SKEWED
def test_is_void_once_s3_s_own_clock_says_so_whatever_this_machine_s_does(ahead: timedelta) -> None:
    old = Held(timedelta(seconds=60), refusals=1, ahead=ahead)
    with lease(old):
        assert old.deleted == ['"theirs"']


# --- its holder stood still --------------------------------------------------------------------------------------------


class Clock:
    """The clock that nobody sets, for a holder that stands still at will."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("flows.lake.lease.elapsed", found)
    return found


def test_that_another_took_over_is_not_taken_back_by_its_renewal(s3: S3Client) -> None:
    with lease(s3) as held:
        s3.put_object(Bucket=REFINED_BUCKET, Key=KEY, Body=b"of the next")
        with pytest.raises(
            LeaseLost, match=r"leases/ibov/.*: this flow stood still for more than 30 s, and another has"
        ):
            held.renew()
        assert s3.get_object(Bucket=REFINED_BUCKET, Key=KEY)["Body"].read() == b"of the next"
        with pytest.raises(LeaseLost):
            held.renew()
    assert s3.get_object(Bucket=REFINED_BUCKET, Key=KEY)["Body"].read() == b"of the next"


def test_that_another_took_over_and_gave_back_is_lost_too(s3: S3Client) -> None:
    with lease(s3) as held:
        s3.delete_object(Bucket=REFINED_BUCKET, Key=KEY)
        with pytest.raises(LeaseLost):
            held.renew()
        assert not lies(s3)


def test_has_another_etag_each_time_so_that_who_found_it_void_drops_none_that_is_renewed(s3: S3Client) -> None:
    with lease(s3) as held:
        found = held.etag
        held.renew()
        with pytest.raises(WriteConflict):
            Bucket(s3, REFINED_BUCKET).delete(KEY, if_etag=found)
        assert lies(s3)


def test_that_was_renewed_without_an_answer_is_still_one_s_own(s3: S3Client) -> None:
    with lease(s3) as held:
        s3.put_object(Bucket=REFINED_BUCKET, Key=KEY, Body=b"renewed", Metadata={"holder": held.holder})
        held.renew()
        held.check()
        assert s3.head_object(Bucket=REFINED_BUCKET, Key=KEY)["ETag"] == held.etag
    assert not lies(s3)


def test_lets_nothing_be_written_once_another_may_have_it(s3: S3Client, clock: Clock) -> None:
    refined = Bucket(s3, REFINED_BUCKET)
    refined.put("there", b"before")
    with lease(s3, void_after=30) as held:
        guarded = held.guard(refined)
        guarded.put("there", b"while it is held")
        s3.put_object(Bucket=REFINED_BUCKET, Key=KEY, Body=b"of the next")
        clock.now += 15
        writes: list[Callable[[], object]] = [
            lambda: guarded.put("there", b"late"),
            lambda: guarded.copy(KEY, "there"),
            lambda: guarded.delete("there", if_etag=s3.head_object(Bucket=REFINED_BUCKET, Key="there")["ETag"]),
            lambda: guarded.delete_all(["there"]),
        ]
        for write in writes:
            with pytest.raises(LeaseLost):
                write()
    assert refined.read("there") == b"while it is held"


def test_that_nobody_took_meanwhile_is_renewed_before_the_next_write(s3: S3Client, clock: Clock) -> None:
    with lease(s3, void_after=30) as held:
        before = held.etag
        clock.now += 3600
        held.guard(Bucket(s3, REFINED_BUCKET)).put("late", b"all the same")
        assert held.etag != before
        held.check()


@pytest.mark.parametrize(("stood", "sure"), [(14.9, True), (15.0, False)])
def test_is_surely_held_for_half_of_the_time_after_which_it_is_void(
    s3: S3Client,
    clock: Clock,
    stood: float,
    sure: bool,  # noqa: FBT001
) -> None:
    with lease(s3, void_after=30) as held:
        clock.now += stood
        if sure:
            held.check()
            return
        with pytest.raises(LeaseLost, match="not renewed for 15 s, so that another flow may publish the session"):
            held.check()


def test_that_cannot_be_renewed_for_an_outage_is_an_error_of_aws_and_nothing_is_written(
    s3: S3Client, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lease(s3, void_after=30) as held:
        clock.now += 3600

        def out(*_: object, **__: object) -> None:
            raise AwsError("S3 is out")

        with monkeypatch.context() as patch:
            patch.setattr(Bucket, "put", out)
            with pytest.raises(AwsError, match="S3 is out"):
                held.ensure()


def test_is_counted_from_before_it_was_asked_for(clock: Clock) -> None:
    class Slow(Held):
        def put_object(self, **given: Any) -> dict[str, str]:  # noqa: ANN401
            clock.now += 10
            return super().put_object(**given)

    with lease(cast("S3Client", Slow(refusals=0))) as held:
        assert held.renewed_at == 1000.0
        held.renew()
        assert held.renewed_at == 1010.0


def test_goes_on_by_a_clock_that_nobody_sets() -> None:
    first = elapsed()
    time.sleep(0.01)
    assert 0 < elapsed() - first < 5
