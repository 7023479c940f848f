"""Glue 5.1 reads and writes S3 with Hadoop's S3A: what it asks of S3 is what the job's role may do, in both forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.infrastructure.test_policies import may

if TYPE_CHECKING:
    from conftest import Deployment

CALLS: list[dict[str, str]] = json.loads(Path(__file__).with_name("s3a_calls.json").read_text(encoding="utf-8"))[
    "calls"
]
BUCKETS = {"raw": "arn:aws:s3:::bovespa-raw-data-bucket", "refined": "arn:aws:s3:::bovespa-refined-data-bucket"}


def allowed(deployed: Deployment, call: dict[str, str]) -> bool:
    bucket = BUCKETS[call["bucket"]]
    resource = f"{bucket}/{call['key']}" if "key" in call else bucket
    return may(deployed, "etl", call["action"], resource, {"s3:prefix": call["prefix"]} if "prefix" in call else None)


def stated(call: dict[str, Any]) -> str:
    return f"{call['step']}: {call['call']} {call.get('key', call.get('prefix', ''))}"


@pytest.mark.parametrize("call", [call for call in CALLS if "form" not in call], ids=stated)
def test_a_run_of_either_form(deployed: Deployment, complete: Deployment, call: dict[str, str]) -> None:
    assert allowed(deployed, call)
    assert allowed(complete, call)


@pytest.mark.parametrize("call", [call for call in CALLS if call.get("form") == "visual"], ids=stated)
def test_a_run_of_the_visual_form_alone(deployed: Deployment, complete: Deployment, call: dict[str, str]) -> None:
    assert allowed(complete, call)
    assert not allowed(deployed, call)


@pytest.mark.parametrize("folder", ["staging", "staging/", "staging/jr_1/input/"])
def test_a_folder_is_looked_at_under_each_of_its_names(folder: str) -> None:
    assert [call for call in CALLS if call.get("key", "").startswith(folder)]
