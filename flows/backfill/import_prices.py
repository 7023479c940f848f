"""Importing files of B3's prices (COTAHIST, ZIP or text) that people have: kept in landing, read, gated, stored.

Prices that the table has stay as they are: a file that states others is in conflict, unless its owner calls it a correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.contract.quotes import QuotesFile
from flows.backfill.batch import Progress
from flows.backfill.price_files import Received, is_price_file, metadata_of
from flows.backfill.price_intake import Intake, PricesReport
from flows.errors import B3Error, NotPublishedError
from flows.history.month_files import month_of
from flows.history.needed_shares import NeededShares
from flows.history.quotes import read_quotes

if TYPE_CHECKING:
    from expectations.contract.quotes import Quote
    from flows.session.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class PriceFile:
    """What became of one file of prices.

    Attributes:
        name: its path below the folder.
        problem: why nothing of it was taken; empty where something was, or all was there.
        report: of its sessions.
    """

    name: str
    problem: str = ""
    report: PricesReport | None = None

    @property
    def failed(self) -> bool:
        """Whether something of it was refused."""
        return bool(self.problem or (self.report and self.report.missing))

    def to_dict(self) -> dict[str, object]:
        """As JSON's types."""
        return {"file": self.name, "problem": self.problem, **(self.report.to_dict() if self.report else {})}


def price_files(folder: Path) -> list[Path]:
    """The files of prices below a folder, by how they begin."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and is_price_file(path)]


@dataclass(frozen=True, slots=True)
class PricesImport:
    """An import of files of prices.

    Attributes:
        replaces: whether other prices than the table's are a correction, and not a conflict.
        dry_run: only say what would be done.
        progress: begins a file.
    """

    pipeline: Pipeline
    replaces: bool = False
    dry_run: bool = False
    progress: Progress = lambda _, __: lambda: None

    def run(self, folder: Path, files: Sequence[Path]) -> list[PriceFile]:
        """Import files.

        Returns:
            What became of each, in their order.

        Raises:
            NotPublishedError: no portfolio is published, which would tell whose prices are needed.
            PublishError, AwsError: AWS refused or failed a call; run the import again.
        """
        shares = NeededShares.of(self.pipeline.lake)
        if not shares.keys:
            raise NotPublishedError(
                "no portfolio is published, which would tell whose prices are needed: collect or import one first"
            )
        advance = self.progress("reading prices", len(files))
        found = []
        for path in files:
            found.append(self._import(path, path.relative_to(folder).as_posix(), shares))
            advance()
        return found

    def _import(self, path: Path, name: str, shares: NeededShares) -> PriceFile:
        try:
            with path.open("rb") as content:
                return PriceFile(name, report=self._take(name, Received.of(content), shares))
        except (B3Error, OSError) as error:
            return PriceFile(name, problem=str(error))

    def _take(self, name: str, received: Received, shares: NeededShares) -> PricesReport:
        file = QuotesFile.read_name(Path(name).name)
        if not self.dry_run:
            received.land(self.pipeline.lake.raw, file.code if file else None, metadata_of(name))
        # Read whole before anything is decided: what was cut shows at its end.
        quotes = list(received.quotes(shares.all(), self.pipeline.settings.prices_max_unpacked))
        sessions = sorted({quote.session for quote in quotes})
        intake = Intake(self.pipeline.lake, {month: shares.around(month) for month in map(month_of, sessions)})
        fresh, others = self._compared(quotes, intake)
        if self.dry_run:
            return PricesReport(tuple(sessions), tuple(sorted(fresh)), others)
        intake.take(received.digest, quotes, fresh, lambda: None)
        return intake.report(sessions, others)

    def _compared(self, quotes: Iterable[Quote], intake: Intake) -> tuple[set[date], dict[date, str]]:
        """The sessions that are to be stored, and of others why not."""
        wanted = [quote for quote in quotes if quote.ticker in intake.needed[month_of(quote.session)]]
        sessions = {quote.session for quote in wanted}
        held = read_quotes(self.pipeline.lake, min(sessions), max(sessions)) if sessions else {}
        fresh = {quote.session for quote in wanted if quote != held.get(quote.session, {}).get(quote.ticker)}
        others: dict[date, str] = {}
        for quote in wanted if not self.replaces else ():
            known = held.get(quote.session, {}).get(quote.ticker)
            if known and known != quote:
                others.setdefault(
                    quote.session,
                    f"{quote.ticker} at {quote.close} where the table has {known.close}: --replace takes the file's",
                )
        return fresh - others.keys(), others
