"""A damaged session fails where it should, says why in one line, leaves its payload in landing and nothing in Athena."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from expectations.gates.gate import GateRefused
from flows.errors import PayloadError
from local.b3 import sample

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio
    from local.b3.standin import Answer, Tamper
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

SESSION = date(2025, 6, 27)


@pytest.fixture
def portfolio() -> Portfolio:
    return sample.as_of(SESSION, sample.recorded(date(2025, 6, 30)))


def weight_changed(portfolio: Portfolio) -> Portfolio:
    first, *rest = portfolio.holdings
    return replace(
        portfolio, holdings=(replace(first, participacao_pct=first.participacao_pct + Decimal("0.001")), *rest)
    )


def row_dropped(portfolio: Portfolio) -> Portfolio:
    return replace(portfolio, holdings=portfolio.holdings[1:])


def code_doubled(portfolio: Portfolio) -> Portfolio:
    first, second, *rest = portfolio.holdings
    return replace(portfolio, holdings=(first, replace(second, codigo=first.codigo), *rest))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (weight_changed, "thousandths of a percent, sum to the header's 100000: 100001"),
        (row_dropped, "rows are B3's totalRecords, 84: 83"),
        (code_doubled, "no codigo stands twice: 2 of 84 rows fail: ALOS3; ALOS3"),
    ],
)
def test_gate_1_refuses_a_damaged_portfolio(
    operator: Operator, portfolio: Portfolio, damage: Callable[[Portfolio], Portfolio], reason: str
) -> None:
    before = operator.landing()
    with pytest.raises(GateRefused) as refused:
        operator.run(damage(portfolio))
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
    assert nothing_but_the_payload(operator, before)


def as_html(_path: str, answer: Answer) -> Answer:
    return replace(answer, body=b"<html><body>Just a moment...</body></html>")


def without_page_two(path: str, answer: Answer) -> Answer:
    body: dict[str, Any] = json.loads(answer.body)
    body["page"] |= {"totalPages": 2, "totalRecords": 168}
    if body["page"]["pageNumber"] != 1:
        body["results"] = []
    return replace(answer, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (as_html, "body: not JSON: it begins '<html><body>"),
        (without_page_two, "results: [] on page 2 where rows were expected"),
    ],
)
def test_the_client_refuses_an_answer_that_it_does_not_understand(
    operator: Operator, portfolio: Portfolio, tamper: Tamper, reason: str
) -> None:
    before = operator.landing()
    operator.stand_in.tamper = tamper
    with pytest.raises(PayloadError) as refused:
        operator.run(portfolio)
    assert reason in str(refused.value)
    assert nothing_but_the_payload(operator, before)


def test_a_session_of_long_ago_is_refused(operator: Operator, portfolio: Portfolio) -> None:
    operator.stand_in.show(portfolio)
    collected = operator.pipeline.collect("IBOV", sample.collected_at(date(2025, 7, 7)))
    report = operator.pipeline.check_raw(collected)
    assert [outcome.rows for outcome in report.refusals] == [("2025-06-27",)]
    assert "one that B3 may show at the time of collection (2025-07-07; a week late at most)" in report.verdict()


def nothing_but_the_payload(operator: Operator, before: set[str]) -> bool:
    return bool(operator.landing() - before) and operator.published(SESSION) == []
