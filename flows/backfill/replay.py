"""Replay: what is kept, taken through today's code again, for any range of sessions in one Glue run.

From raw files, or from the payloads in landing where a parser was mended. What says the same stays the same version, so that a
replay without a change of code ends in the same published state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, month_prefixes, parse_raw_key
from expectations.contract.names import LANDING_PREFIX, RAW_PREFIX
from flows.backfill.batch import Batch, Progress, Result, telling
from flows.backfill.landing import list_keys, read_key, undated
from flows.backfill.rebuild import Unfit, rebuild
from flows.lake.clients import PARALLEL_CALLS
from flows.record.attempt import REPLAY
from flows.record.ledger import Ledger
from flows.session import storage

if TYPE_CHECKING:
    from flows.session.pipeline import Pipeline
    from flows.session.storage import RawVersion


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay of one index.

    Attributes:
        from_landing: rebuild raw files from landing first.
        progress: begins a step (what, of how many) and returns what is to be called after each of them.
    """

    pipeline: Pipeline
    index: str
    from_landing: bool = False
    progress: Progress = lambda _, __: lambda: None

    def run(self, since: date, until: date) -> list[Result]:
        """Refine, audit and publish all sessions from `since` to `until`, both included.

        Returns:
            A result for each session that has a raw file, or payloads in landing.

        Raises:
            AwsError: AWS refused, or was not to be had; run the replay again.
        """
        ledger = Ledger.of(self.pipeline, REPLAY)
        versions = self._versions(since, until)
        failed: list[Result] = []
        if self.from_landing:
            for session, rebuilt in self._rebuilt(since, until, dict(versions)):
                if isinstance(rebuilt, Unfit):
                    versions.pop(session, None)
                    failed.append(rebuilt.result(self.index, session))
                    ledger.note_result(failed[-1])
                else:
                    versions[session] = rebuilt
        return sorted([*failed, *self._take(list(versions.values()), ledger)], key=lambda result: result.session)

    def _take(self, versions: Sequence[RawVersion], ledger: Ledger) -> list[Result]:
        if not versions:
            return []
        return Batch(self.pipeline, again=True, tell=telling(ledger, self.progress, versions)).take(versions)

    def _versions(self, since: date, until: date) -> dict[date, RawVersion]:
        """The current raw versions by session."""
        s3, bucket = self.pipeline.aws.s3, self.pipeline.settings.raw_bucket
        found = (parse_raw_key(key) for key in list_keys(s3, bucket, month_prefixes(RAW_PREFIX, since, until)))
        days = sorted({item.session for item in found if item.index == self.index and since <= item.session <= until})
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            current = pool.map(lambda day: storage.find_raw(s3, bucket, self.index, day), days)
            return {day: version for day, version in zip(days, current, strict=True) if version}

    def _rebuilt(
        self, since: date, until: date, current: dict[date, RawVersion]
    ) -> Iterator[tuple[date, RawVersion | Unfit]]:
        payloads = self._payloads(since, until)
        advance = self.progress("rebuilding", len(payloads))
        for session, keys in sorted(payloads.items()):
            try:
                yield session, rebuild(self.pipeline, self.index, session, keys, current.get(session))
            except ContractError as error:
                yield session, Unfit(str(error))
            advance()

    def _payloads(self, since: date, until: date) -> dict[date, list[str]]:
        """The keys in landing by session."""
        s3, bucket = self.pipeline.aws.s3, self.pipeline.settings.raw_bucket
        found: defaultdict[date, list[str]] = defaultdict(list)
        for landed in map(read_key, list_keys(s3, bucket, month_prefixes(LANDING_PREFIX, since, until))):
            if landed.index == self.index and landed.session and since <= landed.session <= until:
                found[landed.session].append(landed.key)
        for session, keys in undated(s3, bucket, self.index).items():
            if since <= session <= until:
                found[session] += keys
        return found
