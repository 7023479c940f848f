"""How what is declared to watch the pipeline comes to be: queues, topics, alarms, rules, schedules, budgets, dashboards.

All of it is kept and can be read back; nothing on a laptop evaluates an alarm, mails a message or bills a cent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.provision.arguments import ResourceArguments, to_aws
from local.provision.compute import demand_trust

if TYPE_CHECKING:
    from local.provision.program import Clients, Made

_ALARM = {
    "alarmDescription": "AlarmDescription",
    "namespace": "Namespace",
    "metricName": "MetricName",
    "statistic": "Statistic",
    "period": "Period",
    "evaluationPeriods": "EvaluationPeriods",
    "datapointsToAlarm": "DatapointsToAlarm",
    "comparisonOperator": "ComparisonOperator",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "alarmActions": "AlarmActions",
    "okActions": "OKActions",
}
_SCHEDULE = {
    "description": "Description",
    "scheduleExpression": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "flexibleTimeWindow": ("FlexibleTimeWindow", {"mode": "Mode"}),
    "target": ("Target", {"arn": "Arn", "roleArn": "RoleArn", "input": "Input"}),
}
_NOTIFICATION = {
    "notificationType": "NotificationType",
    "comparisonOperator": "ComparisonOperator",
    "threshold": "Threshold",
    "thresholdType": "ThresholdType",
}
_TRANSFORMATION = {"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"}


def queue(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:sqs/queue:Queue."""
    queue_name = arguments.take("name") or f"{name}-local"
    spec = {
        "sqsManagedSseEnabled": "SqsManagedSseEnabled",
        "messageRetentionSeconds": "MessageRetentionPeriod",
        "visibilityTimeoutSeconds": "VisibilityTimeout",
    }
    attributes = {key: str(value).lower() for key, value in arguments.translate(spec).items()}
    tags = arguments.take("tags") or {}
    url = clients.sqs.create_queue(QueueName=queue_name, Attributes=attributes, tags=tags)["QueueUrl"]
    arn = f"arn:aws:sqs:{clients.region}:{clients.account_id}:{queue_name}"
    return url, {"name": queue_name, "url": url, "arn": arn}


def queue_policy(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:sqs/queuePolicy:QueuePolicy."""
    url = arguments.require("queueUrl")
    clients.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": arguments.require("policy")})
    return url, {}


def key(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:kms/key:Key."""
    given = arguments.translate({"description": "Description", "policy": "Policy"})
    tags, rotates = _tags(arguments, "TagKey", "TagValue"), arguments.take("enableKeyRotation")
    made = clients.kms.create_key(Tags=tags, **given)["KeyMetadata"]
    if rotates:
        clients.kms.enable_key_rotation(KeyId=made["KeyId"])
    return made["KeyId"], {"keyId": made["KeyId"], "arn": made["Arn"]}


def topic(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:sns/topic:Topic."""
    topic_name = arguments.take("name") or f"{name}-local"
    attributes = arguments.translate({"kmsMasterKeyId": "KmsMasterKeyId", "displayName": "DisplayName"})
    arn = clients.sns.create_topic(Name=topic_name, Attributes=attributes, Tags=_tags(arguments))["TopicArn"]
    return arn, {"name": topic_name, "arn": arn}


def topic_policy(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:sns/topicPolicy:TopicPolicy."""
    arn, policy = arguments.require("arn"), arguments.require("policy")
    clients.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return arn, {}


def topic_subscription(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:sns/topicSubscription:TopicSubscription."""
    given = arguments.translate({"topic": "TopicArn", "protocol": "Protocol", "endpoint": "Endpoint"})
    arn = clients.sns.subscribe(**given)["SubscriptionArn"]
    return arn, {"arn": arn}


def metric_alarm(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:cloudwatch/metricAlarm:MetricAlarm."""
    alarm = arguments.take("name") or f"{name}-local"
    dimensions = [{"Name": part, "Value": value} for part, value in (arguments.take("dimensions") or {}).items()]
    given = {"AlarmName": alarm, "Dimensions": dimensions, "Tags": _tags(arguments), **arguments.translate(_ALARM)}
    clients.cloudwatch.put_metric_alarm(**given)
    return alarm, {"name": alarm, "arn": f"arn:aws:cloudwatch:{clients.region}:{clients.account_id}:alarm:{alarm}"}


def dashboard(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:cloudwatch/dashboard:Dashboard."""
    name = arguments.require("dashboardName")
    clients.cloudwatch.put_dashboard(DashboardName=name, DashboardBody=arguments.require("dashboardBody"))
    return name, {"dashboardName": name}


def log_metric_filter(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:cloudwatch/logMetricFilter:LogMetricFilter."""
    filter_name, transformation = arguments.take("name") or f"{name}-local", arguments.require("metricTransformation")
    default = transformation.pop("defaultValue", None)
    made = to_aws(transformation, _TRANSFORMATION) | ({} if default is None else {"defaultValue": float(default)})
    given = arguments.translate({"logGroupName": "logGroupName", "pattern": "filterPattern"})
    clients.logs.put_metric_filter(filterName=filter_name, metricTransformations=[made], **given)
    return filter_name, {"name": filter_name}


def event_rule(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:cloudwatch/eventRule:EventRule."""
    rule = arguments.take("name") or f"{name}-local"
    given = arguments.translate({"description": "Description", "eventPattern": "EventPattern"})
    arn = clients.events.put_rule(Name=rule, Tags=_tags(arguments), **given)["RuleArn"]
    return rule, {"name": rule, "arn": arn}


def event_target(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:cloudwatch/eventTarget:EventTarget."""
    rule, target = arguments.require("rule"), {"Id": arguments.take("targetId") or name}
    clients.events.put_targets(Rule=rule, Targets=[target | {"Arn": arguments.require("arn")}])
    return f"{rule}-{target['Id']}", {"targetId": target["Id"]}


def schedule(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:scheduler/schedule:Schedule."""
    schedule_name, given = arguments.take("name") or f"{name}-local", arguments.translate(_SCHEDULE)
    demand_trust(clients, given["Target"]["RoleArn"], "scheduler.amazonaws.com")
    arn = clients.scheduler.create_schedule(Name=schedule_name, **given)["ScheduleArn"]
    return f"default/{schedule_name}", {"name": schedule_name, "arn": arn}


def budget(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:budgets/budget:Budget."""
    budget_name = arguments.take("name") or f"{name}-local"
    declared = {
        "BudgetName": budget_name,
        "BudgetLimit": {"Amount": arguments.require("limitAmount"), "Unit": arguments.require("limitUnit")},
        **arguments.translate({"budgetType": "BudgetType", "timeUnit": "TimeUnit"}),
    }
    clients.budgets.create_budget(
        AccountId=clients.account_id,
        Budget=declared,
        NotificationsWithSubscribers=[_notification(given) for given in arguments.take("notifications") or []],
        ResourceTags=_tags(arguments),
    )
    return f"{clients.account_id}:{budget_name}", {"name": budget_name}


def _notification(given: dict[str, Any]) -> dict[str, Any]:
    topics = given.pop("subscriberSnsTopicArns", None) or []
    subscribers = [{"SubscriptionType": "SNS", "Address": arn} for arn in topics]
    return {"Notification": to_aws(given, _NOTIFICATION), "Subscribers": subscribers}


def _tags(arguments: ResourceArguments, key_name: str = "Key", value_name: str = "Value") -> list[dict[str, str]]:
    return [{key_name: name, value_name: value} for name, value in (arguments.take("tags") or {}).items()]
