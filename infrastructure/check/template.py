"""The program rendered as a CloudFormation template, for `cfn-lint`, which knows what each region's resources may be.

CloudFormation is not what deploys it: the template says the same in words that the linter reads, with made-up ARNs where a
resource refers to another. What is configured on a bucket is the bucket's there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cfnlint.api import ManualArgs, lint
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from infrastructure.check.buckets import PARTS, bucket
from infrastructure.check.shapes import fitting
from infrastructure.recording import Declared, Deployment

Json = Any
Properties = dict[str, Json]

EXPLAINED: dict[str, str] = {}
"""Rules whose findings are none, and why."""

WITHOUT = {
    "aws:glue/partitionIndex:PartitionIndex": "CloudFormation cannot make one",
    "aws:s3/bucketObjectv2:BucketObjectv2": "CloudFormation uploads nothing",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "CloudFormation has it as a text of the repository's",
    "aws:cloudwatch/eventTarget:EventTarget": "CloudFormation has it as a part of its rule",
    "pulumi-python:dynamic/bovespa:VisualForm": "CloudFormation's job has no graph; tests hold it against botocore's model",
}
"""Types that are not rendered, and why."""

_TYPES: dict[str, tuple[str, str, Mapping[str, str]]] = {
    "aws:iam/role:Role": ("AWS::IAM::Role", "", {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}),
    "aws:iam/rolePolicy:RolePolicy": (
        "AWS::IAM::RolePolicy",
        "",
        {"role": "RoleName", "policy": "PolicyDocument", "name": "PolicyName"},
    ),
    "aws:iam/user:User": ("AWS::IAM::User", "", {"name": "UserName", "forceDestroy": ""}),
    "aws:iam/userPolicy:UserPolicy": ("AWS::IAM::UserPolicy", "", {"user": "UserName", "policy": "PolicyDocument"}),
    "aws:s3/bucketPolicy:BucketPolicy": ("AWS::S3::BucketPolicy", "", {"policy": "PolicyDocument"}),
    "aws:cloudwatch/logGroup:LogGroup": ("AWS::Logs::LogGroup", "", {"name": "LogGroupName"}),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": (
        "AWS::Logs::MetricFilter",
        "",
        {
            "name": "FilterName",
            "pattern": "FilterPattern",
            "metricTransformation": "MetricTransformations",
            "metricTransformation.name": "MetricName",
            "metricTransformation.namespace": "MetricNamespace",
            "metricTransformation.value": "MetricValue",
        },
    ),
    "aws:lambda/function:Function": ("AWS::Lambda::Function", "", {"name": "FunctionName"}),
    "aws:lambda/permission:Permission": ("AWS::Lambda::Permission", "", {"function": "FunctionName"}),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ("AWS::Lambda::EventInvokeConfig", "", {}),
    "aws:glue/job:Job": ("AWS::Glue::Job", "", {"roleArn": "Role"}),
    "aws:glue/catalogDatabase:CatalogDatabase": ("AWS::Glue::Database", "DatabaseInput", {}),
    "aws:glue/catalogTable:CatalogTable": ("AWS::Glue::Table", "TableInput", {}),
    "aws:sqs/queue:Queue": (
        "AWS::SQS::Queue",
        "",
        {"name": "QueueName", "messageRetentionSeconds": "MessageRetentionPeriod"},
    ),
    "aws:sqs/queuePolicy:QueuePolicy": (
        "AWS::SQS::QueuePolicy",
        "",
        {"queueUrl": "Queues", "policy": "PolicyDocument"},
    ),
    "aws:kms/key:Key": ("AWS::KMS::Key", "", {"policy": "KeyPolicy"}),
    "aws:sns/topic:Topic": ("AWS::SNS::Topic", "", {"name": "TopicName"}),
    "aws:sns/topicPolicy:TopicPolicy": ("AWS::SNS::TopicPolicy", "", {"arn": "Topics", "policy": "PolicyDocument"}),
    "aws:sns/topicSubscription:TopicSubscription": ("AWS::SNS::Subscription", "", {"topic": "TopicArn"}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("AWS::CloudWatch::Alarm", "", {"name": "AlarmName"}),
    "aws:cloudwatch/dashboard:Dashboard": ("AWS::CloudWatch::Dashboard", "", {}),
    "aws:cloudwatch/eventRule:EventRule": ("AWS::Events::Rule", "", {}),
    "aws:scheduler/schedule:Schedule": ("AWS::Scheduler::Schedule", "", {}),
    "aws:budgets/budget:Budget": ("AWS::Budgets::Budget", "Budget", {"name": "BudgetName"}),
    "aws:athena/workgroup:Workgroup": (
        "AWS::Athena::WorkGroup",
        "",
        {"configuration": "WorkGroupConfiguration", "forceDestroy": "RecursiveDeleteOption"},
    ),
    "aws:athena/namedQuery:NamedQuery": ("AWS::Athena::NamedQuery", "", {"query": "QueryString"}),
    "aws:ecs/cluster:Cluster": ("AWS::ECS::Cluster", "", {"name": "ClusterName", "settings": "ClusterSettings"}),
    "aws:ecr/repository:Repository": (
        "AWS::ECR::Repository",
        "",
        {"name": "RepositoryName", "forceDelete": "EmptyOnDelete"},
    ),
    "aws:secretsmanager/secret:Secret": ("AWS::SecretsManager::Secret", "", {}),
    "aws:ec2/securityGroup:SecurityGroup": (
        "AWS::EC2::SecurityGroup",
        "",
        {
            "name": "GroupName",
            "description": "GroupDescription",
            "ingress": "SecurityGroupIngress",
            "egress": "SecurityGroupEgress",
            "egress.protocol": "IpProtocol",
            "egress.cidrBlocks": "CidrIp",
        },
    ),
}
_JSON_TEXTS = frozenset({"PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy", "EventPattern"})
_OTHERWISE = frozenset(
    {"tags", "recoveryWindowInDays", "code", "databaseName", "limitAmount", "limitUnit", "notifications"}
)


def check(deployment: Deployment, region: str) -> list[str]:
    """What `cfn-lint` finds in what is declared, a line each."""
    template, unknown = render(deployment, region)
    matches = lint(json.dumps(template), config=ManualArgs(regions=[region], include_checks=["W", "E"]))
    lines = [
        f"{match.rule.id} {'/'.join(map(str, match.path or ['']))}: {match.message}"
        for match in matches
        if match.rule.id not in EXPLAINED
    ]
    return [*unknown, *lines]


def render(deployment: Deployment, region: str) -> tuple[dict[str, Json], list[str]]:
    """The template, and what CloudFormation has no word for."""
    unknown: list[str] = []
    resources: dict[str, Json] = {}
    for item in deployment.declared:
        if item.type in WITHOUT or item.type in PARTS:
            continue
        if item.type == "aws:s3/bucket:Bucket":
            kind, properties = "AWS::S3::Bucket", bucket(item, deployment)
        elif item.type in _TYPES:
            kind, properties = _TYPES[item.type][0], _resource(item, region, unknown)
        else:
            unknown.append(f"{item.type}: not rendered for cfn-lint; say how in infrastructure/check/template.py")
            continue
        if item.type == "aws:cloudwatch/eventRule:EventRule":
            properties["Targets"] = _targets(item, deployment)
        resources[_logical(item)] = {"Type": kind, "Properties": properties}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, unknown


def _logical(item: Declared) -> str:
    return "".join(
        part.capitalize() for part in f"{item.type.rpartition(':')[2]}-{item.name}".replace("_", "-").split("-")
    )


def _resource(item: Declared, region: str, unknown: list[str]) -> Properties:
    kind, within, aliases = _TYPES[item.type]
    schema = _schema(region, kind)
    given = {name: value for name, value in item.inputs.items() if name not in _OTHERWISE}
    inner = _member(schema, within, schema) if within else schema
    found = _fit(given, inner, schema, aliases, unknown, str(item.name))
    finish: Callable[[Properties, Declared], Properties] = _FINISH.get(item.type, lambda made, _: made)
    return finish({within: found} if within else found, item)


@cache
def _schema(region: str, kind: str) -> dict[str, Json]:
    found: dict[str, Json] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    return found


def _resolved(part: dict[str, Json], schema: dict[str, Json]) -> dict[str, Json]:
    while "$ref" in part:
        found: Json = schema
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def _member(part: dict[str, Json], name: str, schema: dict[str, Json]) -> dict[str, Json]:
    return _resolved(part["properties"][name], schema)


def _fit(
    given: Properties,
    part: dict[str, Json],
    schema: dict[str, Json],
    aliases: Mapping[str, str],
    unknown: list[str],
    path: str,
) -> Properties:
    """The arguments with CloudFormation's names, wherever they lie."""
    made: Properties = {}
    inner = path.partition(".")[2]
    for name, value in given.items():
        dotted = f"{inner}.{name}" if inner else name
        known = fitting(name, part.get("properties", {}), {name: aliases.get(dotted, name)})
        if value is None or aliases.get(dotted) == "":
            continue
        if known is None:
            unknown.append(f"{path}.{name}: CloudFormation has no such property")
            continue
        made[known] = _value(value, _member(part, known, schema), schema, aliases, unknown, f"{path}.{name}")
        if known in _JSON_TEXTS and isinstance(value, str):
            made[known] = json.loads(value)
    return made


