"""Steps of the daily run that need S3 only."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from flows.session.raw_file import RawFacts
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
