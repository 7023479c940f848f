"""The answers of queries, for GetQueryResults: on disk, for an account answers many that nobody asks for twice."""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.athena.text import QueryAnswer

_HELD = 4  # answers in memory: the pages of one are asked for one after the other


class Results:
    """Answers by the ids of their queries.

    Args:
        folder: theirs alone; it is made when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: OrderedDict[str, QueryAnswer] = OrderedDict()
        self._lock = Lock()

    def keep(self, query_id: str, answer: QueryAnswer) -> None:
        """Keep an answer."""
        self._folder.mkdir(exist_ok=True)
        body = json.dumps([answer.columns, answer.rows], separators=(",", ":"))
        (self._folder / f"{query_id}.json").write_text(body, encoding="utf-8")
        self._hold(query_id, answer)

    def of(self, query_id: str) -> QueryAnswer:
        """The answer of a query that has one."""
        with self._lock:
            held = self._held.get(query_id)
        if held:
            return held
        from local.athena.text import QueryAnswer  # noqa: PLC0415 - as all that runs queries

        columns, rows = json.loads((self._folder / f"{query_id}.json").read_text(encoding="utf-8"))
        answer = QueryAnswer(tuple(columns), tuple(map(tuple, rows)))
        self._hold(query_id, answer)
        return answer

    def _hold(self, query_id: str, answer: QueryAnswer) -> None:
        with self._lock:
            self._held[query_id] = answer
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
