"""What stands in a portfolio is shown in reports as text: no markup, no picture from elsewhere, no formula."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hostile import FORMULAS, MARKUP, TEXTS
from hypothesis import given
from lxml import html
from markdown_it import MarkdownIt

from expectations.contract.outcomes import Outcome
from expectations.gates.data_docs import build_docs
from expectations.gates.gate import GateReport
from flows.record.attempt import Attempt
from flows.record.markdown import escaped
from flows.record.report import attempt_markdown
from flows.session.pipeline import Collected, Pipeline
from flows.session.raw_file import RawFacts, encode
from flows.settings import load_settings
from local.b3 import sample

AT = datetime(2025, 6, 30, 11, tzinfo=UTC)


@pytest.fixture(scope="module")
def report() -> GateReport:
    """Gate 1 on a portfolio whose codes, names, types and sectors are hostile texts."""
    recorded = sample.recorded(date(2025, 6, 30))
    texts = (*MARKUP, *FORMULAS)
    hostile = [
        replace(holding, codigo=text if number % 3 == 0 else holding.codigo, acao=text, tipo=text, setor=text)
        for number, (holding, text) in enumerate(zip(recorded.holdings, texts * 2, strict=False))
    ]
    portfolio = replace(recorded, holdings=(*hostile, *recorded.holdings[len(hostile) :]))
    facts = RawFacts.of(portfolio, AT, [])
    return Pipeline(load_settings({}), None).check_raw(Collected(facts, encode(portfolio, facts)))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def docs(report: GateReport) -> Mapping[str, bytes]:
    return build_docs([report])


@pytest.fixture(scope="module")
def harmless(report: GateReport) -> Mapping[str, bytes]:
    """The docs of the same gate without hostile texts: what markup its pages have by themselves."""
    portfolio = sample.recorded(date(2025, 6, 30))
    broken = replace(portfolio, holdings=tuple(replace(holding, tipo="X", acao="x") for holding in portfolio.holdings))
    facts = RawFacts.of(broken, AT, [])
    return build_docs([Pipeline(load_settings({}), None).check_raw(Collected(facts, encode(broken, facts)))])  # type: ignore[arg-type]


def elements(pages: Mapping[str, bytes], name: str) -> set[str]:
    """The elements that may act or load, and their addresses, in the pages of one check."""
    (page,) = [body for path, body in pages.items() if path.startswith("validations/") and f"/{name}/" in path]
    document = html.document_fromstring(page)
    acting = {f"{item.tag} {item.get('src', '').split('?')[0]}" for item in document.iter("script", "img", "iframe")}
    return acting | {f"{name}=" for item in document.iter() for name in item.attrib if name.startswith("on")}


def test_gate_1_shows_the_hostile_texts(report: GateReport) -> None:
    assert not report.passed
    assert "<script>" in report.verdict()


@pytest.mark.parametrize("check", ["rows", "header", "schema"])
def test_data_docs_hold_no_markup_of_a_portfolio(
    docs: Mapping[str, bytes], harmless: Mapping[str, bytes], check: str
) -> None:
    assert elements(docs, check) <= elements(harmless, check)


def test_data_docs_still_show_the_text(docs: Mapping[str, bytes]) -> None:
    (page,) = [body.decode() for path, body in docs.items() if "/rows/" in path]
    text_of = html.document_fromstring(page).text_content()
    assert "<script>alert(1)</script>" in text_of
    assert "ABEV3" in text_of


def test_the_summary_holds_no_markup_of_a_portfolio(report: GateReport) -> None:
    attempt = Attempt("run-1", "daily", "IBOV", AT, AT, Outcome.FAILED, date(2025, 6, 30)).with_gates([report])
    attempt = attempt.ended(Outcome.FAILED, report.verdict())
    rendered = (
        MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).render(attempt_markdown(attempt))
    )
    assert set(re.findall(r"<(\w+)", rendered)) <= {"h1", "h2", "table", "thead", "tbody", "tr", "th", "td", "strong"}
    assert set(re.findall(r"<strong>(.*?)</strong>", rendered)) == {"not met"}


@given(TEXTS)
def test_any_text_is_shown_as_itself(text: str) -> None:
    rendered = (
        MarkdownIt("commonmark", {"html": False}).enable(["strikethrough"]).render(f"x {escaped(text)} x").strip()
    )
    assert re.fullmatch(r"<p>[^<>]*</p>", rendered), rendered


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_shown_as_text(text: str) -> None:
    assert escaped(text).startswith("'")


@pytest.mark.parametrize("text", ["-1", "+1.5", "-1e-05", "1", "a=b"])
def test_a_number_is_no_formula(text: str) -> None:
    assert escaped(text) == text
