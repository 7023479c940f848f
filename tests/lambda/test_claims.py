"""Claims on raw versions: one holder at a time, and none for ever that died."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from trigger_glue_job.claims import VOID_AFTER, Claims
from trigger_glue_job.events import ObjectVersion
from trigger_glue_job.handler import ClaimedError, Starter

BUCKET = "bovespa-artifacts-bucket"
VERSION = ObjectVersion("bovespa-raw-data-bucket", "raw-data/x.parquet", "v1/+=")


def failing(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "S3")


@dataclass
class FakeS3:
    """S3's conditional writes of small objects, of which two never happen at once, as S3 promises.

    Attributes:
        ahead: by how much its clock is ahead of this machine's.
    """

    objects: dict[str, tuple[str, bytes, datetime]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    refusal: ClientError | None = None
    ahead: timedelta = timedelta(0)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def put_object(self, **request: Any) -> dict[str, str]:  # noqa: ANN401 - any request
        with self.lock:
            if self.refusal:
                raise self.refusal
            known, replaces = self.objects.get(request["Key"]), request.get("IfMatch")
            if ("IfNoneMatch" in request and known) or (replaces and (not known or known[0] != replaces)):
                raise failing("PreconditionFailed")
            etag = f'"{hash(request["Body"])}"'
            self.objects[request["Key"]] = (etag, request["Body"], self.now)
            return {"ETag": etag}

    def head_object(self, *, Key: str, **_: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        with self.lock:
            if Key not in self.objects:
                raise failing("404")
            etag, _body, stored = self.objects[Key]
            answered = {"HTTPHeaders": {"date": format_datetime(self.now, usegmt=True)}}
            return {"ETag": etag, "LastModified": stored, "ResponseMetadata": answered}

    def delete_object(self, *, Key: str, IfMatch: str, **_: str) -> None:  # noqa: N803 - AWS's names
        with self.lock:
            if self.refusal:
                raise self.refusal
            if Key not in self.objects or self.objects[Key][0] != IfMatch:
                raise failing("PreconditionFailed")
            del self.objects[Key]

    def age(self, seconds: float) -> None:
        for key, (etag, body, stored) in self.objects.items():
            self.objects[key] = (etag, body, stored - timedelta(seconds=seconds))


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def claims(s3: FakeS3) -> Claims:
    return Claims(cast("Any", s3), BUCKET)


def test_a_version_is_claimed_once(claims: Claims, s3: FakeS3) -> None:
    assert claims.take("v1", "one")
    assert claims.take("v1", "two") is None
    (body,) = (body for _, body, _ in s3.objects.values())
    assert (json.loads(body)["version_id"], json.loads(body)["holder"]) == ("v1", "one")


def test_versions_are_claimed_each_by_itself(claims: Claims) -> None:
    assert all(claims.take(version, "one") for version in ("v1", "v2"))


def test_a_claim_that_was_given_up_is_free(claims: Claims) -> None:
    claims.give_up("v1", str(claims.take("v1", "one")))
    assert claims.take("v1", "two")


@pytest.mark.parametrize(
    ("age", "free"),
    [pytest.param(VOID_AFTER - 5, False, id="alive"), pytest.param(VOID_AFTER + 5, True, id="dead")],
)
def test_a_claim_is_void_when_its_holder_cannot_be_alive(claims: Claims, s3: FakeS3, age: float, free: bool) -> None:  # noqa: FBT001
    claims.take("v1", "one")
    s3.age(age)
    assert bool(claims.take("v1", "two")) is free


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=-1)], ids=["S3 ahead", "S3 behind"])
def test_a_claim_s_age_is_by_s3_s_clock_whatever_this_machine_s_says(
    claims: Claims, s3: FakeS3, ahead: timedelta
) -> None:
    s3.ahead = ahead
    claims.take("v1", "one")
    assert claims.take("v1", "two") is None
    s3.age(VOID_AFTER + 5)
    assert claims.take("v1", "two")


def test_a_claim_outlives_any_invocation() -> None:
    assert VOID_AFTER >= 2 * 60


def test_who_comes_back_late_does_not_give_up_the_claim_of_another(claims: Claims, s3: FakeS3) -> None:
    late = str(claims.take("v1", "one"))
    s3.age(VOID_AFTER + 1)
    assert claims.take("v1", "two")
    claims.give_up("v1", late)
    assert claims.take("v1", "three") is None


def test_who_claims_again_under_the_same_name_cannot_be_taken_for_who_did_before(claims: Claims, s3: FakeS3) -> None:
    late = str(claims.take("v1", "one"))
    s3.age(VOID_AFTER + 1)
    assert claims.take("v1", "one")
    claims.give_up("v1", late)
    assert claims.take("v1", "two") is None


def test_a_void_claim_that_another_replaces_meanwhile_is_the_other_s(
    claims: Claims, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims.take("v1", "dead")
    s3.age(VOID_AFTER + 1)
    look = s3.head_object

    def look_and_be_overtaken(**request: str) -> dict[str, Any]:
        found = look(**request)
        monkeypatch.setattr(s3, "head_object", look)
        assert claims.take("v1", "quicker")
        return found

    monkeypatch.setattr(s3, "head_object", look_and_be_overtaken)
    assert claims.take("v1", "slower") is None
    (body,) = (body for _, body, _ in s3.objects.values())
    assert json.loads(body)["holder"] == "quicker"


def test_of_many_that_claim_at_once_one_does(claims: Claims, s3: FakeS3) -> None:
    for age in (0.0, VOID_AFTER + 1):
        s3.age(age)
        with ThreadPoolExecutor(16) as pool:
            taken = list(pool.map(lambda number: claims.take("v1", str(number)), range(64)))
        assert len([etag for etag in taken if etag]) == 1


@pytest.mark.parametrize("code", ["AccessDenied", "InternalError", "SlowDown"])
def test_what_s3_refuses_is_raised(claims: Claims, s3: FakeS3, code: str) -> None:
    s3.refusal = failing(code)
    with pytest.raises(ClientError, match=code):
        claims.take("v1", "one")
    with pytest.raises(ClientError, match=code):
        claims.give_up("v1", "etag")


def test_two_conditional_writes_that_meet_are_one_claim(claims: Claims, s3: FakeS3) -> None:
    s3.refusal = failing("ConditionalRequestConflict")
    assert claims.take("v1", "one") is None


# --- with the runs -------------------------------------------------------------------------------------------------------


class FakeGlue:
    """Glue's runs of one job, of any number of clients; a run is listed as soon as it is started."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def get_paginator(self, _: str) -> FakeGlue:
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        yield {"JobRuns": list(self.runs)}

    def start_job_run(self, **request: Any) -> dict[str, str]:  # noqa: ANN401 - any request
        with self.lock:
            run_id = f"jr_{len(self.runs) + 1}"
            self.runs.insert(0, {"Id": run_id, "JobRunState": "STARTING", "Arguments": request["Arguments"]})
            return {"JobRunId": run_id}


