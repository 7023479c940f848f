"""People's copies of the CSV download: whatever their form, they are the portfolio, or are refused by what is missing."""

from __future__ import annotations

import base64
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from flows.b3.csv_download import DIVISOR, TOTAL
from flows.backfill.importing.csv_copy import read_csv
from flows.backfill.importing.files import NO_HINTS, Hints, ImportConflict, ImportProblem, SourceFile
from flows.errors import PayloadError
from local.b3.formats import csv_download, pt_br

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio

NAME = "IBOVDia_30-06-25.csv"
MONDAY = date(2025, 6, 30)


def csv_of(portfolio: Portfolio) -> bytes:
    return base64.b64decode(csv_download(portfolio))


def without_title(content: bytes) -> bytes:
    return content.split(b"\r\n", 1)[1]


def by_sector(portfolio: Portfolio) -> bytes:
    """The download's view of seven columns."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for item in portfolio.holdings:
        sums[item.setor or "Diversos"] += item.participacao_pct
    lines = [
        f"{portfolio.index} - Carteira do Dia {portfolio.session:%d/%m/%y}",
        "Setor;Código;Ação;Tipo;Qtde. Teórica;Part. (%);Part. (%)Acum.",
        *(
            f"{item.setor or 'Diversos'};{item.codigo};{item.acao};{item.tipo};{pt_br(item.qtde_teorica)};"
            f"{pt_br(item.participacao_pct)};{pt_br(sums[item.setor or 'Diversos'])};"
            for item in portfolio.holdings
        ),
        f"Quantidade Teórica Total;;;;{pt_br(portfolio.statement.total_quantity)};100,000;100,000",
        f"Redutor;;;;{pt_br(portfolio.statement.divisor or 0)}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def figures(portfolio: Portfolio) -> list[tuple[str, str, int, str]]:
    return [(h.codigo, h.tipo, h.qtde_teorica, str(h.participacao_pct)) for h in portfolio.holdings]


def text_of(portfolio: Portfolio) -> str:
    return csv_of(portfolio).decode("latin-1")


def without_totals(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith((TOTAL, DIVISOR)))


def padded(text: str) -> str:
    """Every line with as many cells as the longest, as spreadsheets write them."""
    return "".join(line.rstrip(";") + ";" * (5 - line.rstrip(";").count(";")) + "\r\n" for line in text.splitlines())


def without_zeros(text: str) -> str:
    """Shares as spreadsheets write numbers: `100` for `100,000`, `2,58` for `2,580`."""
    lines = [line.rstrip(";").split(";") for line in text.splitlines()]
    cut = [[*cells[:-1], cells[-1].rstrip("0").rstrip(",")] if cells[-1].count(",") == 1 else cells for cells in lines]
    return "\r\n".join(";".join(cells) for cells in cut).replace("15.453.473,14801835", "15.453.473,14801835")


def plain_ascii(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if letter.isascii())


class TestCsv:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda content: content, id="as downloaded"),
            pytest.param(lambda content: content.replace(b"\r\n", b"\n"), id="LF for CRLF"),
            pytest.param(lambda content: content.decode("latin-1").encode(), id="in UTF-8"),
            pytest.param(lambda content: content.decode("latin-1").encode("utf-8-sig"), id="in UTF-8 with a mark"),
            pytest.param(without_title, id="without its title"),
            pytest.param(lambda content: b"\r\n" + without_title(content), id="with an empty title"),
            pytest.param(
                lambda content: without_title(content).decode("latin-1").encode("utf-8-sig").replace(b"\r\n", b"\n"),
                id="without its title, in UTF-8 with a mark and LF",
            ),
            pytest.param(base64.b64encode, id="still in the download's base64"),
        ],
    )
    @pytest.mark.parametrize("name", [NAME, "IBOVDia_30-06-25 (1).csv"])
    def test_is_the_portfolio(self, sample: Portfolio, change: Callable[[bytes], bytes], name: str) -> None:
        found = read_csv(SourceFile(name, change(csv_of(sample))), NO_HINTS)
        assert (found.portfolio.index, found.portfolio.session) == ("IBOV", sample.session)
        assert figures(found.portfolio) == figures(sample)
        assert found.portfolio.statement.divisor == sample.statement.divisor

    def test_of_seven_columns_has_sectors(self, sample: Portfolio) -> None:
        found = read_csv(SourceFile(NAME, by_sector(sample)), NO_HINTS)
        assert figures(found.portfolio) == figures(sample)
        assert found.portfolio.has_sectors

    def test_takes_its_title_s_word_for_the_session(self, sample: Portfolio) -> None:
        found = read_csv(SourceFile("carteira.csv", csv_of(sample)), NO_HINTS)
        assert (found.portfolio.session, found.b3_states_session) == (date(2025, 6, 30), True)

    @pytest.mark.parametrize(
        ("name", "reason", "decided"),
        [
            ("IBOVDia_01-07-25.csv", "name says 2025-07-01, its content is of session 2025-06-30", {"session": MONDAY}),
            ("IBOVDia_28-06-25.csv", "name says 2025-06-28, its content is of session 2025-06-30", {"session": MONDAY}),
            ("IBXXDia_30-06-25.csv", "name says IBXX, its title says IBOV", {"index": "IBOV"}),
        ],
    )
    def test_whose_title_and_name_contradict_each_other_is_a_conflict_that_its_owner_decides(
        self, sample: Portfolio, name: str, reason: str, decided: dict[str, Any]
    ) -> None:
        file = SourceFile(name, csv_of(sample))
        with pytest.raises(ImportConflict, match=reason):
            read_csv(file, NO_HINTS)
        found = read_csv(file, Hints(**decided))
        assert (found.portfolio.index, found.portfolio.session) == ("IBOV", MONDAY)

    def test_titled_month_first_is_a_conflict_with_its_name(self, sample: Portfolio) -> None:
        content = csv_of(sample).replace(b"30/06/25", b"09/10/24")
        with pytest.raises(ImportConflict, match=r"name says 2024-09-10, its content is of session 2024-10-09"):
            read_csv(SourceFile("IBOVDia_10-09-24.csv", content), NO_HINTS)

    def test_without_title_takes_the_name_s_of_b3s_own_form(self, sample: Portfolio) -> None:
        assert read_csv(SourceFile(NAME, without_title(csv_of(sample))), NO_HINTS).b3_states_session
        assert not read_csv(
            SourceFile("ibov 2025-06-30.csv", without_title(csv_of(sample))), NO_HINTS
        ).b3_states_session

    @pytest.mark.parametrize(
        ("name", "index", "reason"),
        [
            ("carteira.csv", "IBOV", "--session"),
            ("2025-06-30.csv", None, "--index"),
            (NAME, "IBXX", "name says IBOV, IBXX was asked for"),
        ],
    )
    def test_without_title_needs_index_and_session_from_elsewhere(
        self, sample: Portfolio, name: str, index: str | None, reason: str
    ) -> None:
        with pytest.raises(ImportProblem, match=reason):
            read_csv(SourceFile(name, without_title(csv_of(sample))), Hints(index))

    def test_of_another_index_than_asked_for_is_refused(self, sample: Portfolio) -> None:
        with pytest.raises(ImportConflict, match="its content is of IBOV, IBXX was asked for"):
            read_csv(SourceFile(NAME, csv_of(sample)), Hints("IBXX"))

    def test_of_an_index_that_is_none_of_b3s_is_refused_with_what_was_meant(self, sample: Portfolio) -> None:
        file = SourceFile("a.csv", csv_of(sample.restated(index="IBVO")))
        with pytest.raises(ImportProblem, match="'IBVO': none of the 36 that are known; near are IBOV"):
            read_csv(file, NO_HINTS)
        assert read_csv(file, Hints(extra_indices=("IBVO",))).portfolio.index == "IBVO"

    @pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\xff;", b"<html></html>", b"a;b;c\n1;2;3\n"])
    def test_that_is_something_else_is_refused(self, content: bytes) -> None:
        with pytest.raises(ImportProblem, match="not a CSV download"):
            read_csv(SourceFile(NAME, content), NO_HINTS)


class TestCopies:
    """Whole copies that need no refusal."""

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda text: padded(text).encode("latin-1"), id="every line padded by a spreadsheet"),
            pytest.param(lambda text: without_zeros(text).encode("latin-1"), id="shares without their last zeros"),
            pytest.param(lambda text: plain_ascii(text).encode(), id="without accents"),
            pytest.param(lambda text: unicodedata.normalize("NFD", text).encode(), id="accents apart (NFD)"),
            pytest.param(lambda text: text.encode("utf-16"), id="UTF-16"),
            pytest.param(lambda text: text.encode("utf-16-le"), id="UTF-16 without its mark"),
            pytest.param(
                lambda text: text.replace(";", "\t").encode("utf-16"), id="tabs, as a spreadsheet's Unicode text"
            ),
            pytest.param(lambda text: text.encode().decode("latin-1").encode(), id="UTF-8 read as latin-1"),
            pytest.param(lambda text: text.encode("latin-1").decode("utf-8", "replace").encode(), id="letters lost"),
            pytest.param(
                lambda text: text.replace("476.976.044", "476976044").encode(), id="a quantity without points"
            ),
            pytest.param(lambda text: text.replace(";ALLOS;", ';"ALLOS";').encode(), id="a cell in quotes"),
            pytest.param(lambda text: text.replace(";ALLOS;", "; ALLOS ;").encode(), id="a padded name"),
            pytest.param(lambda text: text.replace("\r\n", "\r\n\r\n").encode(), id="empty lines"),
        ],
    )
    @pytest.mark.parametrize("titled", [True, False])
    def test_of_whatever_form_are_the_portfolio(
        self, sample: Portfolio, change: Callable[[str], bytes], *, titled: bool
    ) -> None:
        text = text_of(sample) if titled else text_of(sample).split("\r\n", 1)[1]
        portfolio = read_csv(SourceFile(NAME, change(text)), NO_HINTS).portfolio
        assert figures(portfolio) == figures(sample)
        assert [h.acao for h in portfolio.holdings] == [h.acao for h in sample.holdings]
        assert portfolio.statement.divisor == sample.statement.divisor

    @pytest.mark.parametrize("titled", [True, False])
    def test_without_totals_are_the_portfolio_and_speak_for_themselves(
        self, sample: Portfolio, *, titled: bool
    ) -> None:
        text = without_totals(text_of(sample))
        content = (text if titled else text.split("\r\n", 1)[1]).encode()
        portfolio = read_csv(SourceFile(NAME, content), NO_HINTS).portfolio
        assert figures(portfolio) == figures(sample)
        stated = portfolio.statement
        assert (stated.divisor, stated.total_quantity) == (None, sample.statement.total_quantity)
        assert stated.total_share == Decimal("100.000")

    def test_whose_session_nothing_tells_have_the_one_that_their_owner_says(self, sample: Portfolio) -> None:
        content = without_title(csv_of(sample))
        found = read_csv(SourceFile("carteira.csv", content), Hints("IBOV", MONDAY))
        assert (found.portfolio.session, found.b3_states_session, found.insisted) == (MONDAY, False, True)

    def test_with_sectors_that_were_damaged_have_them_repaired(self, sample: Portfolio) -> None:
        lost = by_sector(sample).decode("latin-1").encode("latin-1").decode("utf-8", "replace").encode()
        right = read_csv(SourceFile(NAME, by_sector(sample)), NO_HINTS).portfolio
        assert read_csv(SourceFile(NAME, lost), NO_HINTS).portfolio == right


class TestDamage:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            pytest.param(lambda text: text[: text.index(DIVISOR)], f"the line '{DIVISOR}' is missing", id="no divisor"),
            pytest.param(
                lambda text: text.replace(text[text.index(TOTAL) : text.index(DIVISOR)], ""),
                f"the line '{TOTAL}' is missing",
                id="no total",
            ),
            pytest.param(
                lambda text: text[: text.index("\r\n") + 2],
                "cut short: nothing comes after its title",
                id="the title alone",
            ),
            pytest.param(lambda text: text[: text.index("ALOS3")], "no rows: the file is cut short", id="no rows"),
            pytest.param(
                lambda text: text[: text.index("AMBEV")],
                "line 4: 'ABEV3' has 1 cells, the heading 5",
                id="cut in a row",
            ),
            pytest.param(
                lambda text: text[:-6], "is not of B3's pt-br form 1.234.567,12345678", id="cut in the divisor"
            ),
            pytest.param(lambda text: text.replace("0,509", "0.509"), "en-us figure", id="a share in en-us"),
            pytest.param(
                lambda text: text.replace("476.976.044", "476.976.04"), "not of B3's pt-br form", id="a digit lost"
            ),
            pytest.param(
                lambda text: text.replace("30/06/25", "16/03/99"), "before 2000", id="a title of another century"
            ),
            pytest.param(lambda text: text + text, "not its last two, once each", id="the file twice"),
        ],
    )
    def test_is_named_by_what_is_missing_or_wrong(
        self, sample: Portfolio, change: Callable[[str], str], reason: str
    ) -> None:
        with pytest.raises((ImportProblem, PayloadError)) as refused:
            read_csv(SourceFile("a.csv", change(text_of(sample)).encode("latin-1")), NO_HINTS)
        assert reason in str(refused.value)

    def test_of_a_sector_s_total_is_refused(self, sample: Portfolio) -> None:
        text = by_sector(sample).decode("latin-1")
        first, second = "Financ e Outros / Explor Imóveis;ALOS3", "Cons N Cíclico / Bebidas;ABEV3"
        swapped = text.replace(first, "Cons N Cíclico / Bebidas;ALOS3").replace(
            second, "Financ e Outros / Explor Imóveis;ABEV3"
        )
        with pytest.raises(PayloadError, match=r"B3 states .* in all; its rows sum to"):
            read_csv(SourceFile(NAME, swapped.encode()), NO_HINTS)

    def test_of_utf_16_that_was_cut_is_refused(self, sample: Portfolio) -> None:
        with pytest.raises(ImportProblem, match="neither whole nor clean UTF-16"):
            read_csv(SourceFile(NAME, text_of(sample).encode("utf-16")[:-1]), NO_HINTS)
