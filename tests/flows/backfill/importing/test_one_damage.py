"""A right file with one damage, in any place and of any kind: it is refused, or says what it said before.

What no header and no format shows (a letter of a name, of a ticker) is at least a warning against the session before.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from expectations.contract.b3_texts import TYPE_CLASS_WIDTH, TYPE_FLAGS_WIDTH
from expectations.gates import raw
from expectations.gates.gate import run_gate
from expectations.gates.neighbours import Neighbour, neighbour_checks
from flows.b3.portfolio import Holding, Portfolio
from flows.backfill.importing.files import Found, SourceFile
from flows.backfill.importing.readers import read_files
from flows.session.raw_file import RAW_SCHEMA, RawFacts, decode, encode
from local.b3.formats import csv_download, html_page, json_page, pt_br
from local.b3.sample import collected_at, recorded

BEFORE, SESSION = date(2025, 6, 30), date(2025, 7, 1)
SIGNS = "0123456789.,;/ -AZNÉéx%&<\ufffd"
SCHEMA = [f"{field.name}: {field.type}" for field in RAW_SCHEMA]


@cache
def right() -> Portfolio:
    """The recorded session, all of whose shares have a sector."""
    portfolio = recorded(SESSION)
    return replace(
        portfolio, holdings=tuple(replace(item, setor=item.setor or "Diversos") for item in portfolio.holdings)
    )


def by_sector(portfolio: Portfolio) -> bytes:
    def line(item: Holding) -> str:
        of_sector = (other.participacao_pct for other in portfolio.holdings if other.setor == item.setor)
        figures = (item.qtde_teorica, item.participacao_pct, sum(of_sector, Decimal(0)))
        return ";".join((str(item.setor), item.codigo, item.acao, item.tipo, *map(pt_br, figures))) + ";"

    plain = base64.b64decode(csv_download(portfolio)).decode("latin-1").split("\r\n")
    stated = portfolio.statement
    total = f"Quantidade Teórica Total;;;;{pt_br(stated.total_quantity)};100,000;100,000"
    heading = "Setor;Código;Ação;Tipo;Qtde. Teórica;Part. (%);Part. (%)Acum."
    ordered = sorted(portfolio.holdings, key=lambda item: (str(item.setor), item.codigo))
    divisor = f"Redutor;;;;{pt_br(stated.divisor or Decimal(0))}"
    return "\r\n".join((plain[0], heading, *map(line, ordered), total, divisor, "")).encode()


FORMS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "CSV": lambda: ("IBOVDia_01-07-25.csv", base64.b64decode(csv_download(right())).decode("latin-1").encode()),
    "CSV by sector": lambda: ("IBOVDia_01-07-25.csv", by_sector(right())),
    "JSON": lambda: ("IBOV_2025-07-01.json", json_page(right(), 1, 120, by_sector=True)),
    "page": lambda: ("IBOV_2025-07-01.html", html_page(right())),
}


def rows_of(portfolio: Portfolio) -> pd.DataFrame:
    facts = RawFacts.of(portfolio, collected_at(portfolio.session), [])
    return decode(encode(portfolio, facts)).table.to_pandas()


@cache
def before() -> Neighbour:
    portfolio = recorded(BEFORE)
    known = replace(
        portfolio, holdings=tuple(replace(item, setor=item.setor or "Diversos") for item in portfolio.holdings)
    )
    return Neighbour(BEFORE, rows_of(known), rebalanced=False)


def cells(portfolio: Portfolio, *, with_sectors: bool) -> list[Holding]:
    items = portfolio.holdings if with_sectors else [replace(item, setor=None) for item in portfolio.holdings]
    return sorted(items, key=lambda item: item.codigo)


def figures(portfolio: Portfolio) -> list[tuple[int, Decimal]]:
    return sorted((item.qtde_teorica, item.participacao_pct) for item in portfolio.holdings)


def contradicts_totals(portfolio: Portfolio) -> bool:
    """What gate 1 refuses by the totals; asked here first, because it is quicker."""
    sums = (
        sum(item.qtde_teorica for item in portfolio.holdings),
        sum(item.participacao_pct for item in portfolio.holdings),
    )
    stated = portfolio.statement
    return sums != (stated.total_quantity, Decimal("100.000")) or stated.total_share != Decimal("100.000")


def judged(portfolio: Portfolio) -> tuple[bool, bool]:
    """Whether gate 1 refuses it, and whether it warns."""
    rows = rows_of(portfolio)
    context = raw.RawContext(portfolio.statement, [SESSION], [SESSION], in_calendar=True)
    checks = [*raw.raw_checks(rows, SCHEMA, SCHEMA, context), *neighbour_checks(rows, [before()])]
    report = run_gate(raw.GATE, portfolio.index, portfolio.session, checks)
    return not report.passed, bool(report.warnings)


def demand_what_holds(found: Found) -> None:
    portfolio, with_sectors = found.portfolio, found.portfolio.has_sectors
    assert (portfolio.index, portfolio.session) == ("IBOV", SESSION)
    if cells(portfolio, with_sectors=with_sectors) == cells(right(), with_sectors=with_sectors):
        return
    if contradicts_totals(portfolio):
        return
    is_refused, is_warned = judged(portfolio)
    assert is_refused or (is_warned and figures(portfolio) == figures(right()))


def damaged(data: st.DataObject, text: str) -> str:
    place = data.draw(st.integers(0, len(text) - 1), "place")
    sign = data.draw(st.sampled_from(SIGNS), "sign")
    kind = data.draw(st.sampled_from(["other", "lost", "more", "twice", "cut"]), "kind")
    return {
        "other": lambda: text[:place] + sign + text[place + 1 :],
        "lost": lambda: text[:place] + text[place + 1 :],
        "more": lambda: text[:place] + sign + text[place:],
        "twice": lambda: text[:place] + text[place] + text[place:],
        "cut": lambda: text[:place],
    }[kind]()


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
@settings(max_examples=20)
def test_one_letter_is_refused_or_changes_nothing(form: str, data: st.DataObject) -> None:
    name, content = FORMS[form]()
    for item in read_files([SourceFile(name, damaged(data, content.decode()).encode())]):
        if isinstance(item, Found):
            demand_what_holds(item)


@pytest.mark.parametrize("form", ["CSV", "CSV by sector"])
@given(data=st.data())
@settings(max_examples=12)
def test_lines_that_are_lost_doubled_or_have_exchanged_a_cell_are_refused(form: str, data: st.DataObject) -> None:
    name, content = FORMS[form]()
    lines = content.decode().split("\r\n")
    one, other = data.draw(st.lists(st.integers(2, len(lines) - 4), min_size=2, max_size=2, unique=True), "lines")
    kind = data.draw(st.sampled_from(["lost", "doubled", "exchanged"]), "kind")
    if kind == "lost":
        del lines[one]
    elif kind == "doubled":
        lines.insert(other, lines[one])
    else:
        here, there = lines[one].split(";"), lines[other].split(";")
        column = data.draw(st.integers(0, len(here) - 2), "column")
        assume(here[column] != there[column])
        here[column], there[column] = there[column], here[column]
        lines[one], lines[other] = ";".join(here), ";".join(there)
    (item,) = read_files([SourceFile(name, "\r\n".join(lines).encode())])
    if isinstance(item, Found):
        demand_what_holds(item) if kind != "exchanged" else demand_a_word_of(item)


def demand_a_word_of(found: Found) -> None:
    """Cells that were exchanged add up as before: a refusal or at least a warning says so, but of weights nothing can.

    Nor can it of event flags, which come and go from day to day: only prices tell.
    """
    with_sectors = found.portfolio.has_sectors
    if without_flags(found.portfolio, with_sectors=with_sectors) == without_flags(right(), with_sectors=with_sectors):
        return
    if figures(found.portfolio) == figures(right()) and not contradicts_totals(found.portfolio):
        assert any(judged(found.portfolio))


def without_flags(portfolio: Portfolio, *, with_sectors: bool) -> list[Holding]:
    rows, level = cells(portfolio, with_sectors=with_sectors), TYPE_CLASS_WIDTH + TYPE_FLAGS_WIDTH
    return [replace(row, tipo=f"{row.tipo[:TYPE_CLASS_WIDTH].strip()} {row.tipo[level:]}") for row in rows]
