"""The services together, over the wire: what boto3 sees of the running account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local.account.client import Account

if TYPE_CHECKING:
    from tests.local.conftest import Eventually, Provision

pytestmark = pytest.mark.account

# A function that writes down, beside the object that it was told of, what it was told.
TRIGGER = """
import json

role = aws.iam.Role('{name}', assume_role_policy=json.dumps({{'Version': '2012-10-17', 'Statement': [
    {{'Effect': 'Allow', 'Action': 'sts:AssumeRole', 'Principal': {{'Service': 'lambda.amazonaws.com'}}}}]}}))
aws.iam.RolePolicy('{name}', role=role.id, policy=json.dumps({{'Version': '2012-10-17', 'Statement': [
    {{'Effect': 'Allow', 'Action': 's3:PutObject', 'Resource': 'arn:aws:s3:::{name}/told/*'}}]}}))
bucket = aws.s3.Bucket('{name}', bucket='{name}')
aws.s3.BucketVersioning('{name}', bucket=bucket.id, versioning_configuration={{'status': 'Enabled'}})
source = '''
import boto3, json
def handle(event, context):
    for record in event["Records"]:
        told = record["s3"]
        boto3.client("s3").put_object(Bucket=told["bucket"]["name"], Key="told/it", Body=json.dumps(told))
'''
function = aws.lambda_.Function('{name}', name='{name}', role=role.arn, runtime='python3.11', handler='code.handle',
    timeout=20, code=pulumi.AssetArchive({{'code.py': pulumi.StringAsset(source)}}))
permission = aws.lambda_.Permission('{name}', action='lambda:InvokeFunction', function=function.name,
    principal='s3.amazonaws.com', source_arn=bucket.arn)
aws.s3.BucketNotification('{name}', bucket=bucket.id, lambda_functions=[{{
    'lambda_function_arn': function.arn, 'events': ['s3:ObjectCreated:*'], 'filter_prefix': 'in/', 'filter_suffix': '.parquet'}}],
    opts=pulumi.ResourceOptions(depends_on=[permission]))
