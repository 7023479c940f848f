"""Sessions that nobody collected, rebuilt from the published sessions beside them and B3's closing prices.

A rebuilt session goes the same way as any raw file: gate 1, raw file, Glue run, gate 2, publication. What it rests on stands in
the raw file and in the ledger, and its origin is `reconstruida` wherever there is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from expectations.contract.keys import ContractError, raw_key
from expectations.contract.outcomes import Outcome
from expectations.contract.tables import REBUILT
from expectations.gates.gate import GateRefused, require
from flows.b3.calendar import is_session, sessions_between
from flows.b3.differences import CellDifference, described, differences
from flows.b3.rebuilding import RebuiltSession, Surroundings, rebuild_session
from flows.backfill.batch import keep
from flows.backfill.importing.files import noon
from flows.errors import BovespaError, NotRebuildable, SettingsError
from flows.history.refresh import fresh_rows, refresh
from flows.history.witness import SessionPrices
from flows.record.attempt import REBUILD, Attempt, OpenAttempt
from flows.record.ledger import Ledger
from flows.session.neighbours import PublishedSessions
from flows.session.pipeline import Collected
from flows.session.raw_file import RawFacts, decode, encode
from flows.session.storage import read_publication

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio
    from flows.lake.connect import Lake
    from flows.session.pipeline import Pipeline
    from flows.session.raw_file import RawFile

_MOST_AWAY = 10  # sessions from one neighbour to the other; over more, somebody will have collected something else

ToldEvents = Mapping[tuple[date | None, str], Decimal]
"""What came off closes, in reais a share, by session (None: the one that is rebuilt) and ticker."""


def told_events(texts: Sequence[str]) -> ToldEvents:
    """Amounts as users write them.

    Raises:
        SettingsError: one is of another form.
    """
    return dict(map(_told, texts))


_EVENT = re.compile(r"([A-Za-z0-9]{4}\d{1,2})(?:@(\d{4}-\d\d-\d\d))?=(\d{1,7}(?:\.\d{1,9})?)", re.ASCII)


def _told(text: str) -> tuple[tuple[date | None, str], Decimal]:
    found = _EVENT.fullmatch(text)
    try:
        day = date.fromisoformat(found[2]) if found and found[2] else None
    except ValueError:
        found = None
    if found is None:
        raise SettingsError(
            f"--event {text}: expected TICKER=AMOUNT or TICKER@YYYY-MM-DD=AMOUNT, in reais a share, such as RADL3=0.0769"
        )
    return (day, found[1].upper()), Decimal(found[3])


@dataclass(frozen=True, slots=True)
class RebuildPlan:
    """What a session would be.

    Attributes:
        stated: what B3 stated of the session, where it is published after all.
    """

    rebuilt: RebuiltSession
    before: date
    after: date
    stated: Portfolio | None = None

    @property
    def portfolio(self) -> Portfolio:
        """The rebuilt portfolio."""
        return self.rebuilt.portfolio

    @property
    def differences(self) -> list[CellDifference]:
        """Where it differs from what B3 stated; none where that is not known."""
        return differences(self.portfolio, self.stated) if self.stated else []

    @property
    def headline(self) -> str:
        """The plan in one line."""
        stated = self.portfolio.statement
        how = "exact" if self.rebuilt.is_exact else "by amounts that were told"
        count = len(self.portfolio.holdings)
        return f"{stated.index} {stated.session}: {count} shares, from {self.before} and {self.after}, {how}"

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON's types."""
        stated = self.portfolio.statement
        return {
            "index": stated.index,
            "session": stated.session.isoformat(),
            "before": self.before.isoformat(),
            "after": self.after.isoformat(),
            "exact": self.rebuilt.is_exact,
            "divisor": str(stated.divisor),
            "evidence": list(self.rebuilt.evidence),
            "differences": described(self.differences) if self.differences else "",
            "compared": self.stated is not None,
            "shares": [
                {
                    "acao": row.codigo,
                    "nome_acao": row.acao,
                    "tipo": row.tipo,
                    "quantidade_teorica_acoes": row.qtde_teorica,
                    "participacao": str(row.participacao_pct),
                }
                for row in self.portfolio.holdings
            ],
        }


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """Rebuilds sessions of one index.

    Attributes:
        prices: those of the account, each month read once.
    """

    pipeline: Pipeline
    index: str
    prices: SessionPrices

    @classmethod
    def of(cls, pipeline: Pipeline, index: str) -> Rebuilding:
        """With prices of which nothing was read yet."""
        return cls(pipeline, index, SessionPrices(pipeline.lake))

    @property
    def _lake(self) -> Lake:
        return self.pipeline.lake

    def plan(self, session: date, told: ToldEvents | None = None, after: Portfolio | None = None) -> RebuildPlan:
        """What a session would be; nothing is written.

        Args:
            after: the portfolio of the session after, where it is not the published one.

        Raises:
            NotRebuildable: it cannot be told, and what is missing.
            ContractError: a raw file is not readable.
            AwsError: S3 could not be asked.
        """
        if not is_session(session):
            raise NotRebuildable(f"{session} is no trading day")
        found = self._around(session, after)
        amounts = {(day or session, ticker): Fraction(amount) for (day, ticker), amount in (told or {}).items()}
        stated = self._published(session)
        made = rebuild_session(found, amounts)
        return RebuildPlan(
            made,
            found.before.session,
            found.after.session,
            stated if stated and stated.source != REBUILT else None,
        )

    def _around(self, session: date, after: Portfolio | None) -> Surroundings:
        known = PublishedSessions.of(self._lake, self.index).sessions
        before = self._nearest([day for day in reversed(known) if day < session])
        later = after or self._nearest([day for day in known if day > session])
        if before is None or later is None:
            side = "before" if before is None else "after"
            raise NotRebuildable(f"no session {side} {session} is published in B3's own words: import it first")
        sessions = sessions_between(before.session, later.session)
        if session not in sessions or len(sessions) > _MOST_AWAY:
            raise NotRebuildable(
                f"{before.session} and {later.session}, the nearest published sessions, are {len(sessions) - 1} sessions apart"
            )
        tickers = {row.codigo for portfolio in (before, later) for row in portfolio.holdings}
        closes = {day: self.prices.closes(day, tickers) for day in sessions[:-1]}
        if lacking := [str(day) for day, quotes in closes.items() if not quotes]:
            raise NotRebuildable(
                f"no prices of {', '.join(lacking)}: bovespa prices --from {sessions[0]} --to {sessions[-1]}"
            )
        traded = {day: self.prices.of(day) for day in sessions}
        return Surroundings(session, before, later, sessions, closes, traded)

    def _nearest(self, days: Sequence[date]) -> Portfolio | None:
        found = (self._published(day) for day in days[:_MOST_AWAY])
        return next((portfolio for portfolio in found if portfolio and portfolio.source != REBUILT), None)

    def _published(self, session: date) -> Portfolio | None:
        file = self._file(session)
        return file.portfolio() if file else None

    def _file(self, session: date) -> RawFile | None:
        """The raw file from which a session is published."""
        record = read_publication(self._lake.refined, self.index, session)
        found = self._lake.raw.find(raw_key(self.index, session), record.raw_version_id) if record else None
        return decode(found.body) if found else None

    # --- publishing ----------------------------------------------------------------------------------------------------------

    def publish(self, plan: RebuildPlan, execution: str = "") -> Attempt:
        """Take a rebuilt session the whole way; what became of it, which is in the ledger too.

        Raises:
            NotRebuildable: there is a raw file of the session in B3's own words.
            AwsError: S3 could not be asked.
            ContractError: the raw file that is there is not readable.
        """
        session = plan.portfolio.session
        found = self._lake.raw.find(raw_key(self.index, session))
        if found and decode(found.body).facts.source != REBUILT:
            raise NotRebuildable(f"{session} has a raw file in B3's own words: bovespa reconcile --since {session}")
        ledger = Ledger.of(self._lake, REBUILD, execution)
        going = OpenAttempt(ledger.run.begin(self.index, session, reason="it broke off", source=REBUILT))
        try:
            self._publish(plan, going)
        except (BovespaError, ContractError, GateRefused) as error:
            going.end(Outcome.FAILED, str(error))
        finally:
            kept = keep(ledger, going.attempt)
        return kept

    def _publish(self, plan: RebuildPlan, going: OpenAttempt) -> None:
        pipeline, instant = self.pipeline, noon(plan.portfolio.session)
        facts = replace(RawFacts.of(plan.portfolio, instant, []), evidence=plan.rebuilt.evidence)
        going.note(fingerprint=facts.fingerprint, collected_at=instant)
        if record := pipeline.publication(facts):
            going.note(rows=record.rows, run_id=record.run_id)
            going.end(Outcome.ALREADY_PUBLISHED)
            return
        collected = Collected(facts, encode(plan.portfolio, facts))
        report = pipeline.check_raw(collected, pipeline.neighbours(self.index, plan.portfolio.session))
        going.attempt = going.attempt.with_gates([report])
        require(report)
        version = pipeline.upload(collected, force=False)
        going.note(raw=f"s3://{version.bucket}/{version.key}", raw_version_id=version.version_id)
        run, staged = pipeline.refine(version)
        going.attempt = going.attempt.with_cost(run, self._lake.region)
        going.note(run_id=run.run_id)
        audited = pipeline.audit(version, staged)
        going.attempt = going.attempt.with_gates([*going.attempt.gates, audited.report])
        require(audited.report)
        record = pipeline.publish(version, audited, force=False)
        going.note(rows=record.rows)
        refresh(pipeline, self.index, fresh_rows(record, audited))
        going.end(Outcome.REBUILT, "; ".join(plan.rebuilt.evidence))


def rebuildable(pipeline: Pipeline, missing: Sequence[tuple[str, date]]) -> dict[tuple[str, date], str]:
    """Which of some missing sessions could be rebuilt, each with how; nothing is written.

    Args:
        missing: index and session of each.

    Raises:
        AwsError: S3 could not be asked.
    """
    found: dict[tuple[str, date], str] = {}
    by_index: dict[str, Rebuilding] = {}
    for index, session in missing:
        rebuilding = by_index.setdefault(index, Rebuilding.of(pipeline, index))
        try:
            found[index, session] = rebuilding.plan(session).headline
        except (ContractError, NotRebuildable):
            continue  # what cannot be is not named; `bovespa rebuild` says why
    return found
