"""A run of the Glue job, as far as the flows care: one record for whoever waits for it, pays it, or tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

# https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
LIVE_STATES = frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING"})
SUCCEEDED = "SUCCEEDED"

MINIMUM_SECONDS = 60
"""Glue bills a Spark run by the second, and one minute at least (https://aws.amazon.com/glue/pricing/)."""


@dataclass(frozen=True, slots=True)
class GlueRun:
    """A run of the job.

    Attributes:
        message: Glue's own, of a run that ended badly; empty otherwise.
        seconds: execution time by Glue's own count.
        dpu_seconds: execution time times DPUs, by Glue's own count where it states one; so far, while the run is live.
        capacity: DPUs.
        flex: whether it runs with flexible execution.
        started_at: instant (aware); None where Glue states none yet.
        arguments: of this run, without the job's defaults.
    """

    run_id: str
    state: str
    message: str = ""
    seconds: int = 0
    dpu_seconds: float = 0.0
    capacity: float = 0.0
    flex: bool = False
    started_at: datetime | None = None
    arguments: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def live(self) -> bool:
        """Whether the run has not ended."""
        return self.state in LIVE_STATES

    @property
    def succeeded(self) -> bool:
        """Whether the run ended well."""
        return self.state == SUCCEEDED

    @property
    def billed_dpu_seconds(self) -> float:
        """The DPU-seconds on the bill: a minute at least, also of a run that did nothing."""
        return max(self.dpu_seconds, MINIMUM_SECONDS * self.capacity)
