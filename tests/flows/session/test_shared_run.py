"""One Glue run for the indices of a day: what has a run keeps it, all else shares one, and what failed is said again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from flows import daily
from flows.errors import B3Error, EtlRunFailed
from flows.glue_run import GlueRun
from flows.record.attempt import FlowRun, OpenAttempt
from flows.session.batch_runs import BatchRuns
from flows.session.shared_run import NOTHING, Prepared, going_on_from, prepared_for, share_run
from flows.session.storage import RawVersion

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(run_id: str, state: str = "SUCCEEDED") -> GlueRun:
    return GlueRun(run_id=run_id, state=state, message="a bad file", seconds=30, dpu_seconds=60.0, capacity=2.0)


def version(index: str, number: int = 1) -> RawVersion:
    return RawVersion("raw", f"raw-data/{index}", f"{index}-{number}", datetime.now(UTC), "f", has_sectors=True)


@dataclass
class Uploads:
    """A pipeline that uploads what it is given, and has nothing else."""

    uploaded: list[tuple[str, bool, bool]] = field(default_factory=list)
    lake: Any = field(default_factory=lambda: SimpleNamespace(artifacts=None, job=None, region="us-east-1"))
    settings: Any = field(default_factory=lambda: SimpleNamespace(etl_reattach_timeout=0))
    refined: list[tuple[str, GlueRun | None]] = field(default_factory=list)

    def upload(self, collected: Any, *, force: bool, of_batch: bool = False) -> RawVersion:  # noqa: ANN401
        self.uploaded.append((collected, force, of_batch))
        return version(collected, len(self.uploaded))

    def refine(self, item: RawVersion, started: GlueRun | None = None) -> tuple[GlueRun, Any]:
        self.refined.append((item.version_id, started))
        if started and not started.succeeded:
            raise EtlRunFailed(started)
        return started or run("own"), "staged"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The batches that were started; IBXX has a run of its own."""
    batches: list[list[str]] = []

    def start(_: BatchRuns, versions: Sequence[RawVersion]) -> GlueRun:
        batches.append([item.key for item in versions])
        return run("shared")

    monkeypatch.setattr(BatchRuns, "start", start)
    monkeypatch.setattr(
        BatchRuns, "find", lambda _, items: {item.version_id: run("own") for item in items if "IBXX" in item.key}
    )
    return batches


def shared(*indices: str) -> tuple[Uploads, dict[str, Prepared]]:
    pipeline: Any = Uploads()
    return pipeline, share_run(pipeline, {index: Prepared(index) for index in indices}, force=False)  # type: ignore[arg-type]


def test_all_that_has_no_run_shares_one(started: list[list[str]]) -> None:
    pipeline, prepared = shared("IBOV", "IBXX", "SMLL")
    assert started == [["raw-data/IBOV", "raw-data/SMLL"]]
    assert [(item.run and item.run.run_id, item.sessions) for item in prepared.values()] == [
        ("shared", 2),
        ("own", 1),
        ("shared", 2),
    ]
    assert pipeline.uploaded == [(index, False, True) for index in ("IBOV", "IBXX", "SMLL")]


def test_no_run_is_started_where_all_have_one(started: list[list[str]]) -> None:
    _, prepared = shared("IBXX")
    assert (started, prepared["IBXX"].sessions) == ([], 1)


def test_what_was_prepared_is_found_by_its_index_within_the_block_alone() -> None:
    with going_on_from({"IBOV": Prepared(sessions=3)}):
        assert (prepared_for("IBOV").sessions, prepared_for("SMLL")) == (3, NOTHING)
    assert prepared_for("IBOV") == NOTHING


def test_b3_that_was_asked_in_vain_is_not_asked_again() -> None:
    with pytest.raises(B3Error, match="closed"):
        Prepared(problem=B3Error("B3 is closed")).answer()
    assert NOTHING.answer() is None


class Log:
    def info(self, *_: object) -> None: ...

    warning = info


def refined(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> tuple[Uploads, OpenAttempt, RawVersion]:
    monkeypatch.setattr(daily, "get_run_logger", Log)
    pipeline: Any = Uploads()
    monkeypatch.setattr(daily, "refine", Uploads.refine)
    monkeypatch.setattr(daily, "upload", Uploads.upload)
    going = OpenAttempt(FlowRun("x", "daily").begin("IBOV"))
    found, _ = daily._refined(pipeline, going, version("IBOV", 0), prepared)
    return pipeline, going, found


def test_an_index_pays_its_part_of_the_run_that_it_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    _, going, found = refined(Prepared(run=run("shared"), sessions=3), monkeypatch)
    assert (going.attempt.run_id, going.attempt.dpu_seconds, found.version_id) == ("shared", 20.0, "IBOV-0")


def test_where_a_shared_run_fails_each_index_has_its_own_and_pays_it(monkeypatch: pytest.MonkeyPatch) -> None:
    failed: Any = Prepared("IBOV", run=run("shared", "FAILED"), sessions=3)  # type: ignore[arg-type]
    pipeline, going, found = refined(failed, monkeypatch)
    assert (going.attempt.run_id, going.attempt.dpu_seconds) == ("own", 60.0)
    assert (going.attempt.raw_version_id, found.version_id) == ("IBOV-1", "IBOV-1")
    assert pipeline.uploaded == [("IBOV", True, False)]
    assert [started and started.run_id for _, started in pipeline.refined] == ["shared", None]


def test_a_run_that_is_not_shared_fails_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EtlRunFailed):
        refined(Prepared(run=run("its own", "FAILED")), monkeypatch)
