"""What became of each file of an imported folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from flows.backfill.importing.files import Found


class Verdict(StrEnum):
    """What became of a file."""

    ACCEPTED = "accepted"
    PRESENT = "already present"
    CONFLICTING = "conflicting"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One portfolio of the folder, or files that hold none.

    Attributes:
        files: paths below the folder; several where they are the pages of one portfolio.
        reason: why it was not accepted, in one line.
    """

    files: tuple[str, ...]
    index: str | None
    session: date | None
    verdict: Verdict
    reason: str = ""

    def to_dict(self) -> dict[str, object]:
        """The entry as JSON's types."""
        session = self.session.isoformat() if self.session else None
        return asdict(self) | {"files": list(self.files), "session": session, "verdict": str(self.verdict)}

    @classmethod
    def of(cls, found: Found, verdict: Verdict, reason: str = "") -> Entry:
        """The entry of a portfolio that was read."""
        names = tuple(file.name for file in found.files)
        return cls(names, found.portfolio.index, found.portfolio.session, verdict, reason)
