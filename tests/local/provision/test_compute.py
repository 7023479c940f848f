from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pulumi import AssetArchive, FileArchive, StringAsset

from local.provision.arguments import ProvisionError
from local.provision.compute import archive_bytes

if TYPE_CHECKING:
    from tests.local.conftest import Provision

pytestmark = pytest.mark.account

ROLE = """
role = aws.iam.Role("{service}-role-{name}", assume_role_policy='{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", '
    '"Action": "sts:AssumeRole", "Principal": {{"Service": "{service}.amazonaws.com"}}}}]}}')
"""


def test_a_job_argument_that_glue_itself_would_honour_is_refused(provisioned: Provision) -> None:
    job = "aws.glue.Job('j', role_arn=role.arn, command={{'script_location': 's3://b/k'}}, default_arguments={{{argument}: 'x'}})"
    with pytest.raises(
        ProvisionError, match="argument defaultArguments: --additional-python-modules cannot be honoured"
    ):
        provisioned(ROLE.format(service="glue", name="a") + job.format(argument="'--additional-python-modules'"))


@pytest.mark.parametrize(
    ("resource", "service"),
    [
        ("aws.glue.Job('j2', role_arn=role.arn, command={'script_location': 's3://b/k'})", "glue"),
        (
            "aws.lambda_.Function('f2', role=role.arn, runtime='python3.11', handler='a.b', code=pulumi.AssetArchive({}))",
            "lambda",
        ),
    ],
)
def test_a_role_must_trust_the_service_that_takes_it(provisioned: Provision, resource: str, service: str) -> None:
    with pytest.raises(ProvisionError, match=rf"argument role: .* cannot be assumed by {service}\.amazonaws\.com"):
        provisioned(ROLE.format(service="ec2", name=service) + resource)


def test_a_function_for_another_python_is_refused(provisioned: Provision) -> None:
    function = (
        "aws.lambda_.Function('f3', role=role.arn, runtime='python3.9', handler='a.b', code=pulumi.AssetArchive({}))"
    )

    with pytest.raises(ProvisionError, match=r"argument runtime python3\.9: this account runs python3\.11"):
        provisioned(ROLE.format(service="lambda", name="b") + function)


def test_a_functions_code_comes_from_the_archive(provisioned: Provision, clients: Callable[[str], Any]) -> None:
    provisioned(
        ROLE.format(service="lambda", name="c")
        + "aws.lambda_.Function('f4', name='archived', role=role.arn, runtime='python3.11', handler='pack.mod.handle',\n"
        "    reserved_concurrent_executions=2, environment={'variables': {'A': 'b'}}, code=pulumi.AssetArchive({\n"
        "        'pack': pulumi.AssetArchive({'mod.py': pulumi.StringAsset('def handle(event, context): return event')})}))\n"
    )

    functions = clients("lambda")
    answer = functions.invoke(FunctionName="archived", Payload=b'{"session": "2025-06-30"}')
    assert answer["Payload"].read() == b'{"session": "2025-06-30"}'
    assert functions.get_function_concurrency(FunctionName="archived")["ReservedConcurrentExecutions"] == 2


def test_a_role_holds_its_policies(provisioned: Provision, clients: Callable[[str], Any]) -> None:
    statement = {"Effect": "Allow", "Action": ["glue:GetTable"], "Resource": ["*"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}

    provisioned(
        ROLE.format(service="glue", name="policies")
        + f"aws.iam.RolePolicy('own', name='own', role=role.id, policy={json.dumps(policy)!r})"
    )

    found = clients("iam").get_role_policy(RoleName="glue-role-policies-local", PolicyName="own")
    assert found["PolicyDocument"] == policy


def test_a_log_group_keeps_its_retention(provisioned: Provision, clients: Callable[[str], Any]) -> None:
    provisioned("aws.cloudwatch.LogGroup('l', name='/test/group', retention_in_days=90)")

    (group,) = clients("logs").describe_log_groups(logGroupNamePrefix="/test/group")["logGroups"]
    assert group["retentionInDays"] == 90


def test_a_permission_lets_the_named_bucket_invoke_the_function(
    provisioned: Provision, clients: Callable[[str], Any]
) -> None:
    provisioned(
        ROLE.format(service="lambda", name="permission")
        + "f = aws.lambda_.Function('f5', name='permitted', role=role.arn, runtime='python3.11', handler='a.b',\n"
        "    code=pulumi.AssetArchive({'a.py': pulumi.StringAsset('')}))\n"
        "aws.lambda_.Permission('p', action='lambda:InvokeFunction', function=f.name, principal='s3.amazonaws.com',\n"
        "    source_arn='arn:aws:s3:::raw')\n"
    )

    (statement,) = json.loads(clients("lambda").get_policy(FunctionName="permitted")["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::raw"}}


def test_equal_code_is_an_equal_archive(tmp_path: Path) -> None:
    for name in ("b.py", "a.py"):
        (tmp_path / name).write_text("x = 1", encoding="utf-8")

    def archive() -> bytes:
        return archive_bytes(AssetArchive({"pack": FileArchive(str(tmp_path)), "c.py": StringAsset("y = 2")}))

    first = archive()
    os.utime(tmp_path / "a.py", (0, 0))

    assert archive() == first
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["c.py", "pack/a.py", "pack/b.py"]
