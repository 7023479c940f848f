"""A session that nobody collected, computed from the sessions beside it and B3's closing prices. Pure.

What it rests on: quantities and divisor of the published sessions before and after; the closes of the session before it, of which
its weights are made; COTAHIST of the session itself, where names and flags stand as in its portfolio. Where quantities and
divisor are equal on both sides, nothing came between and the result is exact. Where one share went ex, the two divisors tell by
how much. Whatever else came between has to be told, or the session is refused by what is missing.

A portfolio that was computed is not B3's word, however exact: it is marked as what it is, and replaced by B3's own file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from expectations.contract.outcomes import Verdict
from expectations.contract.statement import Statement
from expectations.contract.tables import REBUILT
from flows.b3.calendar import may_be_rebalanced
from flows.b3.ex_amounts import Amounts, Between, SharePath, divisor_after, events_between, solve_amount
from flows.b3.portfolio import Holding, Portfolio
from flows.b3.verification import Prices
from flows.b3.weights import Position, weights
from flows.b3.witness import judge, renamed
from flows.errors import NotRebuildable

if TYPE_CHECKING:
    from expectations.contract.quotes import Quote

_WHOLE = Decimal("100.000")
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a session.

    Attributes:
        session: the one to rebuild.
        before, after: the nearest published portfolios, in B3's own words.
        sessions: the trading sessions from the one before to the one after, both included.
        closes: for each of them but the last, each share's last quote until then.
        traded: for each of them, the quotes of the session itself.
    """

    session: date
    before: Portfolio
    after: Portfolio
    sessions: Sequence[date]
    closes: Mapping[date, Mapping[str, Quote]]
    traded: Mapping[date, Mapping[str, Quote]]


@dataclass(frozen=True, slots=True)
class RebuiltSession:
    """A rebuilt portfolio.

    Attributes:
        is_exact: whether nothing came between, or what did is solved from B3's own figures; not so where amounts were told.
        evidence: what it rests on, one line each.
    """

    portfolio: Portfolio
    is_exact: bool
    evidence: tuple[str, ...]


def rebuild_session(found: Surroundings, told: Amounts | None = None) -> RebuiltSession:
    """Compute the portfolio of a session.

    Args:
        told: amounts that came off closes, in reais a share, by session and ticker.

    Raises:
        NotRebuildable: it cannot be told, and why.
    """
    return _Rebuilding(found, told or {}).made()


