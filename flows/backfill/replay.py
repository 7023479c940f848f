"""Replay: what is kept, taken through today's code again, for any range of sessions in one Glue run.

From raw files, or from the payloads in landing where a parser was mended. What says the same stays the same version, so that a
replay without a change of code ends in the same published state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, read_landing_key, read_raw_key, time_prefixes
from expectations.contract.names import LANDING_PREFIX, RAW_PREFIX
from flows.backfill.batch import Batch, Progress, keep, noting
from flows.backfill.landing import undated
from flows.backfill.reread import Unusable, reread
from flows.lake.calls import side_by_side
from flows.record.attempt import REPLAY
from flows.record.ledger import Ledger
from flows.session import storage

if TYPE_CHECKING:
    from flows.record.attempt import Attempt
    from flows.session.pipeline import Pipeline
    from flows.session.storage import RawVersion


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay of one index.

    Attributes:
        from_landing: read raw files anew from landing first.
        progress: begins a step (what, of how many) and returns what is to be called after each of them.
    """

    pipeline: Pipeline
    index: str
    from_landing: bool = False
    progress: Progress = lambda _, __: lambda: None

    def run(self, since: date, until: date) -> list[Attempt]:
        """Refine, audit and publish all sessions from `since` to `until`, both included.

        Returns:
            An attempt at each session that has a raw file, or payloads in landing.

        Raises:
            AwsError: AWS refused, or was not to be had; run the replay again.
        """
        ledger = Ledger.of(self.pipeline.lake, REPLAY)
        versions = self._versions(since, until)
        failed: list[Attempt] = []
        if self.from_landing:
            for session, made in self._reread(since, until, dict(versions)):
                if isinstance(made, Unusable):
                    versions.pop(session, None)
                    failed.append(keep(ledger, made.attempt(ledger.run, self.index, session)))
                else:
                    versions[session] = made
        attempts = [*failed, *self._take(list(versions.values()), ledger)]
        return sorted(attempts, key=lambda attempt: attempt.session or since)

    def _take(self, versions: Sequence[RawVersion], ledger: Ledger) -> list[Attempt]:
        if not versions:
            return []
        note = noting(ledger, self.progress, versions)
        return Batch(self.pipeline, ledger.run, again=True, note=note).take(versions)

    def _versions(self, since: date, until: date) -> dict[date, RawVersion]:
        """The current raw versions by session."""
        raw = self.pipeline.lake.raw
        listed = (read_raw_key(item.key) for item in raw.objects_below(time_prefixes(RAW_PREFIX, since, until)))
        of_index = {item.session for item in listed if item and item.index == self.index}
        days = sorted(day for day in of_index if since <= day <= until)
        current = side_by_side(lambda day: storage.find_raw(raw, self.index, day), days)
        return {day: version for day, version in zip(days, current, strict=True) if version}

    def _reread(
        self, since: date, until: date, current: dict[date, RawVersion]
    ) -> Iterator[tuple[date, RawVersion | Unusable]]:
        payloads = self._payloads(since, until)
        advance = self.progress("reading again", len(payloads))
        for session, keys in sorted(payloads.items()):
            try:
                yield session, reread(self.pipeline, self.index, session, keys, current.get(session))
            except ContractError as error:
                yield session, Unusable(str(error))
            advance()

    def _payloads(self, since: date, until: date) -> dict[date, list[str]]:
        """The keys in landing by session."""
        raw = self.pipeline.lake.raw
        found: defaultdict[date, list[str]] = defaultdict(list)
        for item in raw.objects_below(time_prefixes(LANDING_PREFIX, since, until)):
            landed = read_landing_key(item.key)
            if landed and landed.index == self.index and landed.session and since <= landed.session <= until:
                found[landed.session].append(landed.key)
        for session, keys in undated(raw, self.index).items():
            if since <= session <= until:
                found[session] += keys
        return found
