"""The job's own error, whose message Glue shows as the run's."""

from __future__ import annotations


class JobError(Exception):
    """The job cannot do what it was asked to. The message names the thing and the value, in one line."""
