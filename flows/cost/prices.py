"""What AWS charges: the unit prices that `bovespa cost` and the ledger reckon with, in one table.

List prices in US dollars, before tax, discounts and the free tier (which an account's other uses may have used up). Where a
price stands is its `source`; how it was verified is its `seen`: AWS's own pages render their tables in the browser, so that most
could be read only in copies of AWS's price list that others keep. An invoice is the last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flows.glue_run import GlueRun

DEFAULT_REGION = "us-east-1"
AS_OF = "2026-11-24"

_GLUE = "https://aws.amazon.com/glue/pricing/"
_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_S3 = "https://aws.amazon.com/s3/pricing/"
_ATHENA = "https://aws.amazon.com/athena/pricing/"

_AWS_PAGE = "a stored copy of that page"
_COPY = "copies of AWS's price list"
_MEMORY = "from memory, not verified"

ATHENA_MEGABYTE = 1024 * 1024
ATHENA_MINIMUM_MEGABYTES = 10
"""Athena rounds a query up to the megabyte, and bills ten at least."""


@dataclass(frozen=True, slots=True)
class Price:
    """One unit price.

    Attributes:
        usd: US dollars a unit.
        unit: what one pays for.
        source: address of the page that states it.
        seen: how it was verified on `AS_OF`.
    """

    usd: Decimal
    unit: str
    source: str
    seen: str


@dataclass(frozen=True, slots=True)
class Prices:
    """The unit prices of one region."""

    region: str
    glue: Price
    glue_flex: Price
    lambda_request: Price
    lambda_compute: Price
    s3_storage: Price
    s3_write: Price
    s3_read: Price
    athena: Price


def _prices(region: str, figures: Mapping[str, tuple[str, str]]) -> Prices:
    units = {
        "glue": ("DPU-hour", _GLUE),
        "glue_flex": ("DPU-hour, flexible execution", _GLUE),
        "lambda_request": ("request", _LAMBDA),
        "lambda_compute": ("GB-second, arm64", _LAMBDA),
        "s3_storage": ("GB-month, Standard", _S3),
        "s3_write": ("PUT, COPY, POST or LIST", _S3),
        "s3_read": ("GET or other request", _S3),
        "athena": ("TB scanned", _ATHENA),
    }
    return Prices(region, **{name: Price(Decimal(usd), *units[name], seen) for name, (usd, seen) in figures.items()})


REGIONS = {
    prices.region: prices
    for prices in (
        _prices(
            "us-east-1",
            {
                "glue": ("0.44", _AWS_PAGE),
                "glue_flex": ("0.29", _MEMORY),
                "lambda_request": ("0.0000002", _COPY),
                "lambda_compute": ("0.0000133334", _COPY),
                "s3_storage": ("0.023", _COPY),
                "s3_write": ("0.000005", _COPY),
                "s3_read": ("0.0000004", _COPY),
                "athena": ("5", _AWS_PAGE),
            },
        ),
        _prices(
            "sa-east-1",
            {
                "glue": ("0.69", _COPY),
                "glue_flex": ("0.4554", f"{_MEMORY}: 34 percent off"),
                "lambda_request": ("0.0000002", _COPY),
                "lambda_compute": ("0.0000133334", _MEMORY),
                "s3_storage": ("0.0405", _COPY),
                "s3_write": ("0.000007", _COPY),
                "s3_read": ("0.00000056", _COPY),
                "athena": ("9", _COPY),
            },
        ),
    )
}

GLUE_DPU_HOUR_USD = REGIONS[DEFAULT_REGION].glue.usd
"""US dollars a DPU-hour of Glue, in the default region."""


def prices_of(region: str) -> Prices:
    """The region's prices; those of the default region, which say so, where the region's are not in the table."""
    return REGIONS.get(region, REGIONS[DEFAULT_REGION])


def glue_cost(run: GlueRun, region: str) -> Decimal:
    """The list price in US dollars of a run that has ended; of one that is live, of what it has used so far.

    Args:
        region: AWS region; the default region's price where it is not in the table.
    """
    prices = prices_of(region)
    price = prices.glue_flex if run.flex else prices.glue
    return Decimal(str(run.billed_dpu_seconds)) / 3600 * price.usd
