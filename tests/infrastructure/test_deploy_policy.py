"""Who deploys a stack has the rights that it takes, on what the stack has, and not an administrator's."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.check.policies import check_policy
from infrastructure.deploy_policy import policies, stated
from infrastructure.recording import NOTEBOOK_REGION, REGION

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

NEEDED = [
    ("s3:CreateBucket", "arn:aws:s3:::bovespa-raw-data-bucket"),
    ("s3:PutObject", "arn:aws:s3:::bovespa-artifacts-bucket/scripts/modules-1.zip"),
    ("glue:CreateDatabase", "arn:aws:glue:us-east-1:123456789012:database/default"),
    ("glue:CreateTable", "arn:aws:glue:us-east-1:123456789012:table/default/bovespa_historico"),
    ("glue:UpdateJob", "arn:aws:glue:us-east-1:123456789012:job/bovespa-etl-job"),
    ("iam:PassRole", "arn:aws:iam::123456789012:role/etl-1a2b3c4"),
    ("iam:ListRoleTags", "arn:aws:iam::123456789012:role/bovespa-noon"),
    ("lambda:CreateFunction", "arn:aws:lambda:us-east-1:123456789012:function:trigger-glue-job"),
    ("sqs:CreateQueue", "arn:aws:sqs:us-east-1:123456789012:trigger-glue-job-dead-letters"),
    ("athena:CreateWorkGroup", "arn:aws:athena:us-east-1:123456789012:workgroup/bovespa-notebooks"),
    ("scheduler:CreateSchedule", "arn:aws:scheduler:us-east-1:123456789012:schedule/default/bovespa-session-by-noon"),
    ("budgets:ModifyBudget", "arn:aws:budgets::123456789012:budget/bovespa-monthly"),
    ("cloudwatch:PutDashboard", "arn:aws:cloudwatch::123456789012:dashboard/bovespa"),
    (
        "secretsmanager:CreateSecret",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:bovespa/prefect-api-key-1A2b3C",
    ),
    ("ecs:CreateCluster", "arn:aws:ecs:us-east-1:123456789012:cluster/bovespa"),
    ("tag:GetResources", "*"),
]
REFUSED = [
    ("s3:DeleteBucket", "arn:aws:s3:::somebody-elses-bucket"),
    ("iam:CreateRole", "arn:aws:iam::123456789012:role/admin"),
    ("iam:AttachUserPolicy", "arn:aws:iam::123456789012:user/me"),
    ("glue:DeleteTable", "arn:aws:glue:us-east-1:123456789012:table/default/others"),
    ("lambda:DeleteFunction", "arn:aws:lambda:us-east-1:123456789012:function:another"),
    ("sqs:CreateQueue", "arn:aws:sqs:sa-east-1:123456789012:trigger-glue-job-dead-letters"),
]


@pytest.fixture(scope="module")
def statements(complete: Deployment) -> list[dict[str, Any]]:
    return [item for document in policies(complete, NOTEBOOK_REGION) for item in json.loads(document)["Statement"]]


def allowed(statements: list[dict[str, Any]], action: str, resource: str) -> bool:
    return any(
        any(fnmatchcase(action, pattern) for pattern in item["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in item["Resource"])
        for item in statements
        if "Condition" not in item
    )


@pytest.mark.parametrize(("action", "resource"), NEEDED)
def test_who_deploys_may(statements: list[dict[str, Any]], action: str, resource: str) -> None:
    assert allowed(statements, action, resource)


@pytest.mark.parametrize(("action", "resource"), REFUSED)
def test_who_deploys_may_not(statements: list[dict[str, Any]], action: str, resource: str) -> None:
    assert not allowed(statements, action, resource)


def test_what_aws_names_itself_is_bounded_by_the_projects_tag(statements: list[dict[str, Any]]) -> None:
    unbounded = [item["Action"] for item in statements if item["Resource"] == ["*"] and "Condition" not in item]
    (looking,) = unbounded
    assert all(action.split(":")[1].startswith(("Get", "Describe")) for action in looking)


@pytest.mark.parametrize("number", [0, 1])
def test_each_is_a_policy_that_iam_takes(complete: Deployment, number: int) -> None:
    document = policies(complete, NOTEBOOK_REGION)[number]
    # parliament holds a wildcard against the services other kinds of resources.
    found = [text for text in check_policy("deploy", "managed", document) if "parliament" not in text]
    assert found == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stacks_file_says_what_its_policy_is_for(deploy: Deploy, stack: str) -> None:
    region, settings = stated(stack)
    text = "".join(policies(deploy(**settings), region))
    assert region == REGION
    assert ("trigger-glue-job-dev" in text) == (stack == "dev")
    assert settings["bucketSuffix"] in text
