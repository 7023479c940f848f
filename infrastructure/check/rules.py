"""What AWS refuses that no model or linter knows of: each rule has been met, or read, by somebody."""

from __future__ import annotations

from collections.abc import Iterator

from infrastructure.recording import Deployment
from infrastructure.settings import NOTEBOOK_REGIONS


def check(deployment: Deployment, region: str) -> list[str]:
    """What the rules find, a line each."""
    return [*_tables(deployment), *_engines(deployment, region), *_concurrency(deployment), *_clusters(deployment)]


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
