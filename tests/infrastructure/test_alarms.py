"""The alarms' table: names, what they say, and that what they watch is what somebody emits."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from expectations.contract.outcomes import Outcome, Verdict
from flows.record.attempt import Attempt
from flows.record.metrics import run_metrics
from infrastructure.alarms import ALARMS, Alarm, alarms_of

each_alarm = pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
OWN = [alarm for alarm in ALARMS if alarm.namespace == "Bovespa"]


def test_every_alarm_has_its_own_name() -> None:
    assert len({alarm.name for alarm in ALARMS}) == len(ALARMS)


@each_alarm
def test_an_alarm_can_be(alarm: Alarm) -> None:
    assert alarm.name.startswith("bovespa-")
    assert alarm.description.endswith(".")
    assert alarm.period % 60 == 0
    assert alarm.period * alarm.periods <= 24 * 3600


@pytest.mark.parametrize("alarm", OWN, ids=lambda alarm: alarm.name)
def test_a_run_emits_what_the_alarm_watches(alarm: Alarm) -> None:
    today, began = date(2025, 6, 30), datetime(2025, 6, 30, 11, tzinfo=UTC)
    attempt = Attempt("run-1", "daily", "IBOV", began, began, Outcome.PUBLISHED, today, verdict=Verdict.VERIFIED)
    dimensions = [{"Name": name, "Value": value} for name, value in alarm.dimensions.items()]
    emitted = [(datum["MetricName"], datum["Dimensions"]) for datum in run_metrics(attempt, today, today)]
    assert (alarm.metric, dimensions) in emitted


@pytest.mark.parametrize(
    ("morning", "alarming"),
    [
        pytest.param([], True, id="no run came about, or none found the session published"),
        pytest.param([1], False, id="a run published it"),
        pytest.param([1, 1, 1], False, id="one run published it and others found it published"),
    ],
)
def test_a_session_missing_at_noon_is_an_alarm(morning: list[int], alarming: bool) -> None:  # noqa: FBT001
    (alarm,) = (alarm for alarm in ALARMS if alarm.metric == "FreshSession")
    assert (alarm.statistic, alarm.comparison) == ("Maximum", "LessThanThreshold")
    assert (max([*morning, 0]) < alarm.threshold) is alarming


def test_at_noon_the_alarm_looks_back_to_before_the_first_try_but_not_to_yesterday() -> None:
    (alarm,) = (alarm for alarm in ALARMS if alarm.metric == "FreshSession")
    first_try, noon, last_try = 6.5, 12, 17.5  # hours in São Paulo
    begin = noon - alarm.period * alarm.periods / 3600
    assert last_try - 24 < begin < first_try


# --- by index ------------------------------------------------------------------------------------------------------------


def test_the_ibovespas_alarms_are_those_of_the_table() -> None:
    assert sorted(alarm.name for alarm in alarms_of(["IBOV"])) == sorted(alarm.name for alarm in ALARMS)


def test_each_index_has_alarms_of_its_own_and_what_all_share_has_one() -> None:
    found = {alarm.name: alarm for alarm in alarms_of(["IBOV", "IBXX"])}
    more = found.keys() - {alarm.name for alarm in ALARMS}
    assert more == {
        f"bovespa-{name}-ibxx"
        for name in (
            "no-session-by-noon",
            "gate-failure",
            "composition-change",
            "divergent-session",
            "slow-run",
        )
    }
    assert {found[name].dimensions["Indice"] for name in more} == {"IBXX"}
    assert all(found[name].description.startswith("IBXX: ") for name in more)
