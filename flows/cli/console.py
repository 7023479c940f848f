"""What the command line shows: tables and links for a person, or JSON for a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flows.cli.language import counted, tr, written
from flows.cli.tables import GAP, Cells, Layout, formatted, heading, is_number, lay_out
from flows.cli.visible import json_text, visible

if TYPE_CHECKING:
    from flows.lake.athena import QueryResult

_MAX_ROWS = 12
_FILE_WIDTH = 400  # characters; a file or a pipe has no edge


def _plain_keys(body: object) -> object:
    """JSON whose keys have no blanks; the rows of a query keep the names that it gives its columns."""
    if isinstance(body, Mapping):
        return {name.replace(" ", "_"): value if name == "rows" else _plain_keys(value) for name, value in body.items()}
    return [_plain_keys(item) for item in body] if isinstance(body, list | tuple) else body


PROGRESS = (
    *("checking", "parsing", "reading again", "reading prices", "refining and publishing", "uploading", "verifying"),
)
"""What steps of which the progress is shown are called."""


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
        self._err.print(visible(text), style="cyan", markup=False, soft_wrap=True)

    def fail(self, text: str) -> None:
        """Say why the command failed, in one line."""
        self._err.print(tr("failed: {}").format(visible(text)), style="bold red", markup=False, soft_wrap=True)

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
        # Few commands show it.
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._err, disable=not self._err.is_terminal) as bars:

            def begin(what: str, total: int) -> Callable[[], None]:
                if total and not self._err.is_terminal:
                    self.say(f"{tr(what)}: {written(f'{total:,}')}")
                task = bars.add_task(tr(what), total=total)
                return lambda: bars.advance(task)

            yield begin

    def result(self, body: Mapping[str, Any]) -> None:
        """Print the result as JSON, when the command was asked for it."""
        if self._as_json:
            self._out.print(json_text(_plain_keys(body)), markup=False, soft_wrap=True)

    def heading(self, text: str) -> None:
        """Print a heading of the result."""
        if not self._as_json:
            self._out.print(f"\n{visible(text)}", style="bold", markup=False)

    def line(self, text: str) -> None:
        """Print a line of the result."""
        if not self._as_json:
            self._out.print(visible(text), markup=False, soft_wrap=True)

    def wrapped(self, text: str, indent: int) -> None:
        """Print a text of the result, in lines that are indented by so many blanks and fit the screen."""
        if not self._as_json:
            self._out.print(Padding(Text(text), (0, 0, 0, indent), expand=False))

    def pairs(self, pairs: Sequence[tuple[str, str]], *, indent: int = 2) -> None:
        """Print names and values in two columns."""
        width = max((len(name) for name, _ in pairs), default=0)
        for name, value in pairs:
            self.line(f"{' ' * indent}{name.ljust(width)}  {value}")

    def table(self, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print texts in columns, long ones folded."""
        if self._as_json:
            return
        table = Table(box=box.SIMPLE_HEAD, show_edge=False)
        for name in heading:
            table.add_column(Text(tr(name)), overflow="fold")
        for row in rows:
            table.add_row(*(Text(visible(cell)) for cell in row))
        self._out.print(table)

    def rows(self, result: QueryResult, *, limit: int | None = _MAX_ROWS, basis: str = "") -> None:
        """Print the answer to a query as it fits the screen, and page through it where it is longer.

        Args:
            limit: how many rows at most; None for all.
            basis: which sessions the answer rests on, in one line.
        """
        if self._as_json:
            return
        rows = result.rows[:limit]
        with self.paged(len(rows)):
            layout = self.grid(result.columns, result.types, rows)
            self.line(f"  {_footnote(result, len(rows), layout)}")
            if basis:
                self.line(f"  {basis}")

    def grid(self, names: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Layout:
        """Print rows as they fit the screen: as a table, or each upright; how they were set."""
        names = [*map(visible, names)]
        cells = [[visible(formatted(value, type_)) for value, type_ in zip(row, types, strict=True)] for row in rows]
        if len(rows) == 1 and not any(cells[0]):  # an answer of nothing but nulls would look like none
            cells = [["null"] * len(names)]
        layout = lay_out(names, types, cells, self._out.width)
        if layout.upright:
            self._upright(names, cells)
        else:
            self._once(names, layout, cells)
            self._out.print(_table(names, types, layout, cells))
        return layout

    @contextmanager
    def paged(self, lines: int) -> Iterator[None]:
        """Page through what is printed within the block, on a terminal that has fewer lines."""
        if self._as_json or not self._out.is_terminal or lines < self._out.height:
            yield
            return
        with self._out.pager():
            yield

    def _once(self, names: Sequence[str], layout: Layout, cells: Cells) -> None:
        """What is the same in every row, above them."""
        constants = [f"{names[number]} {cells[0][number] or tr('none')}" for number in layout.constant]
        repeated = [tr("{} as {}").format(names[number], names[first]) for number, first in layout.same]
        if constants or repeated:
            self._out.print(
                Padding(Text(tr("in every row: {}").format(", ".join([*constants, *repeated]))), (0, 0, 1, 2))
            )

    def _upright(self, names: Sequence[str], cells: Cells) -> None:
        for number, row in enumerate(cells, 1):
            if len(cells) > 1:
                self.line(tr("{} of {}").format(number, len(cells)))
            grid = Table.grid(padding=(0, 2), pad_edge=False)
            for name, value in zip(names, row, strict=True):
                grid.add_row(Text(f"  {name}"), Text(value, overflow="fold"))
            self._out.print(grid)


def _table(names: Sequence[str], types: Sequence[str], layout: Layout, cells: Cells) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    for number in layout.visible:
        name = heading(names[number]) if layout.broken else names[number]
        table.add_column(Text(name), justify="right" if is_number(types[number]) else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(row[number]) for number in layout.visible))
    return table


def left_out(number: int) -> str:
    """That so many rows are not shown; nothing of none."""
    return tr("{} not shown").format(written(f"{number:,}")) if number else ""


def _footnote(result: QueryResult, printed: int, layout: Layout) -> str:
    hidden = ", ".join(result.columns[number] for number in layout.hidden)
    notes = [
        counted(len(result.rows), "row"),
        left_out(len(result.rows) - printed),
        tr("further columns: {}").format(hidden) if hidden else "",
        tr("{} read in {} ms").format(counted(result.scanned_bytes, "byte"), written(f"{result.milliseconds:,}")),
    ]
    return "; ".join(note for note in notes if note)
