"""A column, as a query can read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.athena.types import SqlType


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A column that a query can read.

    Attributes:
        name: by which it is looked up; None for one without.
        shown: its name in a result.
        type: Trino's.
        text: DuckDB's.
        qualifiers: names of its relation, the nearest last, such as its database and table; or its alias alone.
        scan: the scan of the catalog's table whose partition column it is; None for any other.
    """

    name: str | None
    shown: str | None
    type: SqlType
    text: str
    qualifiers: tuple[str, ...] = ()
    scan: str | None = None
