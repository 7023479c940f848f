"""What a query asks of partition columns, as a condition on the rows of the state, where SQLite takes it as DuckDB does.

Ten years of sessions are 200,000 partitions of one table: to give DuckDB all of them, for it to choose a day's 84, takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_NUMBERS = ("int", "bigint")  # which take any number of nine digits
_TEXTS = ("string", "varchar")
_OWN = ("_at", "_values", "_location", "_odd")
_WORDS = "AND|OR|NOT|IN|BETWEEN|IS|NULL"
# Comparisons of columns with numbers and texts mean the same to both; what is reckoned or cast may not.
_PLAIN = re.compile(
    rf""" ( \s | "[^"]+" | '(?:[^']|'')*' | \b\d{{1,9}}\b | [().,=<>] | \b(?:{_WORDS})\b )+ """, re.VERBOSE
)


def stated(place: int) -> str:
    """SQLite's text of what a partition states of the partition column at this place."""
    return f"json_extract(partition_values, '$[{place}]')"


def as_number(text: str) -> str:
    """SQLite's text of such a statement as a whole number."""
    return f"CAST({text} AS INTEGER)"


def choice(alias: str, condition: str, keys: Sequence[Mapping[str, str]], here: str) -> str | None:
    """SQLite's query for values and location, in order, of the partitions for which a condition may hold.

    Those whose values are no numbers where numbers belong are among them: what is wrong with a value is to be told.

    Args:
        alias: what the condition calls the table.
        condition: DuckDB's text.
        keys: the table's partition columns, with `Name` and `Type`.
        here: the condition of all rows of the table, which has no quotes.

    Returns:
        The query; None where the condition, or a column's type, is not of those that both take for the same.
    """
    columns = [(key["Name"].lower(), key["Type"].lower().partition("(")[0]) for key in keys]
    known = all(kind in _NUMBERS + _TEXTS and name not in _OWN and '"' not in name for name, kind in columns)
    if not known or '"' in alias or not _PLAIN.fullmatch(condition):
        return None
    texts = {name: stated(place) for place, (name, _) in enumerate(columns)}
    numbers = [texts[name] for name, kind in columns if kind in _NUMBERS]
    odd = [f"{text} GLOB '*[^0-9]*' OR length({text}) NOT BETWEEN 1 AND 9" for text in numbers]
    shown = [f'{as_number(texts[name]) if kind in _NUMBERS else texts[name]} AS "{name}"' for name, kind in columns]
    own = ["rowid AS _at", "partition_values AS _values", "location AS _location"]
    rows = f"SELECT {', '.join([*own, *shown])}, ({' OR '.join(odd) or '0'}) AS _odd FROM partitions WHERE {here}"  # noqa: S608 - ours
    return f'SELECT _values, _location FROM ({rows}) AS "{alias}" WHERE ({condition}) OR _odd ORDER BY _at'  # noqa: S608 - looked at
