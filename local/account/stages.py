"""How much of the account a user needs: a question needs less of it than a run, and does not wait for the rest."""

from __future__ import annotations

from enum import IntEnum


class Stage(IntEnum):
    """How far an account is up; each stage has what those before it have."""

    ASK = 1
    """S3, the catalog and Athena, as they stood at the last start: enough to read, and to query."""

    WORK = 2
    """All that the Pulumi program declares: objects that come start functions and jobs."""

    FLOWS = 3
    """Prefect's API and UI."""
