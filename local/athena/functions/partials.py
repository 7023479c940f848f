"""Functions with some of their arguments given, for DuckDB to call with the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def given(function: Callable[..., Any], *first: object) -> Callable[..., Any]:
    """A function with its first arguments given; null for null."""

    def call(*others: object) -> object:
        return None if None in others else function(*first, *others)

    call.__name__ = function.__name__
    return call
