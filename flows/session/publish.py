"""Publishing a session: audited files to their final keys, then its partitions into the catalog.

Athena must never see half a session, nor a mixture of two versions of one. So partitions are made hidden, pointing at a prefix
without files; files are put in place, or replaced, while nobody sees them; then one call shows all of the session. What was
visible before is hidden by one call, too. (A call holds up to 100 partitions, Glue's limit of a batch; the Ibovespa has had at
most 92 shares.)

A publisher that stood still must not go on beside another. Bucket and catalog are to be fenced by the session's lease; each file
is put, or removed, only where what is there is still what was listed under that lease, so that a call that S3 gets late changes
nothing. Versions have no keys of their own: the published layout is the users' contract.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.contract.catalog import session_expression
from expectations.contract.names import HIDDEN_PREFIX, PART_NAME
from expectations.contract.partitions import partition_prefix, partition_values
from expectations.contract.tables import Table, refined_table, summary_table
from flows.errors import LeaseLost, PublishError, WriteConflict
from flows.lake.calls import side_by_side
from flows.session.storage import PublishedFile

if TYPE_CHECKING:
    from datetime import date

    from expectations.contract.manifest import StagedFile
    from flows.lake.catalog import Catalog, Values
    from flows.lake.s3 import Bucket
    from flows.session.staging import StagedSession


ETags = Mapping[str, str]
"""What lay in a session's folder, by key."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes audited sessions of one account.

    Attributes:
        refined, catalog: within the fence of the session's lease, unless nobody else can publish it.
    """

    refined: Bucket
    catalog: Catalog

    def publish(self, staged: StagedSession) -> tuple[PublishedFile, ...]:
        """Make the session's published state equal the staged one, whatever it was before.

        May be killed anywhere and run again.

        Returns:
            The files that are published now, by key.

        Raises:
            PublishError: the catalog refused a partition, or the lease was lost.
            AwsError: AWS refused or failed a call, or somebody else wrote the session's files.
        """
        refined = self._replace(refined_table(staged.index), staged, staged.refined)
        return (*refined, *self._replace(summary_table(staged.index), staged, staged.summary))

    def shows(self, staged: StagedSession) -> bool:
        """Whether the session's published state is the staged one, to the last file; raises `AwsError`."""
        refined, summary = refined_table(staged.index), summary_table(staged.index)
        return self._equals(refined, staged, staged.refined) and self._equals(summary, staged, staged.summary)

    def _equals(self, table: Table, staged: StagedSession, files: Sequence[StagedFile]) -> bool:
        prefixes = _prefixes(table, files)
        if self.catalog.partitions(table, session_expression(table, staged.index, staged.session)) != prefixes:
            return False
        there = self._there(table, staged.index, staged.session)
        looks = side_by_side(self.refined.look, [item.key for item in files])
        etags = {_key(table, item): found.etag if found else "" for item, found in zip(files, looks, strict=True)}
        return there == etags

    def _there(self, table: Table, index: str, session: date) -> ETags:
        return {item.key: item.etag for item in self.refined.objects(partition_prefix(table, index, session))}

    def withdraw(self, index: str, session: date) -> int:
        """Take the session away from Athena, all of it by one call, and then its files; what was visible of it.

        Its partitions stay, hidden: a session that comes back has them. May be killed anywhere and run again.

        Raises:
            PublishError: the catalog refused a partition, or the lease was lost.
            AwsError: AWS refused or failed a call, or somebody else wrote the session's files.
        """
        visible = 0
        for table in (refined_table(index), summary_table(index)):
            present = self.catalog.partitions(table, session_expression(table, index, session))
            visible += sum(prefix != HIDDEN_PREFIX for prefix in present.values())
            self._move(table, dict.fromkeys(present, HIDDEN_PREFIX), back=present)
            self._delete_files(self._there(table, index, session), kept=())
        return visible

    def _replace(self, table: Table, staged: StagedSession, files: Sequence[StagedFile]) -> list[PublishedFile]:
        prefixes = _prefixes(table, files)
        present = self.catalog.partitions(table, session_expression(table, staged.index, staged.session))
        self._move(table, dict.fromkeys(present, HIDDEN_PREFIX), back=present)
        there = self._there(table, staged.index, staged.session)
        copies = self._copy(table, files, there)
        self.catalog.delete(table, present.keys() - prefixes.keys())
        self._delete_files(there, kept={item.key for item in copies})
        self.catalog.create(table, dict.fromkeys(prefixes.keys() - present.keys(), HIDDEN_PREFIX))
        self._move(table, prefixes, back=dict.fromkeys(prefixes, HIDDEN_PREFIX))
        return copies

    def _move(self, table: Table, prefixes: Mapping[Values, str], back: Mapping[Values, str]) -> None:
        """Point all partitions to other prefixes, or else back to those where they were."""
        try:
            self.catalog.point(table, prefixes)
        except LeaseLost:
            raise
        except PublishError:
            # Glue refused some of a batch and took the others: half a session must not stay visible.
            self.catalog.point(table, back)
            raise

    def _copy(self, table: Table, files: Sequence[StagedFile], there: ETags) -> list[PublishedFile]:
        def copy(item: StagedFile) -> PublishedFile:
            key = _key(table, item)
            etag = self.refined.copy(item.key, key, if_etag=there.get(key), if_absent=key not in there)
            return PublishedFile(key, item.size, etag.strip('"'))

        return sorted(side_by_side(copy, files), key=lambda item: item.key)

    def _delete_files(self, there: ETags, kept: Collection[str]) -> None:
        list(side_by_side(lambda key: self._delete(key, there[key]), sorted(there.keys() - set(kept))))

    def _delete(self, key: str, etag: str) -> None:
        try:
            self.refined.delete(key, if_etag=etag)
        except WriteConflict:
            # It is gone where the answer to an earlier try was lost.
            if self.refined.look(key):
                raise


def _prefixes(table: Table, files: Sequence[StagedFile]) -> dict[Values, str]:
    return {
        partition_values(table, item.index, item.session, item.ticker): partition_prefix(
            table, item.index, item.session, item.ticker
        )
        for item in files
    }


def _key(table: Table, item: StagedFile) -> str:
    return partition_prefix(table, item.index, item.session, item.ticker) + PART_NAME
