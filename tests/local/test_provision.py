from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.account import Account
from local.provision import RESOURCES, Clients, connect, provision
from local.provision_arguments import ProvisionError

pytestmark = pytest.mark.account

ROLE = """
role = aws.iam.Role("{service}-role-{name}", assume_role_policy='{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", '
    '"Action": "sts:AssumeRole", "Principal": {{"Service": "{service}.amazonaws.com"}}}}]}}')
"""

Provision = Callable[[str], None]


@pytest.fixture(scope="module")
def known(account: Account) -> Clients:
    return connect(account.endpoint_url, account.region, lambda _, bucket: "without-permission" not in bucket)


@pytest.fixture
def run(known: Clients, tmp_path: Path) -> Provision:
    """Provisions the running account with one more program."""

    def provisioned(program: str) -> None:
        file = tmp_path / "__main__.py"
        file.write_text("import pulumi\nimport pulumi_aws as aws\n" + textwrap.dedent(program), encoding="utf-8")
        provision(file, known)

    return provisioned


# --- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (
            "aws.sqs.Queue('letters')",
            "aws:sqs/queue:Queue 'letters': the account on the laptop does not know this type",
        ),
        (
            "aws.s3.Bucket('b1', bucket='b-unknown-argument', request_payer='Requester')",
            "aws:s3/bucket:Bucket 'b1': argument requestPayer: the account on the laptop does not know how to honour it",
        ),
        (
            "aws.lambda_.FunctionEventInvokeConfig('c', function_name='trigger-glue-job', qualifier='1')",
            "argument qualifier",
        ),
        (
            "aws.s3.BucketVersioning('v', bucket='not-there', versioning_configuration={'status': 'Enabled'})",
            "aws:s3/bucketVersioning:BucketVersioning 'v': An error occurred .NoSuchBucket.",
        ),
        (
            "aws.s3.BucketObjectv2('o', bucket='b', key='k', source=pulumi.FileAsset(__file__))",
            "argument source: give content or contentBase64",
        ),
        ("aws.get_availability_zones()", "aws:index/getAvailabilityZones:getAvailabilityZones: .* cannot answer this"),
    ],
)
def test_what_the_account_does_not_know_is_refused(run: Provision, program: str, reason: str) -> None:
    with pytest.raises(ProvisionError, match=reason):
        run(program)


def test_a_program_that_raises_ends_with_its_own_error(run: Provision) -> None:
    with pytest.raises(ZeroDivisionError):
        run("aws.s3.Bucket('bx', bucket='b-raises', tags={'share': str(1 / 0)})")


def test_a_job_argument_that_glue_itself_would_honour_is_refused(run: Provision) -> None:
    job = "aws.glue.Job('j', role_arn=role.arn, command={{'script_location': 's3://b/k'}}, default_arguments={{{argument}: 'x'}})"
    with pytest.raises(
        ProvisionError, match="argument defaultArguments: --additional-python-modules cannot be honoured"
    ):
        run(ROLE.format(service="glue", name="a") + job.format(argument="'--additional-python-modules'"))


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
def test_a_role_must_trust_the_service_that_takes_it(run: Provision, resource: str, service: str) -> None:
    with pytest.raises(ProvisionError, match=rf"argument role: .* cannot be assumed by {service}\.amazonaws\.com"):
        run(ROLE.format(service="ec2", name=service) + resource)


def test_a_function_for_another_python_is_refused(run: Provision) -> None:
    function = (
        "aws.lambda_.Function('f3', role=role.arn, runtime='python3.9', handler='a.b', code=pulumi.AssetArchive({}))"
    )

    with pytest.raises(ProvisionError, match=r"argument runtime python3\.9: this account runs python3\.11"):
        run(ROLE.format(service="lambda", name="b") + function)


def test_a_notification_without_permission_is_refused_as_s3_does(run: Provision) -> None:
    program = """
    bucket = aws.s3.Bucket('n', bucket='b-without-permission')
    aws.s3.BucketNotification('n', bucket=bucket.id, lambda_functions=[
        {'lambda_function_arn': 'arn:aws:lambda:sa-east-1:123456789012:function:f', 'events': ['s3:ObjectCreated:*']}])
    """

    with pytest.raises(ProvisionError, match="Unable to validate the following destination configurations"):
        run(program)


def test_a_policy_with_a_condition_that_cannot_be_honoured_is_refused(run: Provision) -> None:
    program = """
    import json
    bucket = aws.s3.Bucket('p', bucket='b-condition')
    aws.s3.BucketPolicy('p', bucket=bucket.id, policy=json.dumps({'Statement': [
        {'Effect': 'Deny', 'Action': 's3:*', 'Condition': {'IpAddress': {'aws:SourceIp': '10.0.0.0/8'}}}]}))
    """

    with pytest.raises(ProvisionError, match="condition on aws:SourceIp cannot be honoured"):
        run(program)


# --- what comes to be --------------------------------------------------------------------------------------------------


