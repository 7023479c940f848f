"""One Glue run: the job's script, fetched from where the job says, in a real Python process with Spark at hand."""

from __future__ import annotations

import re
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import spark
from local.children import Child, base_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.home import Home

_SPARK_LOG_LINE = re.compile(r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d (TRACE|DEBUG|INFO|WARN|ERROR) ")
_TAIL = 64 * 1024  # bytes of a log in which its last line is looked for


class ObjectMissingError(Exception):
    """An object that a job needs is not there. The message is the one that Glue would give."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: SUCCEEDED, FAILED, STOPPED or TIMEOUT, and the message for its ErrorMessage."""

    state: str
    message: str | None = None


class JobProcesses:
    """Runs scripts.

    Args:
        home: the account's folders.
        fetch: the content of an object, by `s3://` URL; raises ObjectMissingError.
        endpoint_url: where the account answers.
        region: its region.
        minute: how many seconds a minute of a job's Timeout has; shorter ones are for tests.
    """

    def __init__(
        self, home: Home, fetch: Callable[[str], bytes], endpoint_url: str, region: str, minute: float = 60.0
    ) -> None:
        self._home = home
        self._fetch = fetch
        self._environment = base_environment(endpoint_url, region)
        self._minute = minute
        self._running: dict[str, Child] = {}
        self._stopped: set[str] = set()
        self._lock = threading.Lock()

    def run(self, job: Mapping[str, Any], run: Mapping[str, Any]) -> Outcome:
        """Run the job's script to its end."""
        folder = self._home.scratch / run["Id"]
        folder.mkdir()
        log_file = self._home.logs / "glue" / f"{run['Id']}.log"
        arguments = {**(job.get("DefaultArguments") or {}), **run["Arguments"]}
        try:
            program = self._program(job, run, arguments, folder)
            with self._lock:
                if run["Id"] in self._stopped:
                    return Outcome("STOPPED")
                child = self._running[run["Id"]] = Child(program, self._variables(arguments, folder), folder, log_file)
            return self._outcome(child, run, log_file)
        except ObjectMissingError as error:
            log_file.write_text(f"{error}\n", encoding="utf-8")
            return Outcome("FAILED", str(error))
        finally:
            self._running.pop(run["Id"], None)
            self._stopped.discard(run["Id"])
            shutil.rmtree(folder, ignore_errors=True)

    def stop(self, run_id: str) -> None:
        """End a run; one that has not begun yet will not."""
        with self._lock:
            self._stopped.add(run_id)
            child = self._running.get(run_id)
        if child:
            child.stop()

    def stop_all(self) -> None:
        """End every run."""
        for run_id in list(self._running):
            self.stop(run_id)

    def _program(
        self, job: Mapping[str, Any], run: Mapping[str, Any], arguments: Mapping[str, str], folder: Path
    ) -> list[str]:
        location = job["Command"]["ScriptLocation"]
        script = folder / Path(location).name
        script.write_bytes(self._fetch(location))
        given = {"--JOB_NAME": job["Name"], "--JOB_RUN_ID": run["Id"], **arguments}
        return [str(script), *(part for item in given.items() for part in item)]

    def _variables(self, arguments: Mapping[str, str], folder: Path) -> dict[str, str]:
        modules = []
        for location in filter(None, arguments.get("--extra-py-files", "").split(",")):
            module = folder / Path(location.strip()).name
            module.write_bytes(self._fetch(location.strip()))
            modules.append(module if module.suffix in (".zip", ".egg", ".whl") else folder)
        configuration = folder / "conf"
        spark.write_configuration(configuration, [path for path in self._home.mirror.iterdir() if path.is_dir()])
        return {**self._environment, **spark.environment(configuration, modules)}

    def _outcome(self, child: Child, run: Mapping[str, Any], log_file: Path) -> Outcome:
        code = child.wait(run["Timeout"] * self._minute)
        if code is None:
            child.stop()
            return Outcome("TIMEOUT", "Execution timed out after exceeding Timeout minutes")
        if run["Id"] in self._stopped:
            return Outcome("STOPPED")
        if code == 0:
            return Outcome("SUCCEEDED")
        return Outcome("FAILED", _error_message(child, code, log_file))


def _error_message(child: Child, code: int, log_file: Path) -> str:
    """What Glue shows: the exception's name and text, or the last line that the script wrote."""
    death = child.death()
    if death:
        first_line = death.message.strip().partition("\n")[0]
        return f"{death.type}: {first_line}" if first_line else death.type
    if code < 0:
        return f"Command failed with exit code {code}"
    with log_file.open("rb") as content:
        content.seek(max(0, log_file.stat().st_size - _TAIL))
        lines = content.read().decode(errors="replace").splitlines()
    said = [line.strip() for line in lines if line.strip() and not _SPARK_LOG_LINE.match(line)]
    return said[-1] if said else f"SystemExit: {code}"
