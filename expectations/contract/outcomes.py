"""How an attempt at a session ended, and what prices say of what is published. Standard library only."""

from __future__ import annotations

from enum import StrEnum

from expectations.contract.tables import REBUILT


class Outcome(StrEnum):
    """How an attempt ended."""

    PUBLISHED = "published"
    REBUILT = "rebuilt"
    """Published, computed from the sessions beside it and prices, for nobody collected it: not B3's words."""

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

    JUDGED = "judged by prices"
    """What is published was held against B3's closing prices, and nothing else was done."""

    DAMAGED = "damaged"
    """Verified, and not as it was published."""

    INTACT = "intact"
    """Verified after it was damaged, and as it was published again."""


DONE = frozenset(
    {
        Outcome.PUBLISHED,
        Outcome.REBUILT,
        Outcome.ALREADY_PUBLISHED,
        Outcome.STALE,
        Outcome.PLANNED,
        Outcome.ACKNOWLEDGED,
        Outcome.JUDGED,
        Outcome.INTACT,
    }
)
"""The outcomes of an attempt in which there is nothing to mend."""

FINDINGS = frozenset({Outcome.DAMAGED, Outcome.INTACT})
"""What was found of a session that was published, without an attempt to publish it."""

FRESHLY_PUBLISHED = frozenset({Outcome.PUBLISHED, Outcome.REBUILT})
"""The outcomes of an attempt after which other rows are visible than before it."""


def published_from(source: str) -> Outcome:
    """The outcome of an attempt that published a portfolio of this origin."""
    return Outcome.REBUILT if source == REBUILT else Outcome.PUBLISHED


class Verdict(StrEnum):
    """What B3's own closing prices say of a session's portfolio."""

    VERIFIED = "verificada"
    """Every weight follows from the quantities and the closes of the session before."""

    WITH_EVENTS = "verificada com eventos"
    """Every weight does but those of shares that went ex, and theirs follow from prices that an event explains."""

    DIVERGENT = "divergente"
    """Something does not follow, and no event explains it."""

    WITHOUT_PRICES = "sem precos"
    """The prices of the session before, or those of some shares, are not there."""
