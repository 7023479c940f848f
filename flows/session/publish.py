"""Publishing a session: audited files to their final keys, then its partitions into the catalog.

Athena must never see half a session, nor a mixture of two versions of one. So partitions are made hidden, pointing at a prefix
without files; files are put in place, or replaced, while nobody sees them; then one call shows all of the session. What was
visible before is hidden by one call, too. (A call holds up to 100 partitions, Glue's limit of a batch; the Ibovespa has had at
most 92 shares.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.contract.catalog import session_expression
from expectations.contract.names import HIDDEN_PREFIX, PART_NAME
from expectations.contract.partitions import partition_prefix, partition_values
from expectations.contract.tables import Table, refined_table, summary_table
from flows.errors import PublishError
from flows.lake.calls import side_by_side
from flows.session.intact import published_files

if TYPE_CHECKING:
    from expectations.contract.manifest import StagedFile
    from flows.lake.catalog import Catalog, Values
    from flows.lake.s3 import Bucket
    from flows.session.staging import StagedSession
    from flows.session.storage import PublishedFile


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes audited sessions of one account."""

    refined: Bucket
    catalog: Catalog

    def publish(self, staged: StagedSession) -> tuple[PublishedFile, ...]:
        """Make the session's published state equal the staged one, whatever it was before.

        May be killed anywhere and run again.

        Returns:
            The files that are published now, by key.

        Raises:
            PublishError: the catalog refused a partition.
            AwsError: AWS refused or failed a call.
        """
        refined = self._replace(refined_table(staged.index), staged, staged.refined)
        return (*refined, *self._replace(summary_table(staged.index), staged, staged.summary))

    def _replace(self, table: Table, staged: StagedSession, files: Sequence[StagedFile]) -> list[PublishedFile]:
        prefixes = {
            partition_values(table, item.index, item.session, item.ticker): partition_prefix(
                table, item.index, item.session, item.ticker
            )
            for item in files
        }
        present = self.catalog.partitions(table, session_expression(table, staged.index, staged.session))
        self._move(table, dict.fromkeys(present, HIDDEN_PREFIX), back=present)
        self._copy(table, files)
        self.catalog.delete(table, present.keys() - prefixes.keys())
        kept = self._tidied(partition_prefix(table, staged.index, staged.session), prefixes.values())
        self.catalog.create(table, dict.fromkeys(prefixes.keys() - present.keys(), HIDDEN_PREFIX))
        self._move(table, prefixes, back=dict.fromkeys(prefixes, HIDDEN_PREFIX))
        return kept

    def _move(self, table: Table, prefixes: Mapping[Values, str], back: Mapping[Values, str]) -> None:
        """Point all partitions to other prefixes, or else back to those where they were."""
        try:
            self.catalog.point(table, prefixes)
        except PublishError:
            # Glue refused some of a batch and took the others: half a session must not stay visible.
            self.catalog.point(table, back)
            raise

    def _copy(self, table: Table, files: Sequence[StagedFile]) -> None:
        def copy(item: StagedFile) -> None:
            self.refined.copy(item.key, partition_prefix(table, item.index, item.session, item.ticker) + PART_NAME)

        list(side_by_side(copy, files))

    def _tidied(self, session_prefix: str, kept_prefixes: Iterable[str]) -> list[PublishedFile]:
        """The session's files, once what else lies below its prefix is deleted."""
        kept = {prefix + PART_NAME for prefix in kept_prefixes}
        listed = list(self.refined.objects(session_prefix))
        self.refined.delete_all([item.key for item in listed if item.key not in kept])
        return published_files(item for item in listed if item.key in kept)
