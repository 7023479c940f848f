"""Two stacks in one account: each environment has names of its own, and is one stack's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws

from infrastructure.account import StackError
from infrastructure.check.stacks import names
from infrastructure.recording import NOTEBOOK_REGION, OPTIONAL_PARTS, EmptyAccount

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

OURS = {"project": "pipeline-bovespa", "stack": "test"}
QUEUE = "arn:aws:sqs:sa-east-1:123456789012:trigger-glue-job-dead-letters"


class Taken(EmptyAccount):
    """An account in which something has the tags that are given; the role of the environment too, in all regions."""

    def __init__(self, tags: dict[str, str] | None = None, role: dict[str, str] | None = None) -> None:
        self.tags, self.role = tags, role

    def paginate(self, **asked: object) -> Iterator[dict[str, Any]]:
        assert asked == {"TagFilters": [{"Key": "project", "Values": ["pipeline-bovespa"]}]}
        found = [] if self.tags is None else [{"ResourceARN": QUEUE, "Tags": listed(self.tags)}]
        yield {"ResourceTagMappingList": found}

    def list_role_tags(self, **asked: str) -> dict[str, Any]:
        if self.role is None or asked["RoleName"] != "bovespa-noon":
            return super().list_role_tags(**asked)
        return {"Tags": listed(self.role)}


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


# --- names ---------------------------------------------------------------------------------------------------------------


def test_no_name_of_one_environment_is_one_of_another(deploy: Deploy, complete: Deployment) -> None:
    other = deploy(region=NOTEBOOK_REGION, environment="dev", **OPTIONAL_PARTS)
    third = deploy(region=NOTEBOOK_REGION, environment="qa", **OPTIONAL_PARTS)
    assert names(complete) & names(other) == names(other) & names(third) == set()
    assert len(names(complete)) == len(names(other)) > 40


def test_the_default_stack_has_the_contracts_names(deployed: Deployment) -> None:
    assert {
        "Function trigger-glue-job",
        "Job bovespa-etl-job",
        "Bucket bovespa-raw-data-bucket",
        "CatalogDatabase default",
        "Workgroup bovespa",
        "Dashboard bovespa",
        "Budget bovespa-monthly",
    } <= names(deployed)


def test_another_environments_tables_views_and_queries_are_of_its_own_database(deploy: Deploy) -> None:
    other = deploy(environment="dev")
    assert {item.inputs["databaseName"] for item in other.all("glue/catalogTable:CatalogTable")} == {"bovespa_dev"}
    assert all("default." not in item.inputs["query"] for item in other.all("athena/namedQuery:NamedQuery"))
    assert other.outputs["database"] == "bovespa_dev"


def test_another_environments_roles_reach_nothing_of_the_default_ones(deploy: Deploy) -> None:
    other = deploy(region=NOTEBOOK_REGION, environment="dev", **OPTIONAL_PARTS)
    policies = [item.inputs["policy"] for item in other.declared if "policy" in item.inputs] + [
        other.outputs["flow_policy"]
    ]
    for name in ("job/bovespa-etl-job", "bovespa-raw-data-bucket", "workgroup/bovespa", "cluster/bovespa"):
        assert not [policy for policy in policies if f'{name}"' in policy or f"{name}/" in policy]
    assert not [policy for policy in policies if ":database/default" in policy or '"Bovespa"' in policy]


@pytest.mark.parametrize("name", ["Dev", "dev-1", "1dev", "a" * 13, "dev\n", "dév"])
def test_a_name_that_no_environment_can_have_is_refused(deploy: Deploy, name: str) -> None:
    with pytest.raises(ValueError, match="pipeline-bovespa:environment = "):
        deploy(environment=name)


def test_a_bucket_whose_name_would_be_too_long_is_refused_before_anything_is_made(deploy: Deploy) -> None:
    with pytest.raises(ValueError, match=r"bucketSuffix = .*: expected \d+ characters less"):
        deploy(environment="a" * 12, bucketSuffix="-" + "a" * 30)


# --- whose an environment is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "named"),
    [
        pytest.param(Taken({**OURS, "stack": "prod"}), QUEUE, id="in this region"),
        pytest.param(Taken(role={**OURS, "stack": "prod"}), "role bovespa-noon", id="in another region"),
    ],
)
def test_what_another_stack_has_is_refused_by_name_and_nothing_is_declared(
    deploy: Deploy, account: Taken, named: str
) -> None:
    with pytest.raises(StackError, match=f"{named} of stack prod.* pulumi config set environment NAME"):
        deploy(account=account)


@pytest.mark.parametrize(
    "account",
    [
        pytest.param(Taken(), id="an empty account"),
        pytest.param(Taken(OURS, OURS), id="the stack's own"),
        pytest.param(Taken({"project": "another", "stack": "prod"}), id="another project's"),
        pytest.param(Taken({**OURS, "stack": "dev", "environment": "dev"}), id="another environment's"),
    ],
)
def test_what_is_nobodys_or_the_stacks_own_is_taken(deploy: Deploy, deployed: Deployment, account: Taken) -> None:
    assert len(deploy(account=account).declared) == len(deployed.declared)


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "tag:GetResources"}}, "GetResources"),
            id="no right",
        ),
        pytest.param(NoCredentialsError(), id="no credentials"),
    ],
)
@pytest.mark.parametrize("call", ["paginate", "list_role_tags", "get_database"])
def test_an_account_that_cannot_be_asked_is_an_error_that_says_what_to_do(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch, call: str, refusal: Exception
) -> None:
    account = Taken()

    def refuse(**_: object) -> None:
        raise refusal

    monkeypatch.setattr(account, call, refuse)
    with pytest.raises(StackError, match=r"could not be looked at: .*docs/deploy\.md"):
        deploy(account=account)


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        session: Any = boto3.Session("x", "x", region_name="sa-east-1")
        yield session.client


def test_motos_account_is_asked_with_boto3s_own_clients(deploy: Deploy, moto: Callable[[str], Any]) -> None:
    assert deploy(account=moto).one("glue/catalogDatabase:CatalogDatabase")
    moto("glue").create_database(DatabaseInput={"Name": "default"})
    assert deploy(account=moto).all("glue/catalogDatabase:CatalogDatabase") == []
    moto("sqs").create_queue(QueueName="trigger-glue-job-dead-letters", tags={**OURS, "stack": "prod"})
    with pytest.raises(StackError, match=f"{QUEUE} of stack prod"):
        deploy(account=moto)
