"""What each role may do: its own work, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.check.judge import allows
from infrastructure.policies import PolicyStatement, allow, tls_only, trusting

if TYPE_CHECKING:
    from conftest import Deployment

ROLES = ("etl", "trigger", "flow", "noon")
each_role = pytest.mark.parametrize("role", ROLES)

RAW = "arn:aws:s3:::bovespa-raw-data-bucket"
REFINED = "arn:aws:s3:::bovespa-refined-data-bucket"
ARTIFACTS = "arn:aws:s3:::bovespa-artifacts-bucket"
RESULTS = "arn:aws:s3:::bovespa-query-results-bucket"
GLUE = "arn:aws:glue:sa-east-1:123456789012"
JOB = f"{GLUE}:job/bovespa-etl-job"
TABLE = f"{GLUE}:table/default/bovespa_refined_data"
LEDGER = f"{GLUE}:table/default/bovespa_execucoes"
HISTORY = f"{GLUE}:table/default/bovespa_historico"
WORKGROUP = "arn:aws:athena:sa-east-1:123456789012:workgroup/bovespa"
DEAD_LETTERS = "arn:aws:sqs:sa-east-1:123456789012:trigger-glue-job-dead-letters"
LOGS = "arn:aws:logs:sa-east-1:123456789012:log-group"


def statements(deployed: Deployment, role: str) -> list[dict[str, Any]]:
    """What the role is allowed; the flows' role is made where they run, from the policy that the program exports."""
    if role == "flow":
        return list(json.loads(deployed.outputs["flow_policy"])["Statement"])
    return list(json.loads(deployed.one("iam/rolePolicy:RolePolicy", role).inputs["policy"])["Statement"])


def may(deployed: Deployment, role: str, action: str, resource: str, context: dict[str, str] | None = None) -> bool:
    """Whether IAM would allow it: some statement names the action and the resource, and its conditions hold."""
    document = json.dumps({"Statement": statements(deployed, role)})
    return allows(document, action, resource, context or {})


# --- every role ----------------------------------------------------------------------------------------------------------


@each_role
def test_every_action_is_named(deployed: Deployment, role: str) -> None:
    actions = [action for item in statements(deployed, role) for action in item["Action"]]
    assert actions
    assert [action for action in actions if "*" in action or "?" in action] == []


@each_role
def test_every_statement_allows_something_on_something(deployed: Deployment, role: str) -> None:
    for item in statements(deployed, role):
        assert item["Effect"] == "Allow"
        assert item["Action"]
        assert item["Resource"]


@each_role
def test_every_resource_is_one_of_the_accounts_own(deployed: Deployment, role: str) -> None:
    own = (
        RAW,
        REFINED,
        ARTIFACTS,
        RESULTS,
        JOB,
        WORKGROUP,
        DEAD_LETTERS,
        f"{GLUE}:catalog",
        f"{GLUE}:database/default",
        f"{LOGS}:/aws",
    )
    names = ("refined_", "resumo_", "historico", "mudancas", "cotacoes", "execucoes")
    tables = tuple(f"{GLUE}:table/default/bovespa_{name}" for name in names)
    resources = {resource for item in statements(deployed, role) for resource in item["Resource"]} - {"*"}
    assert {resource for resource in resources if not resource.startswith(own + tables)} == set()


def test_the_only_action_on_everything_is_one_that_knows_no_resources_and_is_bounded(deployed: Deployment) -> None:
    open_ended = [item for role in ROLES for item in statements(deployed, role) if "*" in item["Resource"]]
    assert open_ended == [
        {
            "Effect": "Allow",
            "Action": ["cloudwatch:PutMetricData"],
            "Resource": ["*"],
            "Condition": {"StringEquals": {"cloudwatch:namespace": namespace}},
        }
        for namespace in ("Bovespa", "Bovespa")
    ]


@each_role
def test_a_wildcard_stands_at_an_arns_end_only(deployed: Deployment, role: str) -> None:
    resources = {resource for item in statements(deployed, role) for resource in item["Resource"]}
    assert [resource for resource in resources if "*" in resource[:-1]] == []


@each_role
def test_nobody_may_delete_what_b3_sent_or_any_raw_version(deployed: Deployment, role: str) -> None:
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion"):
        for key in ("landing/year=2025/a.json.gz", "raw-data/year=2025/a.parquet"):
            assert not may(deployed, role, action, f"{RAW}/{key}")


