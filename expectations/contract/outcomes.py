"""How an attempt at a session ended. Standard library only."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How an attempt ended."""

    PUBLISHED = "published"
    ALREADY_PUBLISHED = "already published"
    STALE = "stale"
    """B3 showed an older session than it should."""

    QUARANTINED = "quarantined"
    """A gate refused it."""

    CONFLICTING = "conflicting"
    """A file says something else than what is there, or than another file."""

    REJECTED = "rejected"
    """A file is not what it seems to be, or cannot be read."""

    PLANNED = "planned"
    """Nothing was done: it would be published."""

    FAILED = "failed"

    ACKNOWLEDGED = "acknowledged"
    """Nothing was tried: a person says why the session will not be published."""

    DAMAGED = "damaged"
    """Verified, and not as it was published."""

    INTACT = "intact"
    """Verified after it was damaged, and as it was published again."""


DONE = frozenset(
    {
        Outcome.PUBLISHED,
        Outcome.ALREADY_PUBLISHED,
        Outcome.STALE,
        Outcome.PLANNED,
        Outcome.ACKNOWLEDGED,
        Outcome.INTACT,
    }
)
"""The outcomes of an attempt in which there is nothing to mend."""

FINDINGS = frozenset({Outcome.DAMAGED, Outcome.INTACT})
"""What was found of a session that was published, without an attempt to publish it."""
