"""One publisher a session: the lease lets one in, waits for others, and outlives nobody for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from expectations.contract.keys import ContractError, lease_key
from expectations.contract.names import REFINED_BUCKET
from flows.errors import AwsError, PublishError
from flows.lake.lease import session_lease
from flows.lake.s3 import Bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SESSION = date(2025, 6, 30)
KEY = "leases/ibov/year=2025/month=06/day=30/lease"


@contextmanager
def lease(s3: S3Client, void_after: float = 30, index: str = "IBOV") -> Iterator[None]:
    with session_lease(Bucket(s3, REFINED_BUCKET), index, SESSION, void_after):
        yield


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
    """

    def __init__(self, age: timedelta = timedelta(0), refusals: int = 1000, code: str = "PreconditionFailed") -> None:
        self._age = age
        self._refusals = refusals
        self._code = code
        self.deleted: list[str] = []

    def put_object(self, **_: Any) -> dict[str, str]:  # noqa: ANN401
        self._refusals -= 1
        if self._refusals < 0:
            return {"ETag": '"ours"'}
        raise ClientError({"Error": {"Code": self._code, "Message": "taken"}}, "PutObject")

    def head_object(self, **_: Any) -> dict[str, object]:  # noqa: ANN401
        return {"LastModified": datetime.now(UTC) - self._age, "ETag": '"theirs"', "Metadata": {}}

    def list_objects_v2(self, **_: Any) -> dict[str, object]:  # noqa: ANN401
        return {"Contents": [{"Key": KEY}]}

    def delete_object(self, **request: Any) -> None:  # noqa: ANN401
        self.deleted.append(request["IfMatch"])


def test_that_another_holds_all_the_time_is_not_broken_into() -> None:
    held = Held()
    with pytest.raises(PublishError, match="another flow has been publishing the session for"), lease(held, 0.05):
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
