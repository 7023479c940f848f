"""Where a session stands is said alike by the command, the flow, the site, the recovery and the metric of freshness."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import pytest
from lxml import html
from typer.testing import CliRunner

import flows.cli.sessions
import flows.status
from expectations.contract import metrics
from expectations.contract.names import ARTIFACTS_BUCKET, REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from flows.b3.calendar import SAO_PAULO
from flows.backfill.recovery import Recovery
from flows.cli.main import app
from flows.cli.place import Place
from flows.record.acknowledge import Acknowledgement, acknowledge
from flows.record.attempt import IMPORT, Attempt
from flows.record.ledger import Ledger
from flows.record.metrics import run_metrics
from flows.record.state import NOTHING_TO_DO, State
from flows.record.status import read_status
from flows.settings import load_settings
from flows.site.pages import index_key, year_key
from flows.site.publish import refresh_site
from tests.flows.traces import Account, Glue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio
    from flows.record.index_status import IndexStatus

NOW = datetime(2025, 6, 25, 10, tzinfo=SAO_PAULO)
FIRST, LAST = date(2025, 6, 2), date(2025, 6, 25)

# Every kind of session there is: what it is a case of, where it stands, and why.
KINDS: dict[int, tuple[str, State, str]] = {
    2: ("before the index was collected", State.BEFORE, ""),
    3: ("published", State.PUBLISHED, ""),
    4: ("published with warnings", State.PUBLISHED, "2 warnings"),
    5: ("refused by gate 1", State.QUARANTINED, "gate-1-raw refused it: 83 rows"),
    6: ("refused by gate 2", State.QUARANTINED, "gate-2-refined refused it: a type is unknown"),
    9: ("not collected: B3 was down", State.MISSING, "B3 could not be had"),
    10: ("landed, and failed before it was uploaded", State.LANDED, "S3 refused the raw file"),
    11: ("its Glue run failed", State.RAW, "Glue run jr_11 ended FAILED"),
    12: ("failed in the audit", State.STAGED, "gate 2 could not read staging"),
    13: ("failed while it was published", State.STAGED, "the lease was lost"),
    14: (
        "published, and a file was lost since",
        State.DAMAGED,
        "refined-data/year=2025/month=06/day=14/acao=VALE3/part-00000.parquet is missing; the calendar calls the day a holiday",
    ),
    16: ("refused when it was imported", State.QUARANTINED, "gate-1-raw refused it: weights sum to 99"),
    17: ("killed after it was landed", State.LANDED, "not parsed"),
    18: ("missing, and a person said why", State.ACKNOWLEDGED, "the machine was off"),
    19: ("a holiday", State.HOLIDAY, ""),
    20: ("killed after it was uploaded", State.RAW, "no Glue run"),
    23: ("published, and shown again the day after", State.PUBLISHED, ""),
    24: ("missing: B3 was stale", State.MISSING, "B3 still shows 2025-06-23, 2025-06-24 expected"),
    25: ("due", State.DUE, ""),
}
SESSIONS = {june: kind for june, kind in KINDS.items() if kind[1] is not State.HOLIDAY}


def day(june: int) -> date:
    return date(2025, 6, june)


def morning(june: int) -> datetime:
    return datetime(2025, 6, june, 8, tzinfo=SAO_PAULO)


def refused(gate: str, june: int, **more: str) -> dict[str, Any]:
    return {
        "reason": KINDS[june][2],
        "gate_refused": gate,
        "demands_refused": (KINDS[june][2].partition(": ")[2],),
        **more,
    }


@pytest.fixture
def aws(s3: S3Client, sample: Portfolio) -> Account:
    """An account with a session of every kind."""
    account = Account(s3, Glue(), sample)

    def uploaded(june: int, state: str = "") -> str:
        version = account.upload(day(june))
        if state:
            account.refined(version, state, run_id=f"jr_{june}", manifest=state == "SUCCEEDED")
        return version.version_id

    def failed(june: int, session: date | None) -> None:
        account.note(session, Outcome.FAILED, morning(june), reason=KINDS[june][2])

    for june in (3, 4, 23):
        account.publish(day(june), account.upload(day(june)))
        account.note(day(june), Outcome.PUBLISHED, morning(june), warnings=2 if june == 4 else 0)
    account.land(day(5))
    account.note(day(5), Outcome.QUARANTINED, morning(5), **refused("gate-1-raw", 5))
    version_id = uploaded(6, "SUCCEEDED")
    account.note(day(6), Outcome.QUARANTINED, morning(6), **refused("gate-2-refined", 6, raw_version_id=version_id))
    failed(9, None)
    account.land(day(10))
    failed(10, day(10))
    uploaded(11, "FAILED")
    failed(11, day(11))
    for june in (12, 13):
        uploaded(june, "SUCCEEDED")
        failed(june, day(june))
    account.publish(day(14), account.upload(day(14)))
    account.s3.delete_object(Bucket=REFINED_BUCKET, Key=KINDS[14][2].partition(" ")[0])
    account.land(day(16))
    at_import = Attempt("run", IMPORT, "IBOV", morning(17), morning(17), Outcome.QUARANTINED, day(16))
    Ledger.of(account.pipeline.lake, IMPORT).write(replace(at_import, **refused("gate-1-raw", 16)))
    account.land(day(17))
    uploaded(20)
    account.note(day(23), Outcome.STALE, morning(24), reason=KINDS[24][2])
    said = Acknowledgement.of(str(day(18)), KINDS[18][2])
    status = read_status(account.pipeline, NOW, said.first, said.last, ["IBOV"])
    acknowledge(account.pipeline.lake, said.lost(status), said.reason, NOW)
    return account


@pytest.fixture
def status(aws: Account) -> IndexStatus:
    return aws.status(NOW, since=FIRST)


def said(status: IndexStatus) -> dict[date, tuple[str, str]]:
    return {item.session: (str(item.state), item.why) for item in status.sessions}


EXPECTED = {day(june): (str(state), why) for june, (_, state, why) in SESSIONS.items()}


def test_every_kind_of_session_stands_where_it_should(status: IndexStatus) -> None:
    assert said(status) == EXPECTED
    assert {kind[1] for kind in KINDS.values()} == set(State)
    assert next(item.state for item in status.days if item.session == day(19)) is State.HOLIDAY


@pytest.mark.parametrize("june", SESSIONS)
def test_a_session_stands_alike_whichever_days_are_asked_for(aws: Account, june: int) -> None:
    alone = aws.status(NOW, since=day(june), until=day(june))
    assert said(alone) == {day(june): EXPECTED[day(june)]}


class Clock(datetime):
    """The hour of the test."""

    @classmethod
    def now(cls, tz: object = None) -> Clock:
        moment = NOW.astimezone(tz)  # type: ignore[arg-type]
        return cls.fromtimestamp(moment.timestamp(), tz)  # type: ignore[arg-type]


def command(aws: Account, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Place]:
        yield Place(load_settings({}), None)

    monkeypatch.setattr(Place, "lake", aws.pipeline.lake)
    monkeypatch.setattr(flows.cli.sessions, "open_place", opened)
    monkeypatch.setattr(flows.cli.sessions, "datetime", Clock)
    done = CliRunner(env={"COLUMNS": "250"}).invoke(app, ["status", "--since", str(FIRST), *arguments])
    assert done.exit_code == 1, done.output
    return done.stdout


def test_the_command_says_so(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = json.loads(command(aws, monkeypatch, "--json"))["indices"]
    assert {
        date.fromisoformat(item["session"]): (item["state"], joined(item)) for item in found["sessions"]
    } == EXPECTED
    table = command(aws, monkeypatch)
    for session, (state, why) in EXPECTED.items():
        first = next(line for line in table.splitlines() if line.partition(str(session))[0].strip() == state)
        below = table.partition(f"{first}\n")[2].splitlines()
        reasons = [line.strip() for line in takewhile(lambda line: line.startswith("      "), below)]
        assert [part for part in why.split("; ") if part and part not in reasons] == []


def joined(item: dict[str, str]) -> str:
    return "; ".join(part for part in (item["reason"], item["note"]) if part)


def test_the_flow_says_so(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts: list[str] = []
    monkeypatch.setattr(flows.status, "datetime", Clock)
    monkeypatch.setattr(flows.status, "connect", lambda _: aws.pipeline.lake)
    monkeypatch.setattr(flows.status, "get_run_logger", lambda: logging.getLogger("test"))
    monkeypatch.setattr(flows.status, "put_artifact", lambda text, **_: artifacts.append(text))
    state = flows.status.status.fn(since=FIRST)
    assert state.name == "Incomplete"  # type: ignore[union-attr]
    (found,) = state.data["indices"]  # type: ignore[union-attr]
    assert {
        date.fromisoformat(item["session"]): (item["state"], joined(item)) for item in found["sessions"]
    } == EXPECTED
    (artifact,) = artifacts
    for session, (name, why) in EXPECTED.items():
        row = next(line for line in artifact.splitlines() if line.startswith(f"| {name} | {session} |"))
        assert why in row


def test_the_site_says_so(aws: Account) -> None:
    refresh_site(aws.pipeline, NOW, "IBOV", [day(june) for june in SESSIONS])
    for key in (index_key("IBOV"), year_key("IBOV", 2025)):
        page = html.document_fromstring(aws.s3.get_object(Bucket=ARTIFACTS_BUCKET, Key=key)["Body"].read())
        rows = {
            cells[0].text_content().strip(): cells[1]
            for cells in page.xpath("//h2[.='Sessions']/following-sibling::table[1]/tbody/tr")
        }
        assert rows.keys() == {str(session) for session, (state, _) in EXPECTED.items() if state != State.BEFORE}
        for session, cell in rows.items():
            state, why = EXPECTED[date.fromisoformat(session)]
            text = " ".join(cell.text_content().split())
            assert text.startswith(state)
            # The page has reason and note in lines of their own.
            assert all(part in text for part in why.split("; "))


def test_what_a_recovery_leaves_alone_stands_as_the_status_says(aws: Account, status: IndexStatus) -> None:
    recovery = Recovery(aws.pipeline, at_once=True, refresh=lambda *_, **__: None)
    recovered = recovery.run(NOW, FIRST, LAST)
    taken = {attempt.session for attempt in recovered.attempts}
    assert taken == {day(june) for june in (10, 11, 12, 13, 14, 17, 20)}
    expected = [item for item in status.days if item.state not in NOTHING_TO_DO and item.session not in taken]
    assert list(recovered.left) == expected


def test_the_metric_of_freshness_says_so(aws: Account, status: IndexStatus) -> None:
    assert (status.newest_published, status.fresh, emitted(status)) == (day(23), False, False)
    aws.publish(day(25), aws.upload(day(25)))
    later = aws.status(NOW, since=FIRST)
    assert (later.newest_published, later.fresh, emitted(later)) == (day(25), True, True)


def emitted(status: IndexStatus) -> bool:
    attempt = Attempt("run", "daily", "IBOV", NOW, NOW + timedelta(seconds=1), Outcome.ALREADY_PUBLISHED, day(25))
    found = run_metrics(attempt, status.newest_published, NOW.date())
    return metrics.FRESH_SESSION in {item["MetricName"] for item in found}
