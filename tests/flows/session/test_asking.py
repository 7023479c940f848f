"""What Athena shows of sessions that are published side by side: one query of each table, and each session's own rows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from threading import Barrier
from typing import Any

import pytest

from flows.errors import AwsError, QueryError
from flows.lake.athena import QueryResult
from flows.session.asking import Answers, AskingTogether, ask_alone
from flows.session.confirm import session_query, session_tables, sessions_query

DAYS = [date(2025, 6, 27), date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 2)]
_MONTH = re.compile(r"year = (\d+) AND month = (\d+) AND day (?:IN \(([\d, ]+)\)|= (\d+))(?: AND indice = '(\w+)')?")


@dataclass
class AthenaOfDays:
    """An Athena whose tables have two rows a session; a session that is broken fails every query that reads it."""

    broken: date | None = None
    error: Callable[[str], Exception] = QueryError
    asked: list[str] = field(default_factory=list)

    def query(self, sql: str) -> QueryResult:
        self.asked.append(sql)
        columns = sql.removeprefix("SELECT ").partition(" FROM ")[0].split(", ")
        rows = list[tuple[str | None, ...]]()
        for year, month, many, one, index in _MONTH.findall(sql):
            for day in map(int, (many or one).split(", ")):
                session = date(int(year), int(month), day)
                if session == self.broken:
                    raise self.error(f"{session} is broken")
                parts = {"year": year, "month": month, "day": str(day), "indice": index}
                # What a row says of its session is not what tells whose it is.
                cells = {"data_pregao": "1900-01-01", "codigo": f"{index or 'IBOV'} {session}", **parts}
                rows += [tuple(cells.get(name, str(number)) for name in columns) for number in range(2)]
        return QueryResult(tuple(columns), ("varchar",) * len(columns), tuple(rows), 0, 0, "")

    def query_each(self, statements: Iterable[str]) -> tuple[QueryResult, ...]:
        return tuple([self.query(sql) for sql in statements])


def asked_at_once(athena: AthenaOfDays, *names: tuple[str, date]) -> list[Answers | Exception]:
    barrier = Barrier(len(names))

    def ask(asking: AskingTogether, name: tuple[str, date]) -> Answers | Exception:
        with asking.place() as ask_for:
            barrier.wait()
            try:
                return ask_for(*name)
            except (AwsError, QueryError) as error:
                return error

    anything: Any = athena
    with AskingTogether(anything, len(names)) as asking, ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(lambda name: ask(asking, name), names))


def alone(*names: tuple[str, date]) -> list[Answers]:
    anything: Any = AthenaOfDays()
    return [ask_alone(anything, *name) for name in names]


def test_sessions_that_are_under_way_at_once_are_one_query_of_each_table_and_each_has_its_own_rows() -> None:
    athena, names = AthenaOfDays(), [("IBOV", day) for day in DAYS]
    assert asked_at_once(athena, *names) == alone(*names)
    assert len(athena.asked) == 2


def test_sessions_of_several_indices_are_told_apart() -> None:
    athena = AthenaOfDays()
    names = [("IBXX", DAYS[0]), ("IBOV", DAYS[0]), ("SMLL", DAYS[0]), ("IBXX", DAYS[2])]
    assert asked_at_once(athena, *names) == alone(*names)
    assert len(athena.asked) == 4


def test_a_session_that_athena_cannot_read_fails_alone() -> None:
    names = [("IBOV", day) for day in DAYS]
    found = asked_at_once(AthenaOfDays(broken=DAYS[1]), *names)
    assert isinstance(found[1], QueryError)
    assert [found[0], *found[2:]] == alone(names[0], *names[2:])


def test_an_athena_that_is_not_to_be_had_fails_all_and_is_not_asked_again_for_each() -> None:
    athena = AthenaOfDays(DAYS[0], AwsError)
    found = asked_at_once(athena, *(("IBOV", day) for day in DAYS))
    assert [type(item) for item in found] == [AwsError] * len(DAYS)
    assert len(athena.asked) == 1


def test_who_leaves_without_asking_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.session.asking._PATIENCE", 3600)
    anything: Any = AthenaOfDays()
    with AskingTogether(anything, 8) as asking, asking.place() as ask:
        with asking.place():
            pass
        assert [ask("IBOV", DAYS[0])] == alone(("IBOV", DAYS[0]))


def test_who_does_not_come_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.session.asking._PATIENCE", 0.05)
    anything: Any = AthenaOfDays()
    with AskingTogether(anything, 8) as asking, asking.place() as ask, asking.place() as other:
        assert [ask("IBOV", DAYS[0])] == alone(("IBOV", DAYS[0]))
        assert [other("IBOV", DAYS[1])] == alone(("IBOV", DAYS[1]))


def test_no_more_are_under_way_than_there_are_places_and_whoever_waits_for_athena_leaves_its_own() -> None:
    athena: Any = AthenaOfDays()
    at_work, most = 0, 0

    def publish(asking: AskingTogether, day: date) -> Answers:
        nonlocal at_work, most
        with asking.place() as ask:
            at_work += 1
            most = max(most, at_work)
            time.sleep(0.01)  # as many as may come do
            at_work -= 1
            return ask("IBOV", day)

    with AskingTogether(athena, 2) as asking, ThreadPoolExecutor(len(DAYS)) as pool:
        assert list(pool.map(lambda day: publish(asking, day), DAYS)) == alone(*(("IBOV", day) for day in DAYS))
    assert most == 2


def test_as_many_as_there_are_places_wait_for_nobody_who_is_under_way_besides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.session.asking._PATIENCE", 3600)
    athena: Any = AthenaOfDays()

    def publish(day: date) -> Answers:
        with asking.place() as ask:
            return ask("IBOV", day)

    with AskingTogether(athena, 2) as asking, asking.place() as ask, ThreadPoolExecutor(2) as pool:
        assert list(pool.map(publish, DAYS[:2])) == alone(*(("IBOV", day) for day in DAYS[:2]))
        assert len(athena.asked) == 2
        assert [ask("IBOV", DAYS[2])] == alone(("IBOV", DAYS[2]))


def test_the_query_for_many_names_the_days_of_a_month_in_one_list() -> None:
    refined, _ = session_tables("IBOV")
    sql = sessions_query(refined, [("IBOV", day) for day in reversed(DAYS)])
    where = "(year = 2025 AND month = 6 AND day IN (27, 30)) OR (year = 2025 AND month = 7 AND day IN (1, 2))"
    assert (
        sql
        == f"{session_query(refined, 'IBOV', DAYS[0]).partition(' FROM ')[0]}, year, month, day FROM {refined.name} WHERE {where}"
    )
