"""What the command line shows: tables and links for a person, or JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.athena import QueryResult

_SHOWN_ROWS = 12
_NUMERIC = frozenset({"double", "integer", "bigint", "int", "float", "decimal"})


class Screen:
    """Where a command shows what it does (standard error) and its result (standard output).

    Args:
        as_json: print the result as one JSON document instead of tables.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._out = Console(highlight=False)
        self._err = Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """Say what is being done."""
        self._err.print(text, style="cyan", markup=False)

    def fail(self, text: str) -> None:
        """Say why the command failed, in one line."""
        self._err.print(f"failed: {text}", style="bold red", markup=False, soft_wrap=True)

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Say what is being done, and show that it is still going on where that can be seen."""
        self.say(text)
        if not self._err.is_terminal:
            yield
            return
        with self._err.status(Text(text)):
            yield

    def result(self, body: Mapping[str, Any]) -> None:
        """Print the result as JSON, when the command was asked for it."""
        if self._as_json:
            self._out.print(json.dumps(body, ensure_ascii=False, indent=1), markup=False, soft_wrap=True)

    def heading(self, text: str) -> None:
        """Print a heading of the result."""
        if not self._as_json:
            self._out.print(f"\n{text}", style="bold", markup=False)

    def line(self, text: str) -> None:
        """Print a line of the result."""
        if not self._as_json:
            self._out.print(text, markup=False, soft_wrap=True)

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Print names and values in two columns."""
        width = max((len(name) for name, _ in pairs), default=0)
        for name, value in pairs:
            self.line(f"  {name.ljust(width)}  {value}")

    def rows(self, result: QueryResult, *, limit: int | None = _SHOWN_ROWS) -> None:
        """Print the answer to a query; the first `limit` rows of it, or all with None."""
        if self._as_json:
            return
        table = Table(*(_column(name) for name in result.columns))
        for name, type_ in zip(table.columns, result.types, strict=True):
            name.justify = "right" if type_.split("(")[0] in _NUMERIC else "left"
        for row in result.rows[:limit]:
            table.add_row(*(Text("" if value is None else value) for value in row))
        self._out.print(table)
        rest = len(result.rows) - len(result.rows[:limit])
        more = f", {rest} more not shown" if rest else ""
        self.line(f"  {len(result.rows)} rows{more}; {result.scanned_bytes:,} bytes read in {result.milliseconds} ms")


def query_body(sql: str, result: QueryResult) -> dict[str, Any]:
    """The answer to a query as JSON's types: rows as lists, values as Athena writes them."""
    return {
        "sql": sql,
        "columns": list(result.columns),
        "types": list(result.types),
        "rows": [list(row) for row in result.rows],
        "scanned_bytes": result.scanned_bytes,
        "milliseconds": result.milliseconds,
        "output": result.output,
    }


def _column(name: str) -> str:
    # Long names break where people can read them, so that thirteen columns fit a screen.
    return name.replace("_", "_\u200b")
