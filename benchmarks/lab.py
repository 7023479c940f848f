"""An account on the laptop to measure in, with raw files uploaded and Glue jobs run as the flows do it."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import boto3

from benchmarks.measure import memory_mib, note_requests
from benchmarks.sessions import Cells, cells, raw_content
from flows.b3.portfolio import Portfolio
from flows.lake.calls import side_by_side
from flows.lake.connect import Lake, connect
from flows.session.batch_runs import LIST_ARGUMENT, list_body, list_key
from flows.session.pipeline import Pipeline
from flows.session.storage import RawVersion, upload_raw
from flows.settings import load_settings
from local.account.client import running_account

START, PLAIN = "start_spark", "plain"
"""The jobs that the scripts in `jobs/` are."""

_JOBS = Path(__file__).with_name("jobs")
_PAUSE = 0.02  # seconds between two looks at a run: what a measured run may seem longer than it was
_ROLE = "benchmark"
_TRUST = {"Version": "2012-10-17", "Statement": []}
_ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_SHARES = "SELECT data_pregao, codigo, quantidade_teorica_acoes, percentual_participacao_ibov FROM bovespa_refined_data"


@dataclass(frozen=True, slots=True)
class Lab:
    """A running account of its own.

    Attributes:
        pipeline: the flows' steps on this account.
        buckets: the folder of all buckets.
        asked: how often this process asked for each operation of AWS.
    """

    pipeline: Pipeline
    buckets: Path
    asked: Counter[str]

    @property
    def lake(self) -> Lake:
        """The account, as the flows reach it."""
        return self.pipeline.lake

    def upload(self, portfolios: Sequence[Portfolio]) -> list[RawVersion]:
        """Upload the raw files of a batch, which start no run."""
        files = [raw_content(portfolio) for portfolio in portfolios]
        return list(side_by_side(lambda file: upload_raw(self.lake.raw, *file, of_batch=True), files))

    def refine(self, versions: Sequence[RawVersion]) -> tuple[str, float]:
        """Run the ETL job for the versions, as a batch does."""
        key = list_key(versions)
        self.lake.artifacts.put(key, list_body(versions))
        return self.run(self.lake.job.name, {LIST_ARGUMENT: self.lake.artifacts.address(key)})

    def run(self, name: str, arguments: dict[str, str]) -> tuple[str, float]:
        """Run a job to its end, which must be a good one: its id, and its seconds with its whole process, JVM included."""
        job = replace(self.lake.job, name=name)
        began = time.perf_counter()
        run = job.start(arguments)
        while run.live:
            time.sleep(_PAUSE)
            run = job.run(run.run_id)
        if not run.succeeded:
            raise RuntimeError(f"{name} {run.run_id} {run.state}: {run.message}")
        return run.run_id, time.perf_counter() - began

    def deploy(self) -> None:
        """Make a job of each script in `jobs/`, with every right."""
        iam, glue, artifacts = boto3.Session().client("iam"), self.lake.job.client, self.lake.artifacts
        role = iam.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName=_ROLE, PolicyName="all", PolicyDocument=json.dumps(_ANYTHING))
        for script in _JOBS.glob("*.py"):
            key = f"benchmarks/{script.name}"
            artifacts.put(key, script.read_bytes())
            address = artifacts.address(key)
            glue.create_job(Name=script.stem, Role=role, Command={"Name": "glueetl", "ScriptLocation": address})

    def shares_in_athena(self) -> Cells:
        """What Athena shows of all published sessions of the Ibovespa."""
        return cells(
            (date.fromisoformat(str(session)), str(code), float(str(quantity)), float(str(share)))
            for session, code, quantity, share in self.lake.athena.query(_SHARES).rows
        )

    @staticmethod
    def account_mib() -> float:
        """What the account's own process, a child of this one, holds in memory now, in MiB; 0 where there is no `/proc`."""
        children = list[str]()
        for path in Path("/proc/self/task").glob("*/children"):
            with suppress(FileNotFoundError):  # a thread that has ended meanwhile
                children += path.read_text(encoding="utf-8").split()
        commands = {pid: Path("/proc", pid, "cmdline").read_bytes() for pid in children}
        return sum(memory_mib("VmRSS", pid) for pid, command in commands.items() if b"local.account.server" in command)


@contextmanager
def opened(home: Path) -> Iterator[Lab]:
    """An account in a home of its own; this process's environment is the account's within the block."""
    before = dict(os.environ)
    try:
        with running_account(home) as account:
            os.environ.pop("AWS_PROFILE", None)
            os.environ.update(account.environment())
            settings = load_settings({"BOVESPA_QUERY_TIMEOUT": "600"})
            lab = Lab(Pipeline(settings, connect(settings)), home / "s3", Counter())
            for client in (lab.lake.raw.client, lab.lake.catalog.client, lab.lake.athena.client):
                note_requests(client, lab.asked)
            lab.deploy()
            yield lab
    finally:
        os.environ.clear()
        os.environ.update(before)
