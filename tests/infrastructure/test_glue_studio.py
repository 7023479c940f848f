"""Applying a graph to a job, and taking it away, as Glue's own model of the calls allows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infrastructure import glue_studio
from infrastructure.glue_studio import apply_graph, remove_graph
from infrastructure.visual_job import graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Deploy, Deployment

FORM = "pulumi-python:dynamic/bovespa:VisualForm"
JOB = "bovespa-etl-job"
# What GetJob says of a job besides what UpdateJob takes.
READ_ONLY = {
    "Name": JOB,
    "CreatedOn": datetime(2025, 6, 30, tzinfo=UTC),
    "LastModifiedOn": datetime(2025, 6, 30, tzinfo=UTC),
    "AllocatedCapacity": 2,
    "MaxCapacity": 2.0,
}
DEFINITION = {
    "JobMode": "SCRIPT",
    "Description": "Refines raw portfolios into staging",
    "Role": "arn:aws:iam::123456789012:role/etl",
    "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": "s3://b/scripts/visual-1.py"},
    "DefaultArguments": {"--refined_bucket": "b"},
    "WorkerType": "G.1X",
    "NumberOfWorkers": 2,
    "GlueVersion": "5.1",
    "Timeout": 15,
}
NODES = graph("bovespa-raw-data-bucket")


@pytest.fixture
def glue() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("glue", region_name="sa-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def expect(stubber: Stubber, **changed: object) -> None:
    """The job is looked at, and updated to what it was but for the changes."""
    stubber.add_response("get_job", {"Job": {**READ_ONLY, **DEFINITION}}, {"JobName": JOB})
    stubber.add_response("update_job", {"JobName": JOB}, {"JobName": JOB, "JobUpdate": {**DEFINITION, **changed}})


def test_a_job_is_given_its_graph_and_stays_what_it_was(glue: tuple[Any, Stubber]) -> None:
    client, stubber = glue
    expect(stubber, JobMode="VISUAL", CodeGenConfigurationNodes=NODES)
    apply_graph(client, JOB, NODES)


def test_a_jobs_graph_is_taken_away_and_the_job_stays(glue: tuple[Any, Stubber]) -> None:
    client, stubber = glue
    expect(stubber, JobMode="SCRIPT", CodeGenConfigurationNodes={})
    remove_graph(client, JOB)


def test_a_job_that_is_gone_has_no_graph(glue: tuple[Any, Stubber]) -> None:
    client, stubber = glue
    stubber.add_client_error("get_job", "EntityNotFoundException")
    remove_graph(client, JOB)


def test_any_other_refusal_is_one(glue: tuple[Any, Stubber]) -> None:
    client, stubber = glue
    stubber.add_client_error("get_job", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        remove_graph(client, JOB)


# --- the resource --------------------------------------------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the resource's provider does to jobs."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(glue_studio, "apply_graph", lambda _, job, nodes: found.append(("apply", job, nodes)))
    monkeypatch.setattr(glue_studio, "remove_graph", lambda _, job: found.append(("remove", job)))
    return found


PROPERTIES = {"job": JOB, "script": "s3://b/1.py", "nodes": json.dumps(NODES), "region": "sa-east-1", "profile": ""}


def test_the_resource_applies_its_graph_and_removes_it(calls: list[tuple[Any, ...]]) -> None:
    provider = glue_studio._Provider()
    assert provider.create(PROPERTIES).id == JOB
    provider.update(JOB, {}, PROPERTIES)
    provider.delete(JOB, PROPERTIES)
    assert calls == [("apply", JOB, NODES), ("apply", JOB, NODES), ("remove", JOB)]


@pytest.mark.parametrize(
    ("changed", "changes", "replaces"),
    [
        pytest.param({}, False, [], id="the same is no change"),
        pytest.param({"nodes": "{}"}, True, [], id="another graph is applied"),
        pytest.param({"script": "s3://b/2.py"}, True, [], id="another script is made"),
        pytest.param({"job": "another"}, True, ["job"], id="another job is another resource"),
        pytest.param({"profile": "me"}, False, [], id="who applies it does not matter"),
    ],
)
def test_a_change_is_one_of_the_graph(changed: dict[str, str], changes: bool, replaces: list[str]) -> None:  # noqa: FBT001
    found = glue_studio._Provider().diff(JOB, PROPERTIES, {**PROPERTIES, **changed})
    assert (found.changes, found.replaces) == (changes, replaces)


@pytest.fixture(scope="module")
def visual(deploy: Deploy) -> Deployment:
    return deploy(glueMode="visual", bucketSuffix="-acme")


def test_a_visual_job_has_the_graph_of_its_own_buckets(visual: Deployment) -> None:
    (form,) = (item for item in visual.declared if item.type == FORM)
    assert json.loads(form.inputs["nodes"]) == graph("bovespa-raw-data-bucket-acme")
    assert (form.inputs["job"], form.inputs["region"]) == (JOB, "sa-east-1")


def test_glue_makes_the_script_where_none_is_uploaded(visual: Deployment) -> None:
    job = visual.one("glue/job:Job").inputs
    (form,) = (item for item in visual.declared if item.type == FORM)
    assert job["command"]["scriptLocation"] == form.inputs["script"]
    assert form.inputs["script"].startswith("s3://bovespa-artifacts-bucket-acme/scripts/visual-")
    assert [item.name for item in visual.all("s3/bucketObjectv2:BucketObjectv2")] == ["modules"]


def test_a_job_says_which_form_it_has(deployed: Deployment, visual: Deployment) -> None:
    modes = [found.one("glue/job:Job").inputs["jobMode"] for found in (deployed, visual)]
    assert modes == ["SCRIPT", "VISUAL"]


def test_a_job_of_either_form_has_the_same_arguments(deployed: Deployment, complete: Deployment) -> None:
    one, other = (found.one("glue/job:Job").inputs for found in (deployed, complete))
    assert one["defaultArguments"] == other["defaultArguments"]
    assert {name for name in one if one[name] != other[name]} == {"command", "jobMode"}


def test_a_script_has_no_visual_form(deployed: Deployment) -> None:
    assert [item for item in deployed.declared if item.type == FORM] == []


def test_the_resource_is_one_that_pulumi_can_rebuild_in_another_process(complete: Deployment) -> None:
    import base64  # noqa: PLC0415

    import dill  # noqa: PLC0415 - Pulumi's

    (form,) = (item for item in complete.declared if item.type == FORM)
    provider = dill.loads(base64.b64decode(form.inputs["__provider"]))
    assert isinstance(provider, glue_studio._Provider)