def test_a_bucket_comes_to_be_with_what_is_configured_on_it(run: Provision, clients: Callable[[str], Any]) -> None:
    run("""
    bucket = aws.s3.Bucket('w', bucket='b-whole', tags={'project': 'p'})
    aws.s3.BucketVersioning('w', bucket=bucket.id, versioning_configuration={'status': 'Enabled'})
    aws.s3.BucketLifecycleConfiguration('w', bucket=bucket.id, rules=[
        {'id': 'old', 'status': 'Enabled', 'filter': {'prefix': 'staging/'}, 'expiration': {'days': 30}}])
    aws.s3.BucketPublicAccessBlock('w', bucket=bucket.id, block_public_acls=True)
    """)

    s3 = clients("s3")
    assert s3.get_bucket_versioning(Bucket="b-whole")["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket="b-whole")["Rules"]
    assert (rule["Filter"], rule["Expiration"]) == ({"Prefix": "staging/"}, {"Days": 30})
    assert s3.get_public_access_block(Bucket="b-whole")["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True
    assert s3.get_bucket_tagging(Bucket="b-whole")["TagSet"] == [{"Key": "project", "Value": "p"}]


def test_an_object_that_is_there_already_is_left_as_it_is(run: Provision, clients: Callable[[str], Any]) -> None:
    program = "aws.s3.BucketObjectv2('o', bucket='b-object', key='k', content='{content}')"
    run("bucket = aws.s3.Bucket('o', bucket='b-object')")
    s3 = clients("s3")

    run(program.format(content="same"))
    before = s3.head_object(Bucket="b-object", Key="k")["LastModified"]
    s3.put_bucket_versioning(Bucket="b-object", VersioningConfiguration={"Status": "Enabled"})
    run(program.format(content="same"))
    assert s3.head_object(Bucket="b-object", Key="k")["LastModified"] == before
    assert len(s3.list_object_versions(Bucket="b-object")["Versions"]) == 1

    run(program.format(content="other"))
    assert s3.get_object(Bucket="b-object", Key="k")["Body"].read() == b"other"


def test_a_declared_table_replaces_what_the_catalog_had(run: Provision, clients: Callable[[str], Any]) -> None:
    program = """
    aws.glue.CatalogTable('t', name='declared', database_name='default', description='{description}',
        partition_keys=[{{'name': 'day', 'type': 'int'}}],
        storage_descriptor={{'location': 's3://b/t/', 'columns': [{{'name': 'a', 'type': '{type}'}}]}})
    """
    run(program.format(description="first", type="int"))
    glue = clients("glue")
    partition = {"Values": ["1"], "StorageDescriptor": {"Location": "s3://b/t/1/"}}
    glue.create_partition(DatabaseName="default", TableName="declared", PartitionInput=partition)

    run(program.format(description="second", type="bigint"))

    table = glue.get_table(DatabaseName="default", Name="declared")["Table"]
    assert (table["Description"], table["StorageDescriptor"]["Columns"][0]["Type"]) == ("second", "bigint")
    assert len(glue.get_partitions(DatabaseName="default", TableName="declared")["Partitions"]) == 1


def test_a_tables_version_does_not_change_when_nothing_does(run: Provision, clients: Callable[[str], Any]) -> None:
    program = "aws.glue.CatalogTable('u', name='unchanged', database_name='default', description='same')"

    run(program)
    run(program)

    assert clients("glue").get_table(DatabaseName="default", Name="unchanged")["Table"]["VersionId"] == "0"


def test_a_functions_code_comes_from_the_archive(run: Provision, clients: Callable[[str], Any]) -> None:
    run(
        ROLE.format(service="lambda", name="c")
        + "aws.lambda_.Function('f4', name='archived', role=role.arn, runtime='python3.11', handler='pack.mod.handle',\n"
        "    reserved_concurrent_executions=2, environment={'variables': {'A': 'b'}}, code=pulumi.AssetArchive({\n"
        "        'pack': pulumi.AssetArchive({'mod.py': pulumi.StringAsset('def handle(event, context): return event')})}))\n"
    )

    functions = clients("lambda")
    answer = functions.invoke(FunctionName="archived", Payload=b'{"session": "2025-06-30"}')
    assert answer["Payload"].read() == b'{"session": "2025-06-30"}'
    assert functions.get_function_concurrency(FunctionName="archived")["ReservedConcurrentExecutions"] == 2


def test_a_program_can_ask_who_and_where_it_is(run: Provision, clients: Callable[[str], Any]) -> None:
    run("""
    who, where = aws.get_caller_identity(), aws.get_region()
    aws.s3.Bucket('a', bucket=f'b-{who.account_id}-{where.region}')
    """)

    names = [bucket["Name"] for bucket in clients("s3").list_buckets()["Buckets"]]
    assert "b-123456789012-sa-east-1" in names


def test_components_are_only_names(run: Provision, clients: Callable[[str], Any]) -> None:
    run("""
    class Part(pulumi.ComponentResource):
        def __init__(self):
            super().__init__('project:part:Part', 'part', None, None)
            aws.s3.Bucket('inner', bucket='b-inner', opts=pulumi.ResourceOptions(parent=self))
    Part()
    """)

    assert clients("s3").head_bucket(Bucket="b-inner")


def test_every_known_type_is_spelt_as_pulumi_spells_it() -> None:
    import pulumi_aws as aws  # noqa: PLC0415 - a second's import

    for token in RESOURCES:
        _, path, kind = token.split(":")
        module = getattr(aws, {"lambda": "lambda_"}.get(path.split("/")[0], path.split("/")[0]))
        assert hasattr(module, kind), token
