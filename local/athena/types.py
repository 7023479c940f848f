"""Trino's types: their names, what DuckDB holds them as, and which of them become which without a cast.

Sources: https://trino.io/docs/current/language/types.html; the rules of TypeCoercion in Trino's analyzer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MAX_PRECISION = 38
LONGEST = 2**31 - 1
"""The length of a varchar without one."""

SESSION_ZONE = "UTC"
"""The zone in which Athena takes a date and time that states none."""

MAX_TIME_DIGITS = 6
"""Digits of a second that DuckDB's timestamps have."""


@dataclass(frozen=True, slots=True)
class SqlType:
    """A type of Trino's.

    Attributes:
        base: its name without arguments.
        numbers: length, precision and scale.
        inner: types of elements, keys and values, fields.
        labels: a row's fields by name; None for one without.
        zone: of `timestamp with time zone`, the zone in which its values are shown; DuckDB keeps the instant alone.
    """

    base: str
    numbers: tuple[int, ...] = ()
    inner: tuple[SqlType, ...] = ()
    labels: tuple[str | None, ...] = ()
    zone: str | None = None

    def __str__(self) -> str:
        if self.base == "row":
            fields = zip(self.labels, self.inner, strict=True)
            return f"row({', '.join(f'{label} {kind}' if label else str(kind) for label, kind in fields)})"
        if self.inner:
            return f"{self.base}({', '.join(map(str, self.inner))})"
        if self.base.startswith("timestamp") and self.numbers:
            return f"timestamp({self.numbers[0]}){self.base.removeprefix('timestamp')}"
        return f"{self.base}({','.join(map(str, self.numbers))})" if self.numbers else self.base

    @property
    def is_integer(self) -> bool:
        """Whether its values are whole numbers of a fixed size."""
        return self.base in INTEGERS

    @property
    def is_number(self) -> bool:
        """Whether one can calculate with it."""
        return self.base in _NUMBERS

    @property
    def is_timestamp(self) -> bool:
        """Whether it is a timestamp, with a zone or without."""
        return self.base in {"timestamp", "timestamp with time zone"}

    @property
    def is_orderable(self) -> bool:
        """Whether its values have an order."""
        return self.base not in {"map", "json"} and all(kind.is_orderable for kind in self.inner)

    @property
    def is_comparable(self) -> bool:
        """Whether two of its values are the same or not."""
        return all(kind.is_comparable for kind in self.inner)

    @property
    def duckdb(self) -> str:
        """What DuckDB holds it as."""
        match self.base:
            case "array":
                return f"{self.inner[0].duckdb}[]"
            case "map":
                return f"MAP({self.inner[0].duckdb}, {self.inner[1].duckdb})"
            case "row":
                return f"STRUCT({', '.join(f'_{i} {kind.duckdb}' for i, kind in enumerate(self.inner))})"
            case "decimal":
                return f"DECIMAL({self.numbers[0]}, {self.numbers[1]})"
            case _:
                return _DUCKDB[self.base]


_DUCKDB = {
    "unknown": "INTEGER",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "varbinary": "BLOB",
    "json": "VARCHAR",  # its text
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    "interval day to second": "BIGINT",  # milliseconds, as in Trino
    "interval year to month": "BIGINT",  # months
    "function": "LAMBDA",
}
INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_NUMBERS = (*INTEGERS, "decimal", "real", "double")
_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}

UNKNOWN = SqlType("unknown")
BOOLEAN = SqlType("boolean")
TINYINT = SqlType("tinyint")
SMALLINT = SqlType("smallint")
INTEGER = SqlType("integer")
BIGINT = SqlType("bigint")
REAL = SqlType("real")
DOUBLE = SqlType("double")
VARCHAR = SqlType("varchar")
VARBINARY = SqlType("varbinary")
JSON = SqlType("json")
DATE = SqlType("date")
TIMESTAMP = SqlType("timestamp", (3,))
TIMESTAMP_UTC = SqlType("timestamp with time zone", (3,), zone="UTC")
DAY_TO_SECOND = SqlType("interval day to second")
YEAR_TO_MONTH = SqlType("interval year to month")


def varchar(length: int | None) -> SqlType:
    """A varchar of a largest length, None for one without."""
    return VARCHAR if length is None else SqlType("varchar", (length,))


