"""The table of prices, and what a Glue run costs by it."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from flows.cost import prices
from flows.cost.prices import DEFAULT_REGION, GLUE_DPU_HOUR_USD, REGIONS, Price, glue_cost, prices_of
from flows.glue_run import GlueRun

HOUR = GlueRun("jr_1", "SUCCEEDED", seconds=1800, dpu_seconds=3600.0, capacity=2.0)


def test_an_hour_of_one_dpu_costs_the_stated_price() -> None:
    assert glue_cost(HOUR, "us-east-1") == GLUE_DPU_HOUR_USD == Decimal("0.44")


@pytest.mark.parametrize(("region", "usd"), [("us-east-1", "0.44"), ("sa-east-1", "0.69"), ("eu-west-9", "0.44")])
def test_a_glue_run_costs_its_regions_price(region: str, usd: str) -> None:
    assert glue_cost(HOUR, region) == Decimal(usd)


def test_a_flexible_run_is_cheaper() -> None:
    assert glue_cost(replace(HOUR, flex=True), "us-east-1") == Decimal("0.29")


def test_a_region_without_prices_is_reckoned_at_the_default_regions_which_say_so() -> None:
    assert prices_of("eu-west-9").region == DEFAULT_REGION


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_every_price_states_its_unit_its_source_and_how_it_was_seen(region: str) -> None:
    for field in fields(REGIONS[region]):
        price = getattr(REGIONS[region], field.name)
        if isinstance(price, Price):
            assert price.usd > 0
            assert price.unit
            assert price.source.startswith("https://aws.amazon.com/")
            assert price.seen


def test_the_tables_regions_are_those_that_they_are_found_by() -> None:
    assert {region: found.region for region, found in REGIONS.items()} == {region: region for region in REGIONS}
    assert prices.AS_OF == "2026-11-24"
