"""The work pool's template: Prefect's own, with what the stack made as defaults."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from prefect.cli import flow_run
from prefect_aws.workers.ecs_worker import ECSJobConfiguration, ECSVariables, ECSWorker

from flows.deploy.ecs_pool import filled
from flows.errors import SettingsError

OUTPUTS: dict[str, Any] = {
    "environment": "dev",
    "bucket_suffix": "-acme",
    "ecs_cluster": "arn:aws:ecs:sa-east-1:123456789012:cluster/bovespa",
    "ecs_task_family": "bovespa-flows",
    "ecs_task_role": "arn:aws:iam::123456789012:role/flows-task",
    "ecs_execution_role": "arn:aws:iam::123456789012:role/flows-execution",
    "ecs_log_group": "/bovespa/flows",
    "ecs_vpc": "vpc-1",
    "ecs_subnets": ["subnet-1", "subnet-2"],
    "ecs_security_group": "sg-1",
    "ecr_repository": "123456789012.dkr.ecr.sa-east-1.amazonaws.com/bovespa-flows",
    "prefect_secret": "arn:aws:secretsmanager:sa-east-1:123456789012:secret:bovespa/prefect-api-key",
}
_BEHAVIOR = "PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR"
BASE: dict[str, Any] = ECSWorker.get_default_base_job_template()


def template(**changes: str) -> dict[str, Any]:
    return filled(BASE, {**OUTPUTS, **changes}, tag="0.1.0", region="sa-east-1", credentials="block-1")


def default(name: str) -> Any:  # noqa: ANN401 - any JSON
    return template()["variables"]["properties"][name]["default"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("image", "123456789012.dkr.ecr.sa-east-1.amazonaws.com/bovespa-flows:0.1.0"),
        ("cluster", OUTPUTS["ecs_cluster"]),
        ("family", "bovespa-flows"),
        ("task_role_arn", OUTPUTS["ecs_task_role"]),
        ("execution_role_arn", OUTPUTS["ecs_execution_role"]),
        ("prefect_api_key_secret_arn", OUTPUTS["prefect_secret"]),
        ("vpc_id", "vpc-1"),
        ("aws_credentials", {"$ref": {"block_document_id": "block-1"}}),
        (
            "env",
            {
                "BOVESPA_ENVIRONMENT": "dev",
                "BOVESPA_BUCKET_SUFFIX": "-acme",
                "AWS_DEFAULT_REGION": "sa-east-1",
                "PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR": "reschedule",
            },
        ),
        ("configure_cloudwatch_logs", True),
    ],
)
def test_what_the_stack_made_is_the_default(variable: str, value: object) -> None:
    assert default(variable) == value


def test_logs_go_to_the_stacks_group_and_make_no_other() -> None:
    options = default("cloudwatch_logs_options")
    assert options["awslogs-group"] == "/bovespa/flows"
    assert options["awslogs-create-group"] == "false"


def test_tasks_run_in_the_stacks_network_and_reach_b3() -> None:
    assert default("network_configuration") == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "ENABLED",
    }


def test_prefects_worker_takes_every_default() -> None:
    properties = template()["variables"]["properties"]
    known = {
        name: found["default"] for name, found in properties.items() if name != "aws_credentials" and "default" in found
    }
    variables = ECSVariables.model_validate(known)
    assert (variables.cpu, variables.memory, variables.launch_type) == (512, 1024, "FARGATE")
    assert "network_configuration" in ECSJobConfiguration.model_fields


def test_the_key_is_nowhere_in_the_template() -> None:
    assert "PREFECT_API_KEY" not in str(template()["variables"]["properties"]["env"])


def test_prefects_template_stays_as_it_was() -> None:
    before = copy.deepcopy(BASE)
    template()
    assert before == BASE


def test_a_stack_without_ecs_is_told_what_to_set() -> None:
    with pytest.raises(SettingsError, match="no ecs_cluster: set ecsOrchestration"):
        template(ecs_cluster="")


def test_the_template_of_another_type_is_refused() -> None:
    with pytest.raises(SettingsError, match="no template of an ECS work pool"):
        filled({"variables": {"properties": {"command": {}}}}, OUTPUTS, tag="1", region="x", credentials="b")


def test_a_task_that_ecs_stops_lets_its_flow_end_in_order() -> None:
    known = {"reschedule", "relinquish"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_BEHAVIOR, default("env")[_BEHAVIOR])
        assert flow_run._termination_intent() in known
