"""The deployments as Prefect reads them: flows that exist, schedules in São Paulo's time, no pool, nothing to pull."""

from __future__ import annotations

import asyncio
import inspect
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.cli.deploy._models import ConcurrencyLimitSpec, PrefectYamlModel
from prefect.client.schemas.objects import ConcurrencyLimitStrategy
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.server.schemas.schedules import CronSchedule

from expectations.contract.names import B3_TIME_ZONE, INDEX_PATTERN
from flows.deploy.notify import TAG

FILE = Path(__file__).resolve().parents[1] / "prefect.yaml"
SPOKEN: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
DEPLOYMENTS: list[dict[str, Any]] = SPOKEN["deployments"]
SCHEDULES = [(found["name"], schedule) for found in DEPLOYMENTS for schedule in found["schedules"]]
MONDAY = datetime(2026, 3, 2, tzinfo=ZoneInfo(B3_TIME_ZONE))

each_deployment = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda found: found["name"])


def tries(name: str, day: datetime) -> list[time]:
    """When a deployment is tried on a day, in São Paulo, as Prefect's server reckons it."""
    found = set()
    for deployment, schedule in SCHEDULES:
        if deployment == name:
            cron = CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
            moments = asyncio.run(cron.get_dates(100, day, day + timedelta(days=1, seconds=-1)))
            found.update(moment.astimezone(day.tzinfo).time() for moment in moments)
    return sorted(found)


def test_prefect_takes_the_file() -> None:
    assert [found.name for found in PrefectYamlModel.model_validate(SPOKEN).deployments] == [
        found["name"] for found in DEPLOYMENTS
    ]


def test_names_are_given_once() -> None:
    names = [found["name"] for found in DEPLOYMENTS]
    assert "daily" in names
    assert len(set(names)) == len(names)


@each_deployment
def test_an_entry_point_is_a_flow_of_the_installed_package(deployment: dict[str, Any]) -> None:
    entrypoint = deployment["entrypoint"]
    assert entrypoint.startswith("flows.")
    assert ":" not in entrypoint, "a path would need a folder"
    flow = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    assert isinstance(flow, Flow)
    assert flow.__module__ == entrypoint.rpartition(".")[0]


@each_deployment
def test_the_parameters_are_the_flows(deployment: dict[str, Any]) -> None:
    flow: Flow[..., Any] = load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False)
    given = deployment.get("parameters", {})
    assert set(given) <= set(inspect.signature(flow.fn).parameters)
    flow.validate_parameters(given)


@each_deployment
def test_the_pool_is_chosen_outside_and_nothing_is_pulled(deployment: dict[str, Any]) -> None:
    assert "work_pool" not in deployment
    assert deployment["pull"] == []


@each_deployment
def test_people_are_told_of_its_failures(deployment: dict[str, Any]) -> None:
    assert TAG in deployment["tags"]


@each_deployment
def test_one_run_of_a_deployment_goes_at_a_time_and_a_second_one_waits(deployment: dict[str, Any]) -> None:
    (read,) = [
        found for found in PrefectYamlModel.model_validate(SPOKEN).deployments if found.name == deployment["name"]
    ]
    limit = read.concurrency_limit
    assert isinstance(limit, ConcurrencyLimitSpec)
    assert (limit.limit, limit.collision_strategy) == (1, ConcurrencyLimitStrategy.ENQUEUE)


def test_no_index_waits_for_another() -> None:
    """A limit is of one deployment, and each deployment that collects is of one index."""
    collecting = [found for found in DEPLOYMENTS if found["entrypoint"] == "flows.daily.daily"]
    indices = [found["parameters"]["index"] for found in collecting]
    assert len(set(indices)) == len(collecting) > 0


@pytest.mark.parametrize(("name", "schedule"), SCHEDULES)
def test_every_schedule_is_in_b3s_time_and_can_be_changed_in_place(name: str, schedule: dict[str, Any]) -> None:
    assert schedule["timezone"] == B3_TIME_ZONE, name
    assert schedule["slug"]
    slugs = [found["slug"] for deployment, found in SCHEDULES if deployment == name]
    assert len(set(slugs)) == len(slugs)


@pytest.mark.parametrize("weekday", range(5))
def test_a_weekday_is_tried_several_times_between_half_past_six_and_half_past_five(weekday: int) -> None:
    moments = tries("daily", MONDAY + timedelta(days=weekday))
    assert len(moments) >= 4
    assert (moments[0], moments[-1]) == (time(6, 30), time(17, 30))


def test_the_last_try_of_the_morning_leaves_half_an_hour_before_the_alarm_of_noon() -> None:
    morning = [moment for moment in tries("daily", MONDAY) if moment < time(12)]
    assert morning[-1] == time(11, 30)


@pytest.mark.parametrize("weekday", [5, 6])
def test_a_weekend_day_is_tried_once(weekday: int) -> None:
    assert len(tries("daily", MONDAY + timedelta(days=weekday))) == 1


def test_the_index_is_a_code() -> None:
    (daily,) = [found for found in DEPLOYMENTS if found["name"] == "daily"]
    assert daily["parameters"] == {"index": "IBOV"}
    assert INDEX_PATTERN.startswith("^")