def _value(
    value: Json,
    part: dict[str, Json],
    schema: dict[str, Json],
    aliases: Mapping[str, str],
    unknown: list[str],
    path: str,
) -> Json:
    if part.get("type") == "array":
        member = _resolved(part.get("items", {}), schema)
        if isinstance(value, dict) and {"Name", "Value"} <= set(member.get("properties", {})):
            return [{"Name": name, "Value": item} for name, item in value.items()]
        return [
            _value(item, member, schema, aliases, unknown, path)
            for item in (value if isinstance(value, list) else [value])
        ]
    if isinstance(value, dict) and part.get("properties"):
        return _fit(value, part, schema, aliases, unknown, path)
    if isinstance(value, list) and part.get("type") == "string":
        return value[0] if len(value) == 1 else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _targets(rule: Declared, deployment: Deployment) -> list[Properties]:
    return [
        {"Id": item.inputs["targetId"], "Arn": item.inputs["arn"]}
        for item in deployment.all("cloudwatch/eventTarget:EventTarget")
        if item.inputs["rule"] in {rule.inputs["name"], f"{rule.name}-id"}
    ]


def _function(made: Properties, _: Declared) -> Properties:
    return {**made, "Code": {"S3Bucket": "code", "S3Key": "code.zip"}}


def _invoke_config(made: Properties, _: Declared) -> Properties:
    return {**made, "Qualifier": "$LATEST"}