def starter(glue: FakeGlue, claims: Claims) -> Starter:
    found = cast("Any", glue)
    return Starter(found, found, "job", claims, sleep=lambda _: None)


def test_of_many_deliveries_of_one_event_at_once_one_starts_the_run(claims: Claims) -> None:
    glue = FakeGlue()

    def deliver(number: int) -> str | None:
        try:
            return starter(glue, claims).start_once(VERSION, str(number))
        except ClaimedError:
            return None

    with ThreadPoolExecutor(16) as pool:
        started = [run_id for run_id in pool.map(deliver, range(64)) if run_id]
    assert started == ["jr_1"]
    assert len(glue.runs) == 1


def test_a_claimer_that_died_before_its_run_loses_none(claims: Claims, s3: FakeS3) -> None:
    glue = FakeGlue()
    claims.take(VERSION.version_id, "died")
    with pytest.raises(ClaimedError):
        starter(glue, claims).start_once(VERSION, "too early")
    s3.age(VOID_AFTER + 1)
    assert starter(glue, claims).start_once(VERSION, "delivered again") == "jr_1"


def test_a_claimer_that_died_after_its_run_gets_no_second_one(claims: Claims, s3: FakeS3) -> None:
    glue = FakeGlue()
    starter(glue, claims).start_once(VERSION, "died")
    s3.age(VOID_AFTER + 1)
    assert starter(glue, claims).start_once(VERSION, "delivered again") is None
    assert len(glue.runs) == 1


def test_moto_takes_the_conditions_that_s3_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_bucket(Bucket=BUCKET)
        claims = Claims(client, BUCKET)
        held = claims.take("v1", "one")
        assert held
        assert claims.take("v1", "two") is None
        assert Claims(client, BUCKET, void_after=-1.0).take("v1", "three")
        claims.give_up("v1", held)
        assert claims.take("v1", "four") is None
