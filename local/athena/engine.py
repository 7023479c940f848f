"""Runs a query in DuckDB over the files of the partitions that the catalog has registered, and only those."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import duckdb

from local.athena.analysis.catalog import hive_type
from local.athena.analysis.planned import columns_of
from local.athena.failures import failure_of
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError
from local.athena.small_files import NUMBER, SmallFiles
from local.athena.text import QueryAnswer, as_text, column_info
from local.s3.mirror import UnmirrorableKeyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from local.athena.analysis.planned import CatalogTable, QueryPlan, Scan
    from local.s3.mirror import Mirror

log = logging.getLogger(__name__)

_READ_AS = {
    "VARCHAR": ("VARCHAR",),
    "BOOLEAN": ("BOOLEAN",),
    "TINYINT": ("TINYINT",),
    "SMALLINT": ("SMALLINT", "TINYINT"),
    "INTEGER": ("INTEGER", "SMALLINT", "TINYINT"),
    "BIGINT": ("BIGINT", "INTEGER", "SMALLINT", "TINYINT"),
    "FLOAT": ("FLOAT",),
    "DOUBLE": ("DOUBLE", "FLOAT"),
    "DATE": ("DATE",),
    "TIMESTAMP": ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "TIMESTAMP WITH TIME ZONE"),
    "BLOB": ("BLOB",),
}
"""Which physical types of a file Athena reads as a column's declared type."""

_NAMES = {"FLOAT": "REAL", "BLOB": "VARBINARY"}
"""What Athena calls DuckDB's types, where it is another name."""


