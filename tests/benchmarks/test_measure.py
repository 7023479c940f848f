from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from benchmarks.measure import Requests, interleaved, machine, python, slope


def test_runs_take_turns_and_their_medians_count() -> None:
    order: list[str] = []
    seconds = {"a": iter([3.0, 1.0, 2.0]), "b": iter([9.0, 7.0, 8.0])}

    def run(name: str) -> float:
        order.append(name)
        return next(seconds[name])

    assert interleaved(3, {"a": lambda: run("a"), "b": lambda: run("b")}) == {"a": 2.0, "b": 8.0}
    assert order == ["a", "b", "a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("points", "line"),
    [
        ([(1, 3), (2, 5)], (1, 2)),
        ([(10, 5)], (0, 0.5)),
        ([(10, 4), (10, 6)], (0, 0.5)),
        ([(1, 1), (2, 3), (3, 2)], (1, 0.5)),
    ],
    ids=["two points", "one point has no base", "nor have two at one place", "least squares"],
)
def test_a_slope_is_that_of_the_straight_line(points: list[tuple[float, float]], line: tuple[float, float]) -> None:
    assert slope(points) == pytest.approx(line)


def test_a_process_is_measured() -> None:
    # The process is looked at while it lives: this one lives long enough to be.
    ended = python(["-c", "import time; print('said'); held = bytearray(64 * 2**20); time.sleep(0.5)"])
    assert ended.output == "said\n"
    assert ended.seconds > 0
    assert 64 < ended.peak_mib < 2048


def test_a_process_that_fails_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        python(["-c", "raise SystemExit(3)"])


def test_requests_are_counted_by_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    session = boto3.Session("key", "secret", region_name="sa-east-1")
    clients = {name: session.client(cast("Any", name)) for name in ("s3", "glue", "athena")}
    requests = Requests()
    requests.watch(cast("Any", SimpleNamespace(**clients)))

    def answer(**_: object) -> AWSResponse:
        return AWSResponse("http://x", 200, {}, cast("Any", SimpleNamespace(stream=lambda: iter([b"{}"]))))

    clients["glue"].meta.events.register("before-send", answer)
    clients["glue"].get_job_runs(JobName="job")
    clients["glue"].get_job_runs(JobName="job")
    assert requests.take() == {"glue.GetJobRuns": 2}
    assert requests.take() == {}


def test_the_machine_is_stated() -> None:
    assert "cores" in machine()
    assert "pyspark 3.5" in machine()