@dataclass(frozen=True)
class _Rebuilding:
    of: Surroundings
    told: Amounts

    def made(self) -> RebuiltSession:
        self._check_shares()
        amounts, divisor, is_exact = self._amounts()
        portfolio = self._portfolio(amounts, divisor)
        self._check_after(portfolio)
        return RebuiltSession(portfolio, is_exact, tuple(self._evidence(amounts, divisor)))

    # --- which shares, and what came between ---------------------------------------------------------------------------------

    @cached_property
    def formerly(self) -> dict[str, str]:
        return renamed(self.of.before, self.of.after)

    @cached_property
    def paths(self) -> list[SharePath]:
        """Each share from the session before to the one after."""
        now = {was: ticker for ticker, was in self.formerly.items()}
        after = {row.codigo: row for row in self.of.after.holdings}
        return [
            SharePath(row, after[now.get(row.codigo, row.codigo)], self.of.sessions, self.of.traded)
            for row in self.of.before.holdings
        ]

    def _check_shares(self) -> None:
        before, after = self.of.before, self.of.after
        for stated in (before, after):
            if stated.statement.divisor is None:
                raise NotRebuildable(f"{stated.session}: its divisor is not known")
        came = {row.codigo for row in after.holdings} - self.formerly.keys() - {row.codigo for row in before.holdings}
        left = {row.codigo for row in before.holdings} - set(self.formerly.values())
        left -= {row.codigo for row in after.holdings}
        why = "the index was rebalanced" if may_be_rebalanced(before.session, after.session) else "shares changed"
        if came or left:
            raise NotRebuildable(f"{why}: {_some(came) or 'none'} entered, {_some(left) or 'none'} left")
        moved = [path.before.codigo for path in self.paths if path.quantity_changed and path.change_session is None]
        if moved:
            what = "other quantities, and nothing tells since when"
            raise NotRebuildable(f"{why}: {_some(moved)} have {what}")

    @cached_property
    def between(self) -> Between:
        return Between(self.paths, self.of.sessions, self._close_prices())

    def _close_prices(self) -> dict[date, dict[str, Fraction]]:
        """By session, each share's close, under the ticker that it had before."""
        found: dict[date, dict[str, Fraction]] = {}
        for session in self.of.sessions[:-1]:
            quotes = self.of.closes[session]
            prices = {path.key: quote.price for path in self.paths if (quote := path.quote(quotes))}
            if lacking := sorted(path.key for path in self.paths if path.key not in prices):
                raise NotRebuildable(f"no prices of {session}: {_some(lacking)}")
            found[session] = prices
        return found

    def _amounts(self) -> tuple[Amounts, Decimal, bool]:
        """What came off the closes, the session's divisor, and whether both are exact."""
        before, after = self.of.before.statement.divisor, self.of.after.statement.divisor
        assert before is not None, "it was looked for"
        assert after is not None, "it was looked for"
        if before == after and not any(path.quantity_changed for path in self.paths) and not self.told:
            return {}, before, True
        signs = events_between(self.paths)
        self._check_told()
        unknown = [event for event in signs if event not in self.told]
        if len(unknown) > 1 and (not self.told or any(day <= self.of.session for day, _ in unknown)):
            listed = _some(f"{ticker} on {day}" for day, ticker in unknown)
            raise NotRebuildable(
                f"{len(unknown)} shares went ex: {listed}. Give what came off each: --event {unknown[0][1]}=0.0769"
            )
        amounts = dict(self.told)
        if len(unknown) == 1:
            amounts[unknown[0]] = solve_amount(self.between, unknown[0], amounts, (before, after))
        elif not unknown and not self.told:
            fell = f"the divisor went from {before:,} to {after:,}"
            raise NotRebuildable(f"{fell}, and no share shows an event: give it: --event TICKER=0.0769")
        on_or_before = [day <= self.of.session for day, _ in amounts] + [day <= self.of.session for day, _ in unknown]
        if not any(on_or_before):
            return amounts, before, True
        if all(on_or_before):
            self._check_divisor(amounts, before, after)
            return amounts, after, not self.told
        return amounts, divisor_after(self.between, amounts, before, self.of.session), False

    def _check_told(self) -> None:
        known = {path.key for path in self.paths}
        for day, ticker in self.told:
            if ticker not in known:
                raise NotRebuildable(f"--event {ticker}: the index does not have it")
            if day not in self.of.sessions[1:]:
                raise NotRebuildable(f"--event {ticker}@{day}: not a session after {self.of.sessions[0]}")

    def _check_divisor(self, amounts: Amounts, before: Decimal, after: Decimal) -> None:
        """Amounts are told with four decimals: the divisor that they make may be off by so much, and no more."""
        made = divisor_after(self.between, amounts, before, self.of.sessions[-1])
        off = self.between.rounding(self.told)
        if abs(Fraction(made) / Fraction(after) - 1) > off:
            raise NotRebuildable(
                f"the amounts make a divisor of {made:,} where B3's is {after:,}: an amount is wrong or missing"
            )

    # --- the portfolio -------------------------------------------------------------------------------------------------------

    def _portfolio(self, amounts: Amounts, divisor: Decimal) -> Portfolio:
        session = self.of.session
        positions, texts = [], {}
        for path in self.paths:
            ticker, name, tipo = path.texts(session)
            price = self.between.ex_price(session, path, amounts)
            positions.append(Position(ticker, name, path.quantity(session), price))
            texts[ticker] = (tipo, path.sector)
        made = weights(positions)
        holdings = tuple(
            Holding(
                item.ticker, item.name, texts[item.ticker][0], texts[item.ticker][1], item.quantity, made[item.ticker]
            )
            for item in sorted(positions, key=lambda item: (item.name, item.ticker))
        )
        total = sum(row.qtde_teorica for row in holdings)
        records = None if self.of.before.statement.total_records is None else len(holdings)
        statement = Statement(self.of.before.index, session, records, total, _WHOLE, divisor)
        return Portfolio(statement, REBUILT, holdings)

    def _check_after(self, made: Portfolio) -> None:
        """Hold the session after against it: what came unseen, or was told wrongly, shows in B3's own weights of that session."""
        last = self.of.sessions[-2]
        closes = dict(self.of.closes[last])
        closes |= {now: closes[was] for now, was in self.formerly.items() if was in closes and now not in closes}
        before = made if last == self.of.session else None
        found = judge(self.of.after, Prices(last, closes, self.of.traded.get(self.of.after.session, {}), before))
        if found.verdict is Verdict.DIVERGENT:
            raise NotRebuildable(
                f"{self.of.after.session}, held against the rebuilt session, does not follow: {found.line}"
            )

    def _evidence(self, amounts: Amounts, divisor: Decimal) -> list[str]:
        session, before, after = self.of.session, self.of.before.session, self.of.after.session
        last = self.of.sessions[list(self.of.sessions).index(session) - 1]
        lines = [
            f"quantities of {before} and {after}, closes of {last}, names and flags of COTAHIST of {session}",
            f"divisor {divisor:,}, {self._divisor_of(divisor)}",
        ]
        for (day, ticker), amount in sorted(amounts.items()):
            how = "told" if (day, ticker) in self.told else "solved from the two divisors"
            lines.append(f"{ticker} ex {float(amount):.7f} on {day}, {how}")
        kept = sorted(path.key for path in self.paths if not path.traded_in(session))
        if kept:
            lines.append(f"not traded on {session}, with name and flags of the sessions beside it: {_some(kept)}")
        return lines

    def _divisor_of(self, divisor: Decimal) -> str:
        same = [str(item.session) for item in (self.of.before, self.of.after) if item.statement.divisor == divisor]
        return f"that of {' and '.join(same)}" if same else "computed from the amounts, which are rounded"


def _some(names: object) -> str:
    listed = sorted(str(name) for name in names)  # type: ignore[attr-defined]
    more = len(listed) - _MOST_NAMED
    return ", ".join(listed[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
