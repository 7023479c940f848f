"""What runs in the account, changed for a while: the Lambda's code and configuration, the job's runs and processes."""

from __future__ import annotations

import io
import os
import signal
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matrix.state import demand

from expectations.contract.keys import raw_key
from expectations.contract.names import GLUE_JOB_NAME, LAMBDA_NAME
from infrastructure.trigger import handler_archive

if TYPE_CHECKING:
    from matrix.bench import Bench, World

_PACKAGE = "trigger_glue_job"
_LIVE = frozenset({"WAITING", "STARTING", "RUNNING"})


def archive(change: Callable[[str], str] = lambda code: code) -> bytes:
    """The Lambda's code as a zip, its handler as `change` makes it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as zipped:
        for name, asset in handler_archive().assets.items():
            code = Path(str(asset.path)).read_text(encoding="utf-8")
            zipped.writestr(name, change(code) if name == f"{_PACKAGE}/handler.py" else code)
    return target.getvalue()


def replacing(old: str, new: str) -> Callable[[str], str]:
    """The handler with other code in one place, which must be there."""

    def change(code: str) -> str:
        assert code.count(old) == 1, f"{old!r} is not the handler's"
        return code.replace(old, new)

    return change


def before_handling(body: str) -> Callable[[str], str]:
    """The handler with lines that each event meets first."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return lambda code: (
        f"{code}\n\n_right = handle\n\n\ndef handle(event, context):\n{lines}    return _right(event, context)\n"
    )


@contextmanager
def handler(world: World, change: Callable[[str], str]) -> Iterator[None]:
    """The Lambda with other code."""
    functions = world.client("lambda")
    functions.update_function_code(FunctionName=LAMBDA_NAME, ZipFile=archive(change))
    try:
        yield
    finally:
        functions.update_function_code(FunctionName=LAMBDA_NAME, ZipFile=archive())


@contextmanager
def given_up_after(world: World, *, retries: int, letters: bool = True) -> Iterator[None]:
    """The Lambda's events tried again so often, and then put into the dead-letter queue or not."""
    functions = world.client("lambda")
    declared = functions.get_function_event_invoke_config(FunctionName=LAMBDA_NAME)
    right = {part: declared[part] for part in ("MaximumRetryAttempts", "DestinationConfig") if part in declared}
    other = {part: value for part, value in right.items() if letters or part != "DestinationConfig"}
    other["MaximumRetryAttempts"] = retries
    _put_invoke_config(functions, other)
    try:
        yield
    finally:
        _put_invoke_config(functions, right)


def _put_invoke_config(functions: Any, config: Mapping[str, Any]) -> None:  # noqa: ANN401 - boto3's client
    # moto keeps every configuration that was put, and tells of the first.
    functions.delete_function_event_invoke_config(FunctionName=LAMBDA_NAME)
    functions.put_function_event_invoke_config(FunctionName=LAMBDA_NAME, **config)


@contextmanager
def variables(world: World, added: Mapping[str, str]) -> Iterator[None]:
    """The Lambda with further environment variables."""
    functions = world.client("lambda")
    right = functions.get_function_configuration(FunctionName=LAMBDA_NAME)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=LAMBDA_NAME, Environment={"Variables": {**right, **added}})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=LAMBDA_NAME, Environment={"Variables": right})


def runs_of(bench: Bench) -> list[dict[str, Any]]:
    """The Glue runs that were started for the session alone, newest first."""
    runs = bench.world.eyes.glue.get_job_runs(JobName=GLUE_JOB_NAME)["JobRuns"]
    key = raw_key(bench.portfolio.index, bench.session)
    return [dict(run) for run in runs if run.get("Arguments", {}).get("--raw_key") == key]


def await_run(bench: Bench, seconds: float = 30) -> str:
    """The id of the session's first run, once its process is at work."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for run in runs_of(bench):
            if processes_of(run["Id"]):
                return str(run["Id"])
        time.sleep(0.05)
    raise AssertionError("no Glue run is at work")


def processes_of(run_id: str) -> list[int]:
    """The processes that this account's Glue run is made of: its own id is among their arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if run_id.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def signal_run(run_id: str, number: signal.Signals) -> None:
    """A signal to a run's processes."""
    for process in processes_of(run_id):
        with suppress(ProcessLookupError):
            os.kill(process, number)


def stop_runs(bench: Bench) -> None:
    """Stop whatever still runs for the session."""
    live = [run["Id"] for run in runs_of(bench) if run["JobRunState"] in _LIVE]
    if live:
        bench.world.eyes.glue.batch_stop_job_run(JobName=GLUE_JOB_NAME, JobRunIds=live)


def one_run(bench: Bench) -> None:
    """The session had one Glue run."""
    demand(len(runs_of(bench)) == 1, f"{len(runs_of(bench))} Glue runs for one raw version")