class Engine:
    """One query's DuckDB.

    Args:
        mirror: where the files are; nothing outside it can be read.
        partitions: values and location of every registered partition of a table.
        declared: of the partitions that declare columns of their own, other than the table's: those columns, by their values.
        small_files: reads many small files at once, and keeps them for other queries.
    """

    def __init__(
        self,
        mirror: Mirror,
        partitions: Callable[[CatalogTable, str, str | None], Iterable[tuple[list[str], str]]],
        declared: Callable[
            [CatalogTable, Sequence[Sequence[str]]], Mapping[tuple[str, ...], list[dict[str, str]]]
        ] = lambda *_: {},
        small_files: SmallFiles | None = None,
    ) -> None:
        self._mirror = mirror
        self._partitions = partitions
        self._declared = declared
        self._small_files = small_files or SmallFiles()
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET autoinstall_known_extensions = false")
        self._connection.execute("SET allowed_directories = ?", [[str(mirror.root.resolve())]])
        self._connection.execute("SET enable_external_access = false")
        self.scanned_bytes = 0
        self.files: list[str] = []

    def prepare(self, query: QueryPlan) -> None:
        """Find the files of every scan; `files` and `scanned_bytes`, their size, are known from then on.

        Raises:
            AthenaQueryError: a file or a partition is not as its table says.
        """
        for name, (function, parameters, result) in query.udfs.used.items():
            self._connection.create_function(name, function, parameters, result, null_handling="special")
        try:
            for scan in query.scans:
                self._prepare_scan(scan)
        except duckdb.Error as error:
            log.info("preparing %s: %s", query.text, error)
            raise failure_of(error, "HIVE_BAD_DATA: a file is not the Parquet that its table says") from error

    def run(self, query: QueryPlan) -> QueryAnswer:
        """Run a prepared query.

        Raises:
            AthenaQueryError: a value, or the query, is such that Athena fails, too.
        """
        try:
            rows = self._connection.sql(query.text).fetchall()
        except duckdb.InterruptException as error:
            raise AthenaQueryError("Query cancelled") from error
        except duckdb.Error as error:
            log.info("running %s: %s", query.text, error)
            raise failure_of(error, "NOT_SUPPORTED on the laptop: this query; Athena may have it") from error
        columns = tuple(column_info(name, kind) for name, kind in query.columns)
        kinds = [kind for _, kind in query.columns]
        return QueryAnswer(
            columns, tuple(tuple(as_text(kind, value) for kind, value in zip(kinds, row, strict=True)) for row in rows)
        )

    def close(self) -> None:
        """Let go of what DuckDB holds."""
        self._connection.close()

    def interrupt(self) -> None:
        """Make a running query end."""
        self._connection.interrupt()

    # --- scans -----------------------------------------------------------------------------------------------------------

    def _prepare_scan(self, scan: Scan) -> None:
        _check_table(scan.table)
        wanted = self._wanted_partitions(scan)
        self._check_declared(scan, [values for values, _ in wanted])
        found = [(file, values) for values, location in wanted for file in self._files(location)]
        self.scanned_bytes += sum(file.stat().st_size for file, _ in found)
        names = [file.path for file, _ in found]
        self.files += names
        source, physical = self._source(scan, [file for file, _ in found])
        files = [(str(number), file.path, *values) for number, (file, values) in enumerate(found)]
        self._keep(f"{scan.name}_files", ("number", "filename", *_keys(scan.table)), files)
        selected = [_column(scan.table, column, physical) for column in scan.table["StorageDescriptor"]["Columns"]]
        selected += [_cast(f'p."{key["Name"].lower()}"', key) for key in scan.table.get("PartitionKeys", [])]
        self._connection.execute(f'CREATE TEMP VIEW "{scan.name}" AS SELECT {", ".join(selected)} FROM {source}')  # noqa: S608 - ours

    def _source(self, scan: Scan, files: list[os.DirEntry[str]]) -> tuple[str, dict[str, str]]:
        """What a scan selects from: `p` are its files, `f` their rows; and the rows' physical types by column."""
        if not files:
            return f"{scan.name}_files AS p", {}
        rows, read, same = self._small_files.rows(files), f"{scan.name}_rows", f"f.{NUMBER} = p.number::BIGINT"
        if rows is None:
            self._connection.execute(f"SET VARIABLE {scan.name} = ?", [[file.path for file in files]])
            read, same = _read(scan), "f.filename = p.filename"
        else:
            self._connection.register(read, rows)
        described = self._connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()  # noqa: S608 - ours
        return f"{read} AS f JOIN {scan.name}_files AS p ON {same}", {row[0].lower(): row[1] for row in described}

    def _check_declared(self, scan: Scan, wanted: Sequence[Sequence[str]]) -> None:
        declared = self._declared(scan.table, wanted)
        types = {column["Name"].lower(): column["Type"] for column in scan.table["StorageDescriptor"]["Columns"]}
        for values in wanted if declared else ():
            for column in declared.get(tuple(values), ()):
                name, own = column["Name"].lower(), column["Type"]
                table_type = types.get(name)
                if table_type and not _reads(hive_type({"Name": name, "Type": table_type}).duckdb, _kind(column)):
                    keys = "/".join(f"{key}={value}" for key, value in zip(_keys(scan.table), values, strict=True))
                    raise AthenaQueryError(
                        "HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition schemas. The types "
                        f"are incompatible and cannot be coerced. The column '{name}' in table "
                        f"'{scan.table['DatabaseName']}.{scan.table['Name']}' is declared as type '{table_type}', but partition "
                        f"'{keys}' declared column '{name}' as type '{own}'."
                    )

    def _keep(self, name: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        """Make a table of texts, by lists: as Arrow it would be there sooner, once pyarrow was imported for it."""
        values = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in columns]
        selected = ", ".join(f'unnest(?::VARCHAR[]) AS "{column}"' for column in columns)
        self._connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {selected}", values)

    def _wanted_partitions(self, scan: Scan) -> list[tuple[list[str], str]]:
        keys = scan.table.get("PartitionKeys", [])
        if not keys:
            return [([], scan.table["StorageDescriptor"]["Location"])]
        registered = list(self._partitions(scan.table, scan.alias, scan.condition))
        numbered = [(str(number), *values) for number, (values, _) in enumerate(registered)]
        self._keep(f"{scan.name}_registered", ("number", *_keys(scan.table)), numbered)
        typed = ", ".join(["number", *(_cast(f'"{key["Name"].lower()}"', key) for key in keys)])
        condition = f"WHERE {scan.condition}" if scan.condition else ""
        try:
            # A table, not a view: every value is looked at, as Athena does, whether the query needs it or not.
            self._connection.execute(
                f"CREATE TEMP TABLE {scan.name}_typed AS SELECT {typed} FROM {scan.name}_registered"  # noqa: S608 - ours
            )
            query = f'SELECT number FROM {scan.name}_typed AS "{scan.alias}" {condition}'  # noqa: S608 - parsed
            rows = self._connection.execute(query).fetchall()
        except duckdb.ConversionException as error:
            name = scan.table["Name"]
            message = f"a partition of {name} has a value that is not of its column's type"
            raise AthenaQueryError(f"HIVE_INVALID_PARTITION_VALUE: {message}") from error
        return [registered[int(number)] for (number,) in sorted(rows, key=lambda row: int(row[0]))]

    def _files(self, location: str) -> Iterator[os.DirEntry[str]]:
        try:
            folder = self._mirror.folder(location)
        except UnmirrorableKeyError as error:
            raise AthenaQueryError(f"HIVE_UNKNOWN_ERROR: {error}") from error
        return _visible_files(str(folder))


