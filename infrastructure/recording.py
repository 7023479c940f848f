"""The real program, run under Pulumi's own test monitor; what it declares is recorded. Nothing is made in any account."""

from __future__ import annotations

import asyncio
import contextvars
import runpy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.rpc import deserialize_properties
from pulumi.runtime.stack import Stack, run_pulumi_func

from infrastructure.account import CONNECT, Connect
from infrastructure.settings import PROJECT

STACK = "test"
ACCOUNT = "123456789012"
REGION = "sa-east-1"
PROGRAM = Path(__file__).resolve().with_name("__main__.py")
OPTIONAL_PARTS = {"ecsOrchestration": "true", "glueMode": "visual", "athenaNotebooks": "true"}
"""The settings with which a stack has everything that is off by default."""

NOTEBOOK_REGION = "us-east-1"
"""A region with everything that Athena has, which `REGION` is not."""

# How AWS forms the ARN of what the program refers to by ARN; from the resource's arguments, and its logical name.
_ARNS = {
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{bucket}",
    "aws:glue/job:Job": "arn:aws:glue:{region}:{account}:job/{name}",
    "aws:glue/catalogTable:CatalogTable": "arn:aws:glue:{region}:{account}:table/{databaseName}/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws:lambda/function:Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "aws:athena/workgroup:Workgroup": "arn:aws:athena:{region}:{account}:workgroup/{name}",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:kms/key:Key": "arn:aws:kms:{region}:{account}:key/1a2b3c4d",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "aws:sqs/queue:Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "aws:iam/role:Role": "arn:aws:iam::{account}:role/{logical}-1a2b3c4",
    "aws:iam/user:User": "arn:aws:iam::{account}:user/{name}",
    "aws:ecs/cluster:Cluster": "arn:aws:ecs:{region}:{account}:cluster/{name}",
    "aws:ecr/repository:Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws:secretsmanager/secret:Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-1A2b3C",
}
ANSWERS: dict[str, dict[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:s3/getObjects:getObjects": {"keys": []},
    "aws:s3/getObject:getObject": {"lastModified": "Mon, 30 Jun 2025 09:30:00 GMT"},
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
        protected: whether a destroy stops at it.
        retained: whether it stays where it is when it is not declared any more.
        refers: the URNs of those whose outputs its arguments are made of.
    """

    type: str
    name: str
    urn: str
    inputs: dict[str, Any]
    after: frozenset[str]
    parent: str = ""
    refers: frozenset[str] = frozenset()
    protected: bool = False
    retained: bool = False


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


class EmptyAccount:
    """An account in which there is nothing yet: the clients of `infrastructure.account`, all in one."""

    def __call__(self, _: str) -> EmptyAccount:
        """The client of a service."""
        return self

    def get_paginator(self, _: str) -> EmptyAccount:
        """Of the tagged resources."""
        return self

    def paginate(self, **_: object) -> Iterator[dict[str, Any]]:
        """There are none."""
        yield {"ResourceTagMappingList": []}

    def get_database(self, **_: str) -> dict[str, Any]:
        """There is none."""
        raise ClientError(
            {"Error": {"Code": "EntityNotFoundException", "Message": "Database not found"}}, "GetDatabase"
        )

    def list_role_tags(self, **_: str) -> dict[str, Any]:
        """There is none."""
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "no such role"}}, "ListRoleTags")


class _Recorder(MockMonitor):
    """Stands where Pulumi's engine stands, and answers as AWS would."""

    def __init__(self, region: str) -> None:
        super().__init__(_RecordingMocks(region))
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
            request.protect,
            request.retainOnDelete,
        )
        (self.declared if request.custom else self.components).append(found)
        return response


class _RecordingMocks(pulumi.runtime.Mocks):
    def __init__(self, region: str) -> None:
        self._region = region

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        given = dict(args.inputs)
        identity = given.get("bucket") if args.typ == "aws:s3/bucket:Bucket" else f"{args.name}-id"
        if args.typ == "aws:sqs/queue:Queue":
            given["url"] = f"https://sqs.{self._region}.amazonaws.com/{ACCOUNT}/{given['name']}"
        if args.typ == "aws:ecr/repository:Repository":
            given["repositoryUrl"] = f"{ACCOUNT}.dkr.ecr.{self._region}.amazonaws.com/{given['name']}"
        known = {"region": self._region, "account": ACCOUNT, "logical": args.name}
        if args.typ in _ARNS:
            given["arn"] = _ARNS[args.typ].format(**{**given, **known})
        return identity, given

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        return ANSWERS[args.token], []


def record(
    program: Callable[[], object], config: Mapping[str, str], region: str = REGION, account: Connect | None = None
) -> Deployment:
    """Run a program with a stack's configuration, in a context of its own: Pulumi's is global.

    Args:
        account: what the program finds there; by default nothing.

    Raises:
        Exception: whatever the program ends with.
    """
    return contextvars.Context().run(_record, program, config, region, account or EmptyAccount())


def record_program(region: str = REGION, account: Connect | None = None, **settings: str) -> Deployment:
    """What this project's program declares, with a stack's settings by their names in `Pulumi.yaml`."""
    return record(lambda: runpy.run_path(str(PROGRAM), run_name="__main__"), settings, region, account)


def record_complete() -> Deployment:
    """What it declares where a stack wants every optional part."""
    return record_program(NOTEBOOK_REGION, None, **OPTIONAL_PARTS)


def _record(program: Callable[[], object], config: Mapping[str, str], region: str, account: Connect) -> Deployment:
    recorder, outputs = _Recorder(region), dict[str, Any]()
    CONNECT.set(account)

    def run() -> None:
        program()
        stack = pulumi.runtime.get_root_resource()
        assert isinstance(stack, Stack)
        pulumi.Output.all(**stack.outputs).apply(outputs.update)

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        own = {f"{PROJECT}:{name}": value for name, value in config.items()}
        pulumi.runtime.set_all_config({"aws:region": region, **own})
        pulumi.runtime.set_mocks(recorder.mocks, project=PROJECT, stack=STACK, preview=False, monitor=recorder)
        loop.run_until_complete(run_pulumi_func(run))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return Deployment(recorder.declared, outputs, recorder.components)
