"""The stack's settings: safe without any, refused where they cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pulumi.config import ConfigTypeError

from infrastructure.settings import PROJECT, StackSettings

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

ROOT = Path(__file__).resolve().parents[2]


def declared_in(name: str) -> dict[str, Any]:
    """A file of Pulumi's in the project's folder."""
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param({"bucket_suffix": "acme"}, "bucketSuffix", id="suffix without its hyphen"),
        pytest.param({"bucket_suffix": "-ACME"}, "bucketSuffix", id="suffix in capitals"),
        pytest.param({"bucket_suffix": "-acme-"}, "bucketSuffix", id="suffix that ends in a hyphen"),
        pytest.param({"bucket_suffix": "-a_b"}, "bucketSuffix", id="suffix with what no bucket name has"),
        pytest.param({"bucket_suffix": "-acme\n"}, "bucketSuffix", id="suffix with a line's end"),
        pytest.param({"bucket_suffix": "-" + "a" * 31}, "bucketSuffix", id="suffix that makes a name too long"),
        pytest.param({"workers": 1}, "workers", id="one worker"),
        pytest.param({"timeout_minutes": 0}, "timeoutMinutes", id="no time"),
        pytest.param({"max_concurrent_runs": 0}, "maxConcurrentRuns", id="no run"),
        pytest.param({"scan_limit_megabytes": 9}, "scanLimitMegabytes", id="less than Athena's least"),
        pytest.param({"log_retention_days": 100}, "logRetentionDays", id="days that CloudWatch does not know"),
        pytest.param({"alarm_email": "nobody"}, "alarmEmail", id="an address without a place"),
        pytest.param({"alarm_email": "a@b.c d@e.f"}, "alarmEmail", id="two addresses"),
        pytest.param({"monthly_budget_usd": 0}, "monthlyBudgetUsd", id="no money"),
        pytest.param({"log_retention_days": 0}, "logRetentionDays", id="no days"),
        pytest.param({"glue_mode": "notebook"}, "glueMode", id="a form that the job has not"),
        pytest.param({"vpc_id": "subnet-00000001"}, "vpcId", id="a subnet where a VPC must be"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_settings_name(given: dict[str, Any], reason: str) -> None:
    (value,) = given.values()
    with pytest.raises(ValueError, match=rf"^pipeline-bovespa:{reason} = ") as caught:
        StackSettings(**given)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param({"watched_indices": ()}, "watchedIndices = ''", id="no index"),
        pytest.param({"watched_indices": ("IBOV", "ibxx")}, "watchedIndices = 'ibxx'", id="no index's code"),
        pytest.param({"vpc_id": "vpc-00000000", "subnet_ids": ("x",)}, "subnetIds = 'x'", id="no subnet's id"),
        pytest.param(
            {"subnet_ids": ("subnet-00000000",)}, "subnetIds = 'subnet-00000000': expected vpcId", id="no VPC"
        ),
    ],
)
def test_a_list_that_cannot_be_is_refused_by_what_is_wrong_in_it(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^pipeline-bovespa:{reason}"):
        StackSettings(**given)


@pytest.mark.parametrize("suffix", ["", "-a", "-acme", "-acme-2025", "-" + "a" * 30])
def test_a_suffix_that_can_end_a_buckets_name_is_taken(suffix: str) -> None:
    assert StackSettings(bucket_suffix=suffix).bucket_suffix == suffix


def test_the_longest_bucket_name_is_one_that_s3_takes(deploy: Deploy) -> None:
    buckets = deploy(bucketSuffix="-" + "a" * 30).all("s3/bucket:Bucket")
    assert max(len(item.inputs["bucket"]) for item in buckets) <= 63


def test_the_program_refuses_a_value_that_cannot_be(deploy: Deploy) -> None:
    with pytest.raises(ValueError, match="pipeline-bovespa:workers = 1: expected at least 2"):
        deploy(workers="1")


def test_the_program_refuses_a_value_of_another_type(deploy: Deploy) -> None:
    with pytest.raises(ConfigTypeError, match="pipeline-bovespa:workers"):
        deploy(workers="two")


def test_zero_is_a_value_and_not_the_default(deploy: Deploy) -> None:
    with pytest.raises(ValueError, match="timeoutMinutes = 0"):
        deploy(timeoutMinutes="0")


def test_a_misspelt_setting_is_refused_and_the_right_ones_are_named(deploy: Deploy) -> None:
    with pytest.raises(ValueError, match=r"unknown settings bucketSufix; there are .*bucketSuffix, .*workers"):
        deploy(bucketSufix="-acme")


def test_a_misspelt_setting_of_the_pulumi_command_is_refused(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({f"{PROJECT}:wokers": "3", "aws:region": "sa-east-1"}))
    with pytest.raises(ValueError, match="unknown settings wokers"):
        deploy()


def test_the_settings_are_those_that_pulumi_yaml_describes_with_its_defaults(
    deploy: Deploy, deployed: Deployment
) -> None:
    described = declared_in("Pulumi.yaml")["config"]
    stated = {name: written(setting["default"]) for name, setting in described.items()}
    again = deploy(**stated)
    assert all(setting["description"] for setting in described.values())
    assert inputs(again) == inputs(deployed)


def written(value: object) -> str:
    """A setting as Pulumi hands it over."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_example_stacks_settings_are_taken(deploy: Deploy, stack: str) -> None:
    stated = declared_in(f"Pulumi.{stack}.yaml")["config"]
    own = {name.removeprefix(f"{PROJECT}:"): str(value) for name, value in stated.items() if PROJECT in name}
    assert own
    assert deploy(**own).outputs["bucket_suffix"] == own["bucketSuffix"]


def inputs(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """What was declared, by URN; code apart, whose archives are objects without equality."""
    return {
        item.urn: {name: value for name, value in item.inputs.items() if name != "code"} for item in deployment.declared
    }
