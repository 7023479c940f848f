"""Scale: ten times the indices and 25 years of history, reckoned with the slopes that the other parts measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.cost import SESSIONS_A_MONTH
from benchmarks.report import Part, Table, number
from flows.backfill.batch import SESSIONS_A_RUN

_SESSIONS_A_YEAR = 252
_YEARS = 25
_SHARES = 85
_OTHER_INDICES = 9
_FILES_OF_OTHERS = 2  # of a session of an index other than the Ibovespa: shares, and summary
_MINUTE = 60

_HOW = """\
Nothing here was run at these sizes: files, partitions and requests follow from the layout, seconds and memory from the slopes
above (so they are those of this machine, where one process stands for AWS). A session of the Ibovespa is a file and a
partition for each share and one of the summary. One of another index is two files; its publishing is reckoned as the
Ibovespa's, which is the most that it may take. *History* is the table `bovespa_historico`, a file a month and index."""

_DESIGN = """\
### What changes in design, and at which size

| from about | what becomes narrow | what is to be done |
| --- | --- | --- |
| one session | a query of years over the contract's layout opens a file a share and session | the history, which is there |
| 1,000 sessions a run | the manifest is read whole, and one driver lists what was written | a batch is split into runs of 1,000 \
sessions, which is done; they run side by side up to the job's `maxConcurrentRuns` |
| 10,000 sessions in one import | the flow's memory, and one process in which Great Expectations checks a session after the \
other | an import by year; the gates in a process a core |
| 100,000 partitions a table | a query that names no dates asks the catalog for all partitions | dates in every query; the \
partition index on year, month and day, which is there |
| a hundred indices | a collection a session and index, one Glue run each, billed a minute each | all indices of a day in \
one batch: one run of a minute for all, as an import does |
| 10 million partitions a table | Glue's quota | `acao` as a column: the contract with the user would change |
"""


@dataclass(frozen=True, slots=True)
class Case:
    """So many sessions of the Ibovespa and of other indices."""

    name: str
    sessions: int
    others: int

    @property
    def files(self) -> int:
        """Files of the contract's tables, each a partition."""
        return self.sessions * (_SHARES + 1) + self.others * _FILES_OF_OTHERS

    @property
    def all_sessions(self) -> int:
        """Sessions of all indices."""
        return self.sessions + self.others


def part(facts: Mapping[str, float]) -> Part:
    """Reckon the cases with the facts of the other parts; what was not measured is left out."""
    year, years = _SESSIONS_A_YEAR, _SESSIONS_A_YEAR * _YEARS
    cases = (
        Case("the Ibovespa, a month", SESSIONS_A_MONTH, 0),
        Case("the Ibovespa, a year", year, 0),
        Case("the Ibovespa, 25 years", years, 0),
        Case("ten indices, a year", year, year * _OTHER_INDICES),
        Case("ten indices, 25 years", years, years * _OTHER_INDICES),
    )
    head = (
        "",
        "Sessions",
        "Files = partitions",
        "History's files",
        "Glue runs",
        "ETL, min",
        "Publish, min",
        "Flow's memory, MiB",
        "Evolution over all, s",
        "… on the history, s",
    )
    return Part("scale", "Scale", _HOW, (Table("Reckoned.", head, tuple(_cells(case, facts) for case in cases)),))


def design() -> str:
    """What changes at which size, as Markdown."""
    return _DESIGN


def _cells(case: Case, facts: Mapping[str, float]) -> tuple[str, ...]:
    # A session of another index is refined as fast as its two files are written; nearly all of a session's time is its files.
    like_ibovespa = case.files / (_SHARES + 1)
    months = case.all_sessions / SESSIONS_A_MONTH

    def reckoned(name: str, times: float, base: float = 0.0) -> str:
        return number(base + facts[name] * times) if name in facts else "-"

    return (
        case.name,
        f"{case.all_sessions:,}",
        f"{case.files:,}",
        f"{months:,.0f}",
        f"{-(-case.all_sessions // SESSIONS_A_RUN):,}",
        reckoned("etl_session", like_ibovespa / _MINUTE),
        reckoned("publish_session", case.all_sessions / _MINUTE),
        reckoned("memory_session_mib", case.all_sessions, facts.get("memory_base_mib", 0)),
        reckoned("query_layout_session_ms", case.sessions / 1000),
        reckoned("query_history_session_ms", case.sessions / 1000),
    )
