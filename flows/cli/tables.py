"""How rows fit a screen: which columns are shown, what is said once above them, and when a table is set upright instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from flows.cli.language import written

FRACTIONAL = frozenset({"double", "float", "real", "decimal"})
_WHOLE = frozenset({"tinyint", "smallint", "integer", "bigint", "int"})
_NUMERIC = FRACTIONAL | _WHOLE
_TEXTS = frozenset({"varchar", "char", "string"})
_SEPARATED_FROM = 10_000  # below, a whole number may be a year
_WHOLE_FROM = 1000  # below, a whole double is a share or a mean that happens to be whole
_WIDEST_TEXT = 40  # characters; what is longer is folded where the width does not suffice
_FEW_ROWS = 3  # as many are set upright rather than without some of their columns
GAP = 2  # blanks between two columns

Cells = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are set.

    Attributes:
        visible: the columns of the table, by number.
        constant: columns whose value is the same in every row, said once above; none where all columns fit.
        same: columns that repeat an earlier one in every row, each with that one.
        hidden: columns for which there is no room, all of texts.
        upright: each row is set as names and values below one another; then nothing is hidden.
        broken: headings are broken, for columns to be as narrow as their values.
    """

    visible: tuple[int, ...]
    constant: tuple[int, ...] = ()
    same: tuple[tuple[int, int], ...] = ()
    hidden: tuple[int, ...] = ()
    upright: bool = False
    broken: bool = False


def heading(name: str) -> str:
    """A column's name as its heading, which may be broken before an underline."""
    return re.sub(r"(?<=[^_])_", "\n_", name)


def is_number(type_: str) -> bool:
    """Whether Athena's type is one of numbers."""
    return type_.split("(", maxsplit=1)[0] in _NUMERIC


def formatted(value: str | None, type_: str) -> str:
    """A value for people: doubles with B3's three decimals, or none where they are whole; thousands set apart."""
    if value is None:
        return ""
    if type_ in FRACTIONAL:
        number = float(value)
        whole = number.is_integer() and abs(number) >= _WHOLE_FROM
        return written(f"{number:,.0f}" if whole else f"{number:,.3f}")
    if type_ in _WHOLE and abs(int(value)) >= _SEPARATED_FROM:
        return written(f"{int(value):,}")
    return value


def lay_out(names: Sequence[str], types: Sequence[str], cells: Cells, width: int) -> Layout:
    """Set rows in a width of so many characters.

    Numbers, dates and the first column that varies are never left out for a text.

    Args:
        types: Athena's types of the columns.
        cells: the rows' values, as shown.
    """
    columns = [*zip(*cells, strict=True)] if cells else [()] * len(names)
    everything = tuple(range(len(names)))
    if _total([_width([name, *column]) for name, column in zip(names, columns, strict=True)]) <= width:
        return Layout(everything)
    widths = [_width([*heading(name).split("\n"), *column]) for name, column in zip(names, columns, strict=True)]
    if not cells or _total(widths) <= width:
        return Layout(everything, broken=True)
    layout = _narrowed(types, columns, [min(each, _WIDEST_TEXT) for each in widths], width)
    few = len(cells) == 1 or (len(cells) <= _FEW_ROWS and layout.hidden)
    return Layout(everything, upright=True) if few else layout


def _narrowed(types: Sequence[str], columns: Sequence[Sequence[str]], widths: Sequence[int], width: int) -> Layout:
    everything = tuple(range(len(columns)))
    constant = tuple(number for number in everything if len(set(columns[number])) == 1)
    first = {number: columns.index(columns[number]) for number in everything}
    same = tuple((number, first[number]) for number in everything if first[number] < number and number not in constant)
    left = [number for number in everything if number not in constant and first[number] == number]
    chosen = [number for number in left if number == left[0] or types[number] not in _TEXTS]
    if not chosen or _total([widths[number] for number in chosen]) > width:
        return Layout(everything, upright=True)
    for number in left:
        if number not in chosen and _total([widths[each] for each in (*chosen, number)]) <= width:
            chosen.append(number)
    hidden = tuple(number for number in left if number not in chosen)
    return Layout(tuple(sorted(chosen)), constant, same, hidden, broken=True)


def _width(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts))


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)
