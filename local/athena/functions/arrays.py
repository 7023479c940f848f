"""Trino's functions of arrays and maps.

Source: https://trino.io/docs/current/functions/array.html and …/map.html. A row is a dict here, an array a list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from local.athena.functions.dates import date_add
from local.athena.functions.errors import invalid_argument, not_on_laptop

_LARGEST_SEQUENCE = 10_000
_WRONG_STEP = (
    "sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be "
    "less than or equal to start"
)


def _key(value: Any) -> Any:  # noqa: ANN401 - a value of any type, something that can be hashed
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=str)
    return value


def _no_nulls(values: Iterable[Any], name: str) -> None:
    if any(isinstance(value, (list, dict)) and _holds_null(value) for value in values):
        raise not_on_laptop(f"{name} of arrays or rows with nulls in them")


def _holds_null(value: Any) -> bool:  # noqa: ANN401 - a value of any type
    inner = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return None in inner or any(map(_holds_null, inner))


def array_distinct(values: list[Any]) -> list[Any]:
    """Each value once, in the order in which they first come."""
    return _unique(values)


def _unique(values: Iterable[Any]) -> list[Any]:
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(_key(value), value)
    return list(found.values())


def array_union(left: list[Any], right: list[Any]) -> list[Any]:
    """The values of both, each once."""
    return _unique([*left, *right])


def array_intersect(left: list[Any], right: list[Any]) -> list[Any]:
    """The values that both have, each once, in the order of the longer."""
    if len(left) < len(right):
        left, right = right, left
    keys = {_key(value) for value in right}
    return _unique(value for value in left if _key(value) in keys)


def array_except(left: list[Any], right: list[Any]) -> list[Any]:
    """The values that the second has not, each once."""
    keys = {_key(value) for value in right}
    return _unique(value for value in left if _key(value) not in keys)


def arrays_overlap(left: list[Any], right: list[Any]) -> bool | None:
    """Whether both have a value; null where only a null could be it."""
    _no_nulls([*left, *right], "arrays_overlap")
    keys = {_key(value) for value in right if value is not None}
    if any(_key(value) in keys for value in left if value is not None):
        return True
    return None if left and right and (None in left or None in right) else False


def contains(values: list[Any], wanted: Any) -> bool | None:  # noqa: ANN401 - a value of any type
    """Whether an array has a value; null where it has none and a null."""
    _no_nulls([*values, wanted], "contains")
    if wanted in values:
        return True
    return None if None in values else False


def array_position(values: list[Any], wanted: Any) -> int:  # noqa: ANN401 - a value of any type
    """Where a value first comes, from 1; else 0."""
    _no_nulls([*values, wanted], "array_position")
    return values.index(wanted) + 1 if wanted in values else 0


def array_remove(values: list[Any], unwanted: Any) -> list[Any]:  # noqa: ANN401 - a value of any type
    """Without a value; nulls stay."""
    _no_nulls([*values, unwanted], "array_remove")
    return [value for value in values if value is None or value != unwanted]


def array_join(values: list[Any], delimiter: str) -> str:
    """The texts with a delimiter between them; without nulls."""
    return delimiter.join(value for value in values if value is not None)


def array_join_with(values: list[Any], delimiter: str, null: str) -> str:
    """The texts with a delimiter between them, and another text for a null."""
    return delimiter.join(null if value is None else value for value in values)


def array_max(values: list[Any]) -> Any:  # noqa: ANN401 - a value of any type
    """The greatest; null where the array is empty or has a null."""
    _no_nulls(values, "array_max")
    return None if not values or None in values else max(values)


def array_min(values: list[Any]) -> Any:  # noqa: ANN401 - a value of any type
    """The least; null where the array is empty or has a null."""
    _no_nulls(values, "array_min")
    return None if not values or None in values else min(values)


def array_sort(values: list[Any]) -> list[Any]:
    """In order, nulls last."""
    if any(isinstance(value, dict) for value in values):
        raise not_on_laptop("array_sort of rows")
    _no_nulls(values, "array_sort")
    return sorted(value for value in values if value is not None) + [None] * values.count(None)


def reverse(values: list[Any]) -> list[Any]:
    """Backwards."""
    return values[::-1]


def slice_(values: list[Any], start: int, length: int) -> list[Any]:
    """So many elements from a place on, from 1, or from the end where negative."""
    if length < 0:
        raise invalid_argument("length must be greater than or equal to 0")
    if start == 0:
        raise invalid_argument("SQL array indices start at 1")
    first = start - 1 if start > 0 else len(values) + start
    return [] if first < 0 else values[first : first + length]


def element_at(values: list[Any], place: int) -> Any:  # noqa: ANN401 - a value of any type
    """The element at a place, from the end where negative; null beyond the array."""
    if place == 0:
        raise invalid_argument("SQL array indices start at 1")
    if abs(place) > len(values):
        return None
    return values[place - 1] if place > 0 else values[place]


def value_at(entries: dict[Any, Any], key: Any) -> Any:  # noqa: ANN401 - a value of any type
    """A key's value; null where the map has it not."""
    return entries.get(key)


