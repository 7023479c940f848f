"""A batch streams: what is audited is never more than one group ahead of what is published."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pyarrow as pa
import pytest

from expectations.contract.manifest import Manifest
from expectations.contract.outcomes import Outcome
from expectations.gates.together import MOST_TOGETHER
from flows.backfill import batch as module
from flows.backfill.batch import Batch
from flows.errors import PublishError
from flows.lake.calls import PARALLEL_SESSIONS
from flows.record.attempt import FlowRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.backfill.batch import Ended

RUN = FlowRun("x", "import")


def test_while_one_group_is_published_the_next_is_audited_and_no_other() -> None:
    made: list[int] = []

    def call(item: int) -> int:
        made.append(item)
        return item

    with ThreadPoolExecutor(1) as pool:
        stream = module._ahead(pool, call, range(10))
        assert next(stream) == 0
        pool.submit(int).result()
        assert made == [0, 1]
        assert list(stream) == list(range(1, 10))
        assert list(module._ahead(pool, call, [])) == []


class Refreshes:
    """Notes how many fresh sessions of which index each refresh is given; some fail."""

    def __init__(self, failing: int = 0) -> None:
        self.given: list[tuple[str, int]] = []
        self.failing = failing

    def __call__(self, _: object, index: str, fresh: Sequence[Any]) -> None:
        self.given.append((index, len(fresh)))
        if len(self.given) <= self.failing:
            raise PublishError("a month could not be written")


def taken(monkeypatch: pytest.MonkeyPatch, refresh: Refreshes, sessions: int) -> list[Any]:
    """Take so many sessions of two indices by turns, which are all published."""

    def publish(_: object, versions: Sequence[Any], ended: Ended) -> None:
        for number, _version in enumerate(versions):
            index = "IBXX" if number % 2 else "IBOV"
            record: Any = type("Record", (), {"index": index})
            item: Any = type("Fresh", (), {"record": record})
            ended(RUN.begin(index).ended(Outcome.PUBLISHED), [item])

    pipeline: Any = None
    batch = Batch(pipeline, RUN, refresh=refresh)
    monkeypatch.setattr(module._OfRun, "publish", publish)
    versions: Any = [object() for _ in range(sessions)]
    run: Any = None
    monkeypatch.setattr(Batch, "_runs", lambda _, given: [(run, given)])
    return batch.take(versions)


def test_versions_without_a_run_have_one_for_each_250_and_all_are_begun_before_any_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[int] = []
    published: list[tuple[int, int, int]] = []

    class Runs:
        def __init__(self, *_: object) -> None:
            pass

        def find(self, _: object) -> dict[str, Any]:
            return {}

        def start(self, versions: Sequence[Any]) -> Any:  # noqa: ANN401 - a run that nobody looks at
            begun.append(len(versions))

    def publish(of_run: Any, versions: Sequence[Any], _: object) -> None:  # noqa: ANN401 - of the module's own
        published.append((len(begun), len(versions), of_run.sessions))

    monkeypatch.setattr(module, "BatchRuns", Runs)
    monkeypatch.setattr(module._OfRun, "publish", publish)
    versions: Any = [SimpleNamespace(key=f"{number:03}", version_id=str(number)) for number in range(501)]
    whatever: Any = MagicMock()
    Batch(whatever, RUN, refresh=Refreshes()).take(versions)
    assert begun == [250, 250, 1]
    assert published == [(3, 250, 250), (3, 250, 250), (3, 1, 1)]


def test_the_monthly_tables_are_brought_up_to_date_now_and_then_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REFRESHED_TOGETHER", 4)
    refresh = Refreshes()
    assert len(taken(monkeypatch, refresh, 9)) == 9
    assert refresh.given == [("IBOV", 2), ("IBXX", 2), ("IBOV", 2), ("IBXX", 2), ("IBOV", 1), ("IBXX", 0)]


def test_memory_is_taken_and_looked_through_otherwise_while_a_batch_is_taken_and_as_before_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Looks(Refreshes):
        def __call__(self, pipeline: object, index: str, fresh: Sequence[Any]) -> None:
            found.append(
                (gc.get_threshold()[0], gc.get_freeze_count() > before[1], pa.default_memory_pool().backend_name)
            )
            super().__call__(pipeline, index, fresh)

    found: list[tuple[int, bool, str]] = []
    before = gc.get_threshold(), gc.get_freeze_count(), pa.default_memory_pool().backend_name
    taken(monkeypatch, Looks(), 2)
    with pytest.raises(PublishError):
        taken(monkeypatch, Looks(failing=2), 2)
    after = gc.get_threshold(), gc.get_freeze_count(), pa.default_memory_pool().backend_name
    assert (set(found), after) == ({(20_000, True, "system")}, before)


def test_what_was_audited_is_given_back_before_the_next_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    class Rows:
        """Referred to by itself, as what pyarrow says of a Parquet file."""

        def __init__(self) -> None:
            self.itself = self

    def audited(_: object, __: object, versions: Sequence[Any]) -> list[tuple[Any, Rows]]:
        made = [(version, Rows()) for version in versions]
        kept.extend(weakref.ref(rows) for _, rows in made)
        return made

    def publish(_: object, __: object, rows: Rows, ___: object) -> tuple[Any, list[Any]]:
        group = kept.index(weakref.ref(rows)) // MOST_TOGETHER
        left.append(sum(ref() is not None for ref in kept[: group * MOST_TOGETHER]))
        return RUN.begin("IBOV").ended(Outcome.PUBLISHED), []

    kept: list[weakref.ref[Rows]] = []
    left: list[int] = []
    monkeypatch.setattr(module._OfRun, "_audited", audited)
    monkeypatch.setattr(module._OfRun, "_publish", publish)
    monkeypatch.setattr(module.etl, "wait_for_end", lambda *_: None)
    monkeypatch.setattr(module.etl, "read_manifest", lambda *_: Manifest("jr_1", (), (), ()))
    whatever: Any = MagicMock()
    versions: Any = [object() for _ in range(5 * MOST_TOGETHER)]
    with module._frugal():
        module._OfRun(Batch(whatever, RUN), whatever, datetime.now(UTC), len(versions)).publish(
            versions, lambda *_: None
        )
    # Of the groups before, those alone that were still being published when it began.
    assert len(left) == len(versions)
    assert max(left) <= PARALLEL_SESSIONS


def test_what_stands_in_the_way_now_and_then_stops_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REFRESHED_TOGETHER", 4)
    assert len(taken(monkeypatch, Refreshes(failing=1), 9)) == 9


def test_what_stands_in_the_way_at_the_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PublishError, match="a month could not be written"):
        taken(monkeypatch, Refreshes(failing=1), 2)
