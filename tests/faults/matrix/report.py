"""The matrix's result as a table in docs/reliability.md, between two marks; what is around them is written by hand."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from matrix.case import Case

BEGIN = "<!-- what follows is written by `make faults` -->"
END = "<!-- what precedes is written by `make faults` -->"

_HEAD = (
    "| boundary | fault | what protects | what happens to the run | the end | without the protection |",
    "| --- | --- | --- | --- | --- | --- |",
)


SURVIVED = "survived"
FAILED = "failed without its protection"


@dataclass
class Results:
    """What the tests found; a plugin of pytest's, which hears of them wherever they ran.

    Attributes:
        passed: cases that ended as they must.
        failures: how a case failed without its protection.
    """

    cases: Sequence[Case]
    document: Path
    passed: set[str] = field(default_factory=set)
    failures: dict[str, str] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test notes."""
        for name, value in report.user_properties if report.when == "call" and report.passed else ():
            if name == SURVIVED:
                self.passed.add(str(value))
            elif name == FAILED:
                id_, failure = value  # type: ignore[misc]
                self.failures[id_] = failure

    def pytest_sessionfinish(self) -> None:
        """Put the table into the document."""
        self.write(self.document)

    def write(self, document: Path) -> None:
        """Put the table into the document."""
        text = document.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        _, _, after = rest.partition(END)
        document.write_text(f"{before}{BEGIN}\n\n{self._table()}\n\n{END}{after}", encoding="utf-8")

    def _table(self) -> str:
        rows = [self._row(case) for case in self.cases]
        return "\n".join([self._summary(), "", *_HEAD, *rows])

    def _summary(self) -> str:
        minutes, seconds = divmod(round(time.monotonic() - self.began), 60)
        return (
            f"{len(self.passed)} of {len(self.cases)} cases passed; {len(self.failures)} were run again without their "
            f"protection, and failed. All of it took {minutes} min {seconds:02d} s on {machine()}, the start of the account "
            "included, by `make faults`'s own clock."
        )

    def _row(self, case: Case) -> str:
        end = ("not visible" if case.hidden else "as undisturbed") if case.id in self.passed else "**FAILED**"
        cells = (
            case.boundary,
            case.fault,
            f"`{case.protection.where}`: {case.protection.what}",
            case.ends,
            end,
            self._unprotected(case),
        )
        return f"| {' | '.join(str(cell).replace('|', ' ') for cell in cells)} |"

    def _unprotected(self, case: Case) -> str:
        if failure := self.failures.get(case.id):
            return f"fails: {failure}"
        same = [other for other in self.cases if other.protection is case.protection and other.id in self.failures]
        return f"see “{same[0].fault}”" if same else "**not seen to fail**"


def brief(failure: BaseException) -> str:
    """A failure in a few words that are the same in every run."""
    words = str(failure).partition(":")[0] if isinstance(failure, AssertionError) else type(failure).__name__
    return re.sub(r"\b\d[\d.:-]* ?", "", words).strip()


def machine() -> str:
    """The machine, in a few words."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores ({models[0] if models else 'unknown'})"
