"""Published sessions verified by the prices that the table `bovespa_cotacoes` has.

It never stops a publication: whatever goes wrong here is a remark, and the session then counts as one without prices.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from expectations.contract.keys import ContractError, raw_key
from expectations.contract.outcomes import Verdict
from expectations.contract.tables import REBUILT
from flows.b3.calendar import sessions_between
from flows.b3.verification import Prices, Verification
from flows.b3.witness import judge, renamed
from flows.errors import AwsError
from flows.history.month_files import month_of
from flows.history.quotes import LAST_CLOSE_SESSIONS, Quotes, last_closes, read_quotes
from flows.session.raw_file import decode
from flows.session.storage import read_publication

if TYPE_CHECKING:
    from expectations.contract.quotes import Quote
    from flows.b3.portfolio import Portfolio
    from flows.lake.connect import Lake

_DAY = timedelta(days=1)
_LOOKED_BACK = timedelta(days=2 * LAST_CLOSE_SESSIONS)  # sessions and what weekends and holidays put between them
_MONTHS_KEPT = 12  # a session needs three or four, and the next one mostly the same


@dataclass(frozen=True, slots=True)
class SessionPrices:
    """The prices around a session; a month of them is read once for sessions that come in their order."""

    lake: Lake
    _read: dict[date, Quotes] = field(default_factory=dict)
    _reading: Lock = field(default_factory=Lock)

    def calendar(self, session: date) -> list[date]:
        """The trading sessions before one, in order: those of the calendar, and those that have prices."""
        known = sessions_between(session - _LOOKED_BACK, session - _DAY)
        priced = self._months({month_of(session), month_of(session - _DAY)})
        return sorted({*known, *(day for day in priced if day < session)})

    def closes(self, session: date, tickers: Collection[str]) -> dict[str, Quote]:
        """Each share's last quote until a session, as far as it counts as the session's close."""
        sessions = [*self.calendar(session), session]
        found = last_closes(self._months({month_of(session)}), session, sessions, tickers)
        if len(found) == len(tickers) or not found:
            return found
        # A share that did not trade since the month began.
        return last_closes(self._months({month_of(day) for day in sessions}), session, sessions, tickers)

    def of(self, session: date) -> Mapping[str, Quote]:
        """The quotes of a session itself; none where they are not there."""
        return self._months({month_of(session)}).get(session, {})

    def _months(self, months: Collection[date]) -> Quotes:
        with self._reading:
            for month in sorted(set(months) - self._read.keys()):
                last = (month + timedelta(days=31)).replace(day=1) - _DAY
                self._read[month] = read_quotes(self.lake, month, last)
            found: Quotes = {}
            for month in sorted(months):
                found |= self._read[month]
            for month in [*self._read][:-_MONTHS_KEPT]:
                del self._read[month]
        return found


@dataclass(frozen=True, slots=True)
class Witness:
    """Holds what is published against prices."""

    lake: Lake
    prices: SessionPrices

    @classmethod
    def of(cls, lake: Lake) -> Witness:
        """A witness that has not read anything yet."""
        return cls(lake, SessionPrices(lake))

    def facts(self, index: str, session: date) -> dict[str, Any]:
        """What prices say of a published session, as an attempt keeps it."""
        try:
            found = self.verify(index, session)
        except (AwsError, ContractError) as error:
            return {"verdict": Verdict.WITHOUT_PRICES, "verification": f"prices could not be asked: {error}"}
        level = None if found.level is None else float(found.level)
        return {"verdict": found.verdict, "verification": found.line, "level": level}

    def verify(self, index: str, session: date) -> Verification:
        """What prices say of a published session.

        Raises:
            ContractError: the session is not published, or its raw file is gone.
            AwsError: S3 could not be asked.
        """
        record = read_publication(self.lake.refined, index, session)
        portfolio = self._portfolio(index, session, record.raw_version_id) if record else None
        if portfolio is None:
            raise ContractError(f"{index} {session}: there is no raw file of what is published")
        if portfolio.source == REBUILT:
            before = self.prices.calendar(session)[-1]
            computed = ("computed from prices, which are no second witness of it",)
            return Verification(Verdict.WITHOUT_PRICES, before, len(portfolio.holdings), remarks=computed)
        return judge(portfolio, self._prices(portfolio))

    def _prices(self, portfolio: Portfolio) -> Prices:
        session_before = self.prices.calendar(portfolio.session)[-1]
        before = self._before(portfolio.index, session_before)
        tickers = {row.codigo for row in portfolio.holdings}
        if before:
            tickers |= {row.codigo for row in before.holdings}
        closes = self.prices.closes(session_before, tickers)
        formerly = renamed(before, portfolio) if before else {}
        # A renamed share has its close under the ticker that it had then.
        closes |= {now: closes[was] for now, was in formerly.items() if was in closes and now not in closes}
        return Prices(session_before, closes, self.prices.of(portfolio.session), before)

    def _before(self, index: str, session: date) -> Portfolio | None:
        """The portfolio of the session before, in B3's own words; one that was rebuilt is no witness."""
        try:
            found = self._portfolio(index, session, None)
        except ContractError:
            return None  # what is wrong with another session is no reason against this one
        return found if found and found.source != REBUILT else None

    def _portfolio(self, index: str, session: date, version_id: str | None) -> Portfolio | None:
        found = self.lake.raw.find(raw_key(index, session), version_id)
        return decode(found.body).portfolio() if found else None