@pytest.mark.parametrize(("name", "service"), [("etl", "glue"), ("trigger", "lambda"), ("noon", "scheduler")])
def test_a_role_is_taken_by_its_service_only(deployed: Deployment, name: str, service: str) -> None:
    trust = json.loads(deployed.one("iam/role:Role", name).inputs["assumeRolePolicy"])["Statement"]
    assert trust == [
        {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


# --- the Lambda ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        pytest.param("glue:StartJobRun", JOB, True, id="starts the job"),
        pytest.param("glue:GetJobRuns", JOB, True, id="looks at its runs"),
        pytest.param(
            "logs:PutLogEvents", f"{LOGS}:/aws/lambda/trigger-glue-job:log-stream:x", True, id="writes its log"
        ),
        pytest.param("s3:GetObjectVersion", f"{RAW}/raw-data/a.parquet", True, id="looks at an upload"),
        pytest.param("s3:PutObject", f"{ARTIFACTS}/claims/v1", True, id="claims a version"),
        pytest.param("s3:GetObject", f"{ARTIFACTS}/claims/v1", True, id="looks at a claim"),
        pytest.param("s3:DeleteObject", f"{ARTIFACTS}/claims/v1", True, id="gives a claim up"),
        pytest.param("s3:PutObject", f"{ARTIFACTS}/scripts/modules.zip", False, id="does not change the job's code"),
        pytest.param("s3:PutObject", f"{RAW}/raw-data/a.parquet", False, id="writes nothing raw"),
        pytest.param("sqs:SendMessage", DEAD_LETTERS, True, id="gives an event up"),
        pytest.param("sqs:ReceiveMessage", DEAD_LETTERS, False, id="takes none back"),
        pytest.param("sqs:SendMessage", f"{DEAD_LETTERS}-other", False, id="writes to no other queue"),
        pytest.param("s3:GetObjectVersion", f"{RAW}/landing/a.json.gz", False, id="looks at no payload"),
        pytest.param("glue:StartJobRun", f"{GLUE}:job/other", False, id="starts no other job"),
        pytest.param("glue:BatchStopJobRun", JOB, False, id="stops nothing"),
        pytest.param("glue:UpdateJob", JOB, False, id="changes no job"),
        pytest.param("s3:GetObject", f"{RAW}/raw-data/a.parquet", False, id="reads no data"),
        pytest.param("logs:PutLogEvents", f"{LOGS}:/aws/lambda/other:log-stream:x", False, id="writes no other log"),
    ],
)
def test_the_lambda(deployed: Deployment, action: str, resource: str, expected: bool) -> None:  # noqa: FBT001
    assert may(deployed, "trigger", action, resource) is expected


# --- the Glue job --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        pytest.param("s3:GetObjectVersion", f"{RAW}/raw-data/a.parquet", True, id="reads raw versions"),
        pytest.param("s3:GetObject", f"{ARTIFACTS}/scripts/modules.zip", True, id="reads its modules"),
        pytest.param("s3:GetObject", f"{ARTIFACTS}/batches/1.json", True, id="reads a batch's list"),
        pytest.param("s3:PutObject", f"{ARTIFACTS}/batches/1.json", False, id="lists no batch"),
        pytest.param("s3:PutObject", f"{REFINED}/staging/jr_1/manifest.json", True, id="writes staging"),
        pytest.param("s3:GetObject", f"{REFINED}/staging/jr_1/input/a.parquet", True, id="reads its input"),
        pytest.param("s3:DeleteObject", f"{REFINED}/staging/jr_1/_temporary/0", True, id="cleans up staging"),
        pytest.param("s3:AbortMultipartUpload", f"{REFINED}/staging/jr_1/a", True, id="gives an upload up"),
        pytest.param("glue:GetTable", TABLE, True, id="looks at a table"),
        pytest.param("glue:UpdateTable", TABLE, True, id="keeps a table in step"),
        pytest.param("glue:CreateTable", f"{GLUE}:catalog", True, id="creates a table"),
        pytest.param("glue:CreateTable", f"{GLUE}:database/default", True, id="creates it in the database"),
        pytest.param(
            "logs:PutLogEvents", f"{LOGS}:/aws-glue/jobs/bovespa-etl-job/output:log-stream:x", True, id="writes its log"
        ),
        pytest.param("logs:PutLogEvents", f"{LOGS}:/aws-glue/jobs/output:log-stream:x", False, id="writes no other"),
        pytest.param("s3:PutObject", f"{RAW}/raw-data/a.parquet", False, id="writes nothing raw"),
        pytest.param("s3:GetObject", f"{RAW}/landing/a.json.gz", False, id="does not read landing"),
        pytest.param("s3:PutObject", f"{REFINED}/refined-data/a.parquet", False, id="publishes nothing"),
        pytest.param("s3:DeleteObject", f"{REFINED}/refined-data/a.parquet", False, id="deletes nothing published"),
        pytest.param("s3:PutObject", f"{ARTIFACTS}/scripts/modules.zip", False, id="does not change its own code"),
        pytest.param("glue:BatchCreatePartition", TABLE, False, id="registers no partition"),
        pytest.param("glue:BatchDeletePartition", TABLE, False, id="removes no partition"),
        pytest.param("glue:DeleteTable", TABLE, False, id="deletes no table"),
        pytest.param("glue:UpdateTable", f"{GLUE}:table/default/others", False, id="touches no other table"),
        pytest.param("glue:UpdateTable", HISTORY, False, id="touches no table of the flows"),
        pytest.param("glue:StartJobRun", JOB, False, id="starts nothing"),
    ],
)
def test_the_glue_job(deployed: Deployment, action: str, resource: str, expected: bool) -> None:  # noqa: FBT001
    assert may(deployed, "etl", action, resource) is expected


