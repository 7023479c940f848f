"""The program as a whole: everything it declares, what it tells the flows, and what no part of it may do."""

from __future__ import annotations

import inspect
import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pulumi_aws
import pytest

from flows.settings import Settings
from infrastructure.recording import NOTEBOOK_REGION, OPTIONAL_PARTS, PROGRAM

if TYPE_CHECKING:
    from conftest import Declared, Deploy, Deployment

TAGS = {"project": "pipeline-bovespa", "stack": "test"}
TAGGABLE = {
    "aws:s3/bucket:Bucket",
    "aws:iam/role:Role",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:lambda/function:Function",
    "aws:sqs/queue:Queue",
    "aws:sns/topic:Topic",
    "aws:kms/key:Key",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:budgets/budget:Budget",
    "aws:glue/job:Job",
    "aws:glue/catalogDatabase:CatalogDatabase",
    "aws:athena/workgroup:Workgroup",
    "aws:ecs/cluster:Cluster",
    "aws:ecr/repository:Repository",
    "aws:secretsmanager/secret:Secret",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:iam/user:User",
}
# Objects may carry tags, which nobody bills or searches by; their bucket has them.
WITHOUT_TAGS = {"aws:s3/bucketObjectv2:BucketObjectv2"}


def test_the_program_declares_what_the_pipeline_is_made_of(deployed: Deployment) -> None:
    counts = Counter(item.type.rpartition(":")[2] for item in deployed.declared)
    assert counts == {
        "Bucket": 4,
        "BucketVersioning": 1,
        "BucketServerSideEncryptionConfiguration": 4,
        "BucketOwnershipControls": 4,
        "BucketPublicAccessBlock": 4,
        "BucketPolicy": 4,
        "BucketLifecycleConfiguration": 4,
        "CatalogDatabase": 1,
        "CatalogTable": 17,
        "PartitionIndex": 7,
        "Role": 3,
        "RolePolicy": 3,
        "BucketObjectv2": 2,
        "Job": 1,
        "LogGroup": 3,
        "Function": 1,
        "FunctionEventInvokeConfig": 1,
        "Permission": 1,
        "Queue": 1,
        "QueuePolicy": 1,
        "BucketNotification": 1,
        "Workgroup": 1,
        "NamedQuery": 12,
        "Key": 1,
        "Topic": 1,
        "TopicPolicy": 1,
        "MetricAlarm": 8,
        "EventRule": 1,
        "EventTarget": 1,
        "Schedule": 1,
        "LogMetricFilter": 2,
        "Budget": 1,
        "Dashboard": 1,
    }


def test_the_program_declares_the_same_each_time(deploy: Deploy, deployed: Deployment) -> None:
    assert {item.urn for item in deploy().declared} == {item.urn for item in deployed.declared}


def test_everything_that_takes_tags_has_the_projects_and_the_stacks(deploy: Deploy) -> None:
    stated = deploy(region=NOTEBOOK_REGION, **OPTIONAL_PARTS)
    taggable = [item for item in stated.declared if item.type in TAGGABLE]
    assert {item.type for item in taggable} == TAGGABLE
    assert [item.urn for item in taggable if item.inputs.get("tags") != TAGS] == []


def test_every_type_that_takes_tags_is_looked_at(deployed: Deployment, complete: Deployment) -> None:
    declared = [item for item in (*deployed.declared, *complete.declared) if item.type.startswith("aws:")]
    assert {item.type for item in declared if takes_tags(item)} <= TAGGABLE | WITHOUT_TAGS


def takes_tags(item: Declared) -> bool:
    _, path, name = item.type.split(":")
    module = getattr(pulumi_aws, path.split("/")[0].replace("lambda", "lambda_"))
    return "tags" in inspect.signature(getattr(module, name)._internal_init).parameters


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}", id="access key"),
        pytest.param(r"-----BEGIN [A-Z ]*PRIVATE KEY-----", id="private key"),
        pytest.param(
            r"(?i)\"[^\"]*(password|secret|token|api_?key|credential)[^\"]*\": *\"[^\"]+\"", id="secret by its name"
        ),
    ],
)
def test_no_secret_stands_in_plain_text(deployed: Deployment, complete: Deployment, pattern: str) -> None:
    for found in (deployed, complete):
        text = json.dumps([item.inputs for item in found.declared], default=lambda archive: sorted(archive.assets))
        assert re.search(pattern, text) is None


def test_no_secret_is_told(complete: Deployment) -> None:
    secret = [name for name in complete.outputs if re.search("secret|key|password|token", name)]
    assert secret == ["prefect_secret"]
    assert complete.outputs["prefect_secret"].startswith("arn:aws:secretsmanager:")


def test_the_whole_architecture_is_on_one_screen() -> None:
    assert len(PROGRAM.read_text(encoding="utf-8").splitlines()) < 80


def test_the_flows_are_told_what_their_settings_say_too(deploy: Deploy) -> None:
    outputs = deploy(bucketSuffix="-acme").outputs
    settings = Settings(bucket_suffix="-acme")
    names = (
        "raw_bucket",
        "refined_bucket",
        "artifacts_bucket",
        "bucket_suffix",
        "database",
        "glue_job_name",
        "workgroup",
    )
    assert {name: outputs[name] for name in names} == {name: getattr(settings, name) for name in names}


def test_the_program_says_what_the_flows_role_may_do_and_which_function_to_look_at(deployed: Deployment) -> None:
    assert json.loads(deployed.outputs["flow_policy"])["Statement"]
    assert deployed.outputs["lambda_name"] == "trigger-glue-job"
