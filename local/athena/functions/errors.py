"""Errors of values, raised where a function is called and found again in DuckDB's message."""

from __future__ import annotations

import re

_FOUND = re.compile(r"TrinoError: ([A-Z_]+(?: on the laptop)?): (.*)", re.DOTALL)


class TrinoError(Exception):
    """A value that a function does not take.

    Args:
        code: Trino's.
        message: Trino's.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.is_of_laptop = code.endswith("on the laptop")


def invalid_argument(message: str) -> TrinoError:
    """INVALID_FUNCTION_ARGUMENT."""
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


def invalid_cast(message: str) -> TrinoError:
    """INVALID_CAST_ARGUMENT."""
    return TrinoError("INVALID_CAST_ARGUMENT", message)


def not_on_laptop(name: str) -> TrinoError:
    """Of this value Trino could say more than the laptop can."""
    return TrinoError("NOT_SUPPORTED on the laptop", f"{name}; Athena has it")


def raised(message: str) -> str | None:
    """The error of a value in a message of DuckDB's; None where there is none."""
    found = _FOUND.search(message)
    return f"{found[1]}: {found[2].strip()}" if found else None
