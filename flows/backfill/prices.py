"""B3's closing prices brought into the table `bovespa_cotacoes`: which files of B3's are needed, and what became of each session.

A year's file, a month's or a day's, whichever brings most of what is missing; where B3 has not the larger one, or it is damaged,
the smaller ones. What was received before is read again in landing, as when further shares are needed. Where B3 is not to be
had, nothing more is asked for, and what is missing is named: prices are a second witness, and no session waits for them.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.quotes import QuotesFile, Span
from flows.b3.calendar import sessions_between
from flows.backfill.batch import Progress
from flows.backfill.price_files import Received, downloaded, from_landing, landed
from flows.backfill.price_intake import ByMonth, Intake, has_all
from flows.errors import B3Unavailable, NotPublishedError, PayloadError, QuotesNotPublished
from flows.history.month_files import Month, Sessions, month_of
from flows.history.needed_shares import NeededShares
from flows.history.quotes import held_quotes, quotes_months
from flows.lake.calls import side_by_side

if TYPE_CHECKING:
    from expectations.contract.quotes import Quote
    from flows.backfill.price_intake import PricesReport
    from flows.session.pipeline import Pipeline

SMALLER = {Span.YEAR: Span.MONTH, Span.MONTH: Span.DAY}
MANY_OF_A_YEAR = 60  # sessions: a year's file, of 80 MB, brings them by one call instead of by three months' or more
MANY_OF_A_MONTH = 4  # sessions: a month's file is about twenty days'


def files_for(missing: Iterable[date], today: date) -> list[QuotesFile]:
    """The files of B3's that bring the prices of sessions, in the order of their days. Pure.

    Args:
        today: a month or year that is not over has no file that would not soon be another.
    """
    files: list[QuotesFile] = []
    for year, of_year in _grouped(missing, Span.YEAR).items():
        if year.last < today and len(of_year) > MANY_OF_A_YEAR:
            files.append(year)
            continue
        for month, of_month in _grouped(of_year, Span.MONTH).items():
            whole = month.last < today and len(of_month) > MANY_OF_A_MONTH
            files += [month] if whole else [QuotesFile.of(Span.DAY, session) for session in of_month]
    return files


def _grouped(sessions: Iterable[date], span: Span) -> dict[QuotesFile, list[date]]:
    groups: defaultdict[QuotesFile, list[date]] = defaultdict(list)
    for session in sorted(sessions):
        groups[QuotesFile.of(span, session)].append(session)
    return dict(groups)


@dataclass(frozen=True, slots=True)
class Prices:
    """Brings prices into the table.

    Attributes:
        progress: begins a file, with the number of its sessions.
    """

    pipeline: Pipeline
    progress: Progress = lambda _, __: lambda: None

    def fill(self, since: date, until: date, today: date) -> PricesReport:
        """Bring in the prices of the sessions from one day to another that the table has not.

        May be stopped anywhere and run again, and run beside others.

        Raises:
            NotPublishedError: no portfolio is published, which would tell whose prices are needed.
            PublishError: the catalog refused a month.
            AwsError: AWS refused or failed a call.
        """
        sessions = sessions_between(since, until)
        needed = self.needed({month_of(session) for session in sessions})
        missing = self._missing(sessions, needed)
        fill = _Fill(self, missing, Intake(self.pipeline.lake, needed))
        fill.run(today)
        return fill.intake.report(sessions, fill.reasons)

    def needed(self, months: Iterable[date]) -> dict[date, frozenset[str]]:
        """The tickers whose prices are needed, by month.

        Raises:
            NotPublishedError, AwsError: as `fill` says.
        """
        shares = NeededShares.of(self.pipeline.lake)
        if not shares.keys:
            raise NotPublishedError(
                "no portfolio is published, which would tell whose prices are needed: collect or import one first"
            )
        return {month: shares.around(month) for month in sorted(months)}

    def _missing(self, sessions: Sequence[date], needed: ByMonth) -> list[date]:
        table = quotes_months(self.pipeline.lake)
        listed = table.listed()
        files = [listed.get(month, Month()) for month in needed]
        held: dict[date, Sessions] = {
            month: content.sessions
            for month, content in zip(needed, side_by_side(lambda item: held_quotes(table, item), files), strict=True)
        }
        wanted = set(sessions)
        for month in needed:
            # A file of other rules is made again whole, or its other sessions would be gone.
            if listed.get(month, Month()).file and not held[month]:
                wanted |= set(sessions_between(month, min(QuotesFile.of(Span.MONTH, month).last, max(sessions))))
        return sorted(
            session
            for session in wanted
            if not has_all(held[month_of(session)].get(session, ""), needed[month_of(session)])
        )


@dataclass(slots=True)
class _Fill:
    """One filling.

    Attributes:
        missing: the sessions whose prices are to be brought in.
        intake: brings them in, and knows which it has.
        reasons: why others were not.
    """

    of: Prices
    missing: Sequence[date]
    intake: Intake
    reasons: dict[date, str] = field(default_factory=dict)

    def run(self, today: date) -> None:
        """Bring in what is missing."""
        files = deque(files_for(self.missing, today))
        while files:
            file, was_had = files.popleft(), True
            try:
                self._take(file)
            except (QuotesNotPublished, PayloadError) as error:
                was_had = False
                self.reasons |= dict.fromkeys(self._open(file), str(error))
            except B3Unavailable as error:
                self.reasons |= {day: str(error) for item in (file, *files) for day in self._open(item)}
                return
            left = self._open(file)
            # Of a file that was had and lacks many sessions, the shares did not trade in them: smaller ones have no more.
            if file.span in SMALLER and not (was_had and len(left) > MANY_OF_A_MONTH):
                files.extendleft(reversed(_grouped(left, SMALLER[file.span])))

    def _open(self, file: QuotesFile) -> list[date]:
        """The file's sessions that are neither stored nor refused."""
        return [day for day in self.missing if file.has(day) and not self.intake.knows(day)]

    def _take(self, file: QuotesFile) -> None:
        """Bring in what a file has: as it was received before, or as B3 sends it now."""
        raw = self.of.pipeline.lake.raw
        for key in landed(raw, file):
            with suppress(PayloadError), from_landing(raw, key) as received:
                self._bring(file, received)
            if self.intake.stored.issuperset(day for day in self.missing if file.has(day)):
                return
        self.intake.forget_refusals(file)
        with downloaded(self.of.pipeline.settings, raw, file) as received:
            self._bring(file, received)
        self.reasons |= dict.fromkeys(self._open(file), f"{file.name} has no prices of it")

    def _bring(self, file: QuotesFile, received: Received) -> None:
        wanted = self._open(file)
        advance = self.of.progress(file.name, len(wanted))
        quotes = received.quotes(self.intake.tickers(wanted), self.of.pipeline.settings.prices_max_unpacked)
        self.intake.take(received.digest, _checked(file, quotes), wanted, advance)


def _checked(file: QuotesFile, quotes: Iterable[Quote]) -> Iterator[Quote]:
    for quote in quotes:
        if not file.has(quote.session):
            raise PayloadError(file.name, f"prices of {quote.session} in it")
        yield quote
