"""Column names of similar pipelines."""

from __future__ import annotations

import pytest

from expectations.contract.tables import RAW_COLUMNS
from flows.backfill.importing.aliases import ALIASES, REQUIRED, map_columns, plain
from flows.backfill.importing.files import ImportProblem

CONTRACT = [column.name for column in RAW_COLUMNS]


@pytest.mark.parametrize(
    "names",
    [
        CONTRACT,
        ["cod", "asset", "type", "theoricalQty", "part", "segment", "partAcum"],
        ["Código", "Ação", "Tipo", "Qtde. Teórica", "Part. (%)"],
        ["CODIGO", "NOME", "TIPO", "QUANTIDADE_TEORICA", "PARTICIPACAO", "DATA"],
        ["ticker", "company", "tipo", "quantidade", "participacao_percentual", "data_carteira", "data_coleta"],
    ],
)
def test_columns_are_found_by_the_names_that_people_give_them(names: list[str]) -> None:
    found = map_columns(names)
    assert set(REQUIRED) <= found.keys()
    assert list(found.values()) == [name for name in names if name != "partAcum"]


def test_every_raw_column_of_the_contract_has_aliases_its_own_name_first() -> None:
    assert [ALIASES[name][0] for name in CONTRACT] == [plain(name) for name in CONTRACT]


def test_no_alias_stands_for_two_columns() -> None:
    names = [alias for aliases in ALIASES.values() for alias in aliases]
    assert len(names) == len(set(names))
    assert names == [plain(name) for name in names]


def test_unknown_columns_are_passed_over() -> None:
    assert "x" not in map_columns([*CONTRACT, "x"]).values()


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_missing_column_is_named(missing: str) -> None:
    with pytest.raises(ImportProblem, match=f"no column for {missing}"):
        map_columns([name for name in CONTRACT if name != missing])


def test_two_columns_for_one_are_refused() -> None:
    with pytest.raises(ImportProblem, match="'codigo' and 'ticker' may both be codigo"):
        map_columns([*CONTRACT, "ticker"])
