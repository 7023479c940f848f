"""SIGTERM, as ECS sends it: what is held is given back, and an attempt ends as failed with that reason."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto.server import ThreadedMotoServer
from prefect.exceptions import TerminationSignal

from expectations.contract.names import REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from flows.record.ledger import Ledger
from flows.settings import load_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.record.attempt import Attempt

# The command line's own way in, at work under a lease.
AT_WORK = f"""
import sys, time
from datetime import date
import boto3
from flows.cli import main
from flows.lake.lease import session_lease
from flows.lake.s3 import Bucket

def work():
    s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1")
    with session_lease(Bucket(s3, "{REFINED_BUCKET}"), "IBOV", date(2025, 6, 30), 600):
        print("held", flush=True)
        time.sleep(120)

main.app = work
main.main()
"""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, S3Client]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
    s3.create_bucket(Bucket=REFINED_BUCKET)
    yield url, s3
    server.stop()


def test_a_process_that_gets_sigterm_gives_its_lease_back(served: tuple[str, S3Client]) -> None:
    url, s3 = served
    with subprocess.Popen([sys.executable, "-c", AT_WORK, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        assert s3.list_objects_v2(Bucket=REFINED_BUCKET)["KeyCount"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
    assert s3.list_objects_v2(Bucket=REFINED_BUCKET)["KeyCount"] == 0


@pytest.mark.parametrize(
    ("stop", "name"), [(TerminationSignal(signal.SIGTERM), "SIGTERM"), (KeyboardInterrupt(), "Ctrl-C")]
)
def test_an_attempt_that_is_stopped_is_noted_as_failed_with_that_reason(
    monkeypatch: pytest.MonkeyPatch, stop: BaseException, name: str
) -> None:
    flow: Any = importlib.import_module("flows.daily")
    noted: list[Attempt] = []

    def stopped(*_: object, **__: object) -> None:
        raise stop

    lake = SimpleNamespace(refined=None, catalog=None)
    monkeypatch.setattr(flow, "load_settings", lambda: load_settings({}))
    monkeypatch.setattr(flow, "connect", lambda _: lake)
    monkeypatch.setattr(flow, "get_run_logger", lambda: SimpleNamespace(warning=print))
    monkeypatch.setattr(flow, "_run", stopped)
    monkeypatch.setattr(Ledger, "note", lambda _, attempt: noted.append(attempt))
    with pytest.raises(type(stop)):
        flow.daily.fn("IBOV")
    (attempt,) = noted
    assert cast("Attempt", attempt).outcome is Outcome.FAILED
    assert attempt.reason == f"stopped from outside ({name}); the next run goes on from where this one was"
