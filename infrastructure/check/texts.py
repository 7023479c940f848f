"""Every declared value against what AWS's API takes: botocore's lengths, ranges, patterns and enumerations, and the characters
that the documentation of a parameter allows where the model says nothing (EC2, SQS).
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
import regex

from infrastructure.check.shapes import fitting
from infrastructure.recording import Declared, Deployment


@dataclass(frozen=True, slots=True)
class CreatingCall:
    """The call that makes a resource.

    Attributes:
        within: the parameter in which the arguments lie, where it is one.
        aliases: parameters that Pulumi calls otherwise.
        elsewhere: arguments that are no parameters of the call, or JSON that is checked elsewhere.
    """

    service: str
    operation: str
    within: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()


def _without(*names: str) -> frozenset[str]:
    return frozenset(names)


CALLS: dict[str, CreatingCall] = {
    "aws:s3/bucket:Bucket": CreatingCall("s3", "CreateBucket"),
    "aws:s3/bucketVersioning:BucketVersioning": CreatingCall("s3", "PutBucketVersioning"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": CreatingCall(
        "s3", "PutBucketEncryption", "ServerSideEncryptionConfiguration", elsewhere=_without("bucket")
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": CreatingCall(
        "s3", "PutBucketLifecycleConfiguration", "LifecycleConfiguration", elsewhere=_without("bucket")
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": CreatingCall(
        "s3", "PutPublicAccessBlock", "PublicAccessBlockConfiguration", elsewhere=_without("bucket")
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": CreatingCall(
        "s3", "PutBucketOwnershipControls", "OwnershipControls", elsewhere=_without("bucket")
    ),
    "aws:s3/bucketPolicy:BucketPolicy": CreatingCall("s3", "PutBucketPolicy"),
    "aws:s3/bucketNotification:BucketNotification": CreatingCall(
        "s3",
        "PutBucketNotificationConfiguration",
        "NotificationConfiguration",
        {"lambdaFunctions": "LambdaFunctionConfigurations"},
        _without("bucket", "filterPrefix", "filterSuffix"),
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": CreatingCall("s3", "PutObject", elsewhere=_without("contentBase64")),
    "aws:iam/role:Role": CreatingCall(
        "iam", "CreateRole", aliases={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}
    ),
    "aws:iam/rolePolicy:RolePolicy": CreatingCall(
        "iam", "PutRolePolicy", aliases={"policy": "PolicyDocument", "role": "RoleName"}
    ),
    "aws:iam/user:User": CreatingCall(
        "iam", "CreateUser", aliases={"name": "UserName"}, elsewhere=_without("forceDestroy")
    ),
    "aws:iam/userPolicy:UserPolicy": CreatingCall(
        "iam", "PutUserPolicy", aliases={"policy": "PolicyDocument", "user": "UserName"}
    ),
    "aws:cloudwatch/logGroup:LogGroup": CreatingCall(
        "logs", "CreateLogGroup", aliases={"name": "logGroupName"}, elsewhere=_without("retentionInDays")
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": CreatingCall(
        "logs",
        "PutMetricFilter",
        aliases={
            "name": "filterName",
            "pattern": "filterPattern",
            "metricTransformation": "metricTransformations",
            "metricTransformation.name": "metricName",
            "metricTransformation.namespace": "metricNamespace",
            "metricTransformation.value": "metricValue",
        },
    ),
    "aws:lambda/function:Function": CreatingCall(
        "lambda", "CreateFunction", aliases={"name": "FunctionName"}, elsewhere=_without("code")
    ),
    "aws:lambda/permission:Permission": CreatingCall("lambda", "AddPermission", aliases={"function": "FunctionName"}),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": CreatingCall(
        "lambda", "PutFunctionEventInvokeConfig"
    ),
    "aws:glue/job:Job": CreatingCall("glue", "CreateJob", aliases={"roleArn": "Role"}),
    "aws:glue/catalogDatabase:CatalogDatabase": CreatingCall(
        "glue", "CreateDatabase", "DatabaseInput", elsewhere=_without("tags")
    ),
    "aws:glue/catalogTable:CatalogTable": CreatingCall(
        "glue", "CreateTable", "TableInput", elsewhere=_without("databaseName")
    ),
    "aws:glue/partitionIndex:PartitionIndex": CreatingCall("glue", "CreatePartitionIndex"),
    "aws:sqs/queue:Queue": CreatingCall(
        "sqs",
        "CreateQueue",
        aliases={"name": "QueueName"},
        elsewhere=_without("sqsManagedSseEnabled", "messageRetentionSeconds"),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": CreatingCall("sqs", "SetQueueAttributes", elsewhere=_without("policy")),
    "aws:kms/key:Key": CreatingCall("kms", "CreateKey", elsewhere=_without("enableKeyRotation")),
    "aws:sns/topic:Topic": CreatingCall("sns", "CreateTopic", elsewhere=_without("kmsMasterKeyId")),
    "aws:sns/topicPolicy:TopicPolicy": CreatingCall(
        "sns", "SetTopicAttributes", aliases={"arn": "TopicArn", "policy": "AttributeValue"}
    ),
    "aws:sns/topicSubscription:TopicSubscription": CreatingCall("sns", "Subscribe", aliases={"topic": "TopicArn"}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": CreatingCall(
        "cloudwatch", "PutMetricAlarm", aliases={"name": "AlarmName"}
    ),
    "aws:cloudwatch/dashboard:Dashboard": CreatingCall("cloudwatch", "PutDashboard"),
    "aws:cloudwatch/eventRule:EventRule": CreatingCall("events", "PutRule"),
    "aws:cloudwatch/eventTarget:EventTarget": CreatingCall(
        "events", "PutTargets", aliases={"targetId": "Id"}, elsewhere=_without("arn", "targetId")
    ),
    "aws:scheduler/schedule:Schedule": CreatingCall("scheduler", "CreateSchedule"),
    "aws:budgets/budget:Budget": CreatingCall(
        "budgets",
        "CreateBudget",
        "Budget",
        {"name": "BudgetName"},
        _without("limitAmount", "limitUnit", "notifications", "tags"),
    ),
    "aws:athena/workgroup:Workgroup": CreatingCall("athena", "CreateWorkGroup", elsewhere=_without("forceDestroy")),
    "aws:athena/namedQuery:NamedQuery": CreatingCall("athena", "CreateNamedQuery", aliases={"query": "QueryString"}),
    "aws:ecs/cluster:Cluster": CreatingCall("ecs", "CreateCluster", aliases={"name": "clusterName"}),
    "aws:ecr/repository:Repository": CreatingCall(
        "ecr", "CreateRepository", aliases={"name": "repositoryName"}, elsewhere=_without("forceDelete")
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": CreatingCall(
        "ecr", "PutLifecyclePolicy", aliases={"repository": "repositoryName", "policy": "lifecyclePolicyText"}
    ),
    "aws:secretsmanager/secret:Secret": CreatingCall(
        "secretsmanager", "CreateSecret", elsewhere=_without("recoveryWindowInDays")
    ),
    "aws:ec2/securityGroup:SecurityGroup": CreatingCall(
        "ec2",
        "CreateSecurityGroup",
        aliases={"name": "GroupName"},
        elsewhere=_without("ingress", "egress"),
    ),
    "pulumi-python:dynamic/bovespa:VisualForm": CreatingCall(
        "glue", "UpdateJob", elsewhere=_without("__provider", "nodes", "script", "region", "profile", "job")
    ),
}
_TAGS = regex.compile(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}")
"""What every service takes as a tag: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html."""

_DOCUMENTED = regex.compile(
    r"Valid (?:characters|values): (?:a-z, A-Z, 0-9, spaces, and (?P<signs>\S+)|(?P<words>alphanumeric characters[^.<]*))"
)
_UP_TO = regex.compile(r"[Uu]p to (\d+) characters")


def check(deployment: Deployment) -> list[str]:
    """What AWS would refuse of the values of everything that is declared, a line each."""
    return [text for item in deployment.declared for text in _of(item)]


def _of(item: Declared) -> Iterator[str]:
    call, title = CALLS.get(item.type), f"{item.type.rpartition(':')[2]} {item.name}"
    if call is None:
        yield f"{title}: no call is known that makes it; say which in infrastructure/check/texts.py"
        return
    shape = _shape(call)
    for name, value in item.inputs.items():
        if name == "tags":
            yield from (f"{title}.tags: {text!r}" for text in _words(value) if not _TAGS.fullmatch(text))
        elif name not in call.elsewhere:
            yield from _fit(name, value, shape, call, f"{title}.{name}")


@cache
def _model(service: str) -> Any:  # noqa: ANN401 - botocore's
    return botocore.session.get_session().get_service_model(service)


def _shape(call: CreatingCall) -> Any:  # noqa: ANN401 - botocore's
    shape = _model(call.service).operation_model(call.operation).input_shape
    return shape.members[call.within] if call.within else shape


def _fit(name: str, value: Any, parent: Any, call: CreatingCall, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON, botocore's
    dotted = ".".join(part for part in path.split(".")[1:] if not part.startswith("["))
    known = fitting(name, parent.members, {name: call.aliases.get(dotted, name)})
    if known is None:
        yield f"{path}: {call.service}:{call.operation} has no such parameter"
        return
    yield from _check(value, parent.members[known], call, path)


def _check(value: Any, shape: Any, call: CreatingCall, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON, botocore's
    nested = _NESTED.get(shape.type_name)
    if nested:
        yield from nested(value, shape, call, path)
    elif isinstance(value, str) and shape.type_name == "string":
        yield from (f"{path} = {_short(value)}: {text}" for text in _text(value, shape))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if (least is not None and value < least) or (most is not None and value > most):
            yield f"{path} = {value}: AWS takes {least} to {most}"


def _check_list(value: Any, shape: Any, call: CreatingCall, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON, botocore's
    for number, item in enumerate(_listed(value, shape.member)):
        yield from _check(item, shape.member, call, f"{path}.[{number}]")


def _check_structure(value: Any, shape: Any, call: CreatingCall, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON, botocore's
    for name, item in value.items():
        if item is not None and name not in call.elsewhere:
            yield from _fit(name, item, shape, call, f"{path}.{name}")


def _check_map(value: Any, shape: Any, call: CreatingCall, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON, botocore's
    for name, item in value.items():
        yield from _check(name, shape.key, call, f"{path}.{name}")
        yield from _check(item, shape.value, call, f"{path}.{name}")


_NESTED = {"list": _check_list, "structure": _check_structure, "map": _check_map}


def _listed(value: Any, member: Any) -> list[Any]:  # noqa: ANN401 - any JSON, botocore's
    if isinstance(value, dict) and set(getattr(member, "members", ())) == {"Name", "Value"}:
        return [{"Name": name, "Value": item} for name, item in value.items()]
    return value if isinstance(value, list) else [value]


def _text(value: str, shape: Any) -> Iterator[str]:  # noqa: ANN401 - botocore's
    limits = shape.metadata
    if not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
        yield f"{len(value)} characters, of which AWS takes {limits.get('min', 0)} to {limits.get('max', 'any')}"
    if shape.enum and value not in shape.enum:
        yield f"AWS takes one of {', '.join(shape.enum)}"
    if (pattern := limits.get("pattern")) and not regex.fullmatch(_for_python(pattern), value, regex.DOTALL):
        yield f"AWS takes what is of the pattern {pattern}"
    documentation = html.unescape(shape.documentation or "")
    if (most := _UP_TO.search(documentation)) and len(value) > int(most[1]):
        yield f"{len(value)} characters, of which AWS takes {most[1]} by its documentation"
    if strange := sorted(set(value) - documented(documentation)):
        yield f"{' '.join(map(repr, strange))} is not among the characters that AWS's documentation allows"


class _Any(set[str]):
    """All characters."""

    def __rsub__(self, other: object) -> set[str]:
        return set()


def documented(documentation: str) -> set[str]:
    """The characters that a parameter may have by its documentation; all where it does not say."""
    found = _DOCUMENTED.search(regex.sub(r"<[^>]*>", "", documentation))
    if not found:
        return _Any()
    letters = {chr(code) for start, end in ("az", "AZ", "09") for code in range(ord(start), ord(end) + 1)}
    return letters | set((found["signs"] and found["signs"] + " ") or "-_")


def _for_python(pattern: str) -> str:
    # Java writes what lies beyond the first plane as pairs.
    return pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")


def _words(value: Mapping[str, str]) -> list[str]:
    return [*value, *value.values()]


def _short(value: str) -> str:
    return repr(value if len(value) < 80 else f"{value[:77]}...")  # noqa: PLR2004 - a line's worth
