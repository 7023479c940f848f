"""What a Prefect work pool on ECS needs: there when a stack wants it, without any key, and with no more rights than needed."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from prefect_aws.workers import ecs_worker

from infrastructure.orchestration_policies import TASK_FAMILY

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

ACCOUNT = "123456789012"
CLUSTER = f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/bovespa"
ROLES = ("flows-task", "flows-execution", "flows-submitter")
OUTPUTS = {
    *("ecs_cluster", "ecs_task_family", "ecs_task_role", "ecs_execution_role", "ecs_submitter_role", "ecs_log_group"),
    *("ecs_vpc", "ecs_subnets", "ecs_security_group", "ecr_repository", "prefect_secret"),
}


def trust(deployed: Deployment, role: str) -> dict[str, Any]:
    (found,) = json.loads(deployed.one("iam/role:Role", role).inputs["assumeRolePolicy"])["Statement"]
    return dict(found)


def statements(deployed: Deployment, role: str) -> list[dict[str, Any]]:
    return list(json.loads(deployed.one("iam/rolePolicy:RolePolicy", role).inputs["policy"])["Statement"])


# --- off and on ----------------------------------------------------------------------------------------------------------


def test_a_stack_has_none_of_it_by_default(deployed: Deployment) -> None:
    types = {item.type for item in deployed.declared}
    assert [name for name in types if re.search(r":(ecs|ecr|secretsmanager|ec2)/", name)] == []
    assert OUTPUTS & deployed.outputs.keys() == set()


def test_a_stack_that_wants_it_tells_what_the_work_pool_is_made_of(complete: Deployment) -> None:
    found = {name: complete.outputs[name] for name in OUTPUTS}
    assert all(found.values())
    assert found["ecs_cluster"] == CLUSTER
    assert found["ecs_log_group"] == "/bovespa/flows"
    assert found["ecr_repository"] == f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/bovespa-flows"
    assert found["prefect_secret"].startswith(f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:bovespa/")


# --- the image and the tasks ---------------------------------------------------------------------------------------------


def test_a_tag_is_one_image_for_ever_and_each_is_scanned(complete: Deployment) -> None:
    repository = complete.one("ecr/repository:Repository").inputs
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}


def test_only_the_last_images_are_kept(complete: Deployment) -> None:
    (rule,) = json.loads(complete.one("ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"])["rules"]
    assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}
    assert rule["action"] == {"type": "expire"}


def test_nothing_races_the_role_that_ecs_makes_in_an_accounts_first_cluster(complete: Deployment) -> None:
    assert complete.all("ecs/clusterCapacityProviders:ClusterCapacityProviders") == []


def test_a_tasks_log_is_kept_for_some_time_only(deploy: Deploy) -> None:
    found = deploy(ecsOrchestration="true", logRetentionDays="7")
    assert found.one("cloudwatch/logGroup:LogGroup", "flows").inputs["retentionInDays"] == 7


# --- the network ---------------------------------------------------------------------------------------------------------


def test_nobody_gets_in_and_only_https_gets_out(complete: Deployment) -> None:
    group = complete.one("ec2/securityGroup:SecurityGroup").inputs
    assert group["ingress"] == []
    assert group["egress"] == [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}]


def test_tasks_run_in_the_default_vpc_unless_the_stack_says_another(deploy: Deploy, complete: Deployment) -> None:
    vpc, subnets = "vpc-00000000", "subnet-00000001, subnet-00000002"
    own = deploy(ecsOrchestration="true", vpcId=vpc, subnetIds=subnets)
    assert complete.outputs["ecs_vpc"] == "vpc-0a1b2c3d4e5f60718"
    assert len(complete.outputs["ecs_subnets"]) == 2
    assert (own.outputs["ecs_vpc"], own.outputs["ecs_subnets"]) == (vpc, ["subnet-00000001", "subnet-00000002"])
    assert own.one("ec2/securityGroup:SecurityGroup").inputs["vpcId"] == vpc


# --- no key --------------------------------------------------------------------------------------------------------------


def test_the_program_makes_the_secret_and_never_its_value(complete: Deployment) -> None:
    assert complete.one("secretsmanager/secret:Secret").inputs["name"] == "bovespa/prefect-api-key"
    assert complete.all("secretsmanager/secretVersion:SecretVersion") == []
    assert complete.all("iam/accessKey:AccessKey") == []


def test_a_stack_cannot_state_the_key(deploy: Deploy) -> None:
    with pytest.raises(ValueError, match="unknown settings prefectApiKey"):
        deploy(ecsOrchestration="true", prefectApiKey="pnu_1")


# --- who may do what -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["flows-task", "flows-execution"])
def test_a_role_is_taken_by_tasks_of_this_account_and_region_only(complete: Deployment, role: str) -> None:
    assert trust(complete, role) == {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:*"},
        },
    }


def test_a_task_may_do_what_the_flows_may(complete: Deployment) -> None:
    assert statements(complete, "flows-task") == json.loads(complete.outputs["flow_policy"])["Statement"]


def test_what_starts_a_task_reads_one_image_one_secret_and_writes_one_log(complete: Deployment) -> None:
    found = {action: item["Resource"] for item in statements(complete, "flows-execution") for action in item["Action"]}
    repository = [f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/bovespa-flows"]
    log = [f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/bovespa/flows:*"]
    assert found == {
        "ecr:GetAuthorizationToken": ["*"],
        "ecr:BatchCheckLayerAvailability": repository,
        "ecr:GetDownloadUrlForLayer": repository,
        "ecr:BatchGetImage": repository,
        "logs:CreateLogStream": log,
        "logs:PutLogEvents": log,
        "secretsmanager:GetSecretValue": [complete.outputs["prefect_secret"]],
    }


def test_the_user_whose_key_prefect_has_takes_one_role_and_does_nothing_else(complete: Deployment) -> None:
    user = complete.one("iam/userPolicy:UserPolicy").inputs
    assert user["user"] == "bovespa-prefect-submitter"
    assert json.loads(user["policy"])["Statement"] == [
        {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [complete.outputs["ecs_submitter_role"]]}
    ]
    principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/bovespa-prefect-submitter"}
    assert trust(complete, "flows-submitter")["Principal"] == principal


def test_prefect_runs_tasks_of_one_family_in_one_cluster(complete: Deployment) -> None:
    (running,) = (item for item in statements(complete, "flows-submitter") if "ecs:RunTask" in item["Action"])
    assert running["Resource"] == [f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/{TASK_FAMILY}:*"]
    assert running["Condition"] == {"ArnEquals": {"ecs:cluster": CLUSTER}}


def test_prefect_hands_tasks_the_two_roles_and_no_other(complete: Deployment) -> None:
    (passing,) = (item for item in statements(complete, "flows-submitter") if "iam:PassRole" in item["Action"])
    assert passing["Resource"] == [complete.outputs["ecs_task_role"], complete.outputs["ecs_execution_role"]]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_prefect_may_make_the_calls_that_its_worker_makes(complete: Deployment) -> None:
    calls = set(re.findall(r"\b(ecs|ec2)_client\.((?:\w+_)+\w+)\(", inspect.getsource(ecs_worker)))
    named = {f"{service}:{''.join(word.capitalize() for word in name.split('_'))}" for service, name in calls}
    allowed = {action for item in statements(complete, "flows-submitter") for action in item["Action"]}
    assert len(named) >= 6
    assert named <= allowed
    # A run's tags are part of starting it; its end is looked at by Prefect Cloud; a role is handed over, not called.
    assert allowed - named == {"ecs:TagResource", "ecs:DescribeTasks", "iam:PassRole"}


@pytest.mark.parametrize("role", ROLES)
def test_every_action_is_named(complete: Deployment, role: str) -> None:
    actions = [action for item in statements(complete, role) for action in item["Action"]]
    assert [action for action in actions if "*" in action] == []


def test_only_actions_that_know_no_resources_are_for_all(complete: Deployment) -> None:
    found = {
        action
        for role in ROLES
        for item in statements(complete, role)
        if item["Resource"] == ["*"]
        for action in item["Action"]
    }
    assert found == {
        *("ecr:GetAuthorizationToken", "ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition"),
        *("ec2:DescribeVpcs", "ec2:DescribeSubnets", "cloudwatch:PutMetricData"),
    }