def test_only_a_job_in_visual_form_reads_and_lists_raw_files(deployed: Deployment, complete: Deployment) -> None:
    for found, expected in ((deployed, False), (complete, True)):
        assert may(found, "etl", "s3:GetObject", f"{RAW}/raw-data/a.parquet") is expected
        assert may(found, "etl", "s3:ListBucket", RAW, {"s3:prefix": "raw-data/"}) is expected
        assert not may(found, "etl", "s3:GetObject", f"{RAW}/landing/a.json.gz")


# --- the flows -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        pytest.param("s3:PutObject", f"{RAW}/landing/a.json.gz", True, id="keep what B3 sent"),
        pytest.param("s3:PutObject", f"{RAW}/raw-data/a.parquet", True, id="write raw files"),
        pytest.param("s3:GetObjectVersion", f"{RAW}/raw-data/a.parquet", True, id="read them back"),
        pytest.param("glue:GetJobRuns", JOB, True, id="find the run"),
        pytest.param("s3:GetObject", f"{REFINED}/staging/jr_1/manifest.json", True, id="audit staging"),
        pytest.param("s3:PutObject", f"{REFINED}/refined-data/a.parquet", True, id="publish shares"),
        pytest.param("s3:PutObject", f"{REFINED}/resumo-data/a.parquet", True, id="publish the summary"),
        pytest.param("s3:PutObject", f"{REFINED}/refined-indices/a.parquet", True, id="publish other indices"),
        pytest.param("s3:PutObject", f"{REFINED}/resumo-indices/a.parquet", True, id="publish their summary"),
        pytest.param("s3:DeleteObject", f"{REFINED}/refined-data/old.parquet", True, id="replace what was published"),
        pytest.param("s3:PutObject", f"{REFINED}/published/ibov/p.json", True, id="record a publication"),
        pytest.param("s3:DeleteObject", f"{REFINED}/leases/ibov/lease", True, id="give a lease up"),
        pytest.param("glue:BatchCreatePartition", TABLE, True, id="register partitions"),
        pytest.param("glue:BatchDeletePartition", TABLE, True, id="hide partitions"),
        pytest.param("s3:PutObject", f"{REFINED}/execucoes-data/year=2025/a.parquet", True, id="write the ledger"),
        pytest.param("s3:GetObject", f"{REFINED}/execucoes-data/year=2025/a.parquet", True, id="read it"),
        pytest.param("s3:DeleteObject", f"{REFINED}/execucoes-data/year=2025/a.parquet", False, id="take nothing back"),
        pytest.param("glue:BatchCreatePartition", LEDGER, True, id="register the ledger's months"),
        pytest.param("glue:BatchUpdatePartition", LEDGER, False, id="move none of them"),
        pytest.param("glue:BatchUpdatePartition", HISTORY, True, id="point a month at its folder"),
        pytest.param("glue:BatchDeletePartition", HISTORY, True, id="remove a month without sessions"),
        pytest.param("s3:PutObject", f"{REFINED}/staging/historico/a.parquet", True, id="read a month from a copy"),
        pytest.param("s3:PutObject", f"{REFINED}/historico/a.parquet", True, id="write the history"),
        pytest.param("s3:GetObject", f"{REFINED}/historico/a.parquet", True, id="read the history"),
        pytest.param("s3:PutObject", f"{REFINED}/mudancas/a.parquet", True, id="write the changes"),
        pytest.param("s3:PutObject", f"{REFINED}/cotacoes/a.parquet", True, id="write the prices"),
        pytest.param("s3:GetObject", f"{REFINED}/cotacoes/a.parquet", True, id="read the prices"),
        pytest.param("s3:PutObject", f"{RAW}/landing/cotahist/A2024/a.zip", True, id="keep a file of prices"),
        pytest.param("s3:GetObject", f"{RAW}/landing/cotahist/A2024/a.zip", True, id="read a file of prices again"),
        pytest.param("s3:DeleteObject", f"{RAW}/landing/cotahist/A2024/a.zip", False, id="no loss of a file of prices"),
        pytest.param("s3:PutObject", f"{REFINED}/staging/cotacoes/a.parquet", False, id="no copy of prices elsewhere"),
        pytest.param("s3:GetObject", f"{REFINED}/mudancas/a.parquet", True, id="read what they were made from"),
        pytest.param("s3:DeleteObject", f"{REFINED}/mudancas/a.parquet", True, id="remove old changes"),
        pytest.param("athena:StartQueryExecution", WORKGROUP, True, id="query"),
        pytest.param("s3:PutObject", f"{RESULTS}/results/1.csv", True, id="keep results"),
        pytest.param("s3:PutObject", f"{ARTIFACTS}/reports/ibov/index.html", True, id="write reports"),
        pytest.param("glue:StartJobRun", JOB, True, id="start the job for a batch"),
        pytest.param("glue:GetJob", JOB, True, id="see whether its runs wait"),
        pytest.param("glue:UpdateJob", JOB, False, id="change no job"),
        pytest.param("s3:PutObject", f"{ARTIFACTS}/batches/1.json", True, id="list a batch"),
        pytest.param("glue:StartJobRun", f"{GLUE}:job/other", False, id="start no other job"),
        pytest.param("s3:PutObject", f"{REFINED}/staging/jr_1/manifest.json", False, id="forge no staging"),
        pytest.param("s3:PutObject", f"{ARTIFACTS}/scripts/modules.zip", False, id="do not change the job's code"),
        pytest.param("glue:UpdateTable", TABLE, False, id="change no table"),
        pytest.param("glue:BatchCreatePartition", f"{GLUE}:table/default/others", False, id="touch no other table"),
        pytest.param("athena:StartQueryExecution", f"{WORKGROUP}-other", False, id="query in their workgroup only"),
    ],
)
def test_the_flows(deployed: Deployment, action: str, resource: str, expected: bool) -> None:  # noqa: FBT001
    assert may(deployed, "flow", action, resource) is expected


