"""The program with every switch on is made on the laptop too, and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infrastructure.recording import NOTEBOOK_REGION, OPTIONAL_PARTS
from local.account.client import running_account
from local.account.stages import Stage
from local.provision.arguments import ProvisionError

if TYPE_CHECKING:
    from tests.local.conftest import Provision

pytestmark = pytest.mark.account

PROGRAM = Path(__file__).resolve().parents[3] / "infrastructure" / "__main__.py"
STATED = {"aws:region": NOTEBOOK_REGION} | {
    f"pipeline-bovespa:{name}": value for name, value in {"environment": "all", **OPTIONAL_PARTS}.items()
}
ENTRY = f"""\
import runpy
import pulumi

pulumi.runtime.set_all_config({STATED!r})
runpy.run_path({str(PROGRAM)!r}, run_name="__main__")
"""


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Clients of an account that the program was provisioned in with every switch on, in an environment of its own."""
    folder = tmp_path_factory.mktemp("everything")
    entry = folder / "__main__.py"
    entry.write_text(ENTRY, encoding="utf-8")
    with running_account(folder / "home", program=entry, stage=Stage.WORK) as account:
        session: Any = boto3.Session(*account.keys(), region_name=account.region)
        yield lambda service: session.client(service, endpoint_url=account.endpoint_url)


def test_every_switch_is_provisioned(everything: Callable[[str], Any]) -> None:
    (cluster,) = everything("ecs").describe_clusters(clusters=["bovespa-all"])["clusters"]
    assert (cluster["clusterName"], cluster["status"]) == ("bovespa-all", "ACTIVE")
    (repository,) = everything("ecr").describe_repositories(repositoryNames=["bovespa-flows-all"])["repositories"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert everything("ecr").get_lifecycle_policy(repositoryName="bovespa-flows-all")["lifecyclePolicyText"]
    assert everything("secretsmanager").describe_secret(SecretId="bovespa/prefect-api-key-all")["ARN"]
    assert everything("iam").list_user_policies(UserName="bovespa-prefect-submitter-all")["PolicyNames"]
    assert everything("athena").get_work_group(WorkGroup="bovespa-notebooks-all")["WorkGroup"]["State"] == "ENABLED"


def test_the_tasks_network_is_the_accounts_own_and_lets_nobody_in(everything: Callable[[str], Any]) -> None:
    ec2 = everything("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    of_flows = [{"Name": "group-name", "Values": ["bovespa-flows-all"]}]
    (group,) = ec2.describe_security_groups(Filters=of_flows)["SecurityGroups"]
    assert (group["VpcId"], group["IpPermissions"]) == (vpc["VpcId"], [])
    assert [(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in group["IpPermissionsEgress"]] == [
        ("tcp", 443, 443)
    ]


def test_the_visual_form_is_put_on_the_job(everything: Callable[[str], Any]) -> None:
    job = everything("glue").get_job(JobName="bovespa-etl-job-all")["Job"]
    assert job["JobMode"] == "VISUAL"
    assert set(job["CodeGenConfigurationNodes"]) >= {"source", "staging"}


def test_the_tables_lie_in_the_environments_own_database(everything: Callable[[str], Any]) -> None:
    found = everything("glue").get_tables(DatabaseName="bovespa_all")["TableList"]
    assert {"bovespa_refined_data", "bovespa_composicao"} <= {table["Name"] for table in found}


@pytest.mark.parametrize("description", ["The flows' tasks", "Fluxos: coleta diária", "", "a" * 256])
def test_a_description_that_ec2_refuses_is_refused(provisioned: Provision, description: str) -> None:
    with pytest.raises(ProvisionError, match="securityGroup"):
        provisioned(f"aws.ec2.SecurityGroup('g', name='g', description={description!r}, vpc_id='vpc-00000000')")
