"""Trino's mathematical functions.

Source: https://trino.io/docs/current/functions/math.html and …/bitwise.html.
"""

from __future__ import annotations

import math
import re
import struct
from decimal import ROUND_DOWN, Decimal
from typing import Any

from local.athena.functions.errors import TrinoError, invalid_argument, not_on_laptop
from local.athena.functions.numbers import WIDE, half_up

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LIMIT = 2**63


def round_double(value: float) -> float:
    """Half a unit goes away from zero."""
    return round_double_to(value, 0)


def round_double_to(value: float, digits: int) -> float:
    """To so many digits after the point, as Trino does it: the product with a power of ten is rounded, 1.005 is 1.0."""
    factor = power(10, digits)
    scaled = abs(value) * factor
    if not math.isfinite(scaled):
        return value
    # From 2^52 on every double is a whole number.
    whole = float(math.floor(Decimal(scaled) + Decimal("0.5"))) if scaled < 2**52 else scaled
    return math.copysign(whole / factor, value) if value else 0.0


def round_real(value: float) -> float:
    """A real: half a unit goes away from zero."""
    return real(round_double_to(value, 0))


def round_real_to(value: float, digits: int) -> float:
    """A real to so many digits after the point."""
    return real(round_double_to(value, digits))


def real(value: float) -> float:
    """The real that is nearest to a double."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def round_whole_to(limit: int, value: int, digits: int) -> int:
    """A whole number to tens, hundreds, …, where the digits are negative.

    Args:
        limit: the least number that is too large for its type.
        value: the number.
        digits: after the point.
    """
    found = value if digits >= 0 else int(half_up(Decimal(value), digits).to_integral_value())
    if not -limit <= found < limit:
        raise TrinoError("NUMERIC_VALUE_OUT_OF_RANGE", f"numerical overflow: {value}")
    return found


def round_decimal(value: Decimal) -> Decimal:
    """A decimal without a fraction."""
    return half_up(value)


def round_decimal_to(value: Decimal, digits: int) -> Decimal:
    """A decimal to so many digits."""
    scale = -int(value.as_tuple().exponent)
    return half_up(half_up(value, min(digits, scale)), scale)


def truncate_double(value: float) -> float:
    """Without its fraction."""
    return float(math.trunc(value)) if math.isfinite(value) else value


def truncate_decimal_to(value: Decimal, digits: int) -> Decimal:
    """A decimal with so many digits of its fraction; with zeros in place of those before the point, where negative."""
    scale = -int(value.as_tuple().exponent)
    kept = value.quantize(Decimal(1).scaleb(-min(digits, scale)), ROUND_DOWN, WIDE)
    return kept.quantize(Decimal(1).scaleb(-scale), ROUND_DOWN, WIDE)


def truncate_decimal(value: Decimal) -> Decimal:
    """Without its fraction."""
    return value.to_integral_value("ROUND_DOWN")


def ceiling_decimal(value: Decimal) -> Decimal:
    """The next whole number above."""
    return value.to_integral_value("ROUND_CEILING")


def floor_decimal(value: Decimal) -> Decimal:
    """The next whole number below."""
    return value.to_integral_value("ROUND_FLOOR")


def sign_of(value: float) -> float:
    """-1, 0, 1; NaN for NaN."""
    return math.copysign(1.0, value) if value and not math.isnan(value) else value


def sign_of_decimal(value: Decimal) -> Decimal:
    """-1, 0, 1."""
    return Decimal((value > 0) - (value < 0))


def power(base: float, exponent: float) -> float:
    """As Java's Math.pow."""
    try:
        found = math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.nan if base < 0 else math.inf
    return found


def _or_nan(function: Any, value: float) -> float:  # noqa: ANN401 - one of math's
    try:
        return float(function(value))
    except ValueError:
        return math.nan
    except OverflowError:
        return math.inf


def sqrt(value: float) -> float:
    """Square root; NaN of a negative number."""
    return _or_nan(math.sqrt, value)


