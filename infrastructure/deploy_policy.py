"""The rights that deploying a stack needs, made from what the program declares: `python -m infrastructure.deploy_policy prod`.

Everything may be done to what the stack has, by its name; nothing to anything else, but for looking, and for what AWS names
itself when it is made. It is printed in two policies, for one would be longer than IAM takes.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from infrastructure.recording import REGION, Declared, Deployment, record_program
from infrastructure.settings import PROJECT

ROOT = Path(__file__).resolve().parents[1]

_OF_REGION = "arn:aws:{service}:{region}:*:"
# By type: the service, and the ARNs of what it is done to; from the resource's arguments.
_ARNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "aws:s3/bucket:Bucket": ("s3", ("arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*")),
    "aws:lambda/function:Function": ("lambda", (_OF_REGION + "function:{name}",)),
    "aws:glue/job:Job": ("glue", (_OF_REGION + "job/{name}",)),
    "aws:glue/catalogTable:CatalogTable": (
        "glue",
        (_OF_REGION + "catalog", _OF_REGION + "database/{databaseName}", _OF_REGION + "table/{databaseName}/bovespa_*"),
    ),
    "aws:athena/workgroup:Workgroup": ("athena", (_OF_REGION + "workgroup/{name}",)),
    "aws:sqs/queue:Queue": ("sqs", (_OF_REGION + "{name}",)),
    "aws:sns/topic:Topic": ("sns", (_OF_REGION + "{name}",)),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", (_OF_REGION + "log-group:{name}", _OF_REGION + "log-group:{name}:*")),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", (_OF_REGION + "alarm:bovespa-*",)),
    "aws:cloudwatch/dashboard:Dashboard": ("cloudwatch", ("arn:aws:cloudwatch::*:dashboard/{dashboardName}",)),
    "aws:cloudwatch/eventRule:EventRule": ("events", (_OF_REGION + "rule/{name}",)),
    "aws:scheduler/schedule:Schedule": ("scheduler", (_OF_REGION + "schedule/default/{name}",)),
    "aws:budgets/budget:Budget": ("budgets", ("arn:aws:budgets::*:budget/{name}",)),
    "aws:ecs/cluster:Cluster": ("ecs", (_OF_REGION + "cluster/{name}",)),
    "aws:ecr/repository:Repository": ("ecr", (_OF_REGION + "repository/{name}",)),
    "aws:secretsmanager/secret:Secret": ("secretsmanager", (_OF_REGION + "secret:{name}-*",)),
    "aws:iam/user:User": ("iam", ("arn:aws:iam::*:user/{name}",)),
}
_BELOW = {
    **dict.fromkeys(("s3/bucket", "s3/bucketObject"), "aws:s3/bucket:Bucket"),
    "lambda/": "aws:lambda/function:Function",
    "glue/": "aws:glue/catalogTable:CatalogTable",
    "athena/": "aws:athena/workgroup:Workgroup",
    "sqs/": "aws:sqs/queue:Queue",
    "sns/": "aws:sns/topic:Topic",
    "cloudwatch/logMetricFilter": "aws:cloudwatch/logGroup:LogGroup",
    "cloudwatch/eventTarget": "aws:cloudwatch/eventRule:EventRule",
    "ecr/": "aws:ecr/repository:Repository",
    "iam/rolePolicy": "aws:iam/role:Role",
    "iam/userPolicy": "aws:iam/user:User",
    "pulumi-python:dynamic/bovespa": "aws:glue/job:Job",
}
"""What is done to another resource, by the beginning of its type: its rights are that one's."""

_LOOKING = (
    *("tag:GetResources", "sts:GetCallerIdentity", "logs:DescribeLogGroups", "cloudwatch:DescribeAlarms"),
    *("ecr:GetAuthorizationToken", "ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"),
    *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroupRules"),
)
_OWN = {"StringEquals": {"aws:ResourceTag/project": PROJECT}}
_ASKED = {"StringEquals": {"aws:RequestTag/project": PROJECT}}

