"""The workgroup for notebooks: there when a stack wants it, with a role that reads what is published and nothing else."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

ACCOUNT = "123456789012"
WORKGROUP = f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/bovespa-notebooks"
REFINED = "arn:aws:s3:::bovespa-refined-data-bucket"
RESULTS = "arn:aws:s3:::bovespa-query-results-bucket"
GLUE = f"arn:aws:glue:us-east-1:{ACCOUNT}"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group"


def statements(deployed: Deployment) -> list[dict[str, Any]]:
    return list(json.loads(deployed.one("iam/rolePolicy:RolePolicy", "notebooks").inputs["policy"])["Statement"])


def test_a_stack_has_none_by_default(deployed: Deployment) -> None:
    assert [item.inputs["name"] for item in deployed.all("athena/workgroup:Workgroup")] == ["bovespa"]
    assert "notebook_workgroup" not in deployed.outputs


def test_a_stack_that_wants_it_has_a_workgroup_on_spark_with_its_own_role(complete: Deployment) -> None:
    found = complete.one("athena/workgroup:Workgroup", "notebooks").inputs["configuration"]
    assert complete.outputs["notebook_workgroup"] == "bovespa-notebooks"
    assert found["engineVersion"] == {"selectedEngineVersion": "PySpark engine version 3"}
    assert found["executionRole"] == f"arn:aws:iam::{ACCOUNT}:role/notebooks-1a2b3c4"
    assert (
        complete.one("iam/rolePolicy:RolePolicy", "notebooks").urn
        in complete.one("athena/workgroup:Workgroup", "notebooks").after
    )


def test_what_a_session_calculates_is_encrypted_and_lies_where_it_expires(deploy: Deploy) -> None:
    found = deploy(region="us-east-1", athenaNotebooks="true", bucketSuffix="-acme")
    result = found.one("athena/workgroup:Workgroup", "notebooks").inputs["configuration"]["resultConfiguration"]
    assert result["outputLocation"] == "s3://bovespa-query-results-bucket-acme/notebooks/"
    assert result["encryptionConfiguration"] == {"encryptionOption": "SSE_S3"}


def test_the_role_is_taken_for_this_workgroup_only(complete: Deployment) -> None:
    (trust,) = json.loads(complete.one("iam/role:Role", "notebooks").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "athena.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": WORKGROUP},
    }


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        pytest.param("s3:GetObject", f"{REFINED}/refined-data/a.parquet", True, id="reads what is published"),
        pytest.param("glue:GetPartitions", f"{GLUE}:table/default/bovespa_refined_data", True, id="finds it"),
        pytest.param("s3:PutObject", f"{RESULTS}/notebooks/1.json", True, id="keeps calculations"),
        pytest.param("athena:StartCalculationExecution", WORKGROUP, True, id="calculates"),
        pytest.param("logs:PutLogEvents", f"{LOGS}:/aws-athena/x:log-stream:y", True, id="writes its log"),
        pytest.param("s3:PutObject", f"{REFINED}/refined-data/a.parquet", False, id="publishes nothing"),
        pytest.param("s3:DeleteObject", f"{REFINED}/refined-data/a.parquet", False, id="deletes nothing"),
        pytest.param("s3:GetObject", f"{REFINED}/staging/jr_1/a.parquet", False, id="sees nothing unaudited"),
        pytest.param("s3:GetObject", "arn:aws:s3:::bovespa-raw-data-bucket/raw-data/a", False, id="reads nothing raw"),
        pytest.param("s3:GetObject", f"{RESULTS}/results/1.csv", False, id="reads nobody's results"),
        pytest.param("glue:UpdateTable", f"{GLUE}:table/default/bovespa_refined_data", False, id="changes no table"),
        pytest.param("athena:StartCalculationExecution", f"{WORKGROUP}-other", False, id="calculates nowhere else"),
        pytest.param("logs:PutLogEvents", f"{LOGS}:/aws/lambda/trigger-glue-job", False, id="writes no other log"),
    ],
)
def test_a_session(complete: Deployment, action: str, resource: str, expected: bool) -> None:  # noqa: FBT001
    found = any(
        action in item["Action"] and any(fnmatchcase(resource, pattern) for pattern in item["Resource"])
        for item in statements(complete)
    )
    assert found is expected


def test_a_region_whose_athena_has_no_spark_is_refused_by_name(deploy: Deploy) -> None:
    with pytest.raises(
        ValueError, match=r"athenaNotebooks = True: expected aws:region .* not 'sa-east-1': .*us-east-1"
    ):
        deploy(athenaNotebooks="true")


def test_every_action_is_named_and_only_what_knows_no_resources_is_for_all(complete: Deployment) -> None:
    assert [action for item in statements(complete) for action in item["Action"] if "*" in action] == []
    unbounded, everywhere = (item for item in statements(complete) if item["Resource"] == ["*"])
    assert unbounded["Action"] == ["athena:ListExecutors", "logs:DescribeLogGroups"]
    assert everywhere["Action"] == ["cloudwatch:PutMetricData"]
    assert everywhere["Condition"] == {"StringEquals": {"cloudwatch:namespace": "AmazonAthenaForApacheSpark"}}
