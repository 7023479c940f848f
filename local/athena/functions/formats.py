"""Trino's formatting of values: format, which is Java's, and format_number.

Source: https://trino.io/docs/current/functions/conversion.html.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

from local.athena.functions.errors import invalid_argument, not_on_laptop
from local.athena.functions.numbers import half_up, java_double

_FORMAT = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")
_UNITS = ("", "K", "M", "B", "T", "Q")


def format_values(text: str, *values: Any) -> str:  # noqa: ANN401 - values of any type
    """Java's String.format, of what is the same in Python; all else is refused."""
    places = iter(range(len(values)))

    def part(found: re.Match[str]) -> str:
        place, flags, width, precision, conversion = found.groups()
        if conversion == "%":
            return "%"
        if conversion == "n":
            return "\n"
        index = int(place) - 1 if place else next(places, len(values))
        if index >= len(values):
            raise invalid_argument(f"Format specifier '{found[0]}'")
        return _formatted(found[0], flags, int(width or 0), precision, conversion, values[index])

    rest = _FORMAT.sub("", text)
    if "%" in rest:
        raise not_on_laptop(f"format('{text}')")
    return _FORMAT.sub(part, text)


def _formatted(spec: str, flags: str, width: int, precision: str | None, conversion: str, value: Any) -> str:  # noqa: ANN401
    if set(flags) - set("-0,+"):
        raise not_on_laptop(f"format's '{spec}'")
    if value is None and conversion in "sSdf":
        text = "null"
    elif conversion in "sS":
        text = _shown(value)
        text = text[: int(precision)] if precision else text
        text = text.upper() if conversion == "S" else text
    elif conversion in "dxX" and isinstance(value, int) and not isinstance(value, bool):
        if conversion != "d" and (value < 0 or "," in flags):
            raise not_on_laptop(f"format's '{spec}'")
        text = format(value, ("+" if "+" in flags else "") + ("," if "," in flags else "") + conversion)
    elif conversion == "f" and isinstance(value, (float, Decimal)):
        text = _fixed(value, flags, int(precision or 6))
    else:
        raise (
            not_on_laptop(f"format's '{spec}'")
            if conversion in "eEgGaAbBcChHtTo"
            else invalid_argument(f"Format specifier '{spec}'")
        )
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and conversion not in "sS":
        sign = text[:1] if text[:1] in "+-" else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _fixed(value: float | Decimal, flags: str, precision: int) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return java_double(value)
    exact = half_up(Decimal(repr(value)) if isinstance(value, float) else value, precision)
    return format(exact, ("+" if "+" in flags else "") + ("," if "," in flags else "") + f".{precision}f")


def _shown(value: Any) -> str:  # noqa: ANN401 - a value of any type
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return java_double(value)
    if isinstance(value, (str, int, Decimal)):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    raise not_on_laptop("format's '%s' of such a value")


def format_number(value: float) -> str:
    """A number with a unit: `123K`."""
    amount, unit = Decimal(repr(value)) if isinstance(value, float) else Decimal(value), 0
    while abs(amount) >= 1000 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - a unit's size
        amount, unit = amount / 1000, unit + 1
    size = abs(amount)
    scale = 2 if size < 10 else 1 if size < 100 else 0  # noqa: PLR2004 - three digits in all
    text = format(half_up(amount, scale), "f")
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{_UNITS[unit]}"
