"""Prices that were read: gated a month at a time, and stored; what became of each session."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from expectations.contract.quotes import QuotesFile, Span
from expectations.gates.gate import run_gate
from expectations.gates.quotes import GATE, quotes_checks
from flows.b3.calendar import sessions_between
from flows.history.month_files import month_of
from flows.history.quotes import NewQuotes, quote_rows, read_quotes, store_quotes
from flows.record.markdown import escaped

if TYPE_CHECKING:
    from expectations.contract.quotes import Quote
    from expectations.gates.gate import GateReport
    from flows.lake.connect import Lake

ByMonth = Mapping[date, frozenset[str]]
"""The tickers whose prices are needed, by month."""

_BESIDE = timedelta(days=10)  # in which the session before a month's first lies
_SOURCE = "COTAHIST"  # what the gate's reports are of


def made_from(digest: str, tickers: frozenset[str]) -> str:
    """What the table states that a session's prices were made from: a file's bytes, and the tickers that were looked for."""
    return f"{digest[:12]}.{hashlib.sha256(','.join(sorted(tickers)).encode()).hexdigest()[:12]}"


def has_all(stated: str, tickers: frozenset[str]) -> bool:
    """Whether what the table states of a session says that these tickers were looked for."""
    return stated.partition(".")[2] == made_from("", tickers).partition(".")[2]


@dataclass(frozen=True, slots=True)
class PricesReport:
    """What became of the prices of sessions.

    Attributes:
        sessions: all that were looked after.
        stored: those that were brought in, or brought in with further shares.
        missing: why others are not in the table, by session.
        warnings: what the gate warns of.
    """

    sessions: tuple[date, ...]
    stored: tuple[date, ...]
    missing: Mapping[date, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def held(self) -> int:
        """How many sessions were in the table before."""
        return len(self.sessions) - len({*self.stored, *self.missing} & set(self.sessions))

    @property
    def headline(self) -> str:
        """What became of them, in one line."""
        text = f"prices of {len(self.stored)} sessions stored, {self.held} there already, {len(self.missing)} missing"
        return f"{text}: {'; '.join(self.reasons)}" if self.missing else text

    @property
    def reasons(self) -> list[str]:
        """Each reason once, with its first session and how many more it is of."""
        count = Counter(self.missing.values())
        first = {reason: day for day, reason in sorted(self.missing.items(), reverse=True)}
        return [
            f"{first[reason]}{f' and {count[reason] - 1} more' if count[reason] > 1 else ''}: {reason}"
            for reason in sorted(first, key=lambda reason: first[reason])
        ]

    @property
    def markdown(self) -> str:
        """What became of them, as an artifact's Markdown."""
        lines = [f"# {self.headline.partition(':')[0]}", *(f"- missing: {escaped(reason)}" for reason in self.reasons)]
        return "\n".join([*lines, *(f"- warning: {escaped(warning)}" for warning in self.warnings)])

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON's types."""
        return {
            "sessions": len(self.sessions),
            "held": self.held,
            "stored": [day.isoformat() for day in self.stored],
            "missing": {day.isoformat(): reason for day, reason in self.missing.items()},
            "warnings": list(self.warnings),
        }


@dataclass(slots=True)
class Intake:
    """Gates and stores prices, and keeps what became of their sessions.

    Attributes:
        needed: the tickers whose prices are stored, of each month of which there are any.
        refused: why a gate refused a session, or its month.
    """

    lake: Lake
    needed: ByMonth
    stored: set[date] = field(default_factory=set)
    refused: dict[date, str] = field(default_factory=dict)
    reports: list[GateReport] = field(default_factory=list)

    def knows(self, session: date) -> bool:
        """Whether the session was stored, or refused."""
        return session in self.stored or session in self.refused

    def tickers(self, sessions: Iterable[date]) -> frozenset[str]:
        """The tickers whose prices are needed of any of the sessions."""
        return frozenset[str]().union(*(self.needed[month] for month in {month_of(session) for session in sessions}))

    def take(self, digest: str, quotes: Iterable[Quote], wanted: Collection[date], advance: Callable[[], None]) -> None:
        """Gate and store what is needed of some quotes.

        Args:
            digest: of the bytes that they were read from.
            wanted: the sessions whose quotes are taken; others are passed over.
            advance: called for each of these that is met.

        Raises:
            QuotesNotPublished, PayloadError: as reading them does; nothing is stored then.
            PublishError, AwsError: as `store_quotes` says.
        """
        months: defaultdict[date, list[Quote]] = defaultdict(list)
        met: set[date] = set()
        for quote in quotes:
            session, month = quote.session, month_of(quote.session)
            if session in wanted and quote.ticker in self.needed[month]:
                months[month].append(quote)
                if session not in met:
                    met.add(session)
                    advance()
        for month in sorted(months):
            self._take_month(digest, month, months[month])

    def _take_month(self, digest: str, month: date, quotes: Sequence[Quote]) -> None:
        sessions = {quote.session for quote in quotes}
        report = self._gated(month, quotes)
        self.reports.append(report)
        if not report.passed:
            self.refused |= dict.fromkeys(sessions, report.verdict())
            return
        stated = made_from(digest, self.needed[month])
        store_quotes(self.lake, NewQuotes(month, quotes, dict.fromkeys(sessions, stated)))
        self.stored |= sessions

    def _gated(self, month: date, quotes: Sequence[Quote]) -> GateReport:
        last = QuotesFile.of(Span.MONTH, month).last
        known = read_quotes(self.lake, month - _BESIDE, last)
        before = quote_rows(quote for of_session in known.values() for quote in of_session.values())
        checks = quotes_checks(
            quote_rows(quotes).to_pandas(), before.to_pandas(), self.needed[month], sessions_between(month, last)
        )
        return run_gate(GATE, _SOURCE, max(quote.session for quote in quotes), checks)

    def forget_refusals(self, file: QuotesFile) -> None:
        """Have the file's sessions that were refused be taken again, from another copy."""
        self.refused = {day: reason for day, reason in self.refused.items() if not file.has(day)}

    def report(self, sessions: Sequence[date], reasons: Mapping[date, str]) -> PricesReport:
        """What became of the sessions.

        Args:
            reasons: why they were not met.
        """
        missing = {**reasons, **self.refused}
        return PricesReport(
            sessions=tuple(sessions),
            stored=tuple(sorted(self.stored)),
            missing={day: missing[day] for day in sorted(missing) if day not in self.stored},
            warnings=tuple(warning.line() for report in self.reports for warning in report.warnings),
        )
