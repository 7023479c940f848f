"""The trigger: S3's event on a raw file, and nothing else, invokes the Lambda."""

from __future__ import annotations

import ast
import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from expectations.contract.names import RAW_PREFIX, RAW_SUFFIX

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

ROOT = Path(__file__).resolve().parents[2]
RAW_ARN = "arn:aws:s3:::bovespa-raw-data-bucket"
DEAD_LETTERS_ARN = "arn:aws:sqs:sa-east-1:123456789012:trigger-glue-job-dead-letters"


@pytest.fixture
def function(deployed: Deployment) -> dict[str, Any]:
    return deployed.one("lambda/function:Function").inputs


@pytest.fixture
def code(function: dict[str, Any]) -> dict[str, str]:
    """What is deployed as the function's code: the file behind each name."""
    archive = function["code"]
    assert isinstance(archive, pulumi.AssetArchive)
    return {name: str(asset.path) for name, asset in archive.assets.items()}


def test_the_notification_is_for_new_raw_files_only(deployed: Deployment) -> None:
    notification = deployed.one("s3/bucketNotification:BucketNotification").inputs
    assert notification == {
        "bucket": "bovespa-raw-data-bucket",
        "lambdaFunctions": [
            {
                "lambdaFunctionArn": "arn:aws:lambda:sa-east-1:123456789012:function:trigger-glue-job",
                "events": ["s3:ObjectCreated:*"],
                "filterPrefix": RAW_PREFIX,
                "filterSuffix": RAW_SUFFIX,
            }
        ],
    }


def test_s3_may_invoke_the_function_before_it_is_told_to(deployed: Deployment) -> None:
    permission = deployed.one("lambda/permission:Permission")
    assert permission.urn in deployed.one("s3/bucketNotification:BucketNotification").after


def test_only_s3_and_only_for_our_own_bucket_may_invoke_the_function(deployed: Deployment) -> None:
    assert deployed.one("lambda/permission:Permission").inputs == {
        "function": "trigger-glue-job",
        "action": "lambda:InvokeFunction",
        "principal": "s3.amazonaws.com",
        "sourceArn": RAW_ARN,
        "sourceAccount": "123456789012",
    }


def test_the_function_takes_nothing_of_the_accounts_concurrency_which_a_new_account_has_not(
    function: dict[str, Any],
) -> None:
    assert "reservedConcurrentExecutions" not in function


def test_the_function_is_told_which_job_to_start_where_to_claim_and_whether_runs_wait(
    deploy: Deploy, function: dict[str, Any]
) -> None:
    variables = {
        "GLUE_JOB_NAME": "bovespa-etl-job",
        "CLAIMS_BUCKET": "bovespa-artifacts-bucket",
        "JOB_RUN_QUEUING": "true",
    }
    assert function["environment"] == {"variables": variables}
    flexible = deploy(flexExecution="true").one("lambda/function:Function").inputs
    assert flexible["environment"] == {"variables": {**variables, "JOB_RUN_QUEUING": "false"}}


def test_the_function_runs_on_the_projects_python(function: dict[str, Any]) -> None:
    assert function["name"] == "trigger-glue-job"
    assert function["runtime"] == f"python{sys.version_info.major}.{sys.version_info.minor}" == "python3.11"


def test_the_code_is_the_lambdas_package_with_the_contract_and_nothing_else(code: dict[str, str]) -> None:
    own = {f"trigger_glue_job/{name}.py" for name in ("__init__", "claims", "events", "handler")}
    contract = {f"expectations/contract/{path.name}" for path in (ROOT / "expectations" / "contract").glob("*.py")}
    assert set(code) == own | contract | {"expectations/__init__.py"}
    assert all(path.endswith(f"/lambda/{name}" if name in own else f"/{name}") for name, path in code.items())


def test_the_handler_is_a_function_of_the_code(function: dict[str, Any], code: dict[str, str]) -> None:
    module, _, name = function["handler"].rpartition(".")
    assert f"{module.replace('.', '/')}.py" in code
    assert callable(getattr(importlib.import_module(module), name))


def test_the_code_is_whole(code: dict[str, str]) -> None:
    imported = {
        node.module
        for path in code.values()
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.startswith(("trigger_glue_job.", "expectations."))
    }
    assert imported
    assert {f"{module.replace('.', '/')}.py" for module in imported} <= set(code)


def test_an_event_that_fails_is_tried_twice_more_within_six_hours(deployed: Deployment) -> None:
    config = deployed.one("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").inputs
    assert config["functionName"] == "trigger-glue-job"
    assert config["maximumRetryAttempts"] == 2
    assert config["maximumEventAgeInSeconds"] == 6 * 60 * 60


def test_an_event_that_fails_for_good_goes_to_the_dead_letters(deployed: Deployment) -> None:
    config = deployed.one("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
    assert config.inputs["destinationConfig"] == {"onFailure": {"destination": DEAD_LETTERS_ARN}}
    assert deployed.one("sqs/queue:Queue").urn in config.after


def test_the_function_may_write_dead_letters_before_it_is_told_to(deployed: Deployment) -> None:
    config = deployed.one("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
    assert deployed.one("iam/rolePolicy:RolePolicy", "trigger").urn in config.after


def test_dead_letters_are_encrypted_and_kept_for_two_weeks(deployed: Deployment) -> None:
    queue = deployed.one("sqs/queue:Queue").inputs
    assert queue["name"] == "trigger-glue-job-dead-letters"
    assert queue["sqsManagedSseEnabled"] is True
    assert queue["messageRetentionSeconds"] == 14 * 24 * 60 * 60


def test_the_dead_letters_refuse_whoever_comes_without_tls(deployed: Deployment) -> None:
    policy = deployed.one("sqs/queuePolicy:QueuePolicy").inputs
    assert policy["queueUrl"] == "https://sqs.sa-east-1.amazonaws.com/123456789012/trigger-glue-job-dead-letters"
    assert json.loads(policy["policy"])["Statement"] == [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": DEAD_LETTERS_ARN,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_the_function_does_not_run_before_it_may_write_its_log(deployed: Deployment) -> None:
    function = deployed.one("lambda/function:Function")
    assert deployed.one("cloudwatch/logGroup:LogGroup", "trigger").urn in function.after
    assert deployed.one("iam/rolePolicy:RolePolicy", "trigger").urn in function.after


@pytest.mark.parametrize(
    ("settings", "days"),
    [
        pytest.param({}, 90, id="ninety days unless the stack says otherwise"),
        pytest.param({"logRetentionDays": "14"}, 14, id="what the stack says"),
    ],
)
def test_the_log_is_kept_for_some_time_only(deploy: Deploy, settings: dict[str, str], days: int) -> None:
    log_group = deploy(**settings).one("cloudwatch/logGroup:LogGroup", "trigger").inputs
    assert (log_group["name"], log_group["retentionInDays"]) == ("/aws/lambda/trigger-glue-job", days)
