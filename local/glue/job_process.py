"""One Glue run: the job's script, fetched from where the job says, in a real Python process with Spark at hand."""

from __future__ import annotations

import re
import shutil
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.account.children import Child, base_environment
from local.glue import spark
from local.glue.file_system import FileSystemError
from local.glue.job_logs import RunLog
from local.glue.spark_calls import LOGGING, spark_calls
from local.glue.standby import CONFIGURATION, IDLE_SECONDS, SPARK_LOG, Standby, StandbyJava
from local.rights.iam import Call
from local.rights.privileges import ADMINISTRATOR, AccessDeniedError, Rights, role_of_arn
from local.rights.s3_calls import object_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.account.access import AccountAccess
    from local.account.home import Home

_SPARK_LOG_LINE = re.compile(r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d (TRACE|DEBUG|INFO|WARN|ERROR) ")
_TAIL = 64 * 1024  # bytes of a log in which its last line is looked for


class ObjectMissingError(Exception):
    """An object that a job needs is not there. The message is the one that Glue would give."""


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a run ended: SUCCEEDED, FAILED, STOPPED or TIMEOUT, and the message for its ErrorMessage."""

    state: str
    message: str | None = None


class JobProcesses:
    """Runs scripts.

    Args:
        home: the account's folders.
        fetch: the content of an object, by `s3://` URL; raises ObjectMissingError.
        access: to the account.
        rights: of a role, by its name.
        keep_log: keeps a run's log in CloudWatch.
        minute: how many seconds a minute of a job's Timeout has; shorter ones are for tests.
        idle_seconds: see `standby.IDLE_SECONDS`.
    """

    def __init__(
        self,
        home: Home,
        fetch: Callable[[str], bytes],
        access: AccountAccess,
        rights: Callable[[str | None], Rights] = lambda _: ADMINISTRATOR,
        *,
        keep_log: Callable[[RunLog], None] = lambda _: None,
        minute: float = 60.0,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._home = home
        self._fetch = fetch
        self._rights = rights
        self._keep_log = keep_log
        self._access = access
        self._minute = minute
        self._standby = Standby(idle_seconds)
        self._running: dict[str, Child] = {}
        self._stopped: set[str] = set()
        self._lock = threading.Lock()

    def run(self, job: Mapping[str, Any], run: Mapping[str, Any]) -> JobOutcome:
        """Run the job's script to its end."""
        log_file = self._home.logs / "glue" / f"{run['Id']}.log"
        arguments = {**(job.get("DefaultArguments") or {}), **run["Arguments"]}
        java = self._taken(job, arguments)
        folder = java.folder if java else self._home.scratch / run["Id"]
        outcome = JobOutcome("FAILED")
        if not java:
            folder.mkdir()
        try:
            outcome = self._ended(job, {**run, "Arguments": arguments}, folder, java, log_file)
        except (ObjectMissingError, AccessDeniedError, FileSystemError) as error:
            log_file.write_text(f"{error}\n", encoding="utf-8")
            outcome = JobOutcome("FAILED", str(error))
        finally:
            self._running.pop(run["Id"], None)
            self._stopped.discard(run["Id"])
            if java:
                self._give_back(java, outcome, log_file)
            else:
                shutil.rmtree(folder, ignore_errors=True)
            self._keep_log(RunLog(run["Id"], job.get("Role"), arguments, log_file))
        return outcome

    def _ended(
        self, job: Mapping[str, Any], run: Mapping[str, Any], folder: Path, java: StandbyJava | None, log_file: Path
    ) -> JobOutcome:
        """How the script ended, in the folder and with the Java, where one stood by."""
        arguments = run["Arguments"]
        self._rights(role_of_arn(job.get("Role"))).demand(*_deployed(job, arguments))
        program = self._program(job, run, folder)
        if not java:
            self._configure(folder)
        self._deploy_modules(arguments, folder)
        variables = self._variables(job, arguments, folder) | ((java.reached_by() or {}) if java else {})
        with self._lock:
            if run["Id"] in self._stopped:
                return JobOutcome("STOPPED")
            child = self._running[run["Id"]] = Child(program, variables, folder, log_file)
        return self._permitted(self._outcome(child, run, log_file), job, folder)

    def stop(self, run_id: str) -> None:
        """End a run; one that has not begun yet will not."""
        with self._lock:
            self._stopped.add(run_id)
            child = self._running.get(run_id)
        if child:
            child.stop()

    def stop_all(self) -> None:
        """End every run, and what stands by."""
        self._standby.end()
        for run_id in list(self._running):
            self.stop(run_id)

    def _program(self, job: Mapping[str, Any], run: Mapping[str, Any], folder: Path) -> list[str]:
        location = job["Command"]["ScriptLocation"]
        script = folder / Path(location).name
        script.write_bytes(self._fetch(location))
        given = {"--JOB_NAME": job["Name"], "--JOB_RUN_ID": run["Id"], **run["Arguments"]}
        return [str(script), *(part for item in given.items() for part in item)]

    def _deploy_modules(self, arguments: Mapping[str, str], folder: Path) -> None:
        for location in _modules(arguments):
            (folder / Path(location).name).write_bytes(self._fetch(location))

    def _configure(self, folder: Path) -> None:
        configuration = folder / CONFIGURATION
        spark.write_configuration(configuration, self._home.mirror)
        with (configuration / "log4j2.properties").open("a", encoding="utf-8") as logging:
            logging.write(LOGGING.format(log=folder / SPARK_LOG))

    def _variables(self, job: Mapping[str, Any], arguments: Mapping[str, str], folder: Path) -> dict[str, str]:
        found = [folder / Path(location).name for location in _modules(arguments)]
        modules = [module if module.suffix in (".zip", ".egg", ".whl") else folder for module in found]
        role = role_of_arn(job.get("Role"))
        return {**base_environment(self._access, role), **spark.environment(folder / CONFIGURATION, modules)}

    # --- what stands by --------------------------------------------------------------------------------------------------

    def stand_by(self, job: Mapping[str, Any]) -> None:
        """Start the Java of the job's next run ahead of it, for a while, where none waits for one; one at a time."""
        if self._standby.java:
            return
        folder = self._home.scratch / f"standby-{uuid.uuid4().hex}"
        folder.mkdir()
        try:
            self._configure(folder)
        except FileSystemError:  # the run itself says so
            shutil.rmtree(folder)
            return
        arguments = job.get("DefaultArguments") or {}
        self._standby.offer(StandbyJava(folder, self._variables(job, arguments, folder)))

    def _taken(self, job: Mapping[str, Any], arguments: Mapping[str, str]) -> StandbyJava | None:
        """The Java that stands by, where it was started as this run's must be."""
        java = self._standby.take()
        if java and java.variables != self._variables(job, arguments, java.folder):
            java.end()
            return None
        return java

    def _give_back(self, java: StandbyJava, outcome: JobOutcome, log_file: Path) -> None:
        with suppress(OSError), log_file.open("ab") as log:  # a full disk
            log.write(java.said())
        if outcome.state == "SUCCEEDED" and java.cleared():
            self._standby.offer(java)
        else:
            java.end()

    def _permitted(self, outcome: JobOutcome, job: Mapping[str, Any], folder: Path) -> JobOutcome:
        """The outcome, unless Spark did what the job's role may not: it worked in the mirror, so that is seen only now."""
        rights = self._rights(role_of_arn(job.get("Role")))
        denied = rights.denied(*spark_calls(folder / SPARK_LOG, self._home.mirror))
        return JobOutcome("FAILED", AccessDeniedError(str(rights.role), denied[0]).message) if denied else outcome

    def _outcome(self, child: Child, run: Mapping[str, Any], log_file: Path) -> JobOutcome:
        code = child.wait(run["Timeout"] * self._minute)
        if code is None:
            child.stop()
            return JobOutcome("TIMEOUT", "Execution timed out after exceeding Timeout minutes")
        if run["Id"] in self._stopped:
            return JobOutcome("STOPPED")
        if code == 0:
            return JobOutcome("SUCCEEDED")
        return JobOutcome("FAILED", _error_message(child, code, log_file))


def _modules(arguments: Mapping[str, str]) -> list[str]:
    return [part.strip() for part in arguments.get("--extra-py-files", "").split(",") if part.strip()]


def _deployed(job: Mapping[str, Any], arguments: Mapping[str, str]) -> list[Call]:
    """What Glue reads with the job's rights before the script runs: the script and its modules."""
    locations = [job["Command"]["ScriptLocation"], *_modules(arguments)]
    return [Call("s3:GetObject", object_arn(*url.removeprefix("s3://").split("/", 1))) for url in locations]


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
