"""Copies of what B3 sent: in whatever way people's folders hold them, they are the portfolio or are refused by name."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from flows.backfill.importing.files import Found, ImportProblem, SourceFile
from flows.backfill.importing.saved import read_csv, read_html, read_json
from flows.errors import PayloadError
from local.b3.formats import csv_download, html_page, json_page, pt_br

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio

NAME = "IBOVDia_30-06-25.csv"
ENDLESS = b'{"page": {"pageNumber": 1e999, "totalPages": 1, "totalRecords": 1}, "header": {}}'


def csv_of(portfolio: Portfolio) -> bytes:
    return base64.b64decode(csv_download(portfolio))


def without_title(content: bytes) -> bytes:
    return content.split(b"\r\n", 1)[1]


def by_sector(portfolio: Portfolio) -> bytes:
    """The download's view of seven columns."""
    lines = [
        f"{portfolio.index} - Carteira do Dia {portfolio.session:%d/%m/%y}",
        "Setor;Código;Ação;Tipo;Qtde. Teórica;Part. (%);Part. (%)Acum.",
        *(
            f"{item.setor or 'Diversos'};{item.codigo};{item.acao};{item.tipo};{pt_br(item.qtde_teorica)};"
            f"{pt_br(item.participacao_pct)};1,000;"
            for item in portfolio.holdings
        ),
        f"Quantidade Teórica Total;;;;{pt_br(portfolio.statement.total_quantity)};100,000;100,000",
        f"Redutor;;;;{pt_br(portfolio.statement.divisor or 0)}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def figures(portfolio: Portfolio) -> list[tuple[str, str, int, str]]:
    return [(h.codigo, h.tipo, h.qtde_teorica, str(h.participacao_pct)) for h in portfolio.holdings]


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
        found = read_csv(SourceFile(name, change(csv_of(sample))), None)
        assert (found.portfolio.index, found.portfolio.session) == ("IBOV", sample.session)
        assert figures(found.portfolio) == figures(sample)
        assert found.portfolio.statement.divisor == sample.statement.divisor

    def test_of_seven_columns_has_sectors(self, sample: Portfolio) -> None:
        found = read_csv(SourceFile(NAME, by_sector(sample)), None)
        assert figures(found.portfolio) == figures(sample)
        assert found.portfolio.has_sectors

    def test_takes_its_title_s_word_for_the_session_and_not_the_name_s(self, sample: Portfolio) -> None:
        found = read_csv(SourceFile("IBOVDia_01-07-25.csv", csv_of(sample)), None)
        assert found.portfolio.session == date(2025, 6, 30)
        assert found.b3_states_session

    def test_without_title_takes_the_name_s_of_b3s_own_form(self, sample: Portfolio) -> None:
        assert read_csv(SourceFile(NAME, without_title(csv_of(sample))), None).b3_states_session
        assert not read_csv(SourceFile("ibov 2025-06-30.csv", without_title(csv_of(sample))), None).b3_states_session

    @pytest.mark.parametrize(
        ("name", "index", "reason"),
        [
            ("carteira.csv", "IBOV", "tells no session"),
            ("2025-06-30.csv", None, "--index"),
            (NAME, "IBXX", "IBOV, IBXX was asked for"),
        ],
    )
    def test_without_title_needs_index_and_session_from_elsewhere(
        self, sample: Portfolio, name: str, index: str | None, reason: str
    ) -> None:
        with pytest.raises(ImportProblem, match=reason):
            read_csv(SourceFile(name, without_title(csv_of(sample))), index)

    def test_of_another_index_than_asked_for_is_refused(self, sample: Portfolio) -> None:
        with pytest.raises(PayloadError, match="the file is of IBOV, IBXX was asked for"):
            read_csv(SourceFile(NAME, csv_of(sample)), "IBXX")

    @pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x00\xff;", b"<html></html>"])
    def test_that_is_something_else_is_refused(self, content: bytes) -> None:
        with pytest.raises(ImportProblem, match="not a CSV download"):
            read_csv(SourceFile(NAME, content), None)


class TestHtml:
    def test_is_the_portfolio_of_the_index_in_its_name(self, sample: Portfolio) -> None:
        found = read_html(SourceFile("IBOV.html", html_page(sample)), None)
        assert (found.portfolio.index, found.portfolio.session) == ("IBOV", sample.session)
        assert figures(found.portfolio) == figures(sample)

    def test_does_not_tell_its_index_itself(self, sample: Portfolio) -> None:
        with pytest.raises(ImportProblem, match="--index"):
            read_html(SourceFile("page.html", html_page(sample)), None)

    def test_that_was_not_rendered_is_refused(self) -> None:
        with pytest.raises(PayloadError, match="not a rendered"):
            read_html(SourceFile("IBOV.html", b"<html><app-root></app-root></html>"), None)


def outcomes(*files: SourceFile, index: str | None = "IBOV") -> list[tuple[tuple[str, ...], Found | Exception]]:
    return [(tuple(file.name for file in group), outcome) for group, outcome in read_json(files, index)]


def answers(portfolio: Portfolio, size: int, name: str = "p") -> list[SourceFile]:
    pages = -(-len(portfolio.holdings) // size)
    return [
        SourceFile(f"{name}{number}.json", json_page(portfolio, number, size, by_sector=True))
        for number in range(1, pages + 1)
    ]


class TestJson:
    def test_is_the_portfolio(self, sample: Portfolio) -> None:
        ((names, found),) = outcomes(*answers(sample, 120))
        assert names == ("p1.json",)
        assert isinstance(found, Found)
        assert sorted(figures(found.portfolio)) == sorted(figures(sample))

    def test_in_a_json_string_is_understood(self, sample: Portfolio) -> None:
        (file,) = answers(sample, 120)
        ((_, found),) = outcomes(replace(file, content=json.dumps(file.content.decode()).encode()))
        assert isinstance(found, Found)

    def test_of_several_pages_is_one_portfolio_of_several_files(self, sample: Portfolio) -> None:
        ((names, found),) = outcomes(*reversed(answers(sample, 20)))
        assert names == tuple(f"p{number}.json" for number in range(1, 6))
        assert isinstance(found, Found)
        assert sorted(figures(found.portfolio)) == sorted(figures(sample))

    def test_without_one_of_its_pages_is_refused_with_the_page(self, sample: Portfolio) -> None:
        ((names, problem),) = outcomes(*answers(sample, 20)[:1])
        assert names == ("p1.json",)
        assert "page 2 of 5" in str(problem)

    def test_twice_is_two_portfolios(self, sample: Portfolio) -> None:
        found = outcomes(*answers(sample, 120), *answers(sample, 120, name="copy"))
        assert [(names, type(outcome)) for names, outcome in found] == [(("p1.json",), Found), (("copy1.json",), Found)]

    def test_of_two_sessions_are_two_portfolios(self, sample: Portfolio) -> None:
        later = sample.restated(session=date(2025, 7, 1))
        found = outcomes(*answers(sample, 20), *answers(later, 20, name="q"))
        sessions = [outcome.portfolio.session for _, outcome in found if isinstance(outcome, Found)]
        assert sessions == [date(2025, 6, 30), date(2025, 7, 1)]

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b"[]", b"null", b"1", b'{"page": 1, "header": 2}', b"[" * 100_000, ENDLESS]
    )
    def test_that_is_something_else_is_refused_and_stops_no_other(self, sample: Portfolio, body: bytes) -> None:
        found = outcomes(SourceFile("odd.json", body), *answers(sample, 120))
        assert [type(outcome) for _, outcome in found] == [PayloadError, Found]

    def test_in_en_us_is_refused(self, sample: Portfolio) -> None:
        (file,) = answers(sample, 120)
        body: dict[str, Any] = json.loads(file.content)
        body["header"]["theoricalQty"] = "91,922,324,686"
        ((_, problem),) = outcomes(replace(file, content=json.dumps(body).encode()))
        assert "en-us" in str(problem)
