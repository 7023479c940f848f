"""The query behind `bovespa changes`: of one index, within its days, months that cannot matter left closed."""

from __future__ import annotations

from datetime import date

import pytest
import sqlglot
from sqlglot import exp
from typer.testing import CliRunner

from expectations.contract.catalog import table_input
from expectations.contract.keys import ContractError
from expectations.contract.tables import CHANGES_TABLE
from flows.cli.changes import changes_query
from flows.cli.main import app
from flows.errors import SettingsError
from local.athena.analysis.planner import plan_query
from local.athena.analysis.tables import GivenTables, Tables

MAY_1, MAY_31 = date(2025, 5, 1), date(2025, 5, 31)


def where(sql: str) -> str:
    condition = sqlglot.parse_one(sql, read="athena").find(exp.Where)
    assert condition is not None
    return condition.this.sql(dialect="athena")  # type: ignore[no-any-return]


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
    known = {**table_input(CHANGES_TABLE, "refined"), "DatabaseName": "default"}
    (scan,) = plan_query(sql, Tables(GivenTables(known)), "default").scans
    assert scan.condition is not None
    assert "202505" in scan.condition


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
