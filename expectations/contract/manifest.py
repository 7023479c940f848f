"""The manifest that a Glue run writes last: what it read, and every file that it wrote.

The Glue script writes it and the flow reads it, so both take it from here. Standard library only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from expectations.contract.keys import ContractError

MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class RawSource:
    """One raw object version that the run read.

    Attributes:
        reference_date: to which `dias_desde_coleta` counts.
        origin: where its portfolio came from, by the object's metadata; empty where that does not say.
    """

    bucket: str
    key: str
    version_id: str
    index: str
    session: date
    reference_date: date
    origin: str = ""


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One Parquet file that the run wrote, and the partition that it is the whole content of.

    `ticker` is None in tables that are not partitioned by ticker.
    """

    table: str
    index: str
    session: date
    ticker: str | None
    key: str
    size: int


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """One session of the run's output, with its row counts in the refined and in the summary table."""

    index: str
    session: date
    rows: int
    summary_rows: int


Named = TypeVar("Named", RawSource, StagedFile, SessionCounts)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole output of one Glue run."""

    run_id: str
    sources: tuple[RawSource, ...]
    sessions: tuple[SessionCounts, ...]
    files: tuple[StagedFile, ...]

    def by_session(self) -> dict[tuple[str, date], Manifest]:
        """What the manifest says of each index and session that it names, as a manifest of its own."""
        sources, sessions, files = _grouped(self.sources), _grouped(self.sessions), _grouped(self.files)
        return {
            key: Manifest(self.run_id, sources.get(key, ()), sessions.get(key, ()), files.get(key, ()))
            for key in sources.keys() | sessions.keys() | files.keys()
        }

    def to_json(self) -> str:
        """The manifest as JSON text; the same manifest is always the same text."""
        body = {"manifest_version": MANIFEST_VERSION, **_fields(self)}
        return json.dumps(body, default=_as_json, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Read a manifest back.

        Raises:
            ContractError: the text is not a manifest of this version.
        """
        try:
            body = json.loads(text, object_hook=_record_or_fields)
            version = body["manifest_version"]
            if version != MANIFEST_VERSION:
                raise ContractError(f"manifest_version {version!r}: this code reads version {MANIFEST_VERSION}")
            return cls(
                run_id=body["run_id"],
                sources=tuple(_record(RawSource, item) for item in body["sources"]),
                sessions=tuple(_record(SessionCounts, item) for item in body["sessions"]),
                files=tuple(_record(StagedFile, item) for item in body["files"]),
            )
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            if isinstance(error, ContractError):
                raise
            raise ContractError(f"manifest: not readable ({type(error).__name__}: {error})") from error


def _fields(item: RawSource | StagedFile | SessionCounts | Manifest) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}


def _as_json(item: date | RawSource | StagedFile | SessionCounts) -> str | dict[str, Any]:
    return item.isoformat() if isinstance(item, date) else _fields(item)


def _grouped(items: Iterable[Named]) -> dict[tuple[str, date], tuple[Named, ...]]:
    groups: dict[tuple[str, date], list[Named]] = {}
    for item in items:
        groups.setdefault((item.index, item.session), []).append(item)
    return {key: tuple(group) for key, group in groups.items()}


_RECORDS: dict[frozenset[str], type[RawSource | StagedFile | SessionCounts]] = {
    frozenset(kind.__slots__): kind for kind in (RawSource, StagedFile, SessionCounts)
}


def _record_or_fields(found: dict[str, Any]) -> Any:  # noqa: ANN401 - of JSON
    """A record as soon as its fields are read: those of a thousand sessions at once would need three times the memory."""
    kind = _RECORDS.get(frozenset(found))
    return kind(**_shared(found)) if kind else found


def _record(kind: type[Named], item: Any) -> Named:  # noqa: ANN401 - of JSON
    if isinstance(item, dict):
        return kind(**_shared(item))
    if not isinstance(item, kind):
        raise TypeError(f"{item!r} where a {kind.__name__} was expected")
    return item


def _shared(item: dict[str, Any]) -> dict[str, Any]:
    """Fields with dates as such; the texts that many records have are held once."""
    dates: dict[str, Any] = {name: _date(item[name]) for name in ("session", "reference_date") if name in item}
    texts = {name: sys.intern(item[name]) for name in ("table", "index", "ticker") if isinstance(item.get(name), str)}
    return {**item, **dates, **texts}


_date = lru_cache(maxsize=4096)(date.fromisoformat)
