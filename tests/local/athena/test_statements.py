from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.athena.statements import run_statement

if TYPE_CHECKING:
    from tests.local.conftest import Shares


def lines(shares: Shares, text: str) -> list[str | None] | None:
    result = run_statement(text, "default", shares.catalog.table, shares.catalog, shares.partitions)
    return None if result is None else [value for (value,) in result.rows]


@pytest.mark.parametrize("text", ["SHOW DATABASES", "show schemas"])
def test_databases_are_shown(shares: Shares, text: str) -> None:
    assert lines(shares, text) == ["default"]


@pytest.mark.parametrize("text", ["SHOW TABLES", "show tables in default", "SHOW TABLES 'sh*'"])
def test_tables_are_shown(shares: Shares, text: str) -> None:
    assert lines(shares, text) == ["shares"]


def test_tables_that_do_not_match_the_pattern_are_not_shown(shares: Shares) -> None:
    assert lines(shares, "SHOW TABLES 'other*'") == []


@pytest.mark.parametrize("name", ["shares", "default.shares", '"default"."shares"', "`shares`"])
def test_partitions_are_shown_as_paths(shares: Shares, name: str) -> None:
    shares.register(7, "VALE3")
    shares.register(30, "PETR4")

    assert lines(shares, f"SHOW PARTITIONS {name}") == ["day=30/ticker=PETR4", "day=7/ticker=VALE3"]


def test_columns_are_shown_with_the_partition_columns_last(shares: Shares) -> None:
    assert lines(shares, "SHOW COLUMNS IN shares") == ["name", "quantity", "weight", "day", "ticker"]


def test_a_description_names_types_comments_and_partition_columns(shares: Shares) -> None:
    said = lines(shares, "DESCRIBE default.shares")

    assert said is not None
    assert str(said[0]).split() == ["name", "string", "The", "company's", "name"]
    assert "# Partition Information" in said
    assert str(said[-1]).split() == ["ticker", "string"]


@pytest.mark.parametrize("text", ["SELECT 1", "SHOW CREATE TABLE shares", "SHOW", "DROP TABLE shares"])
def test_anything_else_is_not_such_a_statement(shares: Shares, text: str) -> None:
    assert lines(shares, text) is None
