"""A Pulumi resource of its own: a Glue job's visual form, which the AWS provider's job does not know.

It adds the graph to the job that the provider's resource has made, and takes it away again when it is destroyed. The provider
may change the job afterwards without harm: `UpdateJob` leaves a graph alone that it is not given
(https://docs.aws.amazon.com/glue/latest/dg/visual-job-api-chapter.html).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pulumi
from botocore.exceptions import ClientError
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import JobTypeDef

# Of a job with a type of worker, Glue states the capacity too, and refuses to be given both.
_READ_ONLY = frozenset({"AllocatedCapacity", "MaxCapacity"})

Properties = dict[str, Any]


def apply_graph(glue: GlueClient, job: str, nodes: Properties) -> None:
    """Give a job a graph, from which Glue makes the job's script, at the job's script location.

    Everything else about the job stays: an update replaces the whole definition, so it is given all of it.
    """
    _update(glue, job, {"JobMode": "VISUAL", "CodeGenConfigurationNodes": nodes})


def remove_graph(glue: GlueClient, job: str) -> None:
    """Take a job's graph away; a job that is gone has none."""
    try:
        _update(glue, job, {"JobMode": "SCRIPT", "CodeGenConfigurationNodes": {}})
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise


def _update(glue: GlueClient, job: str, changed: Properties) -> None:
    kept = _definition(glue, glue.get_job(JobName=job)["Job"])
    update: Any = {**kept, **changed}  # typed by literals that are only known at run time
    glue.update_job(JobName=job, JobUpdate=update)


def _definition(glue: GlueClient, found: JobTypeDef) -> Properties:
    shape: Any = glue.meta.service_model.shape_for("JobUpdate")  # a structure, which its type does not say
    takes = set(shape.members)
    unwanted = _READ_ONLY if "WorkerType" in found else frozenset[str]()
    return {name: value for name, value in found.items() if name in takes - unwanted}


class _Provider(ResourceProvider):
    serialize_as_secret_always = False  # it holds none

    def create(self, props: Properties) -> CreateResult:
        """Give the job its graph."""
        self._apply(props)
        return CreateResult(id_=props["job"], outs=props)

    def diff(self, _id: str, olds: Properties, news: Properties) -> DiffResult:
        """Another job is another resource; another graph is the same one, changed."""
        changed = [name for name in ("job", "nodes", "script") if olds.get(name) != news.get(name)]
        return DiffResult(changes=bool(changed), replaces=[name for name in changed if name == "job"])

    def update(self, _id: str, _olds: Properties, news: Properties) -> UpdateResult:
        """Give the job another graph."""
        self._apply(news)
        return UpdateResult(outs=news)

    def delete(self, _id: str, props: Properties) -> None:
        """Leave the job without one."""
        remove_graph(self._client(props), props["job"])

    def _apply(self, props: Properties) -> None:
        apply_graph(self._client(props), props["job"], json.loads(props["nodes"]))

    def _client(self, props: Properties) -> GlueClient:
        session = boto3.Session(region_name=props["region"], profile_name=props.get("profile") or None)
        return session.client("glue")


def provider() -> ResourceProvider:
    """What the engine starts a process for: it creates, compares and deletes the forms."""
    return _Provider()


class VisualForm(Resource, module="bovespa", name="VisualForm"):
    """The visual form of a job.

    Args:
        job: the job's name.
        job_arn: its ARN, which tells the region.
        script: where Glue writes the script that it makes; another place is another script to make.
        nodes: the graph, as JSON text.
    """

    def __init__(
        self,
        name: str,
        *,
        job: pulumi.Output[str],
        job_arn: pulumi.Output[str],
        script: pulumi.Input[str],
        nodes: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "job": job,
            "script": script,
            "nodes": nodes,
            "region": job_arn.apply(lambda arn: arn.split(":")[3]),
            "profile": pulumi.Config("aws").get("profile") or "",
        }
        super().__init__(provider(), name, properties, opts)
