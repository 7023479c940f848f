"""The query behind `bovespa changes`: of one index, within its days, months that cannot matter left closed."""

from __future__ import annotations

from datetime import date

import pytest
import sqlglot
from sqlglot import exp
from typer.testing import CliRunner

from expectations.contract.keys import ContractError
from expectations.contract.tables import CHANGES_TABLE
from flows.cli.changes import _COLUMNS, _POINTS, _show, changes_query
from flows.cli.console import Screen
from flows.cli.main import app
from flows.errors import SettingsError
from flows.lake.athena import QueryResult
from local.athena.analysis.planner import plan_query
from local.athena.analysis.tables import GivenTables, Tables
from tests.local.athena.test_own_queries import known

MAY_1, MAY_31 = date(2025, 5, 1), date(2025, 5, 31)


def where(sql: str) -> str:
    """Which changes the query takes."""
    selects = sqlglot.parse_one(sql, read="athena").find_all(exp.Select)
    (changed,) = (
        item for item in selects if CHANGES_TABLE.name == item.args["from_"].this.name and item.args.get("where")
    )
    return changed.args["where"].this.sql(dialect="athena")  # type: ignore[no-any-return]


@pytest.mark.parametrize("weights", [True, False])
def test_changes_of_weight_alone_are_left_out_unless_they_are_asked_for(weights: bool) -> None:  # noqa: FBT001
    condition = where(changes_query("IBOV", MAY_1, None, weights=weights))
    assert ("mudanca <> 'participacao'" in condition) is not weights
    assert "indice = 'IBOV'" in condition


def test_days_bound_the_sessions_and_the_months_that_are_opened() -> None:
    sql = changes_query("IBOV", MAY_1, MAY_31, weights=True)
    condition = where(sql)
    assert "data_pregao >= CAST('2025-05-01' AS DATE)" in condition
    assert "data_pregao <= CAST('2025-05-31' AS DATE)" in condition
    scans = plan_query(sql, Tables(GivenTables(*known())), "default").scans
    (opened,) = (scan.condition for scan in scans if scan.table["Name"] == CHANGES_TABLE.name)
    assert opened is not None
    assert "202505" in opened


def test_without_days_the_latest_session_with_such_changes_is_meant() -> None:
    assert "(SELECT MAX(data_pregao) FROM bovespa_mudancas WHERE indice = 'IFIX'" in changes_query(
        "IFIX", None, None, weights=False
    )


def test_an_index_that_is_none_gets_into_no_query() -> None:
    with pytest.raises(ContractError):
        changes_query("IBOV' OR '1' = '1", None, None, weights=True)


def test_days_the_wrong_way_round_are_a_mistake_that_is_named() -> None:
    done = CliRunner().invoke(app, ["changes", "--since", "2025-05-31", "--until", "2025-05-01"])
    assert isinstance(done.exception, SettingsError)
    assert str(done.exception) == "--since 2025-05-31 is after --until 2025-05-01"


def changed(
    session: str, before: str, acao: str, mudanca: str, *, rebalanced: bool = False, level: str | None = None
) -> tuple[str | None, ...]:
    quantities, weights = ("4270903023.0", "4270903024.0"), ("10.702", "10.488", "-0.214")
    points = None if level is None else "14839.77"
    return (session, mudanca, acao, None, "VALE", *quantities, *weights, str(rebalanced).lower(), before, points, level)


TWO_SESSIONS = QueryResult(
    (*_COLUMNS, *_POINTS),
    (*("date", *("varchar",) * 4), *("double",) * 5, "boolean", "date", "double", "double"),
    (
        changed("2025-06-30", "2025-06-27", "VALE3", "quantidade", level="138854.25"),
        changed("2025-07-01", "2025-06-30", "VALE3", "saiu", rebalanced=True),
        changed("2025-07-01", "2025-06-30", "PETR4", "quantidade", rebalanced=True),
        changed("2025-07-01", "2025-06-30", "PETR3", "quantidade", rebalanced=True),
        changed("2025-07-01", "2025-06-30", "ITUB4", "participacao", rebalanced=True),
    ),
    0,
    0,
    "",
)


def test_changes_are_shown_session_by_session_with_all_their_numbers_in_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.cli.console._FILE_WIDTH", 80)
    _show(Screen(as_json=False), "IBOV: 5 changes", TWO_SESSIONS, None)
    first, second = capsys.readouterr().out.split("2025-07-01, against 2025-06-30, rebalanced")
    assert "2025-06-30, against 2025-06-27" in first
    assert {"10.702", "10.488", "-0.214", "14,839.770"} <= set(first.split())
    rows = [line.split() for line in second.splitlines() if line.startswith(("VALE3", "PETR", "ITUB4"))]
    assert [row[:2] for row in rows] == [
        ["VALE3", "saiu"],
        ["PETR4", "quantidade"],
        ["PETR3", "quantidade"],
        ["ITUB4", "participacao"],
    ]
    assert max(map(len, second.splitlines())) <= 80


def test_the_level_at_the_close_before_is_said_where_it_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    _show(Screen(as_json=False), "IBOV: 5 changes", TWO_SESSIONS, None)
    printed = capsys.readouterr().out
    assert printed.count("level at that close 138,854.25") == printed.count("pontos") == 1


def test_of_many_changes_the_first_are_shown_and_the_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    _show(Screen(as_json=False), "IBOV: 5 changes", TWO_SESSIONS, 2)
    printed = capsys.readouterr().out
    assert "PETR4" not in printed
    assert "3 not shown" in printed
