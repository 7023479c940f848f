"""Every resource that the user's document and the design ask for, found in what the program declares, with its arguments."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.tables import REFINED_TABLE, TABLES
from expectations.queries.saved import QUERIES
from expectations.queries.views import VIEWS
from local.provision.program import RESOURCES

if TYPE_CHECKING:
    from conftest import Declared, Deploy, Deployment

BUCKETS = ("raw", "refined", "artifacts", "query-results")
VISUAL_FORM = "pulumi-python:dynamic/bovespa:VisualForm"
TLS_ONLY = '"aws:SecureTransport": "false"'


@dataclass(frozen=True)
class Wanted:
    """A resource by its type and logical name, and what its arguments must have: texts of JSON by what stands in them."""

    kind: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return self.kind if ":" in self.kind.partition("/")[0] else f"aws:{self.kind}"

    def __str__(self) -> str:
        return f"{self.kind.rpartition(':')[2]} {self.name}"


@dataclass(frozen=True)
class Text:
    """A text in which others stand."""

    parts: tuple[str, ...]


def text(*parts: str) -> Text:
    return Text(parts)


def each(kind: str, names: tuple[str, ...], arguments: dict[str, Any]) -> list[Wanted]:
    return [Wanted(kind, name, arguments) for name in names]


STORAGE = [
    Wanted("s3/bucket:Bucket", "raw", {"bucket": "bovespa-raw-data-bucket"}),
    Wanted("s3/bucket:Bucket", "refined", {"bucket": "bovespa-refined-data-bucket"}),
    Wanted("s3/bucket:Bucket", "artifacts", {"bucket": "bovespa-artifacts-bucket"}),
    Wanted("s3/bucket:Bucket", "query-results", {"bucket": "bovespa-query-results-bucket"}),
    Wanted("s3/bucketVersioning:BucketVersioning", "raw", {"versioningConfiguration": {"status": "Enabled"}}),
    *each(
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        BUCKETS,
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
    ),
    *each(
        "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        BUCKETS,
        {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True},
    ),
    *each(
        "s3/bucketOwnershipControls:BucketOwnershipControls",
        BUCKETS,
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
    ),
    *each("s3/bucketPolicy:BucketPolicy", BUCKETS, {"policy": text(TLS_ONLY)}),
    Wanted("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "artifacts", {"rules": [{}, {}]}),
    Wanted(
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "raw",
        {
            "rules": [
                {"abortIncompleteMultipartUpload": {"daysAfterInitiation": 2}},
                {"filter": {"prefix": "raw-data/"}, "noncurrentVersionExpiration": {"noncurrentDays": 365}},
            ]
        },
    ),
    Wanted(
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "refined",
        {"rules": [{}, {"filter": {"prefix": "staging/"}, "expiration": {"days": 30}}]},
    ),
    Wanted(
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "query-results",
        {"rules": [{}, {"filter": {"prefix": ""}, "expiration": {"days": 7}}]},
    ),
]
TRIGGER = [
    Wanted(
        "lambda/function:Function",
        "trigger",
        {
            "name": "trigger-glue-job",
            "runtime": "python3.11",
            "architectures": ["arm64"],
            "memorySize": 128,
            "environment": {
                "variables": {
                    "GLUE_JOB_NAME": "bovespa-etl-job",
                    "CLAIMS_BUCKET": "bovespa-artifacts-bucket",
                    "JOB_RUN_QUEUING": "true",
                }
            },
        },
    ),
    Wanted("iam/role:Role", "trigger", {"assumeRolePolicy": text("lambda.amazonaws.com")}),
    Wanted("iam/rolePolicy:RolePolicy", "trigger", {"policy": text("glue:StartJobRun")}),
    Wanted("cloudwatch/logGroup:LogGroup", "trigger", {"name": "/aws/lambda/trigger-glue-job", "retentionInDays": 90}),
    Wanted(
        "lambda/permission:Permission", "trigger", {"principal": "s3.amazonaws.com", "sourceAccount": "123456789012"}
    ),
    Wanted(
        "s3/bucketNotification:BucketNotification",
        "trigger",
        {
            "bucket": "bovespa-raw-data-bucket",
            "lambdaFunctions": [
                {"events": ["s3:ObjectCreated:*"], "filterPrefix": "raw-data/", "filterSuffix": ".parquet"}
            ],
        },
    ),
    Wanted("sqs/queue:Queue", "dead-letters", {"sqsManagedSseEnabled": True, "messageRetentionSeconds": 14 * 86400}),
    Wanted("sqs/queuePolicy:QueuePolicy", "dead-letters", {"policy": text(TLS_ONLY)}),
    Wanted(
        "lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "trigger",
        {"maximumRetryAttempts": 2, "destinationConfig": {"onFailure": {"destination": text("dead-letters")}}},
    ),
]
ETL = [
    Wanted(
        "glue/job:Job",
        "etl",
        {
            "name": "bovespa-etl-job",
            "glueVersion": "5.1",
            "workerType": "G.1X",
            "numberOfWorkers": 2,
            "timeout": 15,
            "executionProperty": {"maxConcurrentRuns": 3},
            "executionClass": "STANDARD",
            "defaultArguments": {"--enable-job-insights": "true", "--enable-continuous-cloudwatch-log": "true"},
        },
    ),
    Wanted("s3/bucketObjectv2:BucketObjectv2", "modules", {"key": text("scripts/modules-", ".zip")}),
    Wanted("iam/role:Role", "etl", {"assumeRolePolicy": text("glue.amazonaws.com")}),
    Wanted("iam/rolePolicy:RolePolicy", "etl", {"policy": text("s3:GetObjectVersion")}),
    *each("cloudwatch/logGroup:LogGroup", ("etl-output", "etl-error"), {"retentionInDays": 90}),
]
SCRIPT = [Wanted("s3/bucketObjectv2:BucketObjectv2", "script", {"key": text("scripts/bovespa_etl_job-", ".py")})]
CATALOG = [
    Wanted("glue/catalogDatabase:CatalogDatabase", "database", {"name": "default"}),
    *(
        Wanted("glue/catalogTable:CatalogTable", table.name, {"tableType": "EXTERNAL_TABLE"})
        for table in (*TABLES, LEDGER_TABLE)
    ),
    Wanted(
        "glue/partitionIndex:PartitionIndex",
        "bovespa_refined_data",
        {"partitionIndex": {"keys": ["year", "month", "day"]}},
    ),
    *(Wanted("glue/partitionIndex:PartitionIndex", table.name) for table in TABLES if table != REFINED_TABLE),
]
QUERY = [
    Wanted(
        "athena/workgroup:Workgroup",
        "queries",
        {
            "configuration": {
                "enforceWorkgroupConfiguration": True,
                "bytesScannedCutoffPerQuery": 1024 * 1024 * 1024,
                "engineVersion": {"selectedEngineVersion": "Athena engine version 3"},
                "resultConfiguration": {"encryptionConfiguration": {"encryptionOption": "SSE_S3"}},
            }
        },
    ),
]
OF_RUNS = {"namespace": "Bovespa", "dimensions": {"Indice": "IBOV"}, "treatMissingData": "notBreaching"}
OF_LAMBDA = {"namespace": "AWS/Lambda", "dimensions": {"FunctionName": "trigger-glue-job"}}
MONITORING = [
    Wanted("sns/topic:Topic", "alarms", {"name": "bovespa-alarms"}),
    Wanted(
        "sns/topicPolicy:TopicPolicy", "alarms", {"policy": text("cloudwatch.amazonaws.com", "budgets.amazonaws.com")}
    ),
    Wanted("kms/key:Key", "alarms", {"enableKeyRotation": True}),
    Wanted(
        "cloudwatch/metricAlarm:MetricAlarm", "bovespa-no-session-by-noon", {**OF_RUNS, "metricName": "FreshSession"}
    ),
    Wanted("cloudwatch/metricAlarm:MetricAlarm", "bovespa-gate-failure", {**OF_RUNS, "metricName": "GateFailures"}),
    Wanted(
        "cloudwatch/metricAlarm:MetricAlarm",
        "bovespa-composition-change",
        {**OF_RUNS, "metricName": "CompositionChanges"},
    ),
    Wanted(
        "cloudwatch/metricAlarm:MetricAlarm",
        "bovespa-divergent-session",
        {**OF_RUNS, "metricName": "DivergentSessions"},
    ),
    Wanted("cloudwatch/metricAlarm:MetricAlarm", "bovespa-slow-run", {**OF_RUNS, "metricName": "DurationSeconds"}),
    Wanted("cloudwatch/metricAlarm:MetricAlarm", "bovespa-lambda-errors", {**OF_LAMBDA, "metricName": "Errors"}),
    Wanted("cloudwatch/metricAlarm:MetricAlarm", "bovespa-lambda-throttles", {**OF_LAMBDA, "metricName": "Throttles"}),
    Wanted(
        "cloudwatch/metricAlarm:MetricAlarm",
        "bovespa-dead-letters",
        {"namespace": "AWS/SQS", "dimensions": {"QueueName": "trigger-glue-job-dead-letters"}},
    ),
    Wanted(
        "cloudwatch/eventRule:EventRule", "etl-ended-badly", {"eventPattern": text("Glue Job State Change", "FAILED")}
    ),
    Wanted("cloudwatch/eventTarget:EventTarget", "etl-ended-badly", {"arn": text(":bovespa-alarms")}),
    Wanted(
        "scheduler/schedule:Schedule",
        "noon",
        {"scheduleExpression": "cron(0 12 ? * MON-FRI *)", "scheduleExpressionTimezone": "America/Sao_Paulo"},
    ),
    Wanted("iam/role:Role", "noon", {"assumeRolePolicy": text("scheduler.amazonaws.com")}),
    Wanted("iam/rolePolicy:RolePolicy", "noon", {"policy": text("cloudwatch:PutMetricData")}),
    Wanted(
        "cloudwatch/logMetricFilter:LogMetricFilter", "trigger-errors", {"logGroupName": "/aws/lambda/trigger-glue-job"}
    ),
    Wanted(
        "cloudwatch/logMetricFilter:LogMetricFilter", "etl-errors", {"logGroupName": text("bovespa-etl-job/output")}
    ),
    Wanted("budgets/budget:Budget", "monthly", {"limitAmount": "5", "limitUnit": "USD", "timeUnit": "MONTHLY"}),
    Wanted(
        "cloudwatch/dashboard:Dashboard",
        "bovespa",
        {
            "dashboardBody": text(
                *("DurationSeconds", "FailedRuns", '"Rows"', '"Bytes"', "FreshSession", "EstimatedCharges"),
            )
        },
    ),
]
ALWAYS = [*STORAGE, *TRIGGER, *ETL, *CATALOG, *QUERY, *MONITORING]

ORCHESTRATION = [
    Wanted("ecs/cluster:Cluster", "flows", {"name": "bovespa"}),
    Wanted(
        "ecr/repository:Repository",
        "flows",
        {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}},
    ),
    Wanted("ecr/lifecyclePolicy:LifecyclePolicy", "flows", {"policy": text("imageCountMoreThan")}),
    Wanted("cloudwatch/logGroup:LogGroup", "flows", {"name": "/bovespa/flows", "retentionInDays": 90}),
    Wanted("secretsmanager/secret:Secret", "prefect-api-key", {"name": "bovespa/prefect-api-key"}),
    Wanted("ec2/securityGroup:SecurityGroup", "flows", {"ingress": []}),
    Wanted("iam/role:Role", "flows-task", {"assumeRolePolicy": text("ecs-tasks.amazonaws.com")}),
    Wanted("iam/role:Role", "flows-execution", {"assumeRolePolicy": text("ecs-tasks.amazonaws.com")}),
    Wanted("iam/role:Role", "flows-submitter", {"assumeRolePolicy": text(":user/bovespa-prefect-submitter")}),
    Wanted("iam/rolePolicy:RolePolicy", "flows-task", {"policy": text("landing/")}),
    Wanted("iam/rolePolicy:RolePolicy", "flows-execution", {"policy": text("secretsmanager:GetSecretValue")}),
    Wanted("iam/rolePolicy:RolePolicy", "flows-submitter", {"policy": text("ecs:RunTask", "iam:PassRole")}),
    Wanted("iam/user:User", "flows-submitter", {"name": "bovespa-prefect-submitter"}),
    Wanted("iam/userPolicy:UserPolicy", "flows-submitter", {"policy": text("sts:AssumeRole")}),
]
NOTEBOOKS = [
    Wanted("iam/role:Role", "notebooks", {"assumeRolePolicy": text("athena.amazonaws.com")}),
    Wanted("iam/rolePolicy:RolePolicy", "notebooks", {"policy": text("athena:StartCalculationExecution")}),
    Wanted(
        "athena/workgroup:Workgroup",
        "notebooks",
        {"configuration": {"engineVersion": {"selectedEngineVersion": "PySpark engine version 3"}}},
    ),
]
VISUAL = [Wanted(VISUAL_FORM, "etl", {"job": "bovespa-etl-job", "nodes": text("SparkSQL", "CustomCode")})]
OPTIONAL = [*ORCHESTRATION, *NOTEBOOKS, *VISUAL]


def differences(found: Any, wanted: Any, path: str = "") -> list[str]:  # noqa: ANN401 - any JSON
    """What is asked for and is not there, by where it should be."""
    if isinstance(wanted, Text):
        return [f"{path}: {part!r} does not stand in it" for part in wanted.parts if part not in str(found)]
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [text for name, item in wanted.items() for text in differences(found.get(name), item, f"{path}.{name}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(found, wanted, strict=True))
        return [text for number, (one, other) in pairs for text in differences(one, other, f"{path}[{number}]")]
    return [] if found == wanted else [f"{path} = {found!r}, not {wanted!r}"]


def matching(deployed: Deployment, wanted: Wanted) -> list[Declared]:
    return [item for item in deployed.declared if (item.type, item.name) == (wanted.type, wanted.name)]


@pytest.mark.parametrize("wanted", [*ALWAYS, *SCRIPT], ids=str)
def test_a_stack_has_by_default(deployed: Deployment, wanted: Wanted) -> None:
    (found,) = matching(deployed, wanted)
    assert differences(found.inputs, wanted.arguments) == []


@pytest.mark.parametrize("wanted", [*ALWAYS, *OPTIONAL], ids=str)
def test_a_stack_with_every_optional_part_has(complete: Deployment, wanted: Wanted) -> None:
    (found,) = matching(complete, wanted)
    assert differences(found.inputs, wanted.arguments) == []


@pytest.mark.parametrize("wanted", OPTIONAL, ids=str)
def test_a_stack_has_no_optional_part_by_default(deployed: Deployment, wanted: Wanted) -> None:
    assert matching(deployed, wanted) == []


def test_queries_and_views_are_saved(deployed: Deployment) -> None:
    tables = deployed.all("glue/catalogTable:CatalogTable")
    views = [item.name for item in tables if item.inputs["tableType"] == "VIRTUAL_VIEW"]
    assert sorted(views) == sorted(view.name for view in VIEWS)
    assert len(views) >= 5
    assert len(deployed.all("athena/namedQuery:NamedQuery")) == len(VIEWS) + len(QUERIES) >= 8


def test_nothing_is_declared_that_nobody_asked_for(complete: Deployment, deployed: Deployment) -> None:
    asked = {(wanted.type, wanted.name) for wanted in (*ALWAYS, *SCRIPT, *OPTIONAL)}
    found = {(item.type, item.name) for item in (*complete.declared, *deployed.declared)}
    saved = {item for item in found if item[0].endswith(":NamedQuery")}
    views = {
        (item.type, item.name)
        for item in deployed.all("glue/catalogTable:CatalogTable")
        if "viewOriginalText" in item.inputs
    }
    assert sorted(found - asked - saved - views) == []


def test_the_laptop_makes_everything(deployed: Deployment, complete: Deployment) -> None:
    assert {item.type for item in (*deployed.declared, *complete.declared)} <= RESOURCES.keys()


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        pytest.param({"alarmEmail": "a@b.c"}, "sns/topicSubscription:TopicSubscription", id="who is mailed"),
    ],
)
def test_a_stack_may_have_besides(deploy: Deploy, settings: dict[str, str], kind: str) -> None:
    assert len(deploy(**settings).all(kind)) == 1


def test_a_policy_is_a_document(complete: Deployment) -> None:
    kinds = ("iam/rolePolicy:RolePolicy", "iam/userPolicy:UserPolicy", "s3/bucketPolicy:BucketPolicy")
    policies = [item.inputs["policy"] for kind in kinds for item in complete.all(kind)]
    assert {json.loads(policy)["Version"] for policy in policies} == {"2012-10-17"}