def _catalog(made: Properties, item: Declared) -> Properties:
    database = {"DatabaseName": item.inputs["databaseName"]} if "databaseName" in item.inputs else {}
    return {**made, **database, "CatalogId": "123456789012"}


def _named_policy(made: Properties, item: Declared) -> Properties:
    return {"PolicyName": item.name, **made}


def _budget(made: Properties, item: Declared) -> Properties:
    limit = {"Amount": int(item.inputs["limitAmount"]), "Unit": item.inputs["limitUnit"]}
    notifications = [
        {
            "Notification": {
                "NotificationType": given["notificationType"],
                "ComparisonOperator": given["comparisonOperator"],
                "Threshold": given["threshold"],
                "ThresholdType": given["thresholdType"],
            },
            "Subscribers": [{"SubscriptionType": "SNS", "Address": arn} for arn in given["subscriberSnsTopicArns"]],
        }
        for given in item.inputs["notifications"]
    ]
    return {"Budget": {**made["Budget"], "BudgetLimit": limit}, "NotificationsWithSubscribers": notifications}


_FINISH: dict[str, Callable[[Properties, Declared], Properties]] = {
    "aws:lambda/function:Function": _function,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": _invoke_config,
    "aws:glue/catalogDatabase:CatalogDatabase": _catalog,
    "aws:glue/catalogTable:CatalogTable": _catalog,
    "aws:iam/rolePolicy:RolePolicy": _named_policy,
    "aws:iam/userPolicy:UserPolicy": _named_policy,
    "aws:budgets/budget:Budget": _budget,
}