"""

Clients = Callable[[str], Any]


def told(s3: Any, bucket: str) -> dict[str, Any] | None:  # noqa: ANN401
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="told/").get("Contents")
    if not listed:
        return None
    content: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key="told/it")["Body"].read())
    return content


def role_with(clients: Clients, name: str, actions: list[str], resource: str) -> None:
    """Make a role that may do this, and nothing else."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}
    clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    clients("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))


def assumed(clients: Clients, account: Account, role: str) -> Any:  # noqa: ANN401
    """A client of S3 with the credentials that STS gives for a role."""
    arn = f"arn:aws:iam::123456789012:role/{role}"
    given = clients("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    session: Any = boto3.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=account.region
    )
    return session.client("s3", endpoint_url=account.endpoint_url)


def test_credentials_of_an_assumed_role_have_the_roles_rights(account: Account, clients: Clients) -> None:
    role_with(clients, "reader", ["s3:GetObject"], "arn:aws:s3:::bovespa-artifacts-bucket/*")
    clients("s3").put_object(Bucket="bovespa-artifacts-bucket", Key="assumed", Body=b"1")
    reader, trigger = assumed(clients, account, "reader"), assumed(clients, account, "trigger-local")

    assert reader.get_object(Bucket="bovespa-artifacts-bucket", Key="assumed")["Body"].read() == b"1"
    for client in (reader, trigger):
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            client.put_object(Bucket="bovespa-raw-data-bucket", Key="raw-data/k.parquet", Body=b"x")


def test_a_put_reaches_its_function_with_the_version_that_was_put(
    provisioned: Provision, clients: Clients, eventually: Eventually
) -> None:
    provisioned(TRIGGER.format(name="b-trigger"))
    s3 = clients("s3")

    s3.put_object(Bucket="b-trigger", Key="in/ignored.csv", Body=b"x")
    version = s3.put_object(Bucket="b-trigger", Key="in/y=1/k.parquet", Body=b"content")["VersionId"]

    eventually(lambda: told(s3, "b-trigger"))
    record = told(s3, "b-trigger")
    assert record is not None
    assert (record["object"]["key"], record["object"]["versionId"]) == ("in/y%3D1/k.parquet", version)


def test_without_permission_the_event_is_dropped_and_the_log_says_so(
    account: Account, provisioned: Provision, clients: Clients, eventually: Eventually
) -> None:
    provisioned(TRIGGER.format(name="b-forbidden"))
    clients("lambda").remove_permission(FunctionName="b-forbidden", StatementId="b-forbidden")

    clients("s3").put_object(Bucket="b-forbidden", Key="in/k.parquet", Body=b"content")

    log = account.home / "logs" / "account.log"
    eventually(lambda: "event dropped: arn:aws:s3:::b-forbidden may not invoke b-forbidden" in log.read_text())
    assert told(clients("s3"), "b-forbidden") is None


def test_a_file_that_appears_in_the_mirror_is_seen_by_boto3_at_once(account: Account, clients: Clients) -> None:
    file = account.home / "s3" / "bovespa-refined-data-bucket" / "services-test" / "part-0.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"by Spark")

    s3 = clients("s3")

    assert (
        s3.head_object(Bucket="bovespa-refined-data-bucket", Key="services-test/part-0.parquet")["ContentLength"] == 8
    )
    listed = s3.list_objects_v2(Bucket="bovespa-refined-data-bucket", Prefix="services-test/")
    assert [found["Key"] for found in listed["Contents"]] == ["services-test/part-0.parquet"]


def test_a_job_run_is_started_followed_and_read_with_boto3(
    account: Account, clients: Clients, eventually: Eventually
) -> None:
    s3, glue = clients("s3"), clients("glue")
    script = "import sys, boto3; boto3.client('s3').put_object(Bucket='bovespa-artifacts-bucket', Key='made', Body=sys.argv[6])"
    s3.put_object(Bucket="bovespa-artifacts-bucket", Key="scripts/services.py", Body=script.encode())
    command = {"Name": "glueetl", "ScriptLocation": "s3://bovespa-artifacts-bucket/scripts/services.py"}
    role_with(clients, "services", ["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::bovespa-artifacts-bucket/*")
    glue.create_job(Name="services", Role="services", Command=command, Timeout=1)

    run_id = glue.start_job_run(JobName="services", Arguments={"--text": "made by the run"})["JobRunId"]

    def run() -> dict[str, Any]:
        found: dict[str, Any] = glue.get_job_run(JobName="services", RunId=run_id)["JobRun"]
        return found

    eventually(lambda: run()["JobRunState"] not in ("STARTING", "RUNNING"))
    assert (run()["JobRunState"], run().get("ErrorMessage")) == ("SUCCEEDED", None)
    assert s3.get_object(Bucket="bovespa-artifacts-bucket", Key="made")["Body"].read() == b"made by the run"
    pages = glue.get_paginator("get_job_runs").paginate(JobName="services")
    assert [found["Id"] for page in pages for found in page["JobRuns"]] == [run_id]
    assert (account.home / "logs" / "glue" / f"{run_id}.log").exists()


def test_the_declared_tables_can_be_queried_before_anything_is_published(
    clients: Clients, eventually: Eventually
) -> None:
    athena = clients("athena")
    query = "SELECT * FROM default.bovespa_refined_data WHERE year = 1999 AND month = 6 AND day = 30;"

    execution_id = athena.start_query_execution(QueryString=query, WorkGroup="bovespa")["QueryExecutionId"]

    def execution() -> dict[str, Any]:
        found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
        return found

    eventually(lambda: execution()["Status"]["State"] not in ("QUEUED", "RUNNING"))
    assert execution()["Status"]["State"] == "SUCCEEDED", execution()["Status"]
    (header,) = athena.get_query_results(QueryExecutionId=execution_id)["ResultSet"]["Rows"]
    assert [datum["VarCharValue"] for datum in header["Data"]][-4:] == ["year", "month", "day", "acao"]
    bucket, _, key = execution()["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    assert clients("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 0


def test_a_request_without_a_workgroup_that_exists_is_refused_as_awss_client_expects(clients: Clients) -> None:
    athena = clients("athena")

    with pytest.raises(athena.exceptions.InvalidRequestException, match="WorkGroup nothing is not found"):
        athena.start_query_execution(QueryString="SELECT 1", WorkGroup="nothing")


def test_partitions_go_in_and_out_over_the_wire(clients: Clients) -> None:
    glue = clients("glue")
    here = {"DatabaseName": "default", "TableName": "bovespa_resumo_setor"}
    storage = {"Location": "s3://bovespa-refined-data-bucket/resumo-data/year=1999/month=01/day=04/"}
    partition = {"Values": ["1999", "1", "4"], "StorageDescriptor": storage}

    assert glue.batch_create_partition(**here, PartitionInputList=[partition]).get("Errors", []) == []
    again = glue.batch_create_partition(**here, PartitionInputList=[partition])["Errors"]
    assert again[0]["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException"
    pages = glue.get_paginator("get_partitions").paginate(**here, Expression="year = 1999 AND month = 1")
    assert [found["Values"] for page in pages for found in page["Partitions"]] == [["1999", "1", "4"]]
    assert (
        glue.batch_delete_partition(**here, PartitionsToDelete=[{"Values": ["1999", "1", "4"]}]).get("Errors", []) == []
    )
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_partition(**here, PartitionValues=["1999", "1", "4"])
