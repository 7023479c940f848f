"""A batch streams: what is audited is never more than one group ahead of what is published."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.outcomes import Outcome
from flows.backfill import batch as module
from flows.backfill.batch import Batch
from flows.errors import PublishError
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


def test_the_monthly_tables_are_brought_up_to_date_now_and_then_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REFRESHED_TOGETHER", 4)
    refresh = Refreshes()
    assert len(taken(monkeypatch, refresh, 9)) == 9
    assert refresh.given == [("IBOV", 2), ("IBXX", 2), ("IBOV", 2), ("IBXX", 2), ("IBOV", 1), ("IBXX", 0)]


def test_objects_are_looked_through_less_often_while_a_batch_is_taken_and_as_before_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Looks(Refreshes):
        def __call__(self, pipeline: object, index: str, fresh: Sequence[Any]) -> None:
            found.append(gc.get_threshold()[0])
            super().__call__(pipeline, index, fresh)

    found: list[int] = []
    before = gc.get_threshold()
    taken(monkeypatch, Looks(), 2)
    with pytest.raises(PublishError):
        taken(monkeypatch, Looks(failing=2), 2)
    assert (set(found), gc.get_threshold()) == ({20_000}, before)


def test_what_stands_in_the_way_now_and_then_stops_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REFRESHED_TOGETHER", 4)
    assert len(taken(monkeypatch, Refreshes(failing=1), 9)) == 9


def test_what_stands_in_the_way_at_the_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PublishError, match="a month could not be written"):
        taken(monkeypatch, Refreshes(failing=1), 2)