def exp(value: float) -> float:
    """Euler's number to a power."""
    return _or_nan(math.exp, value)


def ln(value: float) -> float:
    """Natural logarithm."""
    return -math.inf if value == 0 else _or_nan(math.log, value)


def log2(value: float) -> float:
    """Logarithm to the base of 2."""
    return -math.inf if value == 0 else _or_nan(math.log2, value)


def log10(value: float) -> float:
    """Logarithm to the base of 10."""
    return -math.inf if value == 0 else _or_nan(math.log10, value)


def log(base: float, value: float) -> float:
    """Logarithm to a base."""
    divided, by = ln(value), ln(base)
    if by == 0:
        return math.nan if divided == 0 or math.isnan(divided) else math.copysign(math.inf, divided)
    return divided / by


def to_base(value: int, radix: int) -> str:
    """A whole number in digits of a base."""
    _check_radix(radix)
    digits, rest = "", abs(value)
    while rest or not digits:
        rest, digit = divmod(rest, radix)
        digits = _DIGITS[digit] + digits
    return f"{'-' if value < 0 else ''}{digits}"


def from_base(text: str, radix: int) -> int:
    """A whole number from its digits of a base."""
    _check_radix(radix)
    try:
        value = int(text, radix) if re.fullmatch(r"[+-]?[0-9A-Za-z]+", text) else int("", radix)
    except ValueError as error:
        raise invalid_argument(f"Not a valid base-{radix} number: {text}") from error
    if not -_LIMIT <= value < _LIMIT:
        raise invalid_argument(f"Not a valid base-{radix} number: {text}")
    return value


def _check_radix(radix: int) -> None:
    if not 2 <= radix <= len(_DIGITS):  # noqa: PLR2004 - the smallest base
        raise invalid_argument("Radix must be between 2 and 36")


def width_bucket(value: float, low: float, high: float, count: int) -> int:
    """Which of so many equal parts a value falls into; 0 and one more for what is beside them."""
    if count <= 0:
        raise invalid_argument("bucketCount must be greater than 0")
    if low == high:
        raise invalid_argument("bounds cannot equal each other")
    lower, upper = min(low, high), max(low, high)
    if value < lower:
        place = 0
    elif value >= upper:
        place = count + 1
    else:
        place = int(count * (value - lower) / (upper - lower) + 1)
    return place if low <= high else count - place + 1


def bit_count(value: int, bits: int) -> int:
    """How many bits of a number of so many are set."""
    if not 2 <= bits <= 64:  # noqa: PLR2004 - a bigint's bits
        raise invalid_argument(f"Bits specified in bit_count must be between 2 and 64, got {bits}")
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise invalid_argument(
            f"Number must be representable with the bits specified. {value} can not be represented with {bits} bits"
        )
    return (value & ((1 << bits) - 1)).bit_count()


def bitwise_left_shift(bits: int, value: int, shift: int) -> int:
    """A number's bits shifted to the left.

    Args:
        bits: how many its type has.
        value: the number.
        shift: by so many.
    """
    return _of_bits(bits, value << shift) if _is_shift(bits, shift) else 0


def bitwise_right_shift(bits: int, value: int, shift: int) -> int:
    """A number's bits shifted to the right, zeros coming in from the left."""
    return _of_bits(bits, (value & ((1 << bits) - 1)) >> shift) if _is_shift(bits, shift) else 0


def bitwise_right_shift_arithmetic(bits: int, value: int, shift: int) -> int:
    """A number's bits shifted to the right, its sign coming in from the left."""
    return value >> shift if _is_shift(bits, shift) else -1 if value < 0 else 0


def _is_shift(bits: int, shift: int) -> bool:
    if shift < 0:
        raise not_on_laptop("shifting bits by less than nothing")
    return shift < bits


def _of_bits(bits: int, value: int) -> int:
    found = value & ((1 << bits) - 1)
    return found - (1 << bits) if found >= 1 << (bits - 1) else found
