"""The real program, run under Pulumi's own test monitor; what it declares is recorded. Nothing is made in any account."""

from __future__ import annotations

import asyncio
import contextvars
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.rpc import deserialize_properties
from pulumi.runtime.stack import Stack, run_pulumi_func

from infrastructure.settings import PROJECT

STACK = "test"
ACCOUNT = "123456789012"
REGION = "sa-east-1"
PROGRAM = Path(__file__).resolve().with_name("__main__.py")
OPTIONAL_PARTS = {"athenaNotebooks": "true", "ecsOrchestration": "true", "glueMode": "visual"}
"""The settings with which a stack has everything that is off by default."""

_ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
# How AWS forms the ARN of what the program refers to by ARN; from the resource's arguments, and its logical name.
_ARNS = {
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{bucket}",
    "aws:glue/job:Job": f"arn:aws:glue:{REGION}:{ACCOUNT}:job/{{name}}",
    "aws:glue/catalogTable:CatalogTable": f"arn:aws:glue:{REGION}:{ACCOUNT}:table/{{databaseName}}/{{name}}",
    "aws:cloudwatch/logGroup:LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}",
    "aws:lambda/function:Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "aws:athena/workgroup:Workgroup": f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{{name}}",
    "aws:sns/topic:Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "aws:kms/key:Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1a2b3c4d",
    "aws:cloudwatch/metricAlarm:MetricAlarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{name}}",
    "aws:sqs/queue:Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "aws:iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role/{{logical}}-1a2b3c4",
    "aws:iam/user:User": f"arn:aws:iam::{ACCOUNT}:user/{{name}}",
    "aws:ecs/cluster:Cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{{name}}",
    "aws:ecr/repository:Repository": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{{name}}",
    "aws:secretsmanager/secret:Secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{{name}}-1A2b3C",
}
_ANSWERS: dict[str, dict[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:ec2/getVpc:getVpc": {"id": "vpc-0a1b2c3d4e5f60718"},
    "aws:ec2/getSubnets:getSubnets": {"ids": ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5061728"]},
}


@dataclass(frozen=True)
class Declared:
    """One resource that the program declared.

    Attributes:
        inputs: its arguments; for a component, none.
        after: the URNs of what must exist before it.
        parent: the URN of the component that it is a part of.
        refers: the URNs of those whose outputs its arguments are made of.
    """

    type: str
    name: str
    urn: str
    inputs: dict[str, Any]
    after: frozenset[str]
    parent: str = ""
    refers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Deployment:
    """Everything that one run of the program declared: resources, and the components that they are parts of."""

    declared: list[Declared]
    outputs: dict[str, Any]
    components: list[Declared] = field(default_factory=list)

    def all(self, kind: str) -> list[Declared]:
        """The resources of a type, such as `glue/job:Job`."""
        return [item for item in self.declared if item.type == f"aws:{kind}"]

    def one(self, kind: str, name: str | None = None) -> Declared:
        """The one resource of a type, or the one of that type that has the logical name."""
        (found,) = (item for item in self.all(kind) if name in (None, item.name))
        return found


class _Recorder(MockMonitor):
    """Stands where Pulumi's engine stands, and answers as AWS would."""

    def __init__(self) -> None:
        super().__init__(_Aws())
        self.declared: list[Declared] = []
        self.components: list[Declared] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # Pulumi's
        inputs = deserialize_properties(request.object) if request.custom else {}
        refers = {urn for item in request.propertyDependencies.values() for urn in item.urns}
        found = Declared(
            request.type,
            request.name,
            response.urn,
            inputs,
            frozenset(request.dependencies),
            request.parent,
            frozenset(refers),
        )
        (self.declared if request.custom else self.components).append(found)
        return response


class _Aws(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        given = dict(args.inputs)
        identity = given.get("bucket") if args.typ == "aws:s3/bucket:Bucket" else f"{args.name}-id"
        if args.typ == "aws:sqs/queue:Queue":
            given["url"] = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{given['name']}"
        if args.typ == "aws:ecr/repository:Repository":
            given["repositoryUrl"] = f"{_ECR}/{given['name']}"
        if args.typ in _ARNS:
            given["arn"] = _ARNS[args.typ].format(**given, logical=args.name)
        return identity, given

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        return _ANSWERS[args.token], []


def record(program: Callable[[], object], config: Mapping[str, str]) -> Deployment:
    """Run a program with a stack's configuration, in a context of its own: Pulumi's is global.

    Raises:
        Exception: whatever the program ends with.
    """
    return contextvars.Context().run(_record, program, config)


def record_program(**settings: str) -> Deployment:
    """What this project's program declares, with a stack's settings by their names in `Pulumi.yaml`."""
    return record(lambda: runpy.run_path(str(PROGRAM), run_name="__main__"), settings)


def _record(program: Callable[[], object], config: Mapping[str, str]) -> Deployment:
    recorder, outputs = _Recorder(), dict[str, Any]()

    def run() -> None:
        program()
        stack = pulumi.runtime.get_root_resource()
        assert isinstance(stack, Stack)
        pulumi.Output.all(**stack.outputs).apply(outputs.update)

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_all_config({f"{PROJECT}:{name}": value for name, value in config.items()})
        pulumi.runtime.set_mocks(recorder.mocks, project=PROJECT, stack=STACK, preview=False, monitor=recorder)
        loop.run_until_complete(run_pulumi_func(run))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return Deployment(recorder.declared, outputs, recorder.components)
