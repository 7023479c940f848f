"""Memory: the flow's process by the number of its sessions, and Lambda's handler with its cold import."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from benchmarks.measure import Plan, python, slope
from benchmarks.report import Part, Table, Target, number
from benchmarks.sessions import csv_files, portfolios

_ROOT = Path(__file__).resolve().parents[1]
_SIZES = (1, 21, 63)
_LAMBDA_MIB = 128  # the least that Lambda offers

_HOW = """\
The highest resident memory that the kernel saw of a process, in MiB: of `bovespa import` with so many files, and of a
Python that imports the Lambda's handler with the variables of its deployment, in seconds until it could take an event, with
boto3 alone beside it. Python's own start is not in those seconds."""

# The memory is read before anything else is imported.
_TIMED = """
import time
began = time.perf_counter()
{imports}
seconds = time.perf_counter() - began
marks = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print([seconds, int(marks[0].split()[1]) / 1024 if marks else 0.0])
"""
_HANDLER = "from trigger_glue_job.handler import _glue, _s3; _glue(); _s3()"
_BOTO3 = "import boto3; boto3.client('glue'); boto3.client('s3')"


def measure(plan: Plan) -> list[Part]:
    """Measure the processes, in turns."""
    plan.tell("memory")
    sizes = [size for size in _SIZES if size <= max(plan.sizes)]
    imports = {size: import_peak(plan.folder / str(size), size) for size in sizes}
    found: dict[str, list[tuple[float, float]]] = {"handler": [], "boto3": []}
    for _ in range(plan.rounds):
        found["handler"].append(_cold(_HANDLER))
        found["boto3"].append(_cold(_BOTO3))
    cold = {name: tuple(statistics.median(value) for value in zip(*runs, strict=True)) for name, runs in found.items()}
    return [_part(imports, cold)]


def import_peak(folder: Path, sessions: int) -> float:
    """Highest memory of an import of so many files, in MiB."""
    files = folder / "files"
    files.mkdir(parents=True)
    csv_files(files, portfolios(sessions))
    return python(["-m", "flows.cli.main", "import", str(files)], {"BOVESPA_HOME": str(folder / "home")}).peak_mib


def _cold(imports: str) -> tuple[float, float]:
    environment = {
        "PYTHONPATH": f"{_ROOT / 'lambda'}:{_ROOT}",  # the contract is deployed with it
        "GLUE_JOB_NAME": "bovespa-etl-job",
        "AWS_DEFAULT_REGION": "sa-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    seconds, mib = json.loads(python(["-c", _TIMED.format(imports=imports)], environment).output)
    return seconds, mib


def _part(imports: dict[int, float], cold: dict[str, tuple[float, ...]]) -> Part:
    # Several sessions are at work at once: what one more needs is seen only where there are more than those.
    base, a_session = slope([(float(size), mib) for size, mib in imports.items()][-2:])
    flows = Table(
        "The flow's process.",
        ("Sessions of an import", "Peak, MiB"),
        tuple((str(size), number(mib)) for size, mib in imports.items()),
    )
    handler = Table(
        "Lambda's handler.",
        ("Process", "Cold import and clients, s", "Peak, MiB"),
        tuple((name, number(seconds), number(mib)) for name, (seconds, mib) in cold.items()),
    )
    seconds, mib = cold["handler"]
    targets = (
        Target("Lambda's handler: memory", mib, _LAMBDA_MIB, "MiB"),
        Target("Lambda's handler: cold import against boto3's own", seconds / cold["boto3"][0], 1.2, "x"),
    )
    facts = {"memory_base_mib": base, "memory_session_mib": a_session, "lambda_mib": mib, "lambda_seconds": seconds}
    return Part("memory", "Memory", _HOW, (flows, handler), targets, facts)
