"""Writing the site: a run adds itself in a few calls; a command makes all of it again from what the runs left.

Two flows may do so at once, and neither may lose the other's news. The chronicle is written only over what it was made from (S3's
conditional writes), and else made again; pages are made again when the chronicle that they were made from is found replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError
from expectations.contract.names import REPORTS_PREFIX
from expectations.gates.gate import Outcome
from flows.b3.calendar import SAO_PAULO
from flows.errors import AwsError
from flows.lake.clients import PARALLEL_CALLS, aws_errors
from flows.record.reports import PUBLISHED, STALE, Summary
from flows.site.calendar import Day
from flows.site.chronicle import Chronicle, Run, chronicle_key, read_chronicle, run_of, run_of_summary
from flows.site.figures import Figures
from flows.site.history import History
from flows.site.pages import (
    ROOT_KEY,
    Checked,
    GateView,
    index_key,
    index_page,
    overview_page,
    session_key,
    session_page,
    year_key,
    year_page,
)
from flows.site.status import read_status, status_key, status_of
from flows.site.store import ATTEMPTS, HTML, JSON, Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from expectations.gates.gate import GateReport

_SUMMARY = "summary.json"
_PUBLISHING = frozenset({PUBLISHED, STALE})  # a stale session is published where it was missing

FiguresOf = Callable[[str, Sequence[date]], dict[date, Figures]]
"""The figures of an index's published sessions, asked of Athena."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was made again, index by index, and why something was left out, one line each."""

    histories: Sequence[History]
    problems: Sequence[str]


