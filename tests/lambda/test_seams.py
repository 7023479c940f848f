"""The Lambda cannot import the contract, which is not deployed with it; here its copy is held to the original."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote_plus

import pytest

from expectations import contract
from trigger_glue_job import events

SESSION = date(2025, 6, 30)


def created(key: str) -> dict[str, Any]:
    """S3's event of a new version of the key, which it encodes."""
    stated = {"bucket": {"name": contract.RAW_BUCKET}, "object": {"key": quote_plus(key, safe="/"), "versionId": "v"}}
    return {"Records": [{"eventName": "ObjectCreated:Put", "s3": stated}]}


def test_the_lambdas_prefix_and_suffix_are_the_contracts() -> None:
    assert (events.RAW_PREFIX, events.RAW_SUFFIX) == (contract.RAW_PREFIX, contract.RAW_SUFFIX)


@pytest.mark.parametrize("index", ["IBOV", "IBXX", "ICO2"])
def test_a_key_that_the_flow_writes_is_one_that_the_lambda_starts_and_the_job_reads(index: str) -> None:
    (version,) = events.new_raw_versions(created(contract.raw_key(index, SESSION)))

    assert contract.parse_raw_key(version.key) == contract.RawObject(index, SESSION)


def test_a_payload_in_landing_starts_nothing() -> None:
    key = contract.landing_key("IBOV", SESSION, datetime(2025, 6, 30, 11, tzinfo=UTC), "json", 1, "0" * 64)

    assert events.new_raw_versions(created(key)) == []
