"""Runs of batches: the same versions name the same batch, and what is live or has succeeded is not started again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from expectations.contract.names import ARTIFACTS_BUCKET
from flows.errors import AwsError
from flows.lake.glue_job import GlueJob
from flows.lake.s3 import Bucket
from flows.session.batch_runs import BatchRuns, list_body, list_key
from flows.session.storage import RawVersion

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

NOW = datetime.now(UTC)
FIRST, SECOND, THIRD = (
    RawVersion("raw", f"raw-data/{number}.parquet", f"v{number}", NOW, "f", has_sectors=True) for number in (1, 2, 3)
)
ENDED = ("FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED")


@dataclass
class Glue:
    """Glue's runs, newest first; `look` is called before each answer."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    look: Callable[[Glue], None] = lambda _: None
    refusal: Exception | None = None

    def add(self, state: str, age: timedelta = timedelta(0), **arguments: str) -> str:
        run_id = f"jr_{len(self.runs) + 1}"
        given = {f"--{name}": value for name, value in arguments.items()}
        run = {"Id": run_id, "JobRunState": state, "Arguments": given, "StartedOn": datetime.now(UTC) - age}
        self.runs.insert(0, run)
        return run_id

    def get_paginator(self, _: str) -> Glue:
        return self

    def paginate(self, *, JobName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - AWS's name
        assert JobName == "job"
        self.look(self)
        yield from ({"JobRuns": [run]} for run in list(self.runs))

    def get_job_run(self, *, JobName: str, RunId: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert JobName == "job"
        return {"JobRun": next(run for run in self.runs if run["Id"] == RunId)}

    def get_job(self, *, JobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"Job": {"Name": JobName, "JobRunQueuingEnabled": True}}

    def start_job_run(
        self,
        *,
        JobName: str,  # noqa: N803 - AWS's names
        Arguments: dict[str, str],  # noqa: N803
        JobRunQueuingEnabled: bool,  # noqa: N803
    ) -> dict[str, str]:
        assert JobRunQueuingEnabled, "a run that does not say so does not wait in the queue"
        assert JobName == "job"
        if self.refusal:
            raise self.refusal
        return {"JobRunId": self.add("STARTING", **{name[2:]: value for name, value in Arguments.items()})}


@pytest.fixture
def glue() -> Glue:
    return Glue()


@pytest.fixture
def runs(artifacts: Bucket, glue: Glue) -> BatchRuns:
    return BatchRuns(artifacts, GlueJob(cast("GlueClient", glue), "job"), announced_for=30)


def address(*versions: RawVersion) -> str:
    return f"s3://{ARTIFACTS_BUCKET}/{list_key(versions)}"


def put_list(artifacts: Bucket, *versions: RawVersion) -> str:
    artifacts.put(list_key(versions), list_body(versions))
    return address(*versions)


def void(_: object) -> None:
    """For a call within an expression."""


class TestList:
    def test_is_of_the_versions_whatever_their_order(self) -> None:
        assert list_key([FIRST, SECOND]) == list_key([SECOND, FIRST])
        assert list_body([FIRST, SECOND]) == list_body([SECOND, FIRST])

    @pytest.mark.parametrize("others", [[FIRST], [FIRST, SECOND, THIRD], [FIRST, replace(SECOND, version_id="v9")]])
    def test_of_other_versions_is_another(self, others: list[RawVersion]) -> None:
        assert list_key(others) != list_key([FIRST, SECOND])


class TestFinding:
    def test_tells_the_run_of_each_version_started_alone_or_in_a_batch(
        self, artifacts: Bucket, glue: Glue, runs: BatchRuns
    ) -> None:
        alone = glue.add("SUCCEEDED", raw_version_id="v1")
        batch = glue.add("RUNNING", raw_list=put_list(artifacts, SECOND))
        found = runs.find([FIRST, SECOND, THIRD])
        assert {version: run.run_id for version, run in found.items()} == {"v1": alone, "v2": batch}

    @pytest.mark.parametrize("state", ENDED)
    def test_passes_over_runs_that_ended_badly(
        self, artifacts: Bucket, glue: Glue, runs: BatchRuns, state: str
    ) -> None:
        good = glue.add("SUCCEEDED", raw_version_id="v1")
        glue.add(state, raw_version_id="v1")
        glue.add(state, raw_list=put_list(artifacts, FIRST, SECOND))
        assert {version: run.run_id for version, run in runs.find([FIRST, SECOND]).items()} == {"v1": good}

    def test_takes_the_newest_of_several(self, glue: Glue, runs: BatchRuns) -> None:
        glue.add("SUCCEEDED", raw_version_id="v1")
        newest = glue.add("SUCCEEDED", raw_version_id="v1")
        assert runs.find([FIRST])["v1"].run_id == newest

    def test_does_not_look_at_runs_older_than_the_oldest_version(self, glue: Glue, runs: BatchRuns) -> None:
        glue.add("SUCCEEDED", timedelta(hours=1), raw_version_id="v1")
        assert runs.find([FIRST]) == {}
        assert runs.find([replace(FIRST, stored_at=NOW - timedelta(hours=2))]).keys() == {"v1"}

    def test_passes_over_a_batch_whose_list_has_expired(self, glue: Glue, runs: BatchRuns) -> None:
        glue.add("SUCCEEDED", raw_list=address(FIRST))
        assert runs.find([FIRST]) == {}

    def test_of_nothing_asks_nothing(self, glue: Glue, runs: BatchRuns) -> None:
        glue.look = pytest.fail  # type: ignore[assignment]
        assert runs.find([]) == {}


class TestStarting:
    def test_makes_one_run_of_the_list_of_all_versions(self, artifacts: Bucket, glue: Glue, runs: BatchRuns) -> None:
        run = runs.start([FIRST, SECOND])
        assert run.live
        assert [item["Arguments"] for item in glue.runs] == [{"--raw_list": address(FIRST, SECOND)}]
        body = artifacts.read(list_key([FIRST, SECOND]))
        assert [entry["version_id"] for entry in json.loads(body)] == ["v1", "v2"]

    def test_again_while_it_is_live_finds_it(self, glue: Glue, runs: BatchRuns) -> None:
        assert runs.start([FIRST, SECOND]).run_id == runs.start([SECOND, FIRST]).run_id
        assert len(glue.runs) == 1

    @pytest.mark.parametrize("state", [*ENDED, "SUCCEEDED"])
    def test_makes_a_new_run_where_the_last_has_ended(
        self, artifacts: Bucket, glue: Glue, runs: BatchRuns, state: str
    ) -> None:
        ended = glue.add(state, raw_list=put_list(artifacts, FIRST))
        assert replace(runs, announced_for=0).start([FIRST]).run_id != ended

    def test_waits_for_the_run_of_whoever_has_put_the_list_just_now(
        self, artifacts: Bucket, glue: Glue, runs: BatchRuns
    ) -> None:
        where = put_list(artifacts, FIRST)
        looks = []

        def start_at_third_look(glue: Glue) -> None:
            looks.append(1)
            if len(looks) == 3:
                glue.add("STARTING", raw_list=where)

        glue.look = start_at_third_look
        glue.refusal = AssertionError("another has put the list, and starts its run")
        assert runs.start([FIRST]).run_id == "jr_1"
        assert len(glue.runs) == 1

    def test_takes_the_run_of_whoever_has_put_the_list_though_it_has_succeeded_meanwhile(
        self, artifacts: Bucket, glue: Glue, runs: BatchRuns
    ) -> None:
        where, looks = put_list(artifacts, FIRST), list[int]()

        def end_at_second_look(glue: Glue) -> None:
            looks.append(1)
            if len(looks) == 2:
                glue.add("SUCCEEDED", raw_list=where)

        glue.look = end_at_second_look
        glue.refusal = AssertionError("another has put the list, and its run has succeeded")
        assert runs.start([FIRST]).run_id == "jr_1"

    def test_at_once_with_another_finds_its_run_though_neither_saw_one_at_first(
        self, artifacts: Bucket, glue: Glue, runs: BatchRuns
    ) -> None:
        def put_and_start_meanwhile(glue: Glue) -> None:
            glue.look = lambda _: None
            put_list(artifacts, FIRST)
            glue.look = lambda glue: None if glue.runs else void(glue.add("STARTING", raw_list=address(FIRST)))

        glue.look = put_and_start_meanwhile
        glue.refusal = AssertionError("another has put the list, and starts its run")
        assert runs.start([FIRST]).run_id == "jr_1"

    def test_is_made_good_where_whoever_has_put_the_list_was_killed(
        self, artifacts: Bucket, glue: Glue, runs: BatchRuns
    ) -> None:
        put_list(artifacts, FIRST)
        assert replace(runs, announced_for=0.3).start([FIRST]).run_id == "jr_1"

    def test_that_glue_refuses_names_the_list(self, glue: Glue, runs: BatchRuns) -> None:
        glue.refusal = ClientError({"Error": {"Code": "ConcurrentRunsExceededException"}}, "StartJobRun")
        with pytest.raises(AwsError, match=list_key([FIRST])):
            runs.start([FIRST])
