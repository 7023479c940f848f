"""The boundary to Lambda: events that its function fails, that come never, late or more than once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

from matrix import deployed
from matrix import protections as kept_by
from matrix.case import Case, Ends, Stage, after, both
from matrix.deployed import one_run, runs_of
from matrix.state import demand

from expectations.contract.names import LAMBDA_NAME, RAW_BUCKET
from infrastructure.trigger import DEAD_LETTERS
from local.s3.events import ObjectChange, event_body

if TYPE_CHECKING:
    from matrix.bench import Bench
    from matrix.case import Arm

LAMBDA = "Lambda"

SOON = {"etl_start_timeout": "3"}
AFTER_A_RETRY = {"etl_start_timeout": "12"}  # Lambda's first one comes after five seconds on the laptop


def _marker(bench: Bench) -> Path:
    return bench.world.account.home / f"fault-{bench.session}"


def _code(body: str) -> Arm:
    """The Lambda with these lines in front of its handler; `MARKER` in them is a file's path."""

    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        lines = f"import pathlib, time\nMARKER = pathlib.Path({str(_marker(bench))!r})\n{body}"
        with deployed.handler(bench.world, deployed.before_handling(lines)):
            yield

    return arm


_DIES_ONCE = "if not MARKER.exists():\n    MARKER.touch()\n    os.kill(os.getpid(), 9)"
_RAISES_ONCE = "if not MARKER.exists():\n    MARKER.touch()\n    raise RuntimeError('injected')"
_WAITS = "while not MARKER.exists():\n    time.sleep(0.05)"


@contextmanager
def _no_retries(bench: Bench) -> Iterator[None]:
    with deployed.given_up_after(bench.world, retries=0):
        yield


def _dead_letter(bench: Bench) -> None:
    """The event that the Lambda gave up lies in the queue."""
    sqs = bench.world.client("sqs")
    queue, ends = sqs.get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"], time.monotonic() + 5
    stamp = f"{bench.session:%Y%m%d}"
    while time.monotonic() < ends:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            if stamp in json.dumps(json.loads(message["Body"])["requestPayload"]):
                return
    demand(holds=False, otherwise="the event is not among the dead letters")


@contextmanager
def _unheard(bench: Bench) -> Iterator[None]:
    with bench.world.unnoticed():
        yield


def _ten_more(bench: Bench) -> None:
    """S3's event comes ten times more."""
    assert bench.version is not None
    key, version_id = bench.version.key, bench.version.version_id
    head = bench.world.eyes.s3.head_object(Bucket=RAW_BUCKET, Key=key)
    change = ObjectChange(
        "s3:ObjectCreated:Put", RAW_BUCKET, key, head["ContentLength"], head["ETag"].strip('"'), version_id
    )
    body = event_body(change, "trigger", bench.world.account.region).encode()
    for _ in range(10):
        bench.world.client("lambda").invoke(FunctionName=LAMBDA_NAME, InvocationType="Event", Payload=body)
    ends = time.monotonic() + 4
    while time.monotonic() < ends and len(runs_of(bench)) < 2:
        time.sleep(0.1)
    demand(len(runs_of(bench)) < 2, "more than one Glue run for one raw version")


@contextmanager
def _late(bench: Bench) -> Iterator[None]:
    """The event comes when the flow has given up and the next one has begun."""
    with _code(_WAITS)(bench):
        yield
        # The invocation has this code already; whoever comes next has the right one.
        Timer(1, _marker(bench).touch).start()


def _cases() -> list[Case]:
    daily = partial(Case, LAMBDA, stage=Stage.DAILY)
    recovers = partial(daily, ends=Ends.RECOVERS, limits=AFTER_A_RETRY, then=one_run)
    return [
        recovers(fault="process killed, once", protection=kept_by.LAMBDA_RETRIES, arm=_code(_DIES_ONCE)),
        recovers(fault="handler raises, once", protection=kept_by.LAMBDA_RETRIES, arm=_code(_RAISES_ONCE)),
        daily(
            fault="handler raises, for good",
            protection=kept_by.DEAD_LETTERS,
            ends=Ends.FAILS,
            says="no Glue run of",
            limits=SOON,
            arm=both(_no_retries, _code("raise RuntimeError('injected')")),
            seen=_dead_letter,
        ),
        daily(
            fault="S3's event never comes",
            protection=kept_by.UPLOADED_AGAIN,
            ends=Ends.FAILS,
            says="no Glue run of",
            limits=SOON,
            arm=_unheard,
        ),
        recovers(fault="S3's event comes eleven times", protection=kept_by.START_ONCE, arm=after("upload", _ten_more)),
        daily(
            fault="S3's event comes late",
            protection=kept_by.REATTACHED,
            ends=Ends.FAILS,
            says="no Glue run of",
            limits={"etl_start_timeout": "2", "etl_reattach_timeout": "25"},
            arm=_late,
            then=one_run,
            uploads=1,
        ),
    ]


CASES = _cases()
