"""What a month costs: usage times unit prices, beside the estimate. Pure.

AWS bills months in UTC. What is not in the four services (alarms, keys, secrets, orchestration) is in docs/deploy.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from flows.cost.prices import ATHENA_MEGABYTE, ATHENA_MINIMUM_MEGABYTES, Price, Prices
from flows.errors import SettingsError
from flows.glue_run import GlueRun

ESTIMATE_USD = {"S3": Decimal("0.02"), "Lambda": Decimal("0.01"), "Glue": Decimal("1.10"), "Athena": Decimal("0.50")}
"""US dollars a month that the pipeline was planned with, by service."""

GIGABYTE = 1024**3
TERABYTE = 1024**4

LISTS_PER_RUN = 116
READS_PER_RUN = 193
"""Of S3, by one session that is collected, refined, audited, published and confirmed: 84 shares, each a file that is read to
audit it and by Athena. Measured in the account on the laptop, by its trail of all roles' calls up to the flow's last one, as
S3 bills them: what a copy reads is part of the copy. tests/end_to_end/test_privileges.py measures it again. S3 itself keeps no
count. Queries beside the flow's own, which list and read as many files as their sessions have, come on top, and so does
whatever Hadoop's S3A asks more often than the laptop's file system."""


@dataclass(frozen=True, slots=True)
class BillingMonth:
    """A month in UTC: from `begin` to just before `end`."""

    begin: datetime
    end: datetime

    @classmethod
    def of(cls, text: str) -> BillingMonth:
        """The month that `YYYY-MM` says.

        Raises:
            SettingsError: it says none.
        """
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text, re.ASCII) or text.startswith("0000"):
            raise SettingsError(f"month {text!r}: expected YYYY-MM, such as 2025-06")
        year, month = int(text[:4]), int(text[5:])
        following = (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004 - months
        return cls(datetime(year, month, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC))

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.begin).total_seconds()

    def has(self, moment: datetime) -> bool:
        """Whether the moment is in it."""
        return self.begin <= moment < self.end

    def elapsed(self, now: datetime) -> float:
        """How much of it is over, from 0 to 1."""
        return min(max((now - self.begin).total_seconds() / self.seconds, 0.0), 1.0)


# --- usage ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of an object: its bytes and the moment from which they are kept."""

    size: int
    since: datetime


@dataclass(frozen=True, slots=True)
class BilledQuery:
    """One query of Athena: the bytes it scanned, and whether such a query is billed at all."""

    scanned_bytes: int
    billed: bool = True

    def billed_bytes(self) -> int:
        """Rounded up to the megabyte, and ten at least; nothing of statements that define, and of failures."""
        megabytes = max(-(-self.scanned_bytes // ATHENA_MEGABYTE), ATHENA_MINIMUM_MEGABYTES)
        return megabytes * ATHENA_MEGABYTE if self.billed else 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used in a month.

    Attributes:
        invocations: of the Lambda.
        gb_seconds: of the Lambda, its memory times its durations.
        stored: what the buckets hold, older versions too.
    """

    runs: Sequence[GlueRun]
    invocations: int
    gb_seconds: float
    stored: Sequence[StoredVersion]
    queries: Sequence[BilledQuery]


# --- the bill ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill."""

    service: str
    what: str
    quantity: Decimal
    price: Price

    @property
    def usd(self) -> Decimal:
        """US dollars."""
        return self.quantity * self.price.usd


@dataclass(frozen=True, slots=True)
class Bill:
    """A month's lines, at the prices of a region."""

    lines: tuple[Line, ...]

    def of(self, service: str) -> Decimal:
        """US dollars for one service."""
        return sum((line.usd for line in self.lines if line.service == service), Decimal())

    @property
    def usd(self) -> Decimal:
        """US dollars for all of it."""
        return sum((line.usd for line in self.lines), Decimal())


def bill(usage: Usage, month: BillingMonth, prices: Prices, now: datetime) -> Bill:
    """The bill of a month, or of what is over of it."""
    return Bill(
        (
            *_glue(usage.runs, prices),
            Line("Lambda", "invocations", Decimal(usage.invocations), prices.lambda_request),
            Line("Lambda", "GB-seconds", _decimal(usage.gb_seconds), prices.lambda_compute),
            *_storage(usage, month, prices, now),
            _athena(usage.queries, prices),
        )
    )


def _glue(runs: Sequence[GlueRun], prices: Prices) -> Iterable[Line]:
    kinds = [(False, "DPU-hours", prices.glue), (True, "flexible DPU-hours", prices.glue_flex)]
    for flex, what, price in kinds:
        chosen = [run for run in runs if run.flex is flex]
        hours = _decimal(sum(run.billed_dpu_seconds for run in chosen)) / 3600
        if chosen or not flex:
            yield Line("Glue", f"{what} of {len(chosen)} runs", hours, price)


def _storage(usage: Usage, month: BillingMonth, prices: Prices, now: datetime) -> Iterable[Line]:
    until = min(now, month.end)
    byte_seconds = sum(
        version.size * max((until - max(version.since, month.begin)).total_seconds(), 0.0) for version in usage.stored
    )
    stored_now = sum(1 for version in usage.stored if month.has(version.since))
    runs = len(usage.runs)
    yield Line("S3", "GB-months", _decimal(byte_seconds / month.seconds / GIGABYTE), prices.s3_storage)
    yield Line("S3", "PUT and COPY, counted by what they left", Decimal(stored_now), prices.s3_write)
    yield Line("S3", f"LIST, modelled as {LISTS_PER_RUN} a run", Decimal(runs * LISTS_PER_RUN), prices.s3_write)
    yield Line("S3", f"GET, modelled as {READS_PER_RUN} a run", Decimal(runs * READS_PER_RUN), prices.s3_read)


def _athena(queries: Sequence[BilledQuery], prices: Prices) -> Line:
    terabytes = Decimal(sum(query.billed_bytes() for query in queries)) / TERABYTE
    return Line("Athena", f"TB scanned by {sum(query.billed for query in queries)} queries", terabytes, prices.athena)


def _decimal(number: float) -> Decimal:
    return Decimal(str(number))
