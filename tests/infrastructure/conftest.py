"""The real program, run once under Pulumi's own test monitor; what it declares is recorded."""

from __future__ import annotations

import asyncio
import contextvars
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.rpc import deserialize_properties
from pulumi.runtime.stack import run_pulumi_func

PROJECT = "pipeline-bovespa"
STACK = "test"
ACCOUNT = "123456789012"
REGION = "sa-east-1"
PROGRAM = Path(__file__).resolve().parents[2] / "infrastructure" / "__main__.py"

# How AWS forms the ARN of what the program refers to by ARN; from the resource's name.
ARNS = {
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
}


@dataclass(frozen=True)
class Declared:
    """One resource that the program declared, with the URNs of what must exist before it."""

    type: str
    name: str
    urn: str
    inputs: dict[str, Any]
    after: frozenset[str]


class Recorder(MockMonitor):
    """Stands where Pulumi's engine stands, and answers as AWS would."""

    def __init__(self) -> None:
        super().__init__(_Aws())
        self.declared: list[Declared] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        response = super().RegisterResource(request)
        if request.custom:
            inputs = deserialize_properties(request.object)
            after = frozenset(request.dependencies)
            self.declared.append(Declared(request.type, request.name, response.urn, inputs, after))
        return response


class _Aws(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        given = dict(args.inputs)
        identity = given.get("bucket") if args.typ == "aws:s3/bucket:Bucket" else f"{args.name}-id"
        if args.typ == "aws:sqs/queue:Queue":
            given["url"] = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{given['name']}"
        if args.typ in ARNS:
            given["arn"] = ARNS[args.typ].format(**given, logical=args.name)
        return identity, given

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        assert args.token == "aws:index/getCallerIdentity:getCallerIdentity"
        return {"accountId": ACCOUNT}, []


@dataclass(frozen=True)
class Deployment:
    """Everything that one run of the program declared."""

    declared: list[Declared]
    outputs: dict[str, Any]

    def all(self, kind: str) -> list[Declared]:
        """The resources whose type ends so, such as `glue/job:Job`."""
        return [item for item in self.declared if item.type == f"aws:{kind}"]

    def one(self, kind: str, name: str | None = None) -> Declared:
        """The one resource of a type, or the one of that type that has the logical name."""
        (found,) = (item for item in self.all(kind) if name in (None, item.name))
        return found


def record(program: Callable[[], object], config: Mapping[str, str]) -> Deployment:
    """Run a program with a stack's configuration, in a context of its own: Pulumi's is global.

    Raises:
        Exception: whatever the program ends with.
    """
    return contextvars.Context().run(_record, program, config)


def _record(program: Callable[[], object], config: Mapping[str, str]) -> Deployment:
    recorder, outputs = Recorder(), dict[str, Any]()

    def run() -> None:
        program()
        exported = pulumi.runtime.get_root_resource().outputs
        pulumi.Output.all(**exported).apply(outputs.update)

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_all_config({f"{PROJECT}:{name}": value for name, value in config.items()})
        pulumi.runtime.set_mocks(recorder.mocks, project=PROJECT, stack=STACK, preview=False, monitor=recorder)
        loop.run_until_complete(run_pulumi_func(run))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return Deployment(recorder.declared, outputs)


Deploy = Callable[..., Deployment]


@pytest.fixture(scope="session")
def deploy() -> Deploy:
    """Runs the project's program, or another one, with the settings that are given."""

    def run(program: Callable[[], object] | None = None, **settings: str) -> Deployment:
        return record(program or (lambda: runpy.run_path(str(PROGRAM), run_name="__main__")), settings)

    return run


@pytest.fixture(scope="session")
def deployed(deploy: Deploy) -> Deployment:
    """What the program declares where a stack states no settings."""
    return deploy()
