"""Runs a query in DuckDB over the files of the partitions that the catalog has registered, and only those."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from local.athena.sql import QueryError, Scan, columns_of
from local.athena.text import Row, as_text, column_info
from local.s3.mirror import UnmirrorableKeyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from local.athena.sql import Query, Table
    from local.s3.mirror import Mirror

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

_DUCKDB_TYPES = {"string": "VARCHAR", "int": "INTEGER", "integer": "INTEGER", "binary": "BLOB"}


@dataclass(frozen=True, slots=True)
class Result:
    """A query's answer: its columns as Athena's ColumnInfo, and its rows as Athena's texts."""

    columns: tuple[dict[str, Any], ...]
    rows: tuple[Row, ...]


class Engine:
    """One query's DuckDB.

    Args:
        mirror: where the files are; nothing outside it can be read.
        partitions: values and location of every registered partition of a table.
    """

    def __init__(self, mirror: Mirror, partitions: Callable[[Table], Iterable[tuple[list[str], str]]]) -> None:
        self._mirror = mirror
        self._partitions = partitions
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET autoinstall_known_extensions = false")
        self._connection.execute("SET allowed_directories = ?", [[str(mirror.root.resolve())]])
        self._connection.execute("SET enable_external_access = false")
        self.scanned_bytes = 0
        self.files: list[str] = []

    def prepare(self, query: Query) -> None:
        """Find the files of every scan; `files` and `scanned_bytes`, their size, are known from then on.

        Raises:
            QueryError: a file or a partition is not as its table says.
        """
        try:
            for scan in query.scans:
                self._prepare_scan(scan)
        except duckdb.Error as error:
            raise QueryError(f"HIVE_BAD_DATA: {_first_line(error)}") from error

    def run(self, query: Query) -> Result:
        """Run a prepared query.

        Raises:
            QueryError: DuckDB cannot run it.
        """
        try:
            relation = self._connection.sql(query.text)
            columns = tuple(
                column_info(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)
            )
            return Result(columns, tuple(tuple(map(as_text, row)) for row in relation.fetchall()))
        except duckdb.InterruptException as error:
            raise QueryError("Query cancelled") from error
        except duckdb.Error as error:
            raise QueryError(f"{_code(error)}: {_first_line(error)}") from error

    def interrupt(self) -> None:
        """Make a running query end."""
        self._connection.interrupt()

    # --- scans -----------------------------------------------------------------------------------------------------------

    def _prepare_scan(self, scan: Scan) -> None:
        _check_table(scan.table)
        wanted = self._wanted_partitions(scan)
        found = [(file, values) for values, location in wanted for file in self._files(location)]
        self.scanned_bytes += sum(file.stat().st_size for file, _ in found)
        names = [file.path for file, _ in found]
        self.files += names
        files = [(file.path, *values) for file, values in found]
        self._connection.register(f"{scan.name}_files", _arrow(("filename", *_keys(scan.table)), files))
        self._connection.execute(f"SET VARIABLE {scan.name} = ?", [names])
        physical = self._physical_types(scan) if files else {}
        selected = [_column(scan.table, column, physical) for column in scan.table["StorageDescriptor"]["Columns"]]
        selected += [_cast(f'p."{key["Name"].lower()}"', key) for key in scan.table["PartitionKeys"]]
        source = (
            f"{_read(scan)} AS f JOIN {scan.name}_files AS p ON f.filename = p.filename"
            if files
            else f"{scan.name}_files AS p"
        )
        self._connection.execute(f'CREATE TEMP VIEW "{scan.name}" AS SELECT {", ".join(selected)} FROM {source}')  # noqa: S608 - ours

    def _wanted_partitions(self, scan: Scan) -> list[tuple[list[str], str]]:
        keys = scan.table["PartitionKeys"]
        if not keys:
            return [([], scan.table["StorageDescriptor"]["Location"])]
        registered = list(self._partitions(scan.table))
        numbered = [(str(number), *values) for number, (values, _) in enumerate(registered)]
        self._connection.register(f"{scan.name}_registered", _arrow(("number", *_keys(scan.table)), numbered))
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
            raise QueryError(f"HIVE_INVALID_PARTITION_VALUE: {_first_line(error)}") from error
        return [registered[int(number)] for (number,) in sorted(rows, key=lambda row: int(row[0]))]

    def _files(self, location: str) -> Iterator[os.DirEntry[str]]:
        try:
            folder = self._mirror.folder(location)
        except UnmirrorableKeyError as error:
            raise QueryError(f"HIVE_UNKNOWN_ERROR: {error}") from error
        return _visible_files(str(folder))

    def _physical_types(self, scan: Scan) -> dict[str, str]:
        described = self._connection.execute(f"DESCRIBE SELECT * FROM {_read(scan)}").fetchall()  # noqa: S608 - ours
        return {row[0].lower(): row[1] for row in described}


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


def _column(table: Table, column: dict[str, str], physical: dict[str, str]) -> str:
    """A column by its name; one that the files do not have is null, as in Athena."""
    name, declared = column["Name"].lower(), _duckdb_type(column)
    if name not in physical:
        return f'CAST(NULL AS {declared}) AS "{name}"'
    found = physical[name]
    if found not in _READ_AS.get(declared, ()) and not (found == declared):
        raise QueryError(
            f"HIVE_BAD_DATA: Field {name}'s type {found} in parquet files of {table['DatabaseName']}.{table['Name']} "
            f"is incompatible with type {column['Type']} defined in table schema"
        )
    return f'CAST(f."{name}" AS {declared}) AS "{name}"'


def _cast(value: str, column: dict[str, str]) -> str:
    return f'CAST({value} AS {_duckdb_type(column)}) AS "{column["Name"].lower()}"'


def _duckdb_type(column: dict[str, str]) -> str:
    declared = column["Type"].lower()
    kind = _DUCKDB_TYPES.get(declared, declared.upper())
    if kind not in _READ_AS and not kind.startswith("DECIMAL("):
        raise QueryError(f"NOT_SUPPORTED: column {column['Name']}: type {declared} is not offered on the laptop")
    return kind


def _check_table(table: Table) -> None:
    columns = [column["Name"] for column in columns_of(table)]
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise QueryError(
            f"HIVE_INVALID_METADATA: Hive metadata for table {table['Name']} is invalid: "
            f"Table descriptor contains duplicate columns: {', '.join(doubled)}"
        )
    if "parquet" not in str(table["StorageDescriptor"].get("SerdeInfo", {})).lower():
        raise QueryError(f"HIVE_UNSUPPORTED_FORMAT: table {table['Name']} does not say that its files are Parquet")


def _keys(table: Table) -> list[str]:
    return [key["Name"].lower() for key in table["PartitionKeys"]]


def _arrow(names: Iterable[str], rows: list[tuple[str, ...]]) -> pa.Table:
    names = list(names)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})


def _code(error: duckdb.Error) -> str:
    if isinstance(error, duckdb.ConversionException):
        return "INVALID_CAST_ARGUMENT"
    if isinstance(error, (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)):
        return "SYNTAX_ERROR"
    return "GENERIC_INTERNAL_ERROR"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
