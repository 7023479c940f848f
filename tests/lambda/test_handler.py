"""The handler: one run for each version, however often S3 reports it; what fails is raised after all were tried."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_plus

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from moto import mock_aws
from moto.moto_api import state_manager

from trigger_glue_job.claims import Claims
from trigger_glue_job.events import EventError, ObjectVersion
from trigger_glue_job.handler import ClaimedError, Starter, TriggerError, handle, is_of_batch

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

Event = dict[str, Any]
ReadEvent = Callable[[str], Event]

JOB = "bovespa-etl-job"
CLAIMS = "bovespa-artifacts-bucket"
VERSION = ObjectVersion("bovespa-raw-data-bucket", "raw-data/x.parquet", "v1")
CONTEXT = SimpleNamespace(aws_request_id="6f3c6a3e-1d2b-4a57-9f51-0e7c2a9d4b10")

# https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
TAKEN_CARE_OF = ("STARTING", "RUNNING", "WAITING", "STOPPING", "SUCCEEDED")
LOST = ("STOPPED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED")


def run(state: str, version: str = "v1", hours_ago: float | None = 0) -> dict[str, Any]:
    """A run as GetJobRuns states it; one that still waits for its turn has not started at any time."""
    found = {"Id": f"jr_{version}_{state}", "JobRunState": state, "Arguments": {"--raw_version_id": version}}
    if hours_ago is None:
        return found
    return {**found, "StartedOn": datetime.now(UTC) - timedelta(hours=hours_ago)}


@dataclass
class FakeGlue:
    """The calls of Glue's client that the handler makes; the runs by page, newest first."""

    pages: list[list[dict[str, Any]]] = field(default_factory=list)
    refusal: Exception | None = None
    pages_read: int = 0
    started: list[dict[str, Any]] = field(default_factory=list)

    def get_paginator(self, operation: str) -> FakeGlue:
        assert operation == "get_job_runs"
        return self

    def paginate(self, *, JobName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's
        assert JobName == JOB
        for page in self.pages:
            self.pages_read += 1
            yield {"JobRuns": page}

    def start_job_run(self, **request: Any) -> dict[str, str]:  # noqa: ANN401 - any request
        if self.refusal:
            raise self.refusal
        self.started.append(request)
        return {"JobRunId": f"jr_{len(self.started)}"}


class FakeClaims:
    """Claims of which each version has one, while it is held."""

    void_after = 120.0

    def __init__(self, held: dict[str, str] | None = None) -> None:
        self.held = held or {}

    def take(self, version_id: str, holder: str) -> str | None:
        return self.held.setdefault(version_id, f"etag of {holder}") if version_id not in self.held else None

    def give_up(self, version_id: str, etag: str) -> None:
        assert self.held.pop(version_id) == etag


def starter(glue: FakeGlue, claims: FakeClaims | None = None, *, queues: bool = True) -> Starter:
    found = cast("GlueClient", glue)
    return Starter(found, found, JOB, cast("Claims", claims or FakeClaims()), queues=queues, sleep=lambda _: None)


def started_by(glue: FakeGlue, claims: FakeClaims | None = None) -> str | None:
    return starter(glue, claims).start_once(VERSION, "request")


def refused(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "StartJobRun")


# --- one version ---------------------------------------------------------------------------------------------------------


def test_a_version_without_a_run_gets_one_that_names_it() -> None:
    glue = FakeGlue()
    assert started_by(glue) == "jr_1"
    arguments = {"--raw_bucket": VERSION.bucket, "--raw_key": VERSION.key, "--raw_version_id": "v1"}
    assert glue.started == [{"JobName": JOB, "Arguments": arguments, "JobRunQueuingEnabled": True}]


def test_a_run_waits_in_glues_queue_only_where_the_job_has_one() -> None:
    glue = FakeGlue()
    starter(glue, queues=False).start_once(VERSION, "request")
    assert glue.started[0]["JobRunQueuingEnabled"] is False


@pytest.mark.parametrize("state", TAKEN_CARE_OF)
def test_a_version_that_is_taken_care_of_gets_no_other_run(state: str) -> None:
    glue = FakeGlue([[run(state)]])
    assert started_by(glue) is None
    assert glue.started == []


@pytest.mark.parametrize("state", LOST)
def test_a_version_whose_run_is_lost_gets_another(state: str) -> None:
    assert started_by(FakeGlue([[run(state)]])) == "jr_1"


def test_every_state_that_glue_knows_is_decided_on() -> None:
    shape = boto3.client("glue", region_name="sa-east-1").meta.service_model.shape_for("JobRunState")
    assert {*TAKEN_CARE_OF, *LOST} == set(cast("Any", shape).enum)


def test_a_run_that_waits_for_its_turn_has_no_start_and_counts() -> None:
    assert started_by(FakeGlue([[run("RUNNING", "v9"), run("WAITING", hours_ago=None)]])) is None


def test_a_run_of_another_version_that_waits_for_its_turn_hides_none() -> None:
    assert started_by(FakeGlue([[run("WAITING", "v9", hours_ago=None), run("RUNNING")]])) is None


def test_a_lost_run_does_not_hide_the_live_one_before_it() -> None:
    assert started_by(FakeGlue([[run("STOPPED"), run("RUNNING", hours_ago=1)]])) is None


@pytest.mark.parametrize("arguments", [{"--raw_version_id": "v2"}, {"--raw_list": "s3://b/list.json"}, {}])
def test_the_run_of_something_else_does_not_count(arguments: dict[str, str]) -> None:
    assert started_by(FakeGlue([[{**run("RUNNING"), "Arguments": arguments}]])) == "jr_1"


def test_a_run_without_arguments_does_not_count() -> None:
    found = run("RUNNING")
    del found["Arguments"]
    assert started_by(FakeGlue([[found]])) == "jr_1"


def test_a_run_on_a_later_page_counts() -> None:
    assert started_by(FakeGlue([[run("RUNNING", "v2")], [run("RUNNING")]])) is None


def test_runs_older_than_any_repeated_event_are_not_looked_at() -> None:
    glue = FakeGlue([[run("SUCCEEDED", "v2", hours_ago=25)], [run("SUCCEEDED", "v3", hours_ago=26)]])
    assert started_by(glue) == "jr_1"
    assert glue.pages_read == 1


def test_an_event_that_is_repeated_after_six_hours_still_finds_its_run() -> None:
    assert started_by(FakeGlue([[run("FAILED", "v2", hours_ago=5.9), run("SUCCEEDED", hours_ago=6)]])) is None


@pytest.mark.parametrize(
    "refusal",
    [
        refused("ConcurrentRunsExceededException"),
        EndpointConnectionError(endpoint_url="https://glue.sa-east-1.amazonaws.com"),
    ],
    ids=["too many runs", "Glue is not to be had"],
)
def test_what_glue_refuses_is_raised(refusal: Exception) -> None:
    with pytest.raises(type(refusal)):
        started_by(FakeGlue(refusal=refusal))


def test_an_error_that_states_no_status_does_not_pass_by_itself() -> None:
    pauses: list[float] = []
    found = cast(
        "GlueClient", FakeGlue(refusal=ClientError({"Error": {"Code": "Odd", "Message": "no"}}, "StartJobRun"))
    )
    hasty = Starter(found, found, JOB, cast("Claims", FakeClaims()), sleep=pauses.append)
    with pytest.raises(ClientError, match="Odd"):
        hasty.start_once(VERSION, "request")
    assert pauses == []


# --- a version that another invocation has claimed -----------------------------------------------------------------------


def test_a_version_that_is_claimed_and_has_its_run_gets_no_other() -> None:
    glue, claims = FakeGlue(), FakeClaims()
    assert started_by(glue, claims) == "jr_1"
    glue.pages = [[run("STARTING")]]
    assert started_by(glue, claims) is None
    assert len(glue.started) == 1


def test_a_version_that_is_claimed_and_has_no_run_is_raised_to_be_delivered_again() -> None:
    glue = FakeGlue()
    with pytest.raises(ClaimedError, match="without a run"):
        started_by(glue, FakeClaims({"v1": "another's"}))
    assert glue.started == []


def test_a_claim_names_the_invocation_that_holds_it() -> None:
    claims = FakeClaims()
    started_by(FakeGlue(), claims)
    assert claims.held == {"v1": "etag of request"}


def test_who_finds_a_claim_looks_again_for_twelve_seconds() -> None:
    pauses: list[float] = []
    found, claims = cast("GlueClient", FakeGlue()), cast("Claims", FakeClaims({"v1": "another's"}))
    with pytest.raises(ClaimedError):
        Starter(found, found, JOB, claims, sleep=pauses.append).start_once(VERSION, "request")
    assert pauses == [1.5] * 8


def test_after_a_failure_that_passes_it_is_looked_for_the_run_once_glue_would_list_it() -> None:
    pauses: list[float] = []
    found = cast("GlueClient", FakeGlue(refusal=refused("ThrottlingException")))
    with pytest.raises(ClientError):
        Starter(found, found, JOB, cast("Claims", FakeClaims()), sleep=pauses.append).start_once(VERSION, "request")
    assert pauses == [3.0, 1.5] * 8


def test_who_waits_for_a_claim_finds_the_run_that_comes_of_it() -> None:
    glue, claims = FakeGlue(), FakeClaims({"v1": "another's"})

    def meanwhile(_: float) -> None:
        glue.pages = [[run("STARTING")]]

    found = cast("GlueClient", glue)
    patient = Starter(found, found, JOB, cast("Claims", claims), sleep=meanwhile)
    assert patient.start_once(VERSION, "request") is None
    assert glue.started == []


def test_who_waits_for_a_claim_that_is_given_up_starts_the_run() -> None:
    glue, claims = FakeGlue(), FakeClaims({"v1": "another's"})
    found = cast("GlueClient", glue)
    patient = Starter(found, found, JOB, cast("Claims", claims), sleep=lambda _: claims.give_up("v1", "another's"))
    assert patient.start_once(VERSION, "request") == "jr_1"


def test_a_claim_whose_run_was_refused_is_given_up() -> None:
    claims = FakeClaims()
    with pytest.raises(ClientError):
        started_by(FakeGlue(refusal=refused("ConcurrentRunsExceededException")), claims)
    assert claims.held == {}


each_failure = pytest.mark.parametrize(
    "failure",
    [
        refused("InternalServiceException", 500),
        refused("OperationTimeoutException"),
        refused("ThrottlingException"),
        EndpointConnectionError(endpoint_url="https://glue.sa-east-1.amazonaws.com"),
        ReadTimeoutError(endpoint_url="https://glue.sa-east-1.amazonaws.com"),
    ],
    ids=["Glue fails", "Glue takes too long", "too many calls", "Glue is not to be had", "Glue does not answer"],
)


@each_failure
def test_what_passes_by_itself_is_tried_again_for_a_while_and_then_raised(failure: Exception) -> None:
    claims = FakeClaims()
    with pytest.raises(type(failure)):
        started_by(FakeGlue(refusal=failure), claims)
    assert claims.held == {}


@each_failure
def test_a_failure_that_passes_costs_no_delivery(failure: Exception) -> None:
    glue = FakeGlue(refusal=failure)

    def better(_: float) -> None:
        glue.refusal = None

    found = cast("GlueClient", glue)
    patient = Starter(found, found, JOB, cast("Claims", FakeClaims()), sleep=better)
    assert patient.start_once(VERSION, "request") == "jr_1"


@each_failure
def test_a_run_that_glue_has_started_without_saying_so_is_not_started_again(failure: Exception) -> None:
    glue, claims = FakeGlue(refusal=failure), FakeClaims()

    def listed(_: float) -> None:
        glue.pages, glue.refusal = [[run("STARTING")]], None

    found = cast("GlueClient", glue)
    patient = Starter(found, found, JOB, cast("Claims", claims), sleep=listed)
    assert patient.start_once(VERSION, "request") is None
    assert glue.started == []
    assert list(claims.held) == ["v1"]


# --- a version of a batch ------------------------------------------------------------------------------------------------


@dataclass
class FakeS3:
    """The one call of S3's client that the handler makes: a version's metadata, or a refusal."""

    metadata: dict[str, str] = field(default_factory=dict)
    refusal: Exception | None = None
    asked: list[dict[str, str]] = field(default_factory=list)

    def head_object(self, **request: str) -> dict[str, Any]:
        self.asked.append(request)
        if self.refusal:
            raise self.refusal
        return {"Metadata": self.metadata}


def of_batch(s3: FakeS3) -> bool:
    return is_of_batch(cast("S3Client", s3), VERSION)


def test_a_version_whose_metadata_says_batch_is_of_a_batch() -> None:
    s3 = FakeS3({"etl": "batch", "fingerprint": "f"})
    assert of_batch(s3)
    assert s3.asked == [{"Bucket": VERSION.bucket, "Key": VERSION.key, "VersionId": "v1"}]


@pytest.mark.parametrize("metadata", [{}, {"fingerprint": "batch"}, {"etl": "event"}])
def test_any_other_version_is_of_none(metadata: dict[str, str]) -> None:
    assert not of_batch(FakeS3(metadata))


@pytest.mark.parametrize(
    "refusal",
    [
        ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject"),
        EndpointConnectionError(endpoint_url="https://s3.sa-east-1.amazonaws.com"),
    ],
    ids=["refused", "S3 is not to be had"],
)
def test_a_version_that_cannot_be_looked_at_gets_its_run_as_ever(refusal: Exception) -> None:
    assert not of_batch(FakeS3(refusal=refusal))


# --- an event ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Iterator[GlueClient]:
    """Glue in memory, where a run moves on by one state each time that the runs are looked at."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("GLUE_JOB_NAME", JOB)
    monkeypatch.setenv("CLAIMS_BUCKET", CLAIMS)
    monkeypatch.setenv("JOB_RUN_QUEUING", "true")
    monkeypatch.setattr("trigger_glue_job.handler._PATIENCE", 1.5)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=CLAIMS)
        state_manager.set_transition("glue::job_run", {"progression": "manual", "times": 1})
        yield boto3.client("glue")
        state_manager.unset_transition("glue::job_run")


def create_job(glue: GlueClient, concurrent_runs: int) -> None:
    glue.create_job(
        Name=JOB,
        Role="arn:aws:iam::123456789012:role/etl",
        Command={"Name": "glueetl"},
        ExecutionProperty={"MaxConcurrentRuns": concurrent_runs},
    )


def versions_run(glue: GlueClient) -> list[str]:
    return [item["Arguments"]["--raw_version_id"] for item in glue.get_job_runs(JobName=JOB)["JobRuns"]]


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_version_of_an_event_gets_its_run(glue: GlueClient, event: ReadEvent) -> None:
    create_job(glue, concurrent_runs=5)
    answer = handle(event("several"), CONTEXT)
    assert len(answer["started"]) == 3
    assert versions_run(glue) == [record["s3"]["object"]["versionId"] for record in event("several")["Records"]]


@pytest.mark.parametrize(("says", "queued"), [("true", True), ("false", False)])
def test_a_run_waits_in_the_queue_where_the_function_s_environment_says_so(
    glue: GlueClient, event: ReadEvent, monkeypatch: pytest.MonkeyPatch, says: str, *, queued: bool
) -> None:
    asked: list[bool] = []
    monkeypatch.setenv("JOB_RUN_QUEUING", says)
    once = SimpleNamespace(
        start_job_run=lambda **request: asked.append(request["JobRunQueuingEnabled"]) or {"JobRunId": "jr_1"}
    )
    monkeypatch.setattr("trigger_glue_job.handler._glue_once", lambda: once)
    create_job(glue, concurrent_runs=5)
    handle(event("put"), CONTEXT)
    assert asked == [queued]


def test_an_event_that_is_delivered_again_starts_nothing(glue: GlueClient, event: ReadEvent) -> None:
    create_job(glue, concurrent_runs=5)
    answers = [handle(event(name), CONTEXT) for name in ("duplicate", "duplicate", "put")]
    assert [len(answer["started"]) for answer in answers] == [1, 0, 0]
    assert len(versions_run(glue)) == 1


def test_a_version_that_a_batch_has_uploaded_starts_nothing_and_the_log_says_so(
    glue: GlueClient, event: ReadEvent, capsys: pytest.CaptureFixture[str]
) -> None:
    create_job(glue, concurrent_runs=5)
    s3 = boto3.client("s3", region_name="us-east-1")
    body = event("put")
    item = body["Records"][0]["s3"]
    bucket, key = item["bucket"]["name"], unquote_plus(item["object"]["key"])
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    item["object"]["versionId"] = s3.put_object(Bucket=bucket, Key=key, Metadata={"etl": "batch"})["VersionId"]
    assert handle(body, CONTEXT) == {"started": []}
    assert versions_run(glue) == []
    (entry,) = logged(capsys)
    said = (entry["level"], entry["message"], entry["request_id"])
    assert said == ("INFO", "taken by a batch", CONTEXT.aws_request_id)


def test_a_batch_s_version_does_not_keep_the_next_of_the_event_from_its_run(
    glue: GlueClient, event: ReadEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_job(glue, concurrent_runs=5)
    first, *others = (record["s3"]["object"]["versionId"] for record in event("several")["Records"])
    monkeypatch.setattr("trigger_glue_job.handler.is_of_batch", lambda _, version: version.version_id == first)
    assert len(handle(event("several"), CONTEXT)["started"]) == len(others)
    assert versions_run(glue) == others


def test_the_claim_of_a_version_names_the_invocation(glue: GlueClient, event: ReadEvent) -> None:
    create_job(glue, concurrent_runs=5)
    handle(event("put"), CONTEXT)
    s3 = boto3.client("s3", region_name="us-east-1")
    (claim,) = s3.list_objects_v2(Bucket=CLAIMS)["Contents"]
    body = json.loads(s3.get_object(Bucket=CLAIMS, Key=claim["Key"])["Body"].read())
    assert body["holder"] == CONTEXT.aws_request_id


@pytest.mark.parametrize("name", ["test", "not_raw"])
def test_an_event_without_new_raw_files_starts_nothing(glue: GlueClient, event: ReadEvent, name: str) -> None:
    create_job(glue, concurrent_runs=5)
    assert handle(event(name), CONTEXT) == {"started": []}
    assert versions_run(glue) == []


def test_an_event_of_another_form_is_raised(glue: GlueClient) -> None:
    with pytest.raises(EventError):
        handle({"Records": [{}]}, CONTEXT)


def test_a_version_that_cannot_be_started_does_not_stop_the_next(glue: GlueClient, event: ReadEvent) -> None:
    create_job(glue, concurrent_runs=1)
    # Runs while the first version is looked at, and has ended when the second is.
    glue.start_job_run(JobName=JOB, Arguments={"--raw_version_id": "another"})
    first, second, third = (record["s3"]["object"]["versionId"] for record in event("several")["Records"])
    with pytest.raises(TriggerError) as caught:
        handle(event("several"), CONTEXT)
    assert versions_run(glue) == ["another", second]
    assert "ConcurrentRunsExceededException" in str(caught.value)
    assert [version in str(caught.value) for version in (first, second, third)] == [True, False, True]


def test_the_event_that_failed_is_made_good_when_it_is_delivered_again(glue: GlueClient, event: ReadEvent) -> None:
    with pytest.raises(TriggerError, match="EntityNotFoundException"):
        handle(event("several"), CONTEXT)
    create_job(glue, concurrent_runs=5)
    assert len(handle(event("several"), CONTEXT)["started"]) == 3


def test_what_the_client_refuses_before_it_asks_glue_is_raised_too(
    glue: GlueClient, event: ReadEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUE_JOB_NAME", "")
    with pytest.raises(TriggerError, match="JobName"):
        handle(event("put"), CONTEXT)


# --- the log -------------------------------------------------------------------------------------------------------------


def test_the_log_says_in_one_line_of_json_what_became_of_each_version(
    glue: GlueClient, event: ReadEvent, capsys: pytest.CaptureFixture[str]
) -> None:
    create_job(glue, concurrent_runs=5)
    (run_id,) = handle(event("put"), CONTEXT)["started"]
    handle(event("put"), CONTEXT)
    first, second = logged(capsys)
    assert first == {
        "level": "INFO",
        "message": "run started",
        "request_id": CONTEXT.aws_request_id,
        "bucket": "bovespa-raw-data-bucket",
        "key": "raw-data/year=2025/month=06/day=30/ibov_carteira_20250630.parquet",
        "version_id": "aVlKd3yqFBmG4oQmEmqZ0Ls0eZ9n4u1x",
        "run_id": run_id,
    }
    assert (second["message"], "run_id" in second) == ("run exists already", False)


def test_the_log_has_the_error_of_each_version_that_failed(
    glue: GlueClient, event: ReadEvent, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TriggerError, match="; raw-data/"):
        handle(event("several"), CONTEXT)
    entries = logged(capsys)
    said = {(entry["level"], entry["message"], entry["request_id"]) for entry in entries}
    assert (len(entries), said) == (3, {("ERROR", "run not started", CONTEXT.aws_request_id)})
    assert all("EntityNotFoundException" in entry["error"] for entry in entries)
