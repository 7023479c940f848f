"""What Athena shows of a session, asked for by itself or together with others that are being published.

A query takes Athena a second or more, and is billed as ten megabytes at least, whatever it reads; so sessions that are published
side by side are asked for by one query of each table. Rows are told apart by their partitions, as if each session had been asked
for alone. Where such a query fails, each session is asked for alone: the one that is the reason fails, and no other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Condition, Semaphore
from typing import TYPE_CHECKING, Self

from expectations.contract.names import DEFAULT_INDEX
from expectations.contract.tables import INDEX_PARTITION
from flows.errors import BovespaError, QueryError
from flows.session.confirm import session_query, session_tables, sessions_query

if TYPE_CHECKING:
    from types import TracebackType

    from expectations.contract.tables import Table
    from flows.lake.athena import Athena, QueryResult

Answers = tuple["QueryResult", ...]
"""The rows of a session in each of its tables, with the contract's columns."""

Ask = Callable[[str, date], Answers]
"""Asks for a session of an index."""

_PATIENCE = 3.0  # seconds in which others may still come


def ask_alone(athena: Athena, index: str, session: date) -> Answers:
    """What Athena shows of one session.

    Raises:
        QueryError: Athena failed.
        AwsError: Athena could not be asked.
    """
    return athena.query_each(session_query(table, index, session) for table in session_tables(index))


@dataclass(frozen=True, slots=True)
class _Question:
    index: str
    session: date
    answer: Future[Answers] = field(default_factory=Future)


class AskingTogether:
    """Asks for sessions that are published side by side, each in a thread of its own.

    Whoever asks waits until as many others as may be under way have come too, or all that are, or for some seconds; meanwhile
    others take its place.

    Args:
        athena: who is asked.
        places: how many sessions may be under way at once.
    """

    def __init__(self, athena: Athena, places: int) -> None:
        self._athena = athena
        self._most = places
        self._places = Semaphore(places)
        self._waiting: list[_Question] = []
        self._under_way = 0
        self._changed = Condition()
        self._asker = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._asker.shutdown()

    @contextmanager
    def place(self) -> Iterator[Ask]:
        """The way to ask, once, for the session that the block publishes."""
        has_come = False

        def come() -> None:
            nonlocal has_come
            self._under_way -= not has_come
            has_come = True
            self._changed.notify_all()

        def ask(index: str, session: date) -> Answers:
            question = _Question(index, session)
            with self._changed:
                self._waiting.append(question)
                come()
            self._asker.submit(self._ask_for_all)
            self._places.release()
            try:
                return question.answer.result()
            finally:
                self._places.acquire()

        with self._places:
            with self._changed:
                self._under_way += 1
            try:
                yield ask
            finally:
                with self._changed:
                    come()

    def _ask_for_all(self) -> None:
        with self._changed:
            self._changed.wait_for(self._are_enough, _PATIENCE)
            questions, self._waiting = self._waiting, []
        try:
            self._answer(questions)
        finally:
            # Nobody waits for ever, whatever went wrong.
            for question in questions:
                question.answer.cancel()

    def _are_enough(self) -> bool:
        return not self._under_way or not self._waiting or len(self._waiting) >= self._most

    def _answer(self, questions: Sequence[_Question]) -> None:
        of_tables: defaultdict[tuple[Table, ...], list[_Question]] = defaultdict(list)
        for question in questions:
            of_tables[session_tables(question.index)].append(question)
        for tables, group in of_tables.items():
            try:
                self._answer_group(tables, group)
            except QueryError:
                self._answer_each(group)
            except BovespaError as error:
                for question in group:
                    question.answer.set_exception(error)

    def _answer_group(self, tables: Sequence[Table], group: Sequence[_Question]) -> None:
        names = [(question.index, question.session) for question in group]
        answers = self._athena.query_each(sessions_query(table, names) for table in tables)
        found = [_by_session(table, answer, names) for table, answer in zip(tables, answers, strict=True)]
        for question, name in zip(group, names, strict=True):
            question.answer.set_result(tuple(of_table[name] for of_table in found))

    def _answer_each(self, group: Sequence[_Question]) -> None:
        for question in group:
            try:
                question.answer.set_result(ask_alone(self._athena, question.index, question.session))
            except BovespaError as error:
                question.answer.set_exception(error)


def _by_session(
    table: Table, result: QueryResult, names: Sequence[tuple[str, date]]
) -> dict[tuple[str, date], QueryResult]:
    """The answer to `sessions_query` by session, each as `session_query` would have had it."""
    count = len(table.columns)
    rows: dict[tuple[str, date], list[tuple[str | None, ...]]] = {name: [] for name in names}
    for row in result.rows:
        rows[_name(table, row[count:])].append(row[:count])
    columns, types = result.columns[:count], result.types[:count]
    return {name: replace(result, columns=columns, types=types, rows=tuple(found)) for name, found in rows.items()}


def _name(table: Table, partition: Sequence[str | None]) -> tuple[str, date]:
    year, month, day, *index = map(str, partition)
    return index[0] if INDEX_PARTITION in table.partitions else DEFAULT_INDEX, date(int(year), int(month), int(day))
