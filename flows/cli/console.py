"""What the command line shows: tables and links for a person, or JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from flows.lake.athena import QueryResult

_SHOWN_ROWS = 12
_FRACTIONAL = frozenset({"double", "float", "real"})
_NUMERIC = _FRACTIONAL | {"integer", "bigint", "int", "decimal"}
_WHOLE_FROM = 1000  # below, a whole double is a share or a mean that happens to be whole
_GAP = 3  # blanks between two columns
_FILE_WIDTH = 400  # characters; a file or a pipe has no edge


class Screen:
    """Where a command shows what it does (standard error) and its result (standard output).

    Args:
        as_json: print the result as one JSON document instead of tables.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._out = Console(highlight=False, emoji=False)
        if not self._out.is_terminal:
            self._out = Console(highlight=False, emoji=False, width=_FILE_WIDTH)
        self._err = Console(stderr=True, highlight=False, emoji=False)

    def say(self, text: str) -> None:
        """Say what is being done."""
        self._err.print(text, style="cyan", markup=False, soft_wrap=True)

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

    @contextmanager
    def progress(self) -> Iterator[Callable[[str, int], Callable[[], None]]]:
        """Show how far steps have come, where that can be seen: called with a step and of how many, gives what counts one."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._err, disable=not self._err.is_terminal) as bars:

            def begin(what: str, total: int) -> Callable[[], None]:
                if not self._err.is_terminal:
                    self.say(f"{what}: {total}")
                task = bars.add_task(what, total=total)
                return lambda: bars.advance(task)

            yield begin

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

    def table(self, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print texts in columns, long ones folded."""
        if self._as_json:
            return
        table = Table(box=box.SIMPLE_HEAD, show_edge=False)
        for name in heading:
            table.add_column(Text(name), overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        self._out.print(table)

    def rows(self, result: QueryResult, *, limit: int | None = _SHOWN_ROWS) -> None:
        """Print the answer to a query: as many columns as fit, and the first `limit` rows, or all with None."""
        if self._as_json:
            return
        shown = result.rows[:limit]
        cells = [[_shown(value, type_) for value, type_ in zip(row, result.types, strict=True)] for row in shown]
        fitting = _fitting([result.columns, *cells], self._out.width)
        table = Table(box=box.SIMPLE_HEAD, show_edge=False)
        for name, type_ in zip(result.columns[:fitting], result.types, strict=False):
            table.add_column(Text(name), justify="right" if _is_number(type_) else "left", no_wrap=True)
        for row in cells:
            table.add_row(*(Text(value) for value in row[:fitting]))
        self._out.print(table)
        hidden_columns = ", ".join(result.columns[fitting:])
        notes = [
            f"{len(result.rows)} rows",
            f"{len(result.rows) - len(shown)} not shown" if len(shown) < len(result.rows) else "",
            f"further columns: {hidden_columns}" if hidden_columns else "",
            f"{result.scanned_bytes:,} bytes read in {result.milliseconds} ms",
        ]
        self.line(f"  {'; '.join(note for note in notes if note)}")


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


def _is_number(type_: str) -> bool:
    return type_.split("(", maxsplit=1)[0] in _NUMERIC


def _shown(value: str | None, type_: str) -> str:
    """A value for people: doubles with B3's three decimals, or none where they are whole."""
    if value is None:
        return ""
    if type_ not in _FRACTIONAL:
        return value
    number = float(value)
    return f"{number:,.0f}" if number.is_integer() and abs(number) >= _WHOLE_FROM else f"{number:,.3f}"


def _fitting(rows: Sequence[Sequence[str]], width: int) -> int:
    """How many columns, from the left, fit the width; at least one."""
    widths = [max(len(cell) for cell in column) + _GAP for column in zip(*rows, strict=True)]
    return max(1, sum(1 for total in accumulate(widths) if total <= width))
