"""What came off the closes of shares between two sessions, and what it makes of the divisor. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from flows.b3.ex_events import ExSign, ShareFacts, distribution, ex_sign
from flows.b3.weights import rounded
from flows.errors import NotRebuildable

if TYPE_CHECKING:
    from expectations.contract.quotes import Quote
    from flows.b3.portfolio import Holding

Event = tuple[date, str]
"""A share's ex-day: the session, and the share by the ticker that it had before."""

Amounts = Mapping[Event, Fraction]
"""What came off the closes on ex-days, in reais a share."""

_DIVISOR_DECIMALS = 8
_AMOUNT_ROUNDING = Fraction(1, 10_000)  # reais: announced with four decimals, and tax of a rounded figure
_EXACT = Fraction(1, 10**12)  # relative, of a divisor with eight decimals
_LEAST_LEFT = Fraction(1, 2)  # of a price, which no recorded event halves


@dataclass(frozen=True)
class SharePath:
    """One share from one published session to another.

    Attributes:
        before, after: its rows in the two.
        sessions: the trading sessions from one to the other, both included.
        traded: the quotes of each session itself.
    """

    before: Holding
    after: Holding
    sessions: Sequence[date]
    traded: Mapping[date, Mapping[str, Quote]]

    @property
    def key(self) -> str:
        """The ticker that it had before."""
        return self.before.codigo

    @property
    def quantity_changed(self) -> bool:
        """Whether its quantity is another one after."""
        return self.before.qtde_teorica != self.after.qtde_teorica

    @property
    def change_session(self) -> date | None:
        """The session since which it has the other quantity: the only one with a sign; None where nothing tells it."""
        signed = [session for session, sign in self.signs() if sign.any]
        return signed[0] if len(signed) == 1 else None

    @property
    def sector(self) -> str | None:
        """Its sector; where the session before states none, that of the one after."""
        return self.before.setor or self.after.setor

    def quote(self, quotes: Mapping[str, Quote]) -> Quote | None:
        """Its quote among those of a session, under whichever of its tickers."""
        return quotes.get(self.before.codigo) or quotes.get(self.after.codigo)

    def traded_in(self, session: date) -> Quote | None:
        """Its quote of a session itself; None where it did not trade."""
        return self.quote(self.traded.get(session, {}))

    def quantity(self, session: date) -> int:
        """Its quantity in a session."""
        since = self.change_session if self.quantity_changed else None
        return self.after.qtde_teorica if since and session >= since else self.before.qtde_teorica

    def texts(self, session: date) -> tuple[str, str, str]:
        """Its ticker, name and type in a session between.

        Raises:
            NotRebuildable: it did not trade, and the sessions beside differ.
        """
        if quote := self.traded_in(session):
            return quote.ticker, quote.short_name, quote.especi
        here, there = ((row.codigo, row.acao, row.tipo) for row in (self.before, self.after))
        if here != there:
            raise NotRebuildable(
                f"{self.key} did not trade on {session}, and is {' '.join(here)} before and {' '.join(there)} after"
            )
        return here

    def signs(self) -> Iterator[tuple[date, ExSign]]:
        """What tells an event in each session after the first."""
        known = self._facts(self.sessions[0], ShareFacts(self.before.tipo))
        for _, session in pairwise(self.sessions):
            now = self._facts(session, known)
            yield session, ex_sign(now, known)
            known = now

    def _facts(self, session: date, last: ShareFacts) -> ShareFacts:
        """Of a session; of one in which it did not trade, those of the last one."""
        quote = self.traded_in(session)
        tipo = quote.especi if quote else last.tipo
        if session == self.sessions[0]:
            tipo = self.before.tipo
        elif session == self.sessions[-1]:
            tipo = self.after.tipo
        return ShareFacts(tipo, None, distribution(quote) if quote else last.dismes)


def events_between(paths: Sequence[SharePath]) -> list[Event]:
    """The ex-days that the shares show, in order.

    A distribution's number that does not rise denies a flag, which may only have another letter; where it is not known in both
    sessions, the flag counts.
    """
    found: list[Event] = []
    for path in paths:
        for session, sign in path.signs():
            counts = sign.distribution is None or path.quantity_changed
            if sign.distribution or (sign.new_letters and counts):
                found.append((session, path.key))
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Between:
    """The shares, the sessions and the closes between two published sessions.

    Attributes:
        closes: for each session but the last, the prices by the tickers of before, in reais.
    """

    paths: Sequence[SharePath]
    sessions: Sequence[date]
    closes: Mapping[date, Mapping[str, Fraction]]

    def before(self, session: date) -> date:
        """The session before one."""
        return self.sessions[list(self.sessions).index(session) - 1]

    def ex_price(self, session: date, path: SharePath, amounts: Amounts) -> Fraction:
        """A share's price in the weights of a session, in reais: the close before it, for as many shares, less what came off."""
        last = self.before(session)
        factor = Fraction(path.quantity(last), path.quantity(session))
        return self.closes[last][path.key] * factor - amounts.get((session, path.key), Fraction(0))

    def worth(self, session: date, amounts: Amounts) -> Fraction:
        """What the session's portfolio is worth at the prices of its weights, in reais."""
        values = (path.quantity(session) * self.ex_price(session, path, amounts) for path in self.paths)
        return sum(values, Fraction(0))

    def worth_before(self, session: date) -> Fraction:
        """What the portfolio of the session before was worth at its close, in reais."""
        last = self.before(session)
        return sum((path.quantity(last) * self.closes[last][path.key] for path in self.paths), Fraction(0))

    def ratio(self, session: date, amounts: Amounts) -> Fraction:
        """By what the divisor of the session before is to be multiplied."""
        return self.worth(session, amounts) / self.worth_before(session)

    def rounding(self, told: Amounts) -> Fraction:
        """How much the divisor may be off, relatively, for amounts that are rounded."""
        off = Fraction(0)
        for session, ticker in told:
            (path,) = (path for path in self.paths if path.key == ticker)
            off += path.quantity(session) * _AMOUNT_ROUNDING / self.worth_before(session)
        return off + _EXACT


def divisor_after(between: Between, amounts: Amounts, divisor: Decimal, until: date) -> Decimal:
    """The divisor of a session, from that of the first one and what came off since."""
    made = Fraction(divisor)
    for session in between.sessions[1:]:
        if session <= until:
            made *= between.ratio(session, amounts)
    return rounded(made, _DIVISOR_DECIMALS)


def solve_amount(between: Between, event: Event, others: Amounts, divisors: tuple[Decimal, Decimal]) -> Fraction:
    """What came off one share's close, in reais, where everything else that came between is known.

    Args:
        divisors: of the first and the last session.

    Raises:
        NotRebuildable: no event takes such an amount off.
    """
    day, ticker = event
    (path,) = (path for path in between.paths if path.key == ticker)
    ratio = Fraction(divisors[1]) / Fraction(divisors[0])
    for session in between.sessions[1:]:
        if session != day:
            ratio /= between.ratio(session, others)
    missing = between.worth(day, others) - ratio * between.worth_before(day)
    amount = missing / path.quantity(day)
    price = between.ex_price(day, path, others)
    if not -_EXACT * price <= amount <= (1 - _LEAST_LEFT) * price:
        raise NotRebuildable(
            f"the divisors say that {float(amount):.4f} came off {ticker} at {float(price):.2f} on {day}: that was no event"
        )
    return amount
