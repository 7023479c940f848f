"""What kind of statement a text is, and those that look into the catalog and read no data: SHOW and DESCRIBE.

Source: https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis.catalog import VIEW_TYPE, definition_of
from local.athena.language.cursor import Cursor
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError
from local.athena.language.tokens import TokenKind
from local.athena.table_texts import create_table_lines, description_lines
from local.athena.text import QueryAnswer, column_info

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.athena.analysis.planned import CatalogTable
    from local.athena.rights import CallersCatalog

_QUERIES = {"SELECT", "WITH", "VALUES", "TABLE"}
_SHOWN = {"SHOW", "DESCRIBE", "DESC"}
_DML = {"INSERT", "DELETE", "UPDATE", "MERGE", "UNLOAD"}
_REFUSED = {
    *(
        "ALTER",
        "ANALYZE",
        "CALL",
        "COMMENT",
        "CREATE",
        "DEALLOCATE",
        "DELETE",
        "DROP",
        "EXECUTE",
        "EXPLAIN",
        "GRANT",
        "INSERT",
    ),
    *("MERGE", "MSCK", "OPTIMIZE", "PREPARE", "REVOKE", "SET", "TRUNCATE", "UNLOAD", "UPDATE", "USE", "VACUUM"),
}
"""Statements that Athena has and the account on the laptop has not."""


@dataclass(frozen=True, slots=True)
class StatementKind:
    """What a text is.

    Attributes:
        word: its first, in capitals: past blanks and comments.
        type: Athena's StatementType.
        is_query: whether it answers with rows of data.
    """

    word: str
    type: str
    is_query: bool


def kind_of(text: str) -> StatementKind:
    """What kind of statement a text is, whatever comments it begins with."""
    try:
        cursor = Cursor(text, takes_backquotes=True)
    except AthenaQueryError:
        return StatementKind("", "DML", is_query=True)  # what is wrong with it is said where it is run
    while cursor.sees("("):
        cursor.advance()
    word = cursor.token.word
    if word in _QUERIES or (cursor.token.kind is TokenKind.END and not word):
        return StatementKind("SELECT" if word != "VALUES" else word, "DML", is_query=True)
    if word in _DML:
        return StatementKind(word, "DML", is_query=False)
    return StatementKind(word, "UTILITY" if word == "EXPLAIN" else "DDL", is_query=word not in _REFUSED | _SHOWN)


def run_statement(text: str, database: str, catalog: CallersCatalog) -> QueryAnswer | None:
    """The output of a SHOW or DESCRIBE; None for a query.

    Args:
        text: the statement.
        database: where names without a database are looked for.
        catalog: databases, tables and partitions, as the caller may see them.

    Raises:
        AthenaQueryError: there is no such table, or no such statement.
    """
    kind = kind_of(text)
    if kind.word in _REFUSED:
        reads = "the account on the laptop runs queries that read"
        raise AthenaQueryError(f"NOT_SUPPORTED: {reads}; {kind.word} is refused, Athena has it")
    if kind.word not in _SHOWN:
        return None
    return _Statement(Cursor(text, takes_backquotes=True), database, catalog).answer()


class _Statement:
    def __init__(self, cursor: Cursor, database: str, catalog: CallersCatalog) -> None:
        self._cursor = cursor
        self._database = database
        self._catalog = catalog

    def answer(self) -> QueryAnswer:  # noqa: PLR0911 - one answer a word
        if self._cursor.advance().word != "SHOW":
            return self._description()
        word = self._cursor.advance()
        match word.word:
            case "DATABASES" | "SCHEMAS":
                return self._listed("database_name", (str(known["Name"]) for known in self._catalog.databases()))
            case "TABLES":
                return self._listed("tab_name", (table["Name"] for table in self._tables()))
            case "VIEWS":
                views = (table["Name"] for table in self._tables() if table.get("TableType") == VIEW_TYPE)
                return self._listed("views", views)
            case "COLUMNS":
                return self._columns()
            case "PARTITIONS":
                return self._partitions()
            case "CREATE":
                return self._create()
            case "TBLPROPERTIES" | "FUNCTIONS" | "CATALOGS" | "SESSION" | "STATS" | "GRANTS" | "ROLES":
                raise NotOnLaptopError(f"SHOW {word.word}", word.at)
            case _:
                raise AthenaQueryError.at(word.at, "SYNTAX_ERROR", f"mismatched input '{word.shown}'")

    # --- names -----------------------------------------------------------------------------------------------------------

    def _tables(self) -> list[CatalogTable]:
        database = self._cursor.name().key if self._cursor.takes("IN") or self._cursor.takes("FROM") else self._database
        return self._catalog.tables(database)

    def _table(self) -> CatalogTable:
        at, name, database = self._cursor.at, self._cursor.name().key, self._database
        if self._cursor.takes("."):
            database, name = name, self._cursor.name().key
        elif self._cursor.takes("IN") or self._cursor.takes("FROM"):
            database = self._cursor.name().key
        found = self._catalog.find(database, name)
        if found is None:
            raise AthenaQueryError.at(at, "TABLE_NOT_FOUND", f"Table '{database}.{name}' does not exist")
        return found

    def _end(self) -> None:
        self._cursor.takes(";")
        if self._cursor.token.kind is not TokenKind.END:
            self._cursor.fail()

    def _listed(self, column: str, names: Iterable[str]) -> QueryAnswer:
        found = list(names)
        if self._cursor.takes("LIKE") or self._cursor.token.kind is TokenKind.STRING:
            patterns = self._cursor.string().lower().split("|")
            found = [
                name for name in found if any(fnmatchcase(name, pattern.replace(".*", "*")) for pattern in patterns)
            ]
        self._end()
        return _answer(column, found)

    # --- statements ------------------------------------------------------------------------------------------------------

    def _columns(self) -> QueryAnswer:
        if not (self._cursor.takes("IN") or self._cursor.takes("FROM")):
            self._cursor.fail("'IN'", "'FROM'")
        table = self._table()
        self._end()
        columns = (*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", []))
        return _answer("field", (column["Name"] for column in columns))

    def _partitions(self) -> QueryAnswer:
        at, table = self._cursor.at, self._table()
        self._end()
        keys = [key["Name"] for key in table.get("PartitionKeys", [])]
        if not keys:
            message = f"Table {table['DatabaseName']}.{table['Name']} is not a partitioned table"
            raise AthenaQueryError.at(at, "INVALID_TABLE_PROPERTY", message)
        paths = (
            "/".join(f"{name}={value}" for name, value in zip(keys, values, strict=True))
            for values, _ in self._catalog.locations(table)
        )
        return _answer("partition", sorted(paths))

    def _create(self) -> QueryAnswer:
        if self._cursor.takes("VIEW"):
            at, view = self._cursor.at, self._table()
            self._end()
            if view.get("TableType") != VIEW_TYPE:
                raise AthenaQueryError.at(
                    at, "NOT_SUPPORTED", f"'{view['DatabaseName']}.{view['Name']}' is a table, not a view"
                )
            sql = definition_of(view)["originalSql"]
            name = f"{view['DatabaseName']}.{view['Name']}"
            return _answer("Create View", f"CREATE VIEW {name} AS\n{sql}".splitlines())
        at = self._cursor.expect("TABLE").at
        table = self._table()
        self._end()
        if table.get("TableType") == VIEW_TYPE:
            raise AthenaQueryError.at(
                at, "NOT_SUPPORTED", f"'{table['DatabaseName']}.{table['Name']}' is a view; use SHOW CREATE VIEW"
            )
        return _answer("createtab_stmt", create_table_lines(table))

    def _description(self) -> QueryAnswer:
        if self._cursor.sees_any("FORMATTED", "EXTENDED", "INPUT", "OUTPUT"):
            raise NotOnLaptopError(f"DESCRIBE {self._cursor.token.word}", self._cursor.at)
        self._cursor.takes("TABLE")
        table = self._table()
        if self._cursor.takes("PARTITION"):
            self._partition_of(table)
        if self._cursor.sees_name():
            raise NotOnLaptopError("DESCRIBE of one column", self._cursor.at)
        self._end()
        return _answer("col_name", description_lines(table))

    def _partition_of(self, table: CatalogTable) -> None:
        at = self._cursor.at
        wanted = dict(self._cursor.enclosed(lambda: self._cursor.listed(self._partition_value)))
        keys = [key["Name"].lower() for key in table.get("PartitionKeys", [])]
        if set(wanted) != set(keys):
            raise AthenaQueryError.at(
                at, "SYNTAX_ERROR", f"a partition of {table['Name']} is told by {', '.join(keys) or 'nothing'}"
            )
        values = [wanted[key] for key in keys]
        if not any([*known] == values for known, _ in self._catalog.locations(table)):
            shown = ", ".join(f"{key}={value}" for key, value in wanted.items())
            raise AthenaQueryError.at(at, "PARTITION_NOT_FOUND", f"Partition not found: {{{shown}}}")

    def _partition_value(self) -> tuple[str, str]:
        name = self._cursor.name().key
        self._cursor.expect("=")
        if self._cursor.token.kind is TokenKind.STRING:
            return name, self._cursor.string()
        return name, str(self._cursor.integer())


def _answer(name: str, values: Iterable[str]) -> QueryAnswer:
    return QueryAnswer((column_info(name, types.VARCHAR),), tuple((value,) for value in values))
