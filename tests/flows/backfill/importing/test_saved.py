"""Copies of what B3 sent: in whatever way people's folders hold them, they are the portfolio or are refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from flows.backfill.importing.files import NO_HINTS, Found, Hints, ImportConflict, ImportProblem, SourceFile
from flows.backfill.importing.saved import read_html, read_json
from flows.errors import PayloadError
from local.b3.formats import html_page, json_page

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio

ENDLESS = b'{"page": {"pageNumber": 1e999, "totalPages": 1, "totalRecords": 1}, "header": {}}'


def figures(portfolio: Portfolio) -> list[tuple[str, str, int, str]]:
    return [(h.codigo, h.tipo, h.qtde_teorica, str(h.participacao_pct)) for h in portfolio.holdings]


class TestHtml:
    def test_is_the_portfolio_of_the_index_in_its_name(self, sample: Portfolio) -> None:
        found = read_html(SourceFile("IBOV.html", html_page(sample)), NO_HINTS)
        assert (found.portfolio.index, found.portfolio.session) == ("IBOV", sample.session)
        assert figures(found.portfolio) == figures(sample)

    def test_does_not_tell_its_index_itself(self, sample: Portfolio) -> None:
        with pytest.raises(ImportProblem, match="--index"):
            read_html(SourceFile("page.html", html_page(sample)), NO_HINTS)

    def test_that_was_not_rendered_is_refused(self) -> None:
        with pytest.raises(PayloadError, match="not a rendered"):
            read_html(SourceFile("IBOV.html", b"<html><app-root></app-root></html>"), NO_HINTS)


IBOV = Hints("IBOV")


def outcomes(*files: SourceFile, hints: Hints = IBOV) -> list[tuple[tuple[str, ...], Found | Exception]]:
    return [(tuple(file.name for file in group), outcome) for group, outcome in read_json(files, hints)]


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

    def test_named_for_another_session_than_its_header_s_is_a_conflict_that_its_owner_decides(
        self, sample: Portfolio
    ) -> None:
        (file,) = answers(sample, 120)
        named = replace(file, name="ibov_2025-07-01.json")
        ((_, problem),) = outcomes(named)
        assert isinstance(problem, ImportConflict)
        assert "its name says 2025-07-01, its content is of session 2025-06-30" in str(problem)
        ((_, found),) = outcomes(named, hints=Hints("IBOV", date(2025, 6, 30)))
        assert isinstance(found, Found)

    def test_named_by_a_weekend_s_day_on_which_b3_showed_it_is_no_conflict(self, sample: Portfolio) -> None:
        (file,) = answers(sample, 120)
        ((_, found),) = outcomes(replace(file, name="ibov_2025-06-29.json"))
        assert isinstance(found, Found)

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "empty"),
            ('{"page": "é"}'.encode("latin-1"), "not UTF-8"),
            (b'{"page": {"pageNumber": 1, "pageSi', "cut short after 34 bytes"),
        ],
    )
    def test_that_is_damaged_as_a_whole_is_named_so(self, content: bytes, why: str) -> None:
        ((_, problem),) = outcomes(SourceFile("odd.json", content))
        assert why in str(problem)

    def test_in_en_us_is_refused(self, sample: Portfolio) -> None:
        (file,) = answers(sample, 120)
        body: dict[str, Any] = json.loads(file.content)
        body["header"]["theoricalQty"] = "91,922,324,686"
        ((_, problem),) = outcomes(replace(file, content=json.dumps(body).encode()))
        assert "en-us" in str(problem)
