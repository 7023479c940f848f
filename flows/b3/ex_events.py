"""What tells that a share goes ex in a session: a new flag, a distribution's number, another quantity. Pure.

Flags stay on for days after the ex-day, so only a letter that was not there the session before is a sign. They do not tell every
event: a second payment may come while the flag is still on, which the distribution's number (DISMES) tells, and the divisor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.contract.b3_texts import TYPE_CLASS_WIDTH, TYPE_FLAGS_WIDTH

if TYPE_CHECKING:
    from expectations.contract.quotes import Quote

EX = "E"
CASH = frozenset("DJR")
"""Dividend, interest on equity, income: what is paid comes off the price, and the quantity stays."""


@dataclass(frozen=True, slots=True)
class ShareFacts:
    """What one session says of a share that may tell an event.

    Attributes:
        tipo: class, flags and listing level, as the portfolio's `type` and COTAHIST's ESPECI state them.
        quantity: theoretical, in shares; None where no portfolio of the session is known.
        dismes: number of the distribution; None where no quote of the session is known.
    """

    tipo: str
    quantity: int | None = None
    dismes: int | None = None


@dataclass(frozen=True, slots=True)
class ExSign:
    """Whether a share may go ex in a session, and by which signs.

    Attributes:
        letters: of the session's flag, such as `J` of `EJ`.
        new_letters: those that the session before did not have.
        distribution: whether the distribution's number has risen; None where it is not known.
        quantity: whether the quantity is another.
    """

    letters: frozenset[str] = frozenset()
    new_letters: frozenset[str] = frozenset()
    distribution: bool | None = None
    quantity: bool = False

    @property
    def any(self) -> bool:
        """Whether there is a sign; a quantity that changes alone is B3's own correction, at the plain price."""
        return bool(self.new_letters) or bool(self.distribution)

    @property
    def only_cash(self) -> bool:
        """Whether the signs are those of a payment, by which the price falls and no quantity changes."""
        return bool(self.letters) and (self.new_letters or self.letters) <= CASH

    def __str__(self) -> str:
        """The signs in words."""
        found = [
            *([f"new flag E{''.join(sorted(self.new_letters))}"] if self.new_letters else []),
            *(["DISMES risen"] if self.distribution else []),
            *(["another quantity"] if self.quantity else []),
        ]
        return ", ".join(found) or "no sign"


def flags(tipo: str) -> str:
    """The event flags of a `type`; empty for none."""
    return tipo[TYPE_CLASS_WIDTH : TYPE_CLASS_WIDTH + TYPE_FLAGS_WIDTH].strip()


def ex_letters(tipo: str) -> frozenset[str]:
    """The letters of the flags of a `type` that say what a share is ex of."""
    found = flags(tipo)
    return frozenset(found[1:]) if found.startswith(EX) else frozenset()


def distribution(quote: Quote | None) -> int | None:
    """The number of the distribution by a quote; None where there is none, for B3's numbers begin at 100."""
    return quote.dismes or None if quote else None


def ex_sign(now: ShareFacts, before: ShareFacts) -> ExSign:
    """What tells that the share goes ex in a session.

    Args:
        before: of the session before.
    """
    letters = ex_letters(now.tipo)
    risen = None if now.dismes is None or before.dismes is None else now.dismes > before.dismes
    moved = now.quantity is not None and before.quantity is not None and now.quantity != before.quantity
    return ExSign(letters, letters - ex_letters(before.tipo), risen, moved)
