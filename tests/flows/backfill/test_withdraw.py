"""A withdrawal: what is said first, what goes when, and that it may be killed anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.catalog import table_input
from expectations.contract.keys import read_attempt_key
from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.names import DATABASE, LEDGER_PREFIX, REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from expectations.contract.tables import HISTORY_TABLE
from flows.backfill.withdraw import withdraw
from flows.errors import LeaseLost, NotPublishedError
from flows.history.month_files import MonthlyTable
from flows.history.refresh import FreshRows, refresh
from flows.history.rows import SessionFacts, audited_rows
from flows.lake import lease
from flows.record.ledger import Ledger
from flows.record.withdrawals import WITHDRAWAL, withdrawal_of
from flows.session import storage
from flows.session.publish import Publisher
from tests.flows.history.published import refined_frame
from tests.flows.session.test_publish import SESSION, Account
from tests.flows.session.test_publishing import FIRST, Flow, another_publishes

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from flows.record.attempt import Attempt

WHOLE = {"ALOS3": b"jr_1 ALOS3", "VALE3": b"jr_1 VALE3"}


class Killed(Exception):  # noqa: N818 - what a kill looks like from within
    """The process ends here."""


@pytest.fixture
def flow(s3: S3Client, glue: GlueClient) -> Flow:
    glue.create_table(DatabaseName=DATABASE, TableInput=table_input(LEDGER_TABLE, REFINED_BUCKET))
    found = Flow(Account(s3, glue))
    found.publish(FIRST)
    return found


def withdrawn(flow: Flow) -> Attempt:
    pipeline = flow.pipeline
    return withdraw(pipeline, Ledger.of(pipeline.lake, "withdraw"), "IBOV", SESSION, "B3 was wrong")


def rows(flow: Flow) -> list[Outcome]:
    found = (read_attempt_key(key) for key in flow.aws.keys(LEDGER_PREFIX))
    return [row.outcome for row in found if row]


@dataclass(frozen=True)
class Before:
    """A call before which the process is killed."""

    service: str
    operation: str
    key: str = ""

    @contextmanager
    def killed(self, flow: Flow) -> Iterator[None]:
        events = (flow.aws.s3 if self.service == "s3" else flow.aws.glue).meta.events
        event = f"before-parameter-build.{self.service}.{self.operation}"

        def kill(params: dict[str, Any], **_: object) -> None:
            if params.get("Key", "").startswith(self.key):
                raise Killed

        events.register(event, kill)
        try:
            with pytest.raises(Killed):
                yield
        finally:
            events.unregister(event, kill)


BEFORE = {
    "the ledger says it": (Before("s3", "PutObject", LEDGER_PREFIX), (False, True, WHOLE)),
    "its record is gone": (Before("s3", "DeleteObjects"), (True, True, WHOLE)),
    "it is hidden": (Before("glue", "BatchUpdatePartition"), (True, False, WHOLE)),
    "its files are gone": (Before("s3", "DeleteObject", "refined-data/"), (True, False, {})),
}


@pytest.mark.parametrize(("before", "left"), BEFORE.values(), ids=BEFORE)
def test_killed_before_any_of_its_steps_it_is_made_good_by_the_next(
    flow: Flow, before: Before, left: tuple[bool, bool, dict[str, bytes]]
) -> None:
    """The ledger says it first, so that no flow puts the session back; what has no record may be hidden, never the contrary."""
    with before.killed(flow):
        withdrawn(flow)
    assert (bool(rows(flow)), flow.record is not None, flow.aws.tickers()) == left
    withdrawn(flow)
    assert (flow.record, flow.aws.tickers(), flow.aws.keys("refined-data/")) == (None, {}, [])
    assert flow.aws.keys("leases/") == []


def test_the_ledger_says_who_was_withdrawn_and_why_and_the_seal_goes_with_the_record(flow: Flow) -> None:
    record = flow.record
    assert record
    attempt = withdrawn(flow)
    assert (attempt.outcome, attempt.gate_refused, attempt.reason) == (
        Outcome.QUARANTINED,
        WITHDRAWAL,
        "withdrawn: B3 was wrong",
    )
    assert (attempt.fingerprint, attempt.raw_version_id) == (record.fingerprint, record.raw_version_id)
    assert withdrawal_of(flow.refined, "IBOV", SESSION, record.fingerprint, datetime.now(UTC)) is not None
    assert flow.aws.keys("published/") == []


def test_what_is_not_published_cannot_be_withdrawn(flow: Flow) -> None:
    for key in flow.aws.keys(""):
        flow.aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)
    with pytest.raises(NotPublishedError, match="IBOV 2025-06-30: nothing is published that could be withdrawn"):
        withdrawn(flow)
    assert rows(flow) == []


# --- another takes the session over meanwhile ------------------------------------------------------------------------------

OTHERS = {"ALOS3": b"jr_2 ALOS3", "PETR4": b"jr_2 PETR4"}


@pytest.mark.parametrize(
    ("owner", "step"),
    [(storage, "forget_publication"), (Publisher, "withdraw"), (Publisher, "_delete_files")],
    ids=["before its record goes", "before it is hidden", "before its files go"],
)
def test_a_withdrawal_that_was_overtaken_takes_nothing_away_of_what_the_other_published(
    flow: Flow, owner: object, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, slept, taken = lease.elapsed, [0.0], getattr(owner, step)

    def stands_still(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        if len(slept) == 1:
            slept.append(3600.0)
            another_publishes(flow)
        return taken(*given, **named)

    monkeypatch.setattr(lease, "elapsed", lambda: clock() + sum(slept))
    monkeypatch.setattr(owner, step, stands_still)
    with pytest.raises(LeaseLost):
        withdrawn(flow)
    record = flow.record
    assert record
    assert record.run_id == "jr_2"
    assert flow.aws.tickers() == OTHERS


def test_a_session_that_is_withdrawn_goes_from_the_history_and_the_others_of_its_month_stay(flow: Flow) -> None:
    before = date(2025, 6, 27)
    record = flow.record
    assert record
    sessions = {SESSION: record, before: replace(record, session=str(before), files=())}
    storage.write_publication(flow.refined, sessions[before])
    facts = SessionFacts(1.0, "json")
    fresh = [FreshRows(of, audited_rows(refined_frame(FIRST), day, facts)) for day, of in sessions.items()]
    sleep(1.1)  # S3 tells whole seconds, and no listing is to tell what is outdated
    refresh(flow.pipeline, "IBOV", fresh)
    assert in_history(flow) == {before, SESSION}
    withdrawn(flow)
    assert in_history(flow) == {before}


def in_history(flow: Flow) -> set[date]:
    table = MonthlyTable(flow.refined, flow.pipeline.lake.catalog, HISTORY_TABLE, "IBOV")
    (month,) = table.listed().values()
    assert month.file
    return set(table.sessions(month.file))