class Site:
    """The site of one account.

    Args:
        artifacts: the bucket of the reports.
        refined: the bucket of the publication records.
        clock: the instant that counts as now (aware).
    """

    def __init__(
        self, s3: S3Client, artifacts: str, refined: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.store = Store(s3, artifacts, refined)
        self.address = f"s3://{artifacts}/{ROOT_KEY}"
        self.clock = clock

    def add(self, summary: Summary) -> None:
        """Add a run, whose reports are kept already: to its index's chronicle, and to the pages that show it.

        Raises:
            AwsError: S3 refused or failed.
            ContractError: the chronicle cannot be read; `rebuild` makes it again.
        """
        run, figures = run_of(summary), Figures(**summary.figures) if summary.figures else None  # type: ignore[arg-type]
        found = Checked(run.folder, _views(summary.gates), summary.docs) if summary.gates else None

        def made(before: bytes | None) -> str:
            chronicle = read_chronicle(summary.index, before) if before else Chronicle(summary.index)
            return chronicle.adding([(run, figures)]).to_json()

        def write(history: History) -> None:
            if day := history.day(run.brought or run.day):
                self._write_session(history, day, found or self._checked(day.runs))
                self._write_year(history, day.day.year)

        with aws_errors(f"keeping the site {self.address}"):
            self.store.replace(chronicle_key(summary.index), made, JSON)
            self._write_pages_of(summary.index, write)

    def rebuild(self, figures_of: FiguresOf) -> Rebuilt:
        """Make all pages again from the runs' summaries and the publication records.

        Args:
            figures_of: for the sessions whose runs left no figures, such as imported ones.

        Raises:
            AwsError: S3 refused or failed.
        """
        with aws_errors(f"rebuilding the site {self.address}"):
            made = [self._rebuild(index, figures_of) for index in self.store.indices()]
            if not made:
                self._write_root(None)
        return Rebuilt([history for history, _ in made], [problem for _, problems in made for problem in problems])

    def _rebuild(self, index: str, figures_of: FiguresOf) -> tuple[History, list[str]]:
        problems: dict[str, str] = {}

        def made(_: bytes | None) -> str:
            # Listed once it is known what will be replaced: a run that adds itself meanwhile makes this be done again.
            chronicle = self._chronicle_of_summaries(index, problems)
            lacking = self._without_figures(chronicle)
            figures = {**chronicle.figures, **figures_of(index, lacking)} if lacking else chronicle.figures
            return replace(chronicle, figures=figures).to_json()

        def write_session(history: History, day: Day) -> None:
            try:
                checked = self._checked(day.runs)
            except ContractError as error:
                checked, problems[str(day.day)] = None, str(error)
            self._write_session(history, day, checked)

        def write(history: History) -> None:
            with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
                list(pool.map(lambda day: write_session(history, day), [day for day in history.days if day.runs]))
            for year in history.years:
                self._write_year(history, year)

        self.store.replace(chronicle_key(index), made, JSON)
        return self._write_pages_of(index, write), list(problems.values())

    def _without_figures(self, chronicle: Chronicle) -> list[date]:
        """The published sessions whose figures no run told: they were imported, or replaced since."""
        told = {run.session: run.run_id for run in chronicle.runs if run.outcome in _PUBLISHING}
        sessions = sorted(self.store.published(chronicle.index))
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            made_by = pool.map(lambda session: self.store.made_by(chronicle.index, session), sessions)
            return [
                session
                for session, run_id in zip(sessions, made_by, strict=True)
                if session not in chronicle.figures or run_id != told.get(session)
            ]

    def _write_pages_of(self, index: str, write: Callable[[History], None]) -> History:
        """Write the pages of an index, and those of its sessions by `write`; again while others replace the chronicle."""
        for _ in range(ATTEMPTS):
            text, etag = self.store.read(chronicle_key(index)) or (b"", "")
            history = self._history(read_chronicle(index, text))
            write(history)
            self.store.put(index_key(index), index_page(history, self.clock(), root="../"))
            self.store.put(status_key(index), status_of(history).to_json(), JSON)
            self._write_root(history)
            if self.store.etag(chronicle_key(index)) == etag:
                return history
        raise AwsError(f"{chronicle_key(index)}: replaced by others all the time")

    def _write_session(self, history: History, day: Day, checked: Checked | None) -> None:
        page = session_page(history, day, checked, self.clock())
        self.store.put(session_key(history.index, day.day), page)

    def _write_year(self, history: History, year: int) -> None:
        self.store.put(year_key(history.index, year), year_page(history, year, self.clock()))

    def _write_root(self, history: History | None) -> None:
        """The site's first page: of the one index, or over all of them."""
        indices = self.store.indices()
        if history and indices == [history.index]:
            self.store.put(ROOT_KEY, index_page(history, self.clock(), root=""))
            return

        def made(_: bytes | None) -> str:
            with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
                texts = list(pool.map(self.store.get, map(status_key, indices)))
            return overview_page([read_status(text) for text in texts if text], self.clock())

        self.store.replace(ROOT_KEY, made, HTML)

    def _history(self, chronicle: Chronicle) -> History:
        today = self.clock().astimezone(SAO_PAULO).date()
        return History.of(chronicle, self.store.published(chronicle.index), today)

    def _chronicle_of_summaries(self, index: str, problems: dict[str, str]) -> Chronicle:
        keys = [key for key in self.store.reports(index) if key.endswith(f"/{_SUMMARY}")]
        found = []
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            for key, text in zip(keys, pool.map(self.store.get, keys), strict=True):
                try:
                    found.append(run_of_summary(key.removesuffix(_SUMMARY), json.loads(text or b"null")))
                except (ContractError, ValueError) as error:
                    problems[key] = str(error)
        return Chronicle(index).adding(found)

    def _checked(self, runs: Sequence[Run]) -> Checked | None:
        """What the gates found when they last checked the session.

        Raises:
            ContractError: it cannot be read.
        """
        run = next((run for run in reversed(runs) if run.gates), None)
        if run is None:
            return None
        prefix = f"{REPORTS_PREFIX}{run.folder}"
        keys = [f"{prefix}{gate.gate}.json" for gate in run.gates]
        views = [_read_view(key, text) for key in keys if (text := self.store.get(key))]
        return Checked(run.folder, views, _read_docs(f"{prefix}{_SUMMARY}", self.store.get(f"{prefix}{_SUMMARY}")))


def _views(reports: Iterable[GateReport]) -> list[GateView]:
    return [_read_view(report.gate, report.to_json().encode()) for report in reports]


def _read_view(name: str, text: bytes) -> GateView:
    """A gate's report as it was kept, what was not met first.

    Raises:
        ContractError: it is not one.
    """
    try:
        body = json.loads(text)
        outcomes = [Outcome(**{**item, "rows": tuple(item["rows"])}) for item in body["outcomes"]]
        checked_at = datetime.fromisoformat(body["checked_at"])
        gate, passed = str(body["gate"]), body["passed"] is True
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(f"{name}: not a gate's report ({error!r})") from error
    return GateView(gate, passed, checked_at, tuple(sorted(outcomes, key=lambda item: item.success)))


def _read_docs(name: str, text: bytes | None) -> dict[str, str]:
    """The pages of Data Docs that a run's summary names.

    Raises:
        ContractError: it is no summary.
    """
    try:
        return {str(check): str(path) for check, path in json.loads(text or b"{}").get("docs", {}).items()}
    except (AttributeError, ValueError) as error:
        raise ContractError(f"{name}: not a summary of a run ({error!r})") from error