def decimal(precision: int, scale: int) -> SqlType:
    """A decimal."""
    return SqlType("decimal", (min(precision, MAX_PRECISION), scale))


def timestamp(digits: int, zone: str | None = None) -> SqlType:
    """A timestamp with these digits of a second."""
    return SqlType("timestamp with time zone" if zone else "timestamp", (digits,), zone=zone)


def array(element: SqlType) -> SqlType:
    """An array."""
    return SqlType("array", inner=(element,))


def map_of(key: SqlType, value: SqlType) -> SqlType:
    """A map."""
    return SqlType("map", inner=(key, value))


def row(*fields: SqlType) -> SqlType:
    """A row of fields without names."""
    return SqlType("row", inner=fields, labels=(None,) * len(fields))


# --- coercion --------------------------------------------------------------------------------------------------------


def common_type(left: SqlType, right: SqlType) -> SqlType | None:
    """The type that values of both become without a cast; None where there is none."""
    if left == right or right.base == "unknown":
        return left
    if left.base == "unknown":
        return right
    if left.base == right.base:
        return _common_of_base(left, right)
    return _wider(left, right) or _wider(right, left)


def coerces(source: SqlType, target: SqlType) -> bool:
    """Whether a value becomes one of another type without a cast."""
    common = common_type(source, target)
    return common is not None and without_zone(common) == without_zone(target)


def without_zone(kind: SqlType) -> SqlType:
    """The type, wherever its timestamps are shown."""
    return replace(kind, zone=None, inner=tuple(map(without_zone, kind.inner)))


def _common_of_base(left: SqlType, right: SqlType) -> SqlType | None:
    match left.base:
        case "decimal":
            return _common_decimal(left, right)
        case "varchar":
            return varchar(max(left.numbers[0], right.numbers[0])) if left.numbers and right.numbers else VARCHAR
        case "timestamp" | "timestamp with time zone":
            if left.zone != right.zone:
                return None  # each value would need a zone of its own
            return replace(left, numbers=(max(left.numbers[0], right.numbers[0]),))
        case "array" | "map" | "row":
            return _common_of_inner(left, right)
        case _:
            return None


def _common_of_inner(left: SqlType, right: SqlType) -> SqlType | None:
    if len(left.inner) != len(right.inner):
        return None
    inner = [common_type(one, other) for one, other in zip(left.inner, right.inner, strict=True)]
    if any(kind is None for kind in inner):
        return None
    labels = tuple(one if one == other else None for one, other in zip(left.labels, right.labels, strict=True))
    return SqlType(left.base, inner=tuple(kind for kind in inner if kind), labels=labels)


def _common_decimal(left: SqlType, right: SqlType) -> SqlType:
    scale = max(left.numbers[1], right.numbers[1])
    whole = max(left.numbers[0] - left.numbers[1], right.numbers[0] - right.numbers[1])
    return decimal(whole + scale, scale)


def _wider(narrow: SqlType, wide: SqlType) -> SqlType | None:
    """The type of both, where the first becomes the second or a wider one of its base."""
    if narrow.is_integer and wide.is_integer:
        return wide if INTEGERS.index(narrow.base) < INTEGERS.index(wide.base) else None
    if narrow.is_integer and wide.base == "decimal":
        return _common_decimal(decimal(_DIGITS[narrow.base], 0), wide)
    if narrow.is_number and wide.base in {"real", "double"}:
        return wide if narrow.base != "double" else None
    if narrow.base == "date" and wide.is_timestamp:
        return wide if wide.zone in {None, SESSION_ZONE} else None
    if narrow.base == "timestamp" and wide.base == "timestamp with time zone":
        digits = max(narrow.numbers[0], wide.numbers[0])
        return replace(wide, numbers=(digits,)) if wide.zone in {None, SESSION_ZONE} else None
    return None


def duckdb_zone(zone: str | None) -> str:
    """A zone's name for DuckDB, which calls a distance from UTC by another one."""
    name = zone or SESSION_ZONE
    if name[0] not in "+-":
        return name
    return f"Etc/GMT{'-' if name[0] == '+' else '+'}{int(name[1:3])}"


def as_decimal(kind: SqlType) -> SqlType:
    """The decimal that holds every value of a number's type."""
    return decimal(_DIGITS[kind.base], 0) if kind.is_integer else kind
