"""How rows fit a width: numbers stay, what never changes is said once, and what cannot fit is set upright."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cli.tables import GAP, Layout, formatted, heading, lay_out

PORTFOLIO = ("codigo", "nome_acao", "setor", "quantidade_teorica_acoes", "percentual_participacao_ibov", "year")
TYPES = ("varchar", "varchar", "varchar", "double", "double", "integer")
ROWS = [
    (code, "x" * 12, "y" * 40, "4,394,835,131", weight, "2025")
    for code, weight in (("ABEV3", "2.732"), ("VALE3", "10.702"), ("B3SA3", "3.472"), ("PETR4", "6.509"))
]


def names_of(layout: Layout) -> list[str]:
    return [PORTFOLIO[number] for number in layout.visible]


class TestLayout:
    def test_all_columns_are_shown_where_they_fit(self) -> None:
        assert lay_out(PORTFOLIO, TYPES, ROWS, 300) == Layout(tuple(range(6)))

    def test_headings_are_broken_before_anything_is_left_out(self) -> None:
        rows = [(code, quantity) for code, *_, quantity, _, _ in ROWS]
        assert lay_out(("codigo", "quantidade_teorica_acoes"), ("varchar", "double"), rows, 25) == Layout(
            (0, 1), broken=True
        )

    def test_numbers_are_kept_and_texts_are_left_out(self) -> None:
        rows = [(f"S{n}", f"{n}{'x' * 12}", f"{n}{'y' * 40}", f"4,394,835,13{n}", f"{n}.732", str(n)) for n in range(6)]
        layout = lay_out(PORTFOLIO, TYPES, rows, 48)
        assert names_of(layout) == [name for name in PORTFOLIO if name not in {"nome_acao", "setor"}]
        assert [PORTFOLIO[number] for number in layout.hidden] == ["nome_acao", "setor"]

    def test_what_is_the_same_in_every_row_is_said_once(self) -> None:
        layout = lay_out(PORTFOLIO, TYPES, ROWS, 60)
        assert [PORTFOLIO[number] for number in layout.constant] == [
            "nome_acao",
            "setor",
            "quantidade_teorica_acoes",
            "year",
        ]

    def test_a_column_that_repeats_another_is_named_and_not_shown(self) -> None:
        rows = [(code, weight, code) for code, *_, weight, _ in ROWS]
        assert lay_out(("codigo", "peso", "acao"), ("varchar", "double", "varchar"), rows, 16).same == ((2, 0),)

    def test_few_rows_that_would_lose_a_column_are_set_upright(self) -> None:
        rows = [(f"S{n}", f"{n}{'x' * 12}", f"{n}{'y' * 40}", f"{n}", f"{n}", f"{n}") for n in range(3)]
        assert lay_out(PORTFOLIO, TYPES, rows, 60).upright
        assert not lay_out(PORTFOLIO, TYPES, ROWS[:3], 60).upright

    def test_one_row_that_does_not_fit_is_set_upright(self) -> None:
        assert lay_out(PORTFOLIO, TYPES, ROWS[:1], 60).upright

    def test_rows_that_are_all_the_same_are_set_upright(self) -> None:
        assert lay_out(PORTFOLIO, TYPES, ROWS[:1] * 9, 60).upright

    def test_rows_whose_numbers_do_not_fit_are_set_upright(self) -> None:
        rows = [(str(n), *(str(10**12 + n * place) for place in range(1, 6))) for n in range(9)]
        assert lay_out(PORTFOLIO, ("bigint",) * 6, rows, 40).upright

    def test_no_rows_are_a_table_of_headings(self) -> None:
        assert lay_out(PORTFOLIO, TYPES, [], 20) == Layout(tuple(range(6)), broken=True)

    @given(
        st.lists(st.tuples(st.text(max_size=9), st.text(max_size=60), st.integers(-(10**15), 10**15)), max_size=9),
        st.integers(20, 200),
    )
    def test_hides_no_number_and_is_no_wider_than_the_screen(
        self, rows: list[tuple[str, str, int]], width: int
    ) -> None:
        names, types = ("codigo", "motivo", "quantidade_atual"), ("varchar", "varchar", "bigint")
        cells = [(code, text, formatted(str(number), "bigint")) for code, text, number in rows]
        layout = lay_out(names, types, cells, width)
        assert layout.upright or 2 in {*layout.visible, *layout.constant}
        assert not (layout.upright and layout.hidden)
        assert sorted({*layout.visible, *layout.constant, *layout.hidden, *(number for number, _ in layout.same)}) == [
            0,
            1,
            2,
        ]


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (None, "bigint", ""),
        ("2025", "integer", "2025"),
        ("28224", "bigint", "28,224"),
        ("-28224", "bigint", "-28,224"),
        ("4394835131", "double", "4,394,835,131"),
        ("4394835131.5", "double", "4,394,835,131.500"),
        ("10.702", "double", "10.702"),
        ("1.50", "decimal", "1.500"),
        ("12345", "varchar", "12345"),
    ],
)
def test_a_value_is_shown_as_people_read_it(value: str | None, type_: str, expected: str) -> None:
    assert formatted(value, type_) == expected


def test_a_heading_may_be_broken_before_its_underlines() -> None:
    assert heading("percentual_participacao_ibov") == "percentual\n_participacao\n_ibov"
    assert heading("_x__y") == "_x\n__y"
    assert GAP > 1