def _visible_files(folder: str) -> Iterator[os.DirEntry[str]]:
    """Every file below a location, but what begins with `_` or `.`, which Athena skips too."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return  # a location without files has no rows
    for entry in entries:
        if entry.name.startswith(("_", ".")):
            continue
        if entry.is_dir():
            yield from _visible_files(entry.path)
        else:
            yield entry


def _read(scan: Scan) -> str:
    variable = f"getvariable('{scan.name}')"
    return f"read_parquet({variable}, union_by_name = true, filename = true, hive_partitioning = false)"


def _column(table: CatalogTable, column: dict[str, str], physical: dict[str, str]) -> str:
    """A column by its name; one that the files do not have is null, as in Athena."""
    name, declared = column["Name"].lower(), hive_type(column).duckdb
    if name not in physical:
        return f'CAST(NULL AS {declared}) AS "{name}"'
    found = physical[name]
    if not _reads(declared, found):
        raise AthenaQueryError(
            f"HIVE_BAD_DATA: Field {name}'s type {_NAMES.get(found, found)} in parquet files of "
            f"{table['DatabaseName']}.{table['Name']} is incompatible with type {column['Type']} defined in table schema"
        )
    value = f'CAST(f."{name}" AS {declared})'
    if declared == "TIMESTAMP":
        # Athena reads a Hive table's timestamps to the millisecond, the nearest one.
        value = f"date_trunc('millisecond', {value} + to_microseconds(500))"
    return f'{value} AS "{name}"'


def _reads(declared: str, found: str) -> bool:
    return found == declared or found in _READ_AS.get(declared, ())


def _kind(column: dict[str, str]) -> str:
    try:
        return hive_type(column).duckdb
    except NotOnLaptopError:
        return column["Type"]


def _cast(value: str, column: dict[str, str]) -> str:
    return f'CAST({value} AS {hive_type(column).duckdb}) AS "{column["Name"].lower()}"'


def _check_table(table: CatalogTable) -> None:
    columns = [column["Name"] for column in columns_of(table)]
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise AthenaQueryError(
            f"HIVE_INVALID_METADATA: Hive metadata for table {table['Name']} is invalid: "
            f"Table descriptor contains duplicate columns: {', '.join(doubled)}"
        )
    if str(table.get("Parameters", {}).get("projection.enabled", "")).lower() == "true":
        raise NotOnLaptopError(f"partition projection (table {table['Name']})")
    if "parquet" not in str(table["StorageDescriptor"].get("SerdeInfo", {})).lower():
        raise AthenaQueryError(
            f"HIVE_UNSUPPORTED_FORMAT: table {table['Name']} does not say that its files are Parquet"
        )


def _keys(table: CatalogTable) -> list[str]:
    return [key["Name"].lower() for key in table.get("PartitionKeys", [])]
