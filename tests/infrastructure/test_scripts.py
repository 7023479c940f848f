"""The job's script and modules: those in use are never deleted, those that were replaced a month later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure import recording
from infrastructure.scripts import KEPT, last_day, replaced

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

UPLOADED = "Mon, 30 Jun 2025 09:30:00 GMT"
OLD = ["scripts/bovespa_etl_job-0000000000000000.py", "scripts/modules-0000000000000000.zip"]
UPLOAD = "s3/bucketObjectv2:BucketObjectv2"


def rules(deployment: Deployment) -> list[dict[str, Any]]:
    config = deployment.one("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "artifacts").inputs
    return [rule for rule in config["rules"] if rule["filter"]["prefix"].startswith("scripts/")]


def test_what_an_update_replaces_stays_for_the_runs_that_are_starting(deployed: Deployment) -> None:
    assert [item.retained for item in deployed.all(UPLOAD)] == [True, True]


def test_a_first_deployment_deletes_nothing(deployed: Deployment) -> None:
    assert rules(deployed) == []


@pytest.mark.parametrize("mode", ["script", "visual"])
def test_each_replaced_script_goes_by_itself_and_none_that_is_in_use(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    job = deploy(glueMode=mode).one("glue/job:Job").inputs
    used = [job["command"]["scriptLocation"], job["defaultArguments"]["--extra-py-files"]]
    keys = [address.removeprefix("s3://bovespa-artifacts-bucket/") for address in used]
    monkeypatch.setitem(recording.ANSWERS, "aws:s3/getObjects:getObjects", {"keys": [*OLD, *keys]})
    found = rules(deploy(glueMode=mode))
    assert [rule["filter"]["prefix"] for rule in found] == OLD
    assert {rule["expiration"]["date"] for rule in found} == {"2025-07-31T00:00:00Z"}
    assert all(rule["status"] == "Enabled" for rule in found)


def test_a_month_is_counted_from_the_youngest_of_what_replaced_it() -> None:
    assert last_day([UPLOADED, "Wed, 02 Jul 2025 23:59:59 GMT"]) == "2025-08-02T00:00:00Z"


@pytest.mark.parametrize("zone", ["GMT", "UTC"])
def test_a_replaced_script_stays_for_thirty_days_at_least(zone: str) -> None:
    uploaded = datetime(2025, 6, 30, 23, 59, 59)  # noqa: DTZ001 - both are in UTC
    last = datetime.strptime(last_day([f"Mon, 30 Jun 2025 23:59:59 {zone}"]), "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007
    assert timedelta(days=30) < last - uploaded <= KEPT


def test_s3_takes_no_more_rules_than_a_thousand() -> None:
    assert len(replaced([f"scripts/{number}.py" for number in range(2000)], [])) < 1000
