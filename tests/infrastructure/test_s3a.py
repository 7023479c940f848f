"""Glue 5.1 reads and writes S3 with Hadoop's S3A: what it asks of S3 is what the job's role may do, in both forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.check.s3a import CALLS, is_allowed

if TYPE_CHECKING:
    from conftest import Deployment


def stated(call: dict[str, Any]) -> str:
    return f"{call['step']}: {call['call']} {call.get('key', call.get('prefix', ''))}"


@pytest.mark.parametrize("call", [call for call in CALLS if "form" not in call], ids=stated)
def test_a_run_of_either_form(deployed: Deployment, complete: Deployment, call: dict[str, str]) -> None:
    assert is_allowed(deployed, call)
    assert is_allowed(complete, call)


@pytest.mark.parametrize("call", [call for call in CALLS if call.get("form") == "visual"], ids=stated)
def test_a_run_of_the_visual_form_alone(deployed: Deployment, complete: Deployment, call: dict[str, str]) -> None:
    assert is_allowed(complete, call)
    assert not is_allowed(deployed, call)


@pytest.mark.parametrize("folder", ["staging", "staging/", "staging/jr_1/input/"])
def test_a_folder_is_looked_at_under_each_of_its_names(folder: str) -> None:
    assert [call for call in CALLS if call.get("key", "").startswith(folder)]
