"""What AWS refuses that no model or linter knows of: each rule has been met, or read, by somebody."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from expectations.queries.views import VIEW_TYPE
from infrastructure.etl import SCRIPT
from infrastructure.recording import Deployment
from infrastructure.settings import NOTEBOOK_REGIONS

ROOT = Path(__file__).resolve().parents[2]
STARTING = (ROOT / "lambda" / "trigger_glue_job" / "handler.py", ROOT / "flows" / "lake" / "glue_job.py")
"""Who starts runs of the job."""


def check(deployment: Deployment, region: str) -> list[str]:
    """What the rules find, a line each."""
    return [
        *_tables(deployment),
        *_engines(deployment, region),
        *_concurrency(deployment),
        *_clusters(deployment),
        *_glue_metrics(deployment),
        *_queues(deployment),
        *_scripts(deployment),
        *_unprotected(deployment),
        *_publishers(deployment),
    ]


def _tables(deployment: Deployment) -> Iterator[str]:
    """Athena answers "Table storage descriptor is missing SerDe info" to a table or view without; Pulumi sends no empty one."""
    for item in deployment.all("glue/catalogTable:CatalogTable"):
        if not any((item.inputs["storageDescriptor"].get("serDeInfo") or {}).values()):
            yield f"table {item.name}: no SerDe information, without which Athena refuses it"


def _engines(deployment: Deployment, region: str) -> Iterator[str]:
    for item in deployment.all("athena/workgroup:Workgroup"):
        engine = item.inputs["configuration"]["engineVersion"]["selectedEngineVersion"]
        if engine.startswith("PySpark") and region not in NOTEBOOK_REGIONS:
            yield f"workgroup {item.name}: {region} has no {engine}"


def _concurrency(deployment: Deployment) -> Iterator[str]:
    """A new account's Lambdas run ten at once, and AWS wants ten of them unreserved."""
    for item in deployment.all("lambda/function:Function"):
        if (item.inputs.get("reservedConcurrentExecutions") or -1) >= 0:
            yield f"function {item.name}: a new account has no concurrency that could be reserved"


def _clusters(deployment: Deployment) -> Iterator[str]:
    """In an account's first cluster they race the role that ECS makes for itself, and fail without it."""
    for item in deployment.all("ecs/clusterCapacityProviders:ClusterCapacityProviders"):
        yield f"cluster {item.name}: capacity providers, which fail in an account's first cluster"


def _glue_metrics(deployment: Deployment) -> Iterator[str]:
    """AWS writes them only where the script makes a GlueContext: https://docs.aws.amazon.com/glue/latest/dg/monitor-spark-ui.html."""
    if "GlueContext(" in SCRIPT.read_text(encoding="utf-8"):
        return
    for job in deployment.all("glue/job:Job"):
        if "--enable-metrics" in job.inputs["defaultArguments"]:
            yield f"job {job.name}: --enable-metrics writes nothing, for the script makes no GlueContext"
    for board in deployment.all("cloudwatch/dashboard:Dashboard"):
        widgets = json.loads(board.inputs["dashboardBody"])["widgets"]
        lines = [line for widget in widgets for line in widget["properties"].get("metrics", [])]
        yield from (f"dashboard {board.name}: nobody writes {line[:2]}" for line in lines if line[0] == "Glue")


def _queues(deployment: Deployment) -> Iterator[str]:
    """A run that is started without JobRunQueuingEnabled is not queued, whatever the job says; a flexible one never is.

    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html.
    """
    for job in deployment.all("glue/job:Job"):
        flexible, queues = job.inputs["executionClass"] == "FLEX", bool(job.inputs.get("jobRunQueuingEnabled"))
        if flexible == queues:
            yield f"job {job.name}: queueing is {queues}, its execution class {job.inputs['executionClass']}"
        for function in deployment.all("lambda/function:Function"):
            if function.inputs["environment"]["variables"].get("JOB_RUN_QUEUING") != str(queues).lower():
                yield f"function {function.name}: it does not start runs of {job.name} with queueing as the job has it"
    for path in STARTING:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or getattr(call.func, "attr", "") != "start_job_run":
                continue
            if "JobRunQueuingEnabled" not in {keyword.arg for keyword in call.keywords}:
                yield f"{path.relative_to(ROOT)}:{call.lineno}: StartJobRun without JobRunQueuingEnabled"


def _scripts(deployment: Deployment) -> Iterator[str]:
    """A run reads its script when it begins, hours after it was started where it waits in Glue's queue."""
    for item in deployment.all("s3/bucketObjectv2:BucketObjectv2"):
        if not item.retained:
            yield f"object {item.name}: an update deletes it under runs that are starting"


def _unprotected(deployment: Deployment) -> Iterator[str]:
    """A destroy takes policies, versions and partitions away before it fails at a bucket that is not empty."""
    for item in deployment.declared:
        kind = item.type.removeprefix("aws:")
        holds_data = kind.startswith("s3/bucket") and kind.partition(":")[2] not in {
            "BucketObjectv2",
            "BucketNotification",
        }
        of_tables = kind.startswith("glue/catalogTable") and item.inputs["tableType"] != VIEW_TYPE
        if (holds_data or of_tables or kind.startswith("glue/catalogDatabase")) and not item.protected:
            yield f"{kind.rpartition(':')[2]} {item.name}: it holds data, and nothing stops a destroy in its preview"


def _publishers(deployment: Deployment) -> Iterator[str]:
    """EventBridge and Budgets look whether they may publish when they are told of the topic."""
    policies = {item.urn for item in deployment.all("sns/topicPolicy:TopicPolicy")}
    for kind in ("cloudwatch/eventTarget:EventTarget", "budgets/budget:Budget"):
        for item in deployment.all(kind):
            if not policies & item.after:
                yield f"{kind.rpartition(':')[2]} {item.name}: it does not wait for the topic's policy"
