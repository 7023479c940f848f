"""Numbers as Java writes and rounds them."""

from __future__ import annotations

import math
import struct
from decimal import ROUND_HALF_UP, Context, Decimal

_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-3, 1e7
"""Between these a double is written without an exponent, as Java's Double.toString does."""

WIDE = Context(prec=400)
"""Digits enough for any number."""


def java_double(value: float) -> str:
    """A double as Java's Double.toString writes it."""
    return _java(value, repr(value))


def java_real(value: float) -> str:
    """A real as Java's Float.toString writes it."""
    return _java(value, _shortest_real(value))


def _shortest_real(value: float) -> str:
    if not math.isfinite(value):
        return repr(value)
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == value:
            return text
    return repr(value)


def _java(value: float, shortest: str) -> str:
    if not math.isfinite(value):
        return _not_finite(value)
    size = abs(value)
    if size == 0 or _SMALLEST_PLAIN <= size < _LARGEST_PLAIN:
        plain = format(Decimal(shortest), "f")
        return plain if "." in plain else f"{plain}.0"
    return _scientific(Decimal(shortest))


def standard_double(value: float) -> str:
    """A double as SQL's standard writes it, and Trino's CAST to varchar: with an exponent, always."""
    if not math.isfinite(value):
        return _not_finite(value)
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    return _scientific(Decimal(repr(value)))


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _scientific(value: Decimal) -> str:
    sign, digits, exponent = value.normalize(WIDE).as_tuple()
    fraction = "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{digits[0]}.{fraction}E{int(exponent) + len(digits) - 1}"


def half_up(value: Decimal, scale: int = 0) -> Decimal:
    """A decimal with so many digits after its point; half a digit goes away from zero."""
    return value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, WIDE)
