from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from benchmarks.measure import Plan, forget_peak, interleaved, machine, memory_mib, note_requests, python


def test_runs_take_turns_and_their_medians_count() -> None:
    order: list[str] = []
    seconds = {"a": iter([3.0, 1.0, 2.0]), "b": iter([9.0, 7.0, 8.0])}

    def run(name: str) -> float:
        order.append(name)
        return next(seconds[name])

    assert interleaved(3, {"a": lambda: run("a"), "b": lambda: run("b")}) == {"a": 2.0, "b": 8.0}
    assert order == ["a", "b", "a", "b", "a", "b"]


def test_what_takes_minutes_runs_once() -> None:
    plan = Plan((1, 250), 3, Path())
    assert [plan.rounds_of(size) for size in plan.sizes] == [3, 1]


def test_a_process_ends_well_with_what_it_printed_or_is_an_error() -> None:
    seconds, output = python(["-c", "import os; print(os.environ['GIVEN'])"], {"GIVEN": "said"})
    assert output == "said\n"
    assert seconds > 0
    with pytest.raises(subprocess.CalledProcessError):
        python(["-c", "raise SystemExit(3)"])


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the kernel tells no memory")
def test_the_highest_memory_counts_from_when_it_was_forgotten() -> None:
    held = bytearray(64 * 2**20)
    held[:: 2**10] = b"x" * (64 * 2**10)  # every page of it
    now, high = memory_mib("VmRSS"), memory_mib()  # in this order: to look takes memory, too
    assert high >= now > 64
    del held
    forget_peak()
    assert memory_mib() < high - 32
    assert memory_mib(process="0") == 0


def test_requests_are_counted_by_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    glue = boto3.Session("key", "secret", region_name="sa-east-1").client("glue")
    asked: Counter[str] = Counter()
    note_requests(glue, asked)

    def answer(**_: object) -> AWSResponse:
        return AWSResponse("http://x", 200, {}, cast("Any", SimpleNamespace(stream=lambda: iter([b"{}"]))))

    glue.meta.events.register("before-send", answer)
    glue.get_job_runs(JobName="job")
    glue.get_job_runs(JobName="job")
    assert asked == {"glue.GetJobRuns": 2}


def test_the_machine_is_stated() -> None:
    assert "cores" in machine()
    assert "pyspark 3.5" in machine()
