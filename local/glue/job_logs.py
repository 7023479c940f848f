"""A Glue run's log in CloudWatch, where the job's arguments and its role's rights let it be.

Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html. On the laptop a run's output and errors are
one text, which is kept as its output.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.rights.iam import Call
from local.rights.privileges import AccessDeniedError, Rights, role_of_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from local.account.moto_inside import LogsBackend
    from local.rights.api_calls import AccountPlace

DEFAULT_PREFIX = "/aws-glue/jobs"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunLog:
    """A run that has ended: its id, its role's ARN, its arguments, and what it wrote."""

    run_id: str
    role: str | None
    arguments: Mapping[str, str]
    file: Path


class JobLogs:
    """The log groups that Glue writes to.

    Args:
        backend: moto's CloudWatch Logs.
        place: of the account.
        rights: of a role, by its name.
    """

    def __init__(self, backend: LogsBackend, place: AccountPlace, rights: Callable[[str | None], Rights]) -> None:
        self._backend = backend
        self._place = place
        self._rights = rights

    def keep(self, run: RunLog) -> None:
        """Keep what the run wrote in its group; one that is not there is made, with no retention, as Glue does."""
        group = f"{log_prefix(run.arguments)}/output"
        arn = self._place.arn("logs", f"log-group:{group}")
        rights = self._rights(role_of_arn(run.role))
        try:
            if group not in self._backend.groups:
                rights.demand(Call("logs:CreateLogGroup", arn))
                self._backend.create_log_group(group, {})
            stream = f"{arn}:log-stream:{run.run_id}"
            rights.demand(Call("logs:CreateLogStream", stream), Call("logs:PutLogEvents", stream))
        except AccessDeniedError as error:
            log.warning("%s: the log is in the home only: %s", run.run_id, error.message)
            return
        self._backend.create_log_stream(group, run.run_id)
        lines = run.file.read_text(encoding="utf-8", errors="replace").splitlines() if run.file.exists() else []
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines if line]
        self._backend.put_log_events(group, run.run_id, events)


def log_prefix(arguments: Mapping[str, str]) -> str:
    """What the names of a run's log groups begin with."""
    return arguments.get("--custom-logGroup-prefix", DEFAULT_PREFIX)