@pytest.mark.parametrize(
    ("role", "bucket", "prefix", "expected"),
    [
        pytest.param("etl", REFINED, "staging/jr_1/", True, id="the job lists staging"),
        pytest.param("trigger", ARTIFACTS, "claims/v1", True, id="the Lambda lists claims"),
        pytest.param("trigger", ARTIFACTS, "scripts/", False, id="the Lambda lists nothing else"),
        pytest.param("etl", REFINED, "refined-data/", False, id="the job does not list what is published"),
        pytest.param("etl", RAW, "raw-data/", False, id="the job does not list raw files"),
        pytest.param("flow", RAW, "raw-data/year=2025/", True, id="the flows list raw files"),
        pytest.param("flow", REFINED, "refined-data/year=2025/", True, id="the flows list what is published"),
        pytest.param("flow", RAW, "landing/year=2025/", True, id="the flows list landing"),
        pytest.param("flow", REFINED, "execucoes-data/year=2025/month=06/", True, id="the flows list the ledger"),
        pytest.param("flow", ARTIFACTS, "", False, id="the flows do not list artifacts"),
    ],
)
def test_a_listing_is_for_a_prefix(
    deployed: Deployment,
    role: str,
    bucket: str,
    prefix: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert may(deployed, role, "s3:ListBucket", bucket, {"s3:prefix": prefix}) is expected


def test_the_flows_may_list_whatever_they_may_read(deployed: Deployment) -> None:
    read = [item["Resource"] for item in statements(deployed, "flow") if "s3:GetObject" in item["Action"]]
    places = {resource.removesuffix("*") for resources in read for resource in resources}
    assert len(places) > 10
    for bucket, _, prefix in (place.partition("/") for place in places):
        assert may(deployed, "flow", "s3:ListBucket", bucket, {"s3:prefix": f"{prefix}key"}), f"{bucket}/{prefix}"


# --- documents -----------------------------------------------------------------------------------------------------------


def test_a_document_states_the_version_that_knows_conditions() -> None:
    documents = (allow([PolicyStatement(["a:B"], ["arn"])]), trusting("glue.amazonaws.com"), tls_only("arn:aws:s3:::b"))
    assert {json.loads(document)["Version"] for document in documents} == {"2012-10-17"}


def test_a_statement_has_a_condition_only_where_one_is_given() -> None:
    plain, bounded = PolicyStatement(["a:B"], ["arn"]), PolicyStatement(["a:B"], ["arn"], {"Bool": {"c": "true"}})
    found = json.loads(allow([plain, bounded]))["Statement"]
    assert [item.get("Condition") for item in found] == [None, {"Bool": {"c": "true"}}]
