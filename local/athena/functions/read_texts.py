"""Texts read as numbers, truths and dates, as Trino's CAST reads them.

Source: https://trino.io/docs/current/functions/conversion.html and the tests of Trino's casts.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from local.athena.functions.errors import invalid_cast, not_on_laptop
from local.athena.functions.numbers import half_up
from local.athena.types import MAX_PRECISION, SqlType

LIMITS = {"tinyint": 2**7, "smallint": 2**15, "integer": 2**31, "bigint": 2**63}
"""For each type of whole numbers the least that is too large."""

_SHORT = {"integer": "INT"}
_FLOAT = re.compile(r"[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?)", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"\s*(\d{1,4})-(\d{1,2})-(\d{1,2})\s*", re.ASCII)
_FAR_DATE = re.compile(r"\s*[+-]?\d{1,9}-\d{1,2}-\d{1,2}\s*", re.ASCII)
_TRUTHS = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}


def whole_of_text(target: SqlType, value: str) -> int:
    """A whole number of a type."""
    limit = LIMITS[target.base]
    if not re.fullmatch(r"[+-]?[0-9]+", value) or not -limit <= int(value) < limit:
        raise invalid_cast(f"Cannot cast '{value}' to {_SHORT.get(target.base, target.base.upper())}")
    return int(value)


def float_of_text(target: SqlType, value: str) -> float:
    """A double or a real."""
    if not _FLOAT.fullmatch(value.strip()):
        raise invalid_cast(f"Cannot cast '{value}' to {target.base.upper()}")
    return float(value.strip().rstrip("dDfF") if "n" not in value.lower() else value)


def decimal_of(target: SqlType, value: Decimal | int, shown: str, too_large: str = "") -> Decimal:
    """A number as a decimal of a type, whose digits it must not exceed.

    Args:
        target: the type.
        value: the number.
        shown: how an error names the number.
        too_large: what else an error says.
    """
    precision, scale = target.numbers
    found = half_up(Decimal(value), scale)
    if abs(found) >= Decimal(10) ** (precision - scale):
        raise invalid_cast(f"Cannot cast {shown} to DECIMAL({precision}, {scale}){too_large}")
    return found


def decimal_of_text(target: SqlType, value: str) -> Decimal:
    """A decimal of a type."""
    kind = f"DECIMAL({target.numbers[0]}, {target.numbers[1]})"
    if not _DECIMAL.fullmatch(value):
        raise invalid_cast(f"Cannot cast VARCHAR '{value}' to {kind}. Value is not a number.")
    if len(value) > 2 * MAX_PRECISION or abs(int(value.lower().partition("e")[2] or 0)) > 2 * MAX_PRECISION:
        raise not_on_laptop(f"a cast of so long a number as '{value}'")
    return decimal_of(target, Decimal(value), f"VARCHAR '{value}'", ". Value too large.")


def truth_of_text(value: str) -> bool:
    """A truth."""
    if value.lower() not in _TRUTHS:
        raise invalid_cast(f"Cannot cast '{value}' to BOOLEAN")
    return _TRUTHS[value.lower()]


def date_of_text(value: str) -> date:
    """A date."""
    found = _DATE.fullmatch(value)
    if not found or not int(found[1]):
        if _FAR_DATE.fullmatch(value):
            raise not_on_laptop(f"a date beyond the years 1 to 9999 ({value.strip()})")
        raise invalid_cast(f"Value cannot be cast to date: {value}")
    try:
        return date(*map(int, found.groups()))
    except ValueError as error:
        raise invalid_cast(f"Value cannot be cast to date: {value}") from error
