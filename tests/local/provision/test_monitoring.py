from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from local.provision.arguments import ProvisionError

if TYPE_CHECKING:
    from tests.local.conftest import Provision

pytestmark = pytest.mark.account


def test_a_queue_keeps_what_it_was_declared_with(provisioned: Provision, clients: Callable[[str], Any]) -> None:
    provisioned(
        "q = aws.sqs.Queue('q', name='declared', sqs_managed_sse_enabled=True, message_retention_seconds=86400,\n"
        "    tags={'project': 'x'})\n"
        'aws.sqs.QueuePolicy(\'p\', queue_url=q.url, policy=\'{"Statement": [{"Effect": "Deny"}]}\')\n'
    )

    sqs = clients("sqs")
    url = sqs.get_queue_url(QueueName="declared")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert attributes["MessageRetentionPeriod"] == "86400"
    assert json.loads(attributes["Policy"]) == {"Statement": [{"Effect": "Deny"}]}
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"project": "x"}


def test_an_alarm_is_kept_with_all_that_decides_it(provisioned: Provision, clients: Callable[[str], Any]) -> None:
    provisioned(
        "aws.cloudwatch.MetricAlarm('a', name='declared', namespace='N', metric_name='m', dimensions={'D': 'v'},\n"
        "    statistic='Maximum', period=21600, evaluation_periods=1, comparison_operator='LessThanThreshold',\n"
        "    threshold=1, treat_missing_data='notBreaching', alarm_actions=['arn:aws:sns:sa-east-1:1:t'])\n"
    )

    (alarm,) = clients("cloudwatch").describe_alarms(AlarmNames=["declared"])["MetricAlarms"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("N", "m", "Maximum")
    assert alarm["Dimensions"] == [{"Name": "D", "Value": "v"}]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (21600, 1, 1.0)
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == ("LessThanThreshold", "notBreaching")
    assert alarm["AlarmActions"] == ["arn:aws:sns:sa-east-1:1:t"]


def test_a_topic_has_its_key_its_policy_and_its_subscribers(
    provisioned: Provision, clients: Callable[[str], Any]
) -> None:
    provisioned(
        "key = aws.kms.Key('k', description='d', policy='{\"Statement\": []}', enable_key_rotation=True)\n"
        "topic = aws.sns.Topic('t', name='declared', kms_master_key_id=key.arn)\n"
        'aws.sns.TopicPolicy(\'t\', arn=topic.arn, policy=\'{"Statement": [{"Effect": "Deny"}]}\')\n'
        "aws.sns.TopicSubscription('t', topic=topic.arn, protocol='email', endpoint='team@example.com')\n"
    )

    sns, kms = clients("sns"), clients("kms")
    arn = "arn:aws:sns:sa-east-1:123456789012:declared"
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    key = attributes["KmsMasterKeyId"].rpartition("/")[2]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "d"
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert json.loads(attributes["Policy"]) == {"Statement": [{"Effect": "Deny"}]}
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "team@example.com")


def test_a_metric_filter_keeps_its_pattern_and_what_it_counts(
    provisioned: Provision, clients: Callable[[str], Any]
) -> None:
    provisioned(
        "g = aws.cloudwatch.LogGroup('g', name='/filtered')\n"
        "aws.cloudwatch.LogMetricFilter('f', name='f', log_group_name=g.name, pattern='ERROR',\n"
        "    metric_transformation={'name': 'm', 'namespace': 'N', 'value': '1', 'default_value': '0'})\n"
    )

    (found,) = clients("logs").describe_metric_filters(logGroupName="/filtered")["metricFilters"]
    assert found["filterPattern"] == "ERROR"
    assert found["metricTransformations"] == [
        {"metricName": "m", "metricNamespace": "N", "metricValue": "1", "defaultValue": 0.0}
    ]


def test_a_schedule_takes_only_a_role_that_trusts_the_scheduler(provisioned: Provision) -> None:
    with pytest.raises(ProvisionError, match=r"cannot be assumed by scheduler\.amazonaws\.com"):
        provisioned(
            "import json\n"
            "trust = json.dumps({'Statement': [{'Principal': {'Service': 'ec2.amazonaws.com'}}]})\n"
            "role = aws.iam.Role('s', assume_role_policy=trust)\n"
            "aws.scheduler.Schedule('s', schedule_expression='rate(1 day)', flexible_time_window={'mode': 'OFF'},\n"
            "    target={'arn': 'arn:aws:scheduler:::aws-sdk:cloudwatch:putMetricData', 'role_arn': role.arn})\n"
        )


@pytest.mark.parametrize(
    ("resource", "argument"),
    [
        ("aws.cloudwatch.MetricAlarm('x', comparison_operator='C', evaluation_periods=1, unit='Bytes')", "unit"),
        ("aws.sns.Topic('x', fifo_topic=True)", "fifoTopic"),
        ("aws.cloudwatch.EventRule('x', event_pattern='{}', schedule_expression='rate(1 day)')", "scheduleExpression"),
    ],
)
def test_an_argument_that_the_account_cannot_honour_is_refused(
    provisioned: Provision, resource: str, argument: str
) -> None:
    with pytest.raises(ProvisionError, match=f"argument {argument}"):
        provisioned(resource)
