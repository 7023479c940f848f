"""Monitoring: every alarm reaches the topic, and the topic somebody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import pytest
from mypy_boto3_glue.literals import JobRunStateType

from infrastructure.alarms import ALARMS, Alarm

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

TOPIC = "arn:aws:sns:sa-east-1:123456789012:bovespa-alarms"


# --- the topic -----------------------------------------------------------------------------------------------------------


def test_the_topic_is_encrypted_with_a_key_that_the_publishers_may_use(deployed: Deployment) -> None:
    topic, key = deployed.one("sns/topic:Topic"), deployed.one("kms/key:Key")
    assert topic.inputs["kmsMasterKeyId"] == "arn:aws:kms:sa-east-1:123456789012:key/1a2b3c4d"
    assert key.inputs["enableKeyRotation"] is True
    assert "cloudwatch.amazonaws.com" in key.inputs["policy"]


def test_a_stack_may_save_the_key(deploy: Deploy) -> None:
    deployed = deploy(encryptAlarms="false")
    assert deployed.all("kms/key:Key") == []
    assert "kmsMasterKeyId" not in deployed.one("sns/topic:Topic").inputs


def test_the_topic_has_its_policy(deployed: Deployment) -> None:
    policy = deployed.one("sns/topicPolicy:TopicPolicy").inputs
    assert policy["arn"] == TOPIC
    assert {item["Resource"] for item in json.loads(policy["policy"])["Statement"]} == {TOPIC}


def test_alarms_are_mailed_to_whom_the_stack_says(deploy: Deploy) -> None:
    assert deploy(alarmEmail="team@example.com").one("sns/topicSubscription:TopicSubscription").inputs == {
        "topic": TOPIC,
        "protocol": "email",
        "endpoint": "team@example.com",
    }


def test_nobody_is_mailed_where_the_stack_says_nobody(deployed: Deployment) -> None:
    assert deployed.all("sns/topicSubscription:TopicSubscription") == []


@pytest.mark.parametrize("kind", ["cloudwatch/eventTarget:EventTarget", "budgets/budget:Budget"])
def test_who_publishes_waits_for_the_topics_policy(deployed: Deployment, kind: str) -> None:
    assert deployed.one("sns/topicPolicy:TopicPolicy").urn in deployed.one(kind).after


# --- alarms --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_an_alarm_is_declared_as_the_table_says_and_reaches_the_topic(deployed: Deployment, alarm: Alarm) -> None:
    inputs = deployed.one("cloudwatch/metricAlarm:MetricAlarm", alarm.name).inputs
    assert inputs["alarmActions"] == [TOPIC]
    assert inputs["treatMissingData"] == "notBreaching"
    assert (inputs["namespace"], inputs["metricName"]) == (alarm.namespace, alarm.metric)
    assert inputs["dimensions"] == alarm.dimensions
    assert (inputs["statistic"], inputs["comparisonOperator"]) == (alarm.statistic, alarm.comparison)
    assert (inputs["threshold"], inputs["period"]) == (alarm.threshold, alarm.period)
    assert inputs["evaluationPeriods"] == alarm.periods


@pytest.mark.parametrize(
    ("kind", "dimension"),
    [("lambda/function:Function", "FunctionName"), ("sqs/queue:Queue", "QueueName")],
    ids=["function", "queue"],
)
def test_what_the_alarms_watch_is_declared(deployed: Deployment, kind: str, dimension: str) -> None:
    watched = {alarm.dimensions[dimension] for alarm in ALARMS if dimension in alarm.dimensions}
    assert watched == {deployed.one(kind).inputs["name"]}


def test_at_noon_of_weekdays_in_sao_paulo_a_zero_stands_where_a_run_should_have_put_a_one(deployed: Deployment) -> None:
    schedule = deployed.one("scheduler/schedule:Schedule")
    (alarm,) = (alarm for alarm in ALARMS if alarm.metric == "FreshSession")
    assert schedule.inputs["scheduleExpression"] == "cron(0 12 ? * MON-FRI *)"
    assert schedule.inputs["scheduleExpressionTimezone"] == "America/Sao_Paulo"
    assert schedule.inputs["flexibleTimeWindow"] == {"mode": "OFF"}
    assert schedule.inputs["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:cloudwatch:putMetricData"
    put = json.loads(schedule.inputs["target"]["input"])
    dimensions = [{"Name": name, "Value": value} for name, value in alarm.dimensions.items()]
    assert put == {
        "Namespace": alarm.namespace,
        "MetricData": [{"MetricName": alarm.metric, "Dimensions": dimensions, "Value": 0}],
    }


def test_a_stack_may_watch_more_indices_each_with_its_alarms_and_its_zero_at_noon(deploy: Deploy) -> None:
    found = deploy(watchedIndices="IBOV, IBXX")
    data = json.loads(found.one("scheduler/schedule:Schedule").inputs["target"]["input"])["MetricData"]
    assert [datum["Dimensions"] for datum in data] == [[{"Name": "Indice", "Value": name}] for name in ("IBOV", "IBXX")]
    alarm = found.one("cloudwatch/metricAlarm:MetricAlarm", "bovespa-gate-failure-ibxx").inputs
    assert (alarm["dimensions"], alarm["alarmActions"]) == ({"Indice": "IBXX"}, [TOPIC])
    assert '"IBXX"' in found.one("cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]


def test_the_schedule_may_put_metrics_before_it_does(deployed: Deployment) -> None:
    schedule = deployed.one("scheduler/schedule:Schedule")
    assert schedule.inputs["target"]["roleArn"] == "arn:aws:iam::123456789012:role/noon-1a2b3c4"
    assert deployed.one("iam/rolePolicy:RolePolicy", "noon").urn in schedule.after


# --- the Glue job --------------------------------------------------------------------------------------------------------


def test_every_bad_end_of_a_glue_run_reaches_the_topic(deployed: Deployment) -> None:
    rule, target = deployed.one("cloudwatch/eventRule:EventRule"), deployed.one("cloudwatch/eventTarget:EventTarget")
    pattern = json.loads(rule.inputs["eventPattern"])
    under_way = {"STARTING", "RUNNING", "STOPPING", "WAITING"}
    assert (pattern["source"], pattern["detail-type"]) == (["aws.glue"], ["Glue Job State Change"])
    assert pattern["detail"]["jobName"] == ["bovespa-etl-job"]
    assert set(pattern["detail"]["state"]) == set(get_args(JobRunStateType)) - under_way - {"SUCCEEDED"}
    assert (target.inputs["rule"], target.inputs["arn"]) == ("bovespa-etl-ended-badly", TOPIC)


# --- logs, budget, dashboard ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "group", "metric"),
    [
        ("trigger-errors", "/aws/lambda/trigger-glue-job", "TriggerErrorLines"),
        ("etl-errors", "/aws-glue/jobs/bovespa-etl-job/output", "EtlErrorLines"),
    ],
    ids=["lambda", "job"],
)
def test_lines_of_error_are_counted(deployed: Deployment, name: str, group: str, metric: str) -> None:
    found = deployed.one("cloudwatch/logMetricFilter:LogMetricFilter", name).inputs
    assert found["logGroupName"] == group
    assert found["metricTransformation"] == {
        "name": metric,
        "namespace": "Bovespa",
        "value": "1",
        "defaultValue": "0",
    }


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        pytest.param({}, "5", id="five dollars unless the stack says otherwise"),
        pytest.param({"monthlyBudgetUsd": "12"}, "12", id="what the stack says"),
    ],
)
def test_spending_too_much_reaches_the_topic(deploy: Deploy, settings: dict[str, str], limit: str) -> None:
    budget = deploy(**settings).one("budgets/budget:Budget").inputs
    assert (budget["limitAmount"], budget["limitUnit"], budget["timeUnit"]) == (limit, "USD", "MONTHLY")
    assert notices(budget) == [("ACTUAL", 80, [TOPIC]), ("FORECASTED", 100, [TOPIC])]


def notices(budget: dict[str, Any]) -> list[tuple[str, float, list[str]]]:
    return [
        (item["notificationType"], item["threshold"], item["subscriberSnsTopicArns"])
        for item in budget["notifications"]
    ]


def test_the_dashboard_shows_the_stacks_alarms_in_its_region(deployed: Deployment) -> None:
    body = json.loads(deployed.one("cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    states, first, *_ = body["widgets"]
    assert len(states["properties"]["alarms"]) == len(ALARMS)
    assert first["properties"]["region"] == "sa-east-1"
