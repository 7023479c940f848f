"""Gate 2 on what a Glue run has staged, against the raw versions that it was made from: one session, or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError
from expectations.gates import refined
from expectations.gates.gate import GateReport, run_gate
from expectations.gates.together import Subject, run_gates
from flows.b3.calendar import SAO_PAULO
from flows.errors import BovespaError
from flows.lake.calls import PARALLEL_SESSIONS, side_by_side
from flows.session import storage
from flows.session.staging import StagedSession, read_staged

if TYPE_CHECKING:
    from expectations.gates.gate import Check
    from expectations.gates.refined import StagedOutput
    from flows.lake.connect import Lake
    from flows.session.raw_file import RawFacts
    from flows.session.storage import RawVersion

Staged = tuple["RawVersion", StagedSession]
"""A raw version, and what a run has staged of it."""

Problem = BovespaError | ContractError
"""Why a session could not be audited."""


@dataclass(frozen=True, slots=True)
class Audited:
    """A session's staged output, with the facts of the raw file that it comes from and gate 2's report on it."""

    facts: RawFacts
    staged: StagedSession
    output: StagedOutput
    report: GateReport


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a session, and the checks that are to be made of it."""

    facts: RawFacts
    staged: StagedSession
    output: StagedOutput
    checks: Sequence[Check]

    def audited(self, report: GateReport) -> Audited:
        return Audited(self.facts, self.staged, self.output, report)


def audit(lake: Lake, version: RawVersion, staged: StagedSession) -> Audited:
    """Gate 2 on the staged files, against the rows of the raw version that they come from.

    Raises:
        StagingError: a staged file cannot be read.
        AwsError: S3 could not be asked.
        ContractError: the raw file is not one of this pipeline.
    """
    read = _read(lake, version, staged)
    return read.audited(run_gate(refined.GATE, staged.index, staged.session, read.checks))


def audit_many(lake: Lake, sessions: Sequence[Staged]) -> list[Audited | Problem]:
    """Gate 2 on many sessions by one validation.

    Returns:
        For each what `audit` returns, or raises; the reports without Great Expectations' own results, which take a megabyte each.
    """
    found = list(side_by_side(lambda item: _found(lake, *item), sessions, PARALLEL_SESSIONS))
    whole = [item for item in found if isinstance(item, _Read)]
    subjects = [Subject(item.staged.index, item.staged.session, item.checks) for item in whole]
    reports = iter(run_gates(refined.GATE, subjects))
    return [item.audited(replace(next(reports), validations=())) if isinstance(item, _Read) else item for item in found]


def _found(lake: Lake, version: RawVersion, staged: StagedSession) -> _Read | Problem:
    try:
        return _read(lake, version, staged)
    except (BovespaError, ContractError) as error:
        return error


def _read(lake: Lake, version: RawVersion, staged: StagedSession) -> _Read:
    file = storage.read_raw(lake.raw, version)
    output = read_staged(lake.refined, staged)
    collected_on = file.facts.collected_at.astimezone(SAO_PAULO).date()
    truth = refined.RawTruth(
        rows=file.table.to_pandas(),
        index=staged.index,
        total_quantity=file.facts.statement.total_quantity,
        total_share=file.facts.statement.total_share,
        origin=version.source and file.facts.source,
        age_in_days=max((staged.reference_date - collected_on).days, 0),
    )
    return _Read(file.facts, staged, output, refined.refined_checks(output, truth))