def repeat(value: Any, count: int | None) -> list[Any] | None:  # noqa: ANN401 - a value of any type
    """A value so many times."""
    if count is None:
        return None
    if count > _LARGEST_SEQUENCE:
        raise invalid_argument("count argument of repeat function must be less than or equal to 10000")
    return [value] * max(count, 0)


def flatten(values: list[list[Any] | None]) -> list[Any]:
    """An array of arrays as one."""
    return [value for inner in values if inner is not None for value in inner]


def concat(*arrays: list[Any]) -> list[Any]:
    """Arrays one after another."""
    return [value for values in arrays for value in values]


def sequence(first: Any, last: Any, step: Any = None) -> list[Any]:  # noqa: ANN401 - whole numbers or moments
    """From one number or moment to another, by a step."""
    nothing = first - first
    step = (1 if first <= last else -1) if step is None else step
    if step == nothing:
        raise invalid_argument("step must not be zero")
    if (first < last and step < nothing) or (first > last and step > nothing):
        raise invalid_argument(_WRONG_STEP)
    count = (last - first) // step + 1
    if count > _LARGEST_SEQUENCE:
        raise invalid_argument(f"result of sequence function must not have more than {_LARGEST_SEQUENCE} entries")
    return [first + place * step for place in range(count)]


def sequence_of_moments(first: date, last: date, milliseconds: int | None = None) -> list[date]:
    """From one date or timestamp to another; by a day, unless a step of milliseconds is given."""
    day = 86_400_000
    step = (day if first <= last else -day) if milliseconds is None else milliseconds
    if not isinstance(first, datetime) and step % day:
        raise invalid_argument("sequence step must be a day interval if start and end values are dates")
    return sequence(first, last, timedelta(milliseconds=step))


def sequence_of_months(first: date, last: date, months: int) -> list[date]:
    """From one date or timestamp to another, by so many months."""
    if months == 0:
        raise invalid_argument("step must not be zero")
    if (first < last and months < 0) or (first > last and months > 0):
        raise invalid_argument(_WRONG_STEP)
    found: list[date] = []
    moment = first
    while (moment <= last) if months > 0 else (moment >= last):
        found.append(moment)
        moment = date_add("month", months * len(found), first)
    return found


# --- maps ------------------------------------------------------------------------------------------------------------


def map_of(keys: list[Any], values: list[Any]) -> dict[Any, Any]:
    """A map of its keys and its values."""
    if len(keys) != len(values):
        raise invalid_argument("Key and value arrays must be the same length")
    if None in keys:
        raise invalid_argument("map key cannot be null")
    found: dict[Any, Any] = {}
    for key, value in zip(keys, values, strict=True):
        if key in found:
            raise invalid_argument(f"Duplicate map keys ({key}) are not allowed")
        found[key] = value
    return found


def map_from_entries(entries: list[Any]) -> dict[Any, Any]:
    """A map of rows of a key and a value."""
    if None in entries:
        raise invalid_argument("map entry cannot be null")
    return map_of([entry["_0"] for entry in entries], [entry["_1"] for entry in entries])


def first_pairs(entries: list[Any] | None) -> dict[Any, Any] | None:
    """A map of the keys that are not null, each with the first of its values."""
    if entries is None:
        return None
    found: dict[Any, Any] = {}
    for entry in entries:
        if entry["_0"] is not None:
            found.setdefault(entry["_0"], entry["_1"])
    return found


def counts(values: list[Any] | None) -> dict[Any, int] | None:
    """How often each value comes that is not null."""
    if values is None:
        return None
    found: dict[Any, int] = {}
    for value in values:
        if value is not None:
            found[value] = found.get(value, 0) + 1
    return found


def map_entries(entries: dict[Any, Any]) -> list[dict[str, Any]]:
    """The pairs of a map, as rows."""
    return [{"_0": key, "_1": value} for key, value in entries.items()]


def map_keys(entries: dict[Any, Any]) -> list[Any]:
    """The keys of a map."""
    return list(entries)


def map_values(entries: dict[Any, Any]) -> list[Any]:
    """The values of a map."""
    return list(entries.values())


def map_concat(*maps: dict[Any, Any]) -> dict[Any, Any]:
    """Maps put together; of a key that several have, the last value."""
    return {key: value for entries in maps for key, value in entries.items()}


def cardinality(values: list[Any] | dict[Any, Any]) -> int:
    """How many elements or pairs there are."""
    return len(values)
