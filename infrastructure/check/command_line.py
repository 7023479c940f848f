"""The program started as the Pulumi CLI starts it: from the folder, by the entry and with the interpreter of Pulumi.yaml.

The engine resolves `virtualenv` twice: against the project for the program, and against the program's folder for a dynamic
provider (https://github.com/pulumi/pulumi/issues/7061). Both processes are started here to the letter, in a folder that has
what the project's has.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import cycle, product
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import dill
import grpc
import yaml
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from infrastructure.check.engine import engine
from infrastructure.check.previews import SECONDS, Executor, executor
from infrastructure.check.stand_in import aws_stand_in
from infrastructure.glue_studio import VisualForm, provider
from infrastructure.recording import NOTEBOOK_REGION, REGION, STACK
from infrastructure.settings import PROJECT

ROOT = Path(__file__).resolve().parents[2]
VISUAL_FORM = f"pulumi-python:dynamic/bovespa:{VisualForm.__name__}"
SWITCHES = {
    "glueMode": ("script", "visual"),
    "athenaNotebooks": ("false", "true"),
    "ecsOrchestration": ("false", "true"),
    "flexExecution": ("false", "true"),
    "encryptAlarms": ("true", "false"),
    "alarmEmail": ("", "team@example.com"),
}
"""Every setting that makes a resource be there or not, or be another."""

BESIDE: tuple[dict[str, str], ...] = (
    {},
    {"environment": "dev", "bucketSuffix": "-acme"},
    {"vpcId": "vpc-0a1b2c3d4e5f60718"},
    {"vpcId": "vpc-0a1b2c3d4e5f60718", "subnetIds": "subnet-0a1b2c3d4e5f60718,subnet-0b1c2d3e4f5061728"},
    {"watchedIndices": "IBOV,IBXX,SMLL", "logRetentionDays": "3653", "monthlyBudgetUsd": "1", "workers": "10"},
)
"""Other settings, with which the combinations are tried in turn; their number shares no factor with that of the combinations."""

_AT_ONCE = 2
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "check", "AWS_SECRET_ACCESS_KEY": "check", "AWS_EC2_METADATA_DISABLED": "true"}


class Project:
    """A folder that has the project's files, and `.venv` where Pulumi.yaml says it.

    Args:
        folder: where it is made.
        stated: Pulumi.yaml, as it was read.
    """

    def __init__(self, folder: Path, stated: Mapping[str, Any]) -> None:
        self._folder = folder
        self._virtualenv = str(stated["runtime"]["options"]["virtualenv"])
        for path in ROOT.iterdir():
            if path.name not in {".git", self._virtualenv}:
                (folder / path.name).symlink_to(path)
        (folder / self._virtualenv).symlink_to(sys.prefix)
        main = folder / str(stated.get("main", "."))
        self.pwd, self.entry = (main, ".") if main.is_dir() else (main.parent, main.name)

    @contextmanager
    def executor(self) -> Iterator[Executor]:
        """The interpreter that the engine looks for, to run the program."""
        python = self._folder / self._virtualenv / "bin" / "python"
        with executor(python, self.pwd, {**_environment(), **_CREDENTIALS}) as found:
            yield found

    def program(self, by: Executor, settings: Mapping[str, str], region: str, endpoint: str) -> list[str]:
        """Preview the program.

        Returns:
            What is wrong, a line each.
        """
        config = {"aws:region": region} | {f"{PROJECT}:{name}": value for name, value in settings.items()}
        environment = {"PULUMI_CONFIG": json.dumps(config), "AWS_ENDPOINT_URL": endpoint}
        with engine() as (address, preview):
            options = {"project": PROJECT, "stack": STACK, "parallel": "16", "dry_run": "true", "pwd": str(self.pwd)}
            told = [f"--{name}={value}" for name, value in (options | {"monitor": address, "engine": address}).items()]
            try:
                code, errors = by.run([*told, self.entry], environment)
            except TimeoutError as error:
                return [str(error)]
        if code or preview.errors:
            return [_last(line) for line in preview.errors] or [_last(errors) or f"exit code {code}"]
        return [] if preview.declared else ["the program declared nothing"]

    @contextmanager
    def dynamic_provider(self, endpoint: str) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
        """The engine's launcher of a dynamic provider, and the way to it.

        Raises:
            OSError: there is no interpreter where the engine looks for it.
        """
        command = [f"{self._virtualenv}/bin/python", "-u", "-m", "pulumi.dynamic", "127.0.0.1:1"]
        found = {**_environment(), **_CREDENTIALS, "AWS_ENDPOINT_URL": endpoint, "PULUMI_PROJECT": PROJECT}
        # An interpreter's relative path is looked for in the folder that the process begins in.
        with subprocess.Popen(["/usr/bin/env", *command], cwd=self.pwd, env=found, stdout=subprocess.PIPE) as process:  # noqa: S603 - Pulumi.yaml's
            assert process.stdout is not None
            try:
                port = process.stdout.readline().decode().strip()
                if not port.isdigit():
                    raise FileNotFoundError(
                        f"{self.pwd.name}/{command[0]}: the engine's dynamic provider does not start"
                    )
                with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                    yield provider_pb2_grpc.ResourceProviderStub(channel)
            finally:
                process.kill()


def check() -> list[str]:
    """Everything that keeps the CLI from previewing the program, with every combination of switches, or from its provider."""
    stated = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    return [*check_programs(stated, combinations()), *check_provider(stated)]


def combinations() -> list[dict[str, str]]:
    """Every combination of the switches, with other settings beside them."""
    switched = [dict(zip(SWITCHES, values, strict=True)) for values in product(*SWITCHES.values())]
    return [found | beside for found, beside in zip(switched, cycle(BESIDE), strict=False)]


def check_programs(stated: Mapping[str, Any], runs: list[dict[str, str]]) -> list[str]:
    """What is wrong with the program, run for each of some settings."""
    with ExitStack() as stack:
        folder, endpoint = stack.enter_context(tempfile.TemporaryDirectory()), stack.enter_context(aws_stand_in())
        project, free = Project(Path(folder), stated), SimpleQueue[Executor]()
        for _ in range(min(_AT_ONCE, len(runs))):
            free.put(stack.enter_context(project.executor()))

        def found(settings: dict[str, str]) -> list[str]:
            region, by = NOTEBOOK_REGION if settings.get("athenaNotebooks") == "true" else REGION, free.get()
            try:
                return [f"program with {settings}: {text}" for text in project.program(by, settings, region, endpoint)]
            finally:
                free.put(by)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return [text for texts in pool.map(found, runs) for text in texts]


def check_provider(stated: Mapping[str, Any]) -> list[str]:
    """What is wrong with the dynamic provider of the job's visual form: it is created, compared and deleted."""
    given = {"job": "bovespa-etl-job", "script": "s3://b/s.py", "nodes": "{}", "region": REGION, "profile": ""}
    serialized = base64.b64encode(dill.dumps(provider())).decode()
    properties = struct_pb2.Struct()
    getattr(properties, "update")({**given, "__provider": serialized})  # noqa: B009 - not in the stubs
    urn = f"urn:pulumi:{STACK}::{PROJECT}::{VISUAL_FORM}::etl"
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            aws_stand_in() as endpoint,
            Project(Path(folder), stated).dynamic_provider(endpoint) as launched,
        ):
            launched.Check(
                provider_pb2.CheckRequest(urn=urn, olds=struct_pb2.Struct(), news=properties), timeout=SECONDS
            )
            made = launched.Create(provider_pb2.CreateRequest(urn=urn, properties=properties), timeout=SECONDS)
            diff = provider_pb2.DiffRequest(id=made.id, urn=urn, olds=made.properties, news=properties)
            same = launched.Diff(diff, timeout=SECONDS).changes == provider_pb2.DiffResponse.DIFF_NONE
            launched.Delete(
                provider_pb2.DeleteRequest(id=made.id, urn=urn, properties=made.properties), timeout=SECONDS
            )
    except (OSError, grpc.RpcError) as error:
        return [f"dynamic provider: {error}"]
    return [] if same else ["dynamic provider: what it has made is not what it was told"]


def _environment() -> dict[str, str]:
    # Nothing that makes the project importable from anywhere but from where the CLI would find it.
    return {"PATH": "/usr/bin:/bin", "PULUMI_RUNTIME_VIRTUALENV": ".venv"}


def _last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else ""
