"""An account on the laptop to measure in, with raw files uploaded and Glue jobs run as the flows do it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from flows.lake.clients import PARALLEL_CALLS, Aws, connect

from benchmarks.measure import Requests
from benchmarks.sessions import Cells, raw_content, shown
from expectations.contract.keys import staging_prefix
from flows.lake.athena import run_query
from flows.session import etl
from flows.session.batch_runs import LIST_ARGUMENT, list_body, list_key
from flows.session.pipeline import Pipeline
from flows.session.storage import RawVersion, upload_raw
from flows.settings import Settings, load_settings
from local.account.client import running_account

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio

_PAUSE = 0.02  # seconds between two looks at a run: what a measured run may seem longer than it was
_ROLE = "benchmark"
_SHARES = "SELECT data_pregao, codigo, quantidade_teorica_acoes, percentual_participacao_ibov FROM bovespa_refined_data"
_ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True, slots=True)
class JobRun:
    """A Glue run that succeeded, and how long it took from its start on: the whole process, JVM included."""

    run_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Lab:
    """A running account of its own.

    Attributes:
        buckets: the folder of all buckets.
        requests: counts what this process asks of AWS.
    """

    aws: Aws
    settings: Settings
    buckets: Path
    requests: Requests

    @property
    def pipeline(self) -> Pipeline:
        """The flows' steps on this account."""
        return Pipeline(self.settings, self.aws)

    def upload(self, portfolios: Sequence[Portfolio]) -> list[RawVersion]:
        """Upload the raw files of a batch, which start no run."""

        def one(portfolio: Portfolio) -> RawVersion:
            facts, content = raw_content(portfolio)
            return upload_raw(self.aws.s3, self.settings.raw_bucket, content, facts, of_batch=True)

        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            return list(pool.map(one, portfolios))

    def refine(self, versions: Sequence[RawVersion]) -> JobRun:
        """Run the ETL job for the versions, as a batch does."""
        bucket, key = self.settings.artifacts_bucket, list_key(versions)
        self.aws.s3.put_object(Bucket=bucket, Key=key, Body=list_body(versions))
        return self.run(self.settings.glue_job_name, {LIST_ARGUMENT: f"s3://{bucket}/{key}"})

    def run(self, job: str, arguments: dict[str, str]) -> JobRun:
        """Run a job to its end.

        Raises:
            RuntimeError: it failed.
        """
        began = time.perf_counter()
        run_id = self.aws.glue.start_job_run(JobName=job, Arguments=arguments)["JobRunId"]
        while True:
            found = etl.glue_run(self.aws.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"])
            if not found.live:
                break
            time.sleep(_PAUSE)
        if not found.succeeded:
            raise RuntimeError(f"{job} {run_id} {found.state}: {found.message}")
        return JobRun(run_id, time.perf_counter() - began)

    def deploy(self, name: str, script: Path) -> None:
        """Make a job of a script, with every right."""
        bucket, key = self.settings.artifacts_bucket, f"benchmarks/{script.name}"
        self.aws.s3.put_object(Bucket=bucket, Key=key, Body=script.read_bytes())
        iam = boto3.client("iam")
        if _ROLE not in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
            trust = {"Version": "2012-10-17", "Statement": []}
            iam.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=json.dumps(trust))
            iam.put_role_policy(RoleName=_ROLE, PolicyName="all", PolicyDocument=json.dumps(_ANYTHING))
        role = iam.get_role(RoleName=_ROLE)["Role"]["Arn"]
        self.aws.glue.create_job(
            Name=name, Role=role, Command={"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/{key}"}
        )

    def staging(self, run_id: str) -> Path:
        """The folder of what a run has staged."""
        return self.buckets / self.settings.refined_bucket / staging_prefix(run_id)


@contextmanager
def opened(home: Path) -> Iterator[Lab]:
    """An account in a home of its own; this process's environment is the account's within the block."""
    before = dict(os.environ)
    try:
        with running_account(home) as account:
            os.environ.update(account.environment())
            boto3.setup_default_session()
            aws, requests = connect(), Requests()
            requests.watch(aws)
            yield Lab(aws, load_settings({}), home / "s3", requests)
    finally:
        os.environ.clear()
        os.environ.update(before)


def shares_in_athena(place: Lab) -> Cells:
    """What Athena shows of all published sessions of the Ibovespa."""
    result = run_query(
        place.aws.athena, _SHARES, workgroup=place.settings.workgroup, database=place.settings.database, timeout=600
    )
    return shown(
        (date.fromisoformat(str(session)), str(code), float(str(quantity)), float(str(share)))
        for session, code, quantity, share in result.rows
    )
