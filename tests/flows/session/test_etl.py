"""The Glue run of one raw object version: found, waited for, judged by its state and its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from expectations.contract.keys import manifest_key
from expectations.contract.manifest import Manifest
from flows.errors import AwsError, EtlNotStarted, EtlOverdue, EtlRunFailed, StagingError
from flows.glue_run import GlueRun
from flows.lake.glue_job import GlueJob
from flows.lake.s3 import Bucket
from flows.session.etl import find_run, poll_for_run, read_manifest, wait_for_end, wait_for_start
from flows.session.storage import RawVersion

STORED = datetime(2025, 6, 30, 11, 0, 5, tzinfo=UTC)
VERSION = RawVersion("raw", "raw-data/x.parquet", "v1", STORED, "f", has_sectors=True)


def job_run(run_id: str, version: str = "v1", state: str = "RUNNING", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "Id": run_id,
        "JobRunState": state,
        "Arguments": {"--raw_version_id": version},
        "StartedOn": STORED + timedelta(seconds=3),
        **more,
    }


@dataclass
class Glue:
    """Job runs as Glue lists them: newest first, in pages. `grow` is called before each answer."""

    pages: list[list[dict[str, Any]]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    grow: Callable[[Glue], None] = lambda glue: None
    looks: int = 0
    pages_read: int = 0

    def get_paginator(self, name: str) -> Glue:
        assert name == "get_job_runs"
        return self

    def paginate(self, *, JobName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - AWS's name
        assert JobName == "bovespa-etl-job"
        self.looks += 1
        self.grow(self)
        for runs in self.pages:
            self.pages_read += 1
            yield {"JobRuns": runs}

    def get_job_run(self, *, JobName: str, RunId: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        self.looks += 1
        return {"JobRun": self.states[min(self.looks, len(self.states)) - 1]}


def job(glue: Glue) -> GlueJob:
    return GlueJob(glue, "bovespa-etl-job")  # type: ignore[arg-type]


def find(glue: Glue) -> GlueRun | None:
    return find_run(job(glue), VERSION)


class TestFinding:
    def test_takes_the_newest_run_of_exactly_that_version(self) -> None:
        glue = Glue([[job_run("jr_3", "v2"), job_run("jr_2", "v1"), job_run("jr_1", "v1", "FAILED")]])
        found = find(glue)
        assert found is not None
        assert found.run_id == "jr_2"

    def test_looks_through_all_pages(self) -> None:
        found = find(Glue([[job_run("jr_3", "v2")], [], [job_run("jr_1")]]))
        assert found is not None
        assert found.run_id == "jr_1"

    @pytest.mark.parametrize(
        "runs",
        [
            pytest.param([], id="no runs"),
            pytest.param([job_run("jr_1", "v2")], id="another version's"),
            pytest.param(
                [{"Id": "jr_1", "JobRunState": "RUNNING", "Arguments": {"--raw_list": "s3://x"}}], id="a backfill's"
            ),
            pytest.param([{"Id": "jr_1", "JobRunState": "RUNNING"}], id="one without arguments"),
        ],
    )
    def test_finds_none_where_no_run_is_the_version_s(self, runs: list[dict[str, Any]]) -> None:
        assert find(Glue([runs])) is None

    def test_looks_no_further_back_than_the_version_s_age(self) -> None:
        old = job_run("jr_0", "v0", StartedOn=STORED - timedelta(hours=1))
        glue = Glue([[job_run("jr_2", "v2"), old], [old], [old]])
        assert find(glue) is None
        assert glue.pages_read == 1

    def test_allows_for_clocks_that_differ_by_minutes(self) -> None:
        glue = Glue([[job_run("jr_2", "v2", StartedOn=STORED - timedelta(minutes=4)), job_run("jr_1")]])
        assert find(glue) is not None

    def test_is_an_error_of_aws_when_glue_refuses(self) -> None:
        def refuse(glue: Glue) -> None:
            raise ClientError({"Error": {"Code": "EntityNotFoundException", "Message": "no job"}}, "GetJobRuns")

        with pytest.raises(AwsError, match=r"listing the runs of bovespa-etl-job: .*no job"):
            find(Glue(grow=refuse))


class TestWaitingForTheStart:
    def test_ends_as_soon_as_the_run_appears(self) -> None:
        def grow(glue: Glue) -> None:
            glue.pages = [[job_run("jr_1")]] if glue.looks == 2 else []

        assert wait_for_start(job(Glue(grow=grow)), VERSION, timeout=5).run_id == "jr_1"

    def test_names_the_job_the_key_and_the_version_when_none_appears(self) -> None:
        with pytest.raises(EtlNotStarted) as missing:
            wait_for_start(job(Glue()), VERSION, timeout=0.1)
        assert str(missing.value).startswith(
            "no Glue run of bovespa-etl-job for raw-data/x.parquet version v1 within 0.1 s"
        )

    def test_is_none_where_a_run_need_not_appear(self) -> None:
        assert poll_for_run(job(Glue()), VERSION, timeout=0.1) is None


class TestWaitingForTheEnd:
    STARTED = GlueRun("jr_1", "STARTING")

    def test_returns_the_run_that_succeeded(self) -> None:
        glue = Glue(states=[job_run("jr_1", state="RUNNING"), job_run("jr_1", state="SUCCEEDED", ExecutionTime=9)])
        ended = wait_for_end(job(glue), self.STARTED, timeout=5)
        assert (ended.run_id, ended.state, ended.seconds) == ("jr_1", "SUCCEEDED", 9)

    @pytest.mark.parametrize("state", ["FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"])
    def test_tells_each_bad_end_apart_with_the_job_s_own_message(self, state: str) -> None:
        glue = Glue(states=[job_run("jr_1", state=state, ErrorMessage="codigo: null in row 3")])
        with pytest.raises(EtlRunFailed) as failed:
            wait_for_end(job(glue), self.STARTED, timeout=5)
        assert str(failed.value) == f"Glue run jr_1 ended {state}: codigo: null in row 3"
        assert (failed.value.run.run_id, failed.value.run.state) == ("jr_1", state)

    def test_points_to_the_log_when_the_job_left_no_message(self) -> None:
        with pytest.raises(EtlRunFailed, match="look at the job's log"):
            wait_for_end(job(Glue(states=[job_run("jr_1", state="ERROR")])), self.STARTED, timeout=5)

    def test_leaves_a_run_that_is_still_going_to_another_flow(self) -> None:
        with pytest.raises(EtlOverdue, match=r"jr_1 has not ended within 0\.1 s: run the flow again"):
            wait_for_end(job(Glue(states=[job_run("jr_1")])), self.STARTED, timeout=0.1)


class TestManifest:
    RUN = GlueRun("jr_1", "SUCCEEDED")
    MANIFEST = Manifest("jr_1", (), (), ())

    def put(self, refined: Bucket, text: str) -> None:
        refined.put(manifest_key("jr_1"), text.encode())

    def test_is_read_from_the_run_s_own_folder(self, refined: Bucket) -> None:
        self.put(refined, self.MANIFEST.to_json())
        assert read_manifest(refined, self.RUN) == self.MANIFEST

    def test_that_is_missing_is_refused_though_the_run_succeeded(self, refined: Bucket) -> None:
        with pytest.raises(StagingError, match="Glue run jr_1 succeeded but left no manifest s3://"):
            read_manifest(refined, self.RUN)

    def test_that_cannot_be_read_is_refused(self, refined: Bucket) -> None:
        self.put(refined, "{")
        with pytest.raises(StagingError, match=r"staging/jr_1/manifest\.json: manifest: not readable"):
            read_manifest(refined, self.RUN)

    def test_of_another_run_is_refused(self, refined: Bucket) -> None:
        self.put(refined, replace(self.MANIFEST, run_id="jr_9").to_json())
        with pytest.raises(StagingError, match="it is of run jr_9"):
            read_manifest(refined, self.RUN)

    def test_is_an_error_of_aws_when_s3_refuses(self, refined: Bucket) -> None:
        with pytest.raises(AwsError, match="NoSuchBucket"):
            read_manifest(replace(refined, name="no-such-bucket"), self.RUN)
