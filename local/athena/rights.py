"""What Athena reads for a query, with the rights of whoever asked for it, as in AWS.

Source: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html, and "Amazon S3 permissions"
there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.account.gateway import ServiceError
from local.rights.iam import Call
from local.rights.privileges import AccessDeniedError
from local.rights.s3_calls import listing, object_arn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from local.athena.analysis.planned import CatalogTable
    from local.glue.catalog import GlueCatalog
    from local.glue.partitions import Partitions
    from local.rights.api_calls import AccountPlace
    from local.rights.privileges import Rights


@dataclass(frozen=True, slots=True)
class CallersCatalog:
    """The catalog as a caller may see it; every look raises AccessDeniedError where the caller may not."""

    catalog: GlueCatalog
    partitions: Partitions
    rights: Rights
    place: AccountPlace

    def databases(self) -> list[dict[str, Any]]:
        """All databases."""
        self._demand("GetDatabases", "*")
        return self.catalog.databases()

    def has_database(self, database: str) -> bool:
        """Whether there is such a database."""
        self._demand("GetDatabase", database)
        return any(known["Name"] == database for known in self.catalog.databases())

    def names(self, database: str | None = None) -> list[str]:
        """Names of a database's tables, or of the databases; none where the caller may not see them."""
        try:
            found = self.databases() if database is None else self.tables(database)
        except ServiceError:
            return []
        return [str(known["Name"]) for known in found]

    def tables(self, database: str) -> list[dict[str, Any]]:
        """All tables of a database."""
        self._demand("GetTables", database, "*")
        return self.catalog.tables(database)

    def table(self, database: str, name: str) -> CatalogTable:
        """A table; Athena looks at its database, too."""
        self._demand("GetDatabase", database)
        self._demand("GetTable", database, name)
        return self.catalog.table(database, name)

    def find(self, database: str, name: str) -> CatalogTable | None:
        """A table; None where there is none."""
        try:
            return self.table(database, name)
        except AccessDeniedError:
            raise
        except ServiceError:
            return None

    def locations(
        self, table: CatalogTable, alias: str = "", condition: str | None = None
    ) -> Iterator[tuple[list[str], str]]:
        """Values and location of a table's partitions, as `Partitions.locations` gives them."""
        self._demand("GetPartitions", table["DatabaseName"], table["Name"])
        return self.partitions.locations(table, alias, condition)

    def declared(
        self, table: CatalogTable, wanted: Sequence[Sequence[str]]
    ) -> dict[tuple[str, ...], list[dict[str, str]]]:
        """Of the wanted partitions that declare columns other than the table's: those columns, by their values."""
        return self.partitions.declared(table, wanted)

    def _demand(self, operation: str, database: str, table: str = "") -> None:
        self.rights.demand(*(Call(f"glue:{operation}", arn) for arn in self.place.glue_arns(database, table)))


def reading(files: Iterable[str], mirror: Path) -> list[Call]:
    """Listing the folders of these files of the mirror, and reading them."""
    root = f"{mirror}/"
    inside = (file.removeprefix(root) if file.startswith(root) else _inside(file, mirror) for file in files)
    keys = [path.split("/", 1) for path in inside]
    folders = {(bucket, f"{key.rpartition('/')[0]}/") for bucket, key in keys}
    reads = [Call("s3:GetObject", object_arn(bucket, key)) for bucket, key in keys]
    return [listing(bucket, folder) for bucket, folder in sorted(folders)] + reads


def _inside(file: str, mirror: Path) -> str:
    return Path(file).resolve().relative_to(mirror.resolve()).as_posix()