StatementJson = dict[str, Any]


def policies(deployment: Deployment, region: str) -> tuple[str, str]:
    """The two policies of who deploys a stack, as JSON text: of data and compute, and of all else.

    Raises:
        KeyError: the program declares a type of which nobody has said what deploying it needs.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for item in deployment.declared:
        service, arns = _needs(item, region)
        found[service].update(arns)
    own = [_allow([f"{service}:*"], sorted(arns)) for service, arns in sorted(found.items()) if arns]
    first, rest = own[: len(own) // 2], own[len(own) // 2 :]
    return _document(first), _document([*rest, _allow(_LOOKING, ["*"]), *_named_by_aws(deployment)])


def _needs(item: Declared, region: str) -> tuple[str, Iterable[str]]:
    if item.type == "aws:iam/role:Role":
        return "iam", [f"arn:aws:iam::*:role/{item.inputs.get('name') or f'{item.name}-*'}"]
    if item.type in _ARNS:
        service, patterns = _ARNS[item.type]
        return service, [text.format(**{"service": service, "region": region, **item.inputs}) for text in patterns]
    if item.type in {"aws:kms/key:Key", "aws:ec2/securityGroup:SecurityGroup"}:
        return item.type.split(":")[1].split("/")[0], ()
    kind = item.type.removeprefix("aws:")
    other = next((target for start, target in _BELOW.items() if kind.startswith(start)), None)
    if other is None:
        raise KeyError(f"{item.type}: say in infrastructure/deploy_policy.py what deploying it needs")
    return (_ARNS[other][0] if other in _ARNS else "iam"), ()


def _named_by_aws(deployment: Deployment) -> Iterable[StatementJson]:
    """A key and a security group, whose ARNs nobody knows before they are made: by the project's tag."""
    if deployment.all("kms/key:Key"):
        yield _allow(["kms:CreateKey", "kms:TagResource"], ["*"], _ASKED)
        yield _allow(["kms:*"], ["*"], _OWN)
    if deployment.all("ec2/securityGroup:SecurityGroup"):
        yield _allow(["ec2:CreateSecurityGroup"], ["arn:aws:ec2:*:*:vpc/*"])
        yield _allow(["ec2:CreateSecurityGroup"], ["arn:aws:ec2:*:*:security-group/*"], _ASKED)
        made = {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}}
        yield _allow(["ec2:CreateTags"], ["arn:aws:ec2:*:*:security-group/*"], made)
        yield _allow(["ec2:*"], ["arn:aws:ec2:*:*:security-group/*"], _OWN)
        # ECS makes its own role in the account's first cluster.
        service = {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}}
        yield _allow(
            ["iam:CreateServiceLinkedRole"], ["arn:aws:iam::*:role/aws-service-role/ecs.amazonaws.com/*"], service
        )


def _allow(actions: Iterable[str], resources: list[str], condition: dict[str, Any] | None = None) -> StatementJson:
    statement: StatementJson = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def _document(statements: list[StatementJson]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1)


def stated(stack: str) -> tuple[str, dict[str, str]]:
    """The region and the settings that a stack's file states.

    Raises:
        FileNotFoundError: the stack has none.
    """
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    own = {name.partition(":")[2]: value for name, value in config.items() if name.startswith(f"{PROJECT}:")}
    as_text = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in own.items()}
    return str(config.get("aws:region", REGION)), as_text


def main(stack: str) -> None:
    """Write the policies of a stack beside this program's caller: `deploy-policy-1.json` and `deploy-policy-2.json`."""
    region, settings = stated(stack)
    documents = policies(record_program(region, None, **settings), region)
    for number, document in enumerate(documents, 1):
        Path(f"deploy-policy-{number}.json").write_text(document, encoding="utf-8")
        sys.stdout.write(f"deploy-policy-{number}.json: {len(''.join(document.split()))} characters\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
