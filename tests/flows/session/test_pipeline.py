"""Steps of the daily run that need S3 only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from expectations.gates.neighbours import Neighbour
from flows.session.pipeline import Collected
from flows.session.raw_file import RawFacts, decode, encode
from tests.flows.traces import MON, Account, Glue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio


@pytest.fixture
def aws(s3: S3Client, sample: Portfolio) -> Account:
    return Account(s3, Glue(), sample)


class TestStaleAnswer:
    """On Wednesday B3 still shows Monday's session."""

    def why_not(self, aws: Account, *, corrected: bool = False) -> str | None:
        divisor = Decimal("15453473.15") if corrected else aws.sample.statement.divisor
        portfolio = aws.sample.restated(session=MON, divisor=divisor)
        return aws.pipeline.why_not_taken(RawFacts.of(portfolio, datetime(2025, 6, 4, 11, tzinfo=UTC), []))

    def test_fills_a_gap(self, aws: Account) -> None:
        assert self.why_not(aws) is None

    def test_completes_what_its_own_figures_began(self, aws: Account) -> None:
        aws.upload(MON)
        assert self.why_not(aws) is None

    def test_is_of_no_use_where_the_session_is_published(self, aws: Account) -> None:
        aws.publish(MON, aws.upload(MON))
        assert self.why_not(aws) == "2025-06-02 is published"

    def test_corrects_nothing_that_came_in_time(self, aws: Account) -> None:
        version = aws.upload(MON)
        assert self.why_not(aws, corrected=True) == "the raw file of 2025-06-02 has other figures, which stay"
        aws.publish(MON, version)
        assert self.why_not(aws, corrected=True) == "2025-06-02 is published with other figures, which stay"


class TestManyAnswers:
    """Gate 1 by one validation says of each what it says of it alone."""

    def answer(self, portfolio: Portfolio, day: int) -> Collected:
        facts = RawFacts.of(portfolio, datetime(2025, 6, day, 11, tzinfo=UTC), [])
        return Collected(facts, encode(portfolio, facts))

    def damaged(self, whole: Portfolio) -> list[Portfolio]:
        first, second, *rest = whole.holdings
        return [
            replace(whole, holdings=(first, first, *rest)),
            replace(whole, holdings=(replace(first, qtde_teorica=first.qtde_teorica + 1), second, *rest)),
            replace(whole, holdings=(replace(first, participacao_pct=Decimal(101)), second, *rest)),
            replace(whole, holdings=(replace(first, tipo="ON  XYZ NM"), second, *rest)),
            whole.restated(total_records=len(whole.holdings) - 1),
            whole.restated(divisor=Decimal(0)),
            whole.restated(divisor=None),
            whole.restated(index="IBXX"),
            whole.restated(session=date(2025, 6, 7)),
        ]

    def test_whatever_is_wrong_with_some(self, aws: Account) -> None:
        whole = aws.sample.restated(session=MON)
        given = [whole, *self.damaged(whole), whole.restated(session=date(2025, 6, 3)), whole]
        answers = [(self.answer(portfolio, day), ()) for portfolio, day in zip(given, [2, 3, 4] * 4, strict=True)]
        reports = aws.pipeline.check_raw_of_many(answers)
        alone = [aws.pipeline.check_raw(*answer) for answer in answers]
        assert [report.outcomes for report in reports] == [report.outcomes for report in alone]
        assert {report.passed for report in reports} == {True, False}

    def test_against_the_sessions_beside_them(self, aws: Account) -> None:
        whole = aws.sample.restated(session=MON)
        first, second, *rest = whole.holdings
        exchanged = replace(
            whole,
            holdings=(
                replace(first, qtde_teorica=second.qtde_teorica),
                replace(second, qtde_teorica=first.qtde_teorica),
                *rest,
            ),
        )
        beside = [
            Neighbour(date(2025, 6, 3), decode(self.answer(whole, 3).content).table.to_pandas(), rebalanced=False)
        ]
        answers = [(self.answer(portfolio, 2), beside) for portfolio in (whole, exchanged)]
        reports = aws.pipeline.check_raw_of_many(answers)
        assert [report.outcomes for report in reports] == [
            aws.pipeline.check_raw(*answer).outcomes for answer in answers
        ]
        assert not any(report.passed for report in reports)
