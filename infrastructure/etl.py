"""ETL: the Glue job with its role, script and modules."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pulumi
import pulumi_aws as aws

from expectations.contract.names import GLUE_JOB_NAME
from infrastructure.catalog import DataCatalog
from infrastructure.glue_studio import VisualForm
from infrastructure.policies import etl_logs, etl_policy, trusting
from infrastructure.scripts import Scripts, script_key
from infrastructure.settings import GlueMode, StackSettings
from infrastructure.storage import Storage
from infrastructure.visual_job import graph

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "glue" / "bovespa_etl_job.py"
PACKAGES = ("expectations/contract", "expectations/queries", "glue")
"""The folders whose modules the script has beside it; the gates need Great Expectations and stay with the flows."""

MODULES = (
    "expectations/__init__.py",
    *sorted(
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).glob("*.py")
        if path != SCRIPT
    ),
)

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can state
_UNIX = 3  # else a zip states the system that made it


def modules_archive() -> bytes:
    """The script's modules as a zip; the same sources are always the same bytes, whichever zlib a machine has."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in MODULES:
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = _UNIX
            archive.writestr(member, (ROOT / name).read_bytes())
    return target.getvalue()


class Etl(pulumi.ComponentResource):
    """The job `bovespa-etl-job`: Glue 5.1, two G.1X workers unless the stack says otherwise."""

    def __init__(
        self,
        name: str,
        settings: StackSettings,
        storage: Storage,
        catalog: DataCatalog,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bovespa:etl:Etl", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        visual = settings.glue_mode == GlueMode.VISUAL
        logs = etl_logs(settings.named(GLUE_JOB_NAME))
        role = aws.iam.Role(
            "etl", assume_role_policy=trusting("glue.amazonaws.com"), tags=settings.tags, opts=self._child
        )
        arns = (storage.raw.arn, storage.refined.arn, storage.artifacts.arn, catalog.refined.arn)
        aws.iam.RolePolicy(
            "etl",
            role=role.id,
            policy=pulumi.Output.all(*arns).apply(lambda found: etl_policy(*found, logs=logs, visual=visual)),
            opts=self._child,
        )
        nodes = storage.raw.bucket.apply(lambda bucket: json.dumps(graph(bucket)))
        # Glue writes the visual form's script itself: never over one that was uploaded, nor over that of another graph.
        generated = nodes.apply(lambda text: script_key("visual", ".py", text.encode()))
        script = None if visual else SCRIPT.read_bytes()
        scripts = Scripts(storage, modules_archive(), script, generated=generated, parent=self)
        self.output_log, error_log = (self._log(name, settings, logs) for name in ("output", "error"))
        after = pulumi.ResourceOptions(parent=self, depends_on=[self.output_log, error_log])
        self.job = self._job(settings, role, scripts, storage.refined.bucket, catalog.database, opts=after)
        if visual:
            form = {"job": self.job.name, "job_arn": self.job.arn, "script": scripts.script, "nodes": nodes}
            VisualForm("etl", **form, opts=self._child)
        self.register_outputs({"job": self.job.name})

    def _log(self, name: str, settings: StackSettings, logs: str) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"etl-{name}",
            name=f"{logs}/{name}",
            retention_in_days=settings.log_retention_days,
            tags=settings.tags,
            opts=self._child,
        )

    def _job(
        self,
        settings: StackSettings,
        role: aws.iam.Role,
        scripts: Scripts,
        refined_bucket: pulumi.Output[str],
        database: pulumi.Input[str],
        *,
        opts: pulumi.ResourceOptions,
    ) -> aws.glue.Job:
        return aws.glue.Job(
            "etl",
            name=settings.named(GLUE_JOB_NAME),
            description="Refines raw portfolios into staging",
            role_arn=role.arn,
            glue_version="5.1",
            worker_type="G.1X",
            number_of_workers=settings.workers,
            timeout=settings.timeout_minutes,
            # A failed run is looked at, and started again by a new upload; Glue must not repeat it by itself.
            max_retries=0,
            execution_property=aws.glue.JobExecutionPropertyArgs(max_concurrent_runs=settings.max_concurrent_runs),
            execution_class="FLEX" if settings.flex_execution else "STANDARD",
            # A month of raw files starts a run each: those above the limit wait rather than fail the Lambda.
            # A flexible run waits for spare capacity and in no queue.
            job_run_queuing_enabled=not settings.flex_execution,
            job_mode=settings.glue_mode.upper(),
            command=aws.glue.JobCommandArgs(name="glueetl", python_version="3", script_location=scripts.script),
            default_arguments={
                "--job-language": "python",
                "--extra-py-files": scripts.modules,
                "--enable-job-insights": "true",
                "--enable-continuous-cloudwatch-log": "true",
                # Glue 5: its output and error logs lie below, https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
                "--custom-logGroup-prefix": etl_logs(settings.named(GLUE_JOB_NAME)),
                "--refined_bucket": refined_bucket,
                "--database": database,
            },
            tags=settings.tags,
            opts=opts,
        )
