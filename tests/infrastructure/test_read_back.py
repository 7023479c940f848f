"""After provisioning, what boto3 reads back of the account on the laptop is what the program declared, type by type."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from conftest import Deployment

    from local.account.client import Account

pytestmark = pytest.mark.account

Client = Callable[[str], Any]
Inputs = dict[str, Any]
Pair = tuple[Any, Any]
"""What was declared, and what was read back, in the same words."""


def encryption(client: Client, given: Inputs) -> Pair:
    found = client("s3").get_bucket_encryption(Bucket=given["bucket"])["ServerSideEncryptionConfiguration"]["Rules"]
    declared = [rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] for rule in given["rules"]]
    return declared, [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in found]


def versioning(client: Client, given: Inputs) -> Pair:
    found = client("s3").get_bucket_versioning(Bucket=given["bucket"])
    return given["versioningConfiguration"]["status"], found["Status"]


def public_access(client: Client, given: Inputs) -> Pair:
    found = client("s3").get_public_access_block(Bucket=given["bucket"])["PublicAccessBlockConfiguration"]
    return {name[0].upper() + name[1:]: value for name, value in given.items() if name != "bucket"}, found


def ownership(client: Client, given: Inputs) -> Pair:
    found = client("s3").get_bucket_ownership_controls(Bucket=given["bucket"])["OwnershipControls"]["Rules"]
    return [given["rule"]["objectOwnership"]], [rule["ObjectOwnership"] for rule in found]


def bucket_policy(client: Client, given: Inputs) -> Pair:
    return json.loads(given["policy"]), json.loads(client("s3").get_bucket_policy(Bucket=given["bucket"])["Policy"])


def lifecycle(client: Client, given: Inputs) -> Pair:
    found = client("s3").get_bucket_lifecycle_configuration(Bucket=given["bucket"])["Rules"]
    declared = [
        (
            rule["id"],
            rule["filter"].get("prefix", ""),
            rule.get("expiration", {}).get("days"),
            rule.get("noncurrentVersionExpiration", {}).get("noncurrentDays"),
            rule.get("abortIncompleteMultipartUpload", {}).get("daysAfterInitiation"),
        )
        for rule in given["rules"]
    ]
    return declared, [
        (
            rule["ID"],
            rule.get("Filter", {}).get("Prefix") or "",
            rule.get("Expiration", {}).get("Days"),
            rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
            rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
        )
        for rule in found
    ]


def notification(client: Client, given: Inputs) -> Pair:
    (found,) = client("s3").get_bucket_notification_configuration(Bucket=given["bucket"])[
        "LambdaFunctionConfigurations"
    ]
    (declared,) = given["lambdaFunctions"]
    rules = {rule["Name"].lower(): rule["Value"] for rule in found["Filter"]["Key"]["FilterRules"]}
    return (
        (declared["lambdaFunctionArn"], declared["events"], declared["filterPrefix"], declared["filterSuffix"]),
        (found["LambdaFunctionArn"], found["Events"], rules["prefix"], rules["suffix"]),
    )


def function(client: Client, given: Inputs) -> Pair:
    found = client("lambda").get_function_configuration(FunctionName=given["name"])
    declared = [given[name] for name in ("runtime", "handler", "memorySize", "timeout", "architectures")]
    read = [found[name] for name in ("Runtime", "Handler", "MemorySize", "Timeout", "Architectures")]
    return (
        [*declared, given["environment"]["variables"]],
        [*read, found["Environment"]["Variables"]],
    )


def retries(client: Client, given: Inputs) -> Pair:
    found = client("lambda").get_function_event_invoke_config(FunctionName=given["functionName"])
    return (
        (given["maximumRetryAttempts"], given["destinationConfig"]["onFailure"]["destination"]),
        (found["MaximumRetryAttempts"], found["DestinationConfig"]["OnFailure"]["Destination"]),
    )


def permission(client: Client, given: Inputs) -> Pair:
    (found,) = json.loads(client("lambda").get_policy(FunctionName=given["function"])["Policy"])["Statement"]
    return (
        (given["action"], given["principal"], given["sourceArn"]),
        (found["Action"], found["Principal"]["Service"], found["Condition"]["ArnLike"]["AWS:SourceArn"]),
    )


def database(client: Client, given: Inputs) -> Pair:
    return given["name"], client("glue").get_database(Name=given["name"])["Database"]["Name"]


def job(client: Client, given: Inputs) -> Pair:
    found = client("glue").get_job(JobName=given["name"])["Job"]
    names = ("glueVersion", "workerType", "numberOfWorkers", "timeout", "maxRetries", "defaultArguments")
    names += ("executionClass", "jobRunQueuingEnabled")
    return (
        [given[name] for name in names]
        + [given["command"]["scriptLocation"], given["executionProperty"]["maxConcurrentRuns"]],
        [found[name[0].upper() + name[1:]] for name in names]
        + [found["Command"]["ScriptLocation"], found["ExecutionProperty"]["MaxConcurrentRuns"]],
    )


def table(client: Client, given: Inputs) -> Pair:
    found = client("glue").get_table(DatabaseName=given["databaseName"], Name=given["name"])["Table"]
    return (
        (
            given["tableType"],
            given["parameters"],
            typed(given["storageDescriptor"]["columns"], "name", "type"),
            typed(given.get("partitionKeys", []), "name", "type"),
            given["storageDescriptor"].get("location"),
            given.get("viewOriginalText"),
        ),
        (
            found["TableType"],
            found["Parameters"],
            typed(found["StorageDescriptor"]["Columns"], "Name", "Type"),
            typed(found["PartitionKeys"], "Name", "Type"),
            found["StorageDescriptor"].get("Location"),
            found.get("ViewOriginalText"),
        ),
    )


def typed(columns: list[dict[str, str]], name: str, kind: str) -> list[tuple[str, str]]:
    return [(column[name], column[kind]) for column in columns]


def partition_index(client: Client, given: Inputs) -> Pair:
    place = {"DatabaseName": given["databaseName"], "TableName": given["tableName"]}
    (found,) = client("glue").get_partition_indexes(**place)["PartitionIndexDescriptorList"]
    return given["partitionIndex"], {
        "indexName": found["IndexName"],
        "keys": [key["Name"] for key in found["Keys"]],
    }


def workgroup(client: Client, given: Inputs) -> Pair:
    found = client("athena").get_work_group(WorkGroup=given["name"])["WorkGroup"]["Configuration"]
    declared, result = given["configuration"], found["ResultConfiguration"]
    return (
        (
            declared["enforceWorkgroupConfiguration"],
            declared["bytesScannedCutoffPerQuery"],
            declared["engineVersion"]["selectedEngineVersion"],
            declared["resultConfiguration"]["outputLocation"],
            declared["resultConfiguration"]["encryptionConfiguration"]["encryptionOption"],
        ),
        (
            found["EnforceWorkGroupConfiguration"],
            found["BytesScannedCutoffPerQuery"],
            found["EngineVersion"]["SelectedEngineVersion"],
            result["OutputLocation"],
            result["EncryptionConfiguration"]["EncryptionOption"],
        ),
    )


def named_query(client: Client, given: Inputs) -> Pair:
    athena = client("athena")
    ids = athena.list_named_queries(WorkGroup=given["workgroup"])["NamedQueryIds"]
    found = [athena.get_named_query(NamedQueryId=name)["NamedQuery"] for name in ids]
    return [given["query"]], [query["QueryString"] for query in found if query["Name"] == given["name"]]


def queue(client: Client, given: Inputs) -> Pair:
    url = client("sqs").get_queue_url(QueueName=given["name"])["QueueUrl"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return (
        (given["sqsManagedSseEnabled"], given["messageRetentionSeconds"]),
        (found["SqsManagedSseEnabled"] == "true", int(found["MessageRetentionPeriod"])),
    )


def log_group(client: Client, given: Inputs) -> Pair:
    groups = client("logs").describe_log_groups(logGroupNamePrefix=given["name"])["logGroups"]
    (found,) = (group for group in groups if group["logGroupName"] == given["name"])
    return given["retentionInDays"], found["retentionInDays"]


def metric_filter(client: Client, given: Inputs) -> Pair:
    (found,) = client("logs").describe_metric_filters(logGroupName=given["logGroupName"])["metricFilters"]
    (counted,) = found["metricTransformations"]
    declared = given["metricTransformation"]
    return (
        (given["pattern"], declared["name"], declared["namespace"]),
        (found["filterPattern"], counted["metricName"], counted["metricNamespace"]),
    )


def topic(client: Client, given: Inputs) -> Pair:
    found = client("sns").get_topic_attributes(TopicArn=f"arn:aws:sns:sa-east-1:123456789012:{given['name']}")
    key = found["Attributes"]["KmsMasterKeyId"]
    return "kmsMasterKeyId" in given, client("kms").describe_key(KeyId=key)["KeyMetadata"]["Enabled"]


def topic_policy(client: Client, given: Inputs) -> Pair:
    found = client("sns").get_topic_attributes(TopicArn=given["arn"])["Attributes"]["Policy"]
    return json.loads(given["policy"]), json.loads(found)


def alarm(client: Client, given: Inputs) -> Pair:
    (found,) = client("cloudwatch").describe_alarms(AlarmNames=[given["name"]])["MetricAlarms"]
    names = ("namespace", "metricName", "statistic", "period", "evaluationPeriods", "threshold")
    names += ("comparisonOperator", "treatMissingData", "alarmActions")
    dimensions = {item["Name"]: item["Value"] for item in found["Dimensions"]}
    return (
        [*(given[name] for name in names), given["dimensions"]],
        [*(found[name[0].upper() + name[1:]] for name in names), dimensions],
    )


def dashboard(client: Client, given: Inputs) -> Pair:
    found = client("cloudwatch").get_dashboard(DashboardName=given["dashboardName"])["DashboardBody"]
    return json.loads(given["dashboardBody"]), json.loads(found)


def rule(client: Client, given: Inputs) -> Pair:
    found = client("events").describe_rule(Name=given["name"])
    return (json.loads(given["eventPattern"]), "ENABLED"), (json.loads(found["EventPattern"]), found["State"])


def target(client: Client, given: Inputs) -> Pair:
    found = client("events").list_targets_by_rule(Rule=given["rule"])["Targets"]
    return [given["arn"]], [item["Arn"] for item in found]


def schedule(client: Client, given: Inputs) -> Pair:
    found = client("scheduler").get_schedule(Name=given["name"])
    return (
        (given["scheduleExpression"], given["scheduleExpressionTimezone"], given["target"]["input"]),
        (found["ScheduleExpression"], found["ScheduleExpressionTimezone"], found["Target"]["Input"]),
    )


def budget(client: Client, given: Inputs) -> Pair:
    found = client("budgets").describe_budget(AccountId="123456789012", BudgetName=given["name"])["Budget"]
    limit = found["BudgetLimit"]
    return (given["limitAmount"], given["limitUnit"]), (limit["Amount"], limit["Unit"])


READ_BACK: dict[str, Callable[[Client, Inputs], Pair]] = {
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": encryption,
    "s3/bucketVersioning:BucketVersioning": versioning,
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": public_access,
    "s3/bucketOwnershipControls:BucketOwnershipControls": ownership,
    "s3/bucketPolicy:BucketPolicy": bucket_policy,
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lifecycle,
    "s3/bucketNotification:BucketNotification": notification,
    "lambda/function:Function": function,
    "lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": retries,
    "lambda/permission:Permission": permission,
    "glue/job:Job": job,
    "glue/catalogDatabase:CatalogDatabase": database,
    "glue/catalogTable:CatalogTable": table,
    "glue/partitionIndex:PartitionIndex": partition_index,
    "athena/workgroup:Workgroup": workgroup,
    "athena/namedQuery:NamedQuery": named_query,
    "sqs/queue:Queue": queue,
    "cloudwatch/logGroup:LogGroup": log_group,
    "cloudwatch/logMetricFilter:LogMetricFilter": metric_filter,
    "sns/topic:Topic": topic,
    "sns/topicPolicy:TopicPolicy": topic_policy,
    "cloudwatch/metricAlarm:MetricAlarm": alarm,
    "cloudwatch/dashboard:Dashboard": dashboard,
    "cloudwatch/eventRule:EventRule": rule,
    "cloudwatch/eventTarget:EventTarget": target,
    "scheduler/schedule:Schedule": schedule,
    "budgets/budget:Budget": budget,
}

ELSEWHERE = {
    "s3/bucket:Bucket": "whatever else is read back of a bucket is read by its name",
    "s3/bucketObjectv2:BucketObjectv2": "the runs on the laptop run what was uploaded",
    "iam/role:Role": "function and job are refused where their role is not there",
    "iam/rolePolicy:RolePolicy": "every call of a run on the laptop is judged by it",
    "sqs/queuePolicy:QueuePolicy": "tests/local/provision/test_monitoring.py",
    "kms/key:Key": "read with the topic that it encrypts",
}
"""Types that need no reading back here, and why."""


@pytest.fixture(scope="module")
def client(account: Account) -> Client:
    session: Any = boto3.Session(*account.keys(), region_name=account.region)

    @cache
    def make(service: str) -> Any:  # noqa: ANN401 - each service's is another
        return session.client(service, endpoint_url=account.endpoint_url)

    return make


@pytest.mark.parametrize("kind", READ_BACK, ids=lambda kind: kind.rpartition(":")[2])
def test_what_was_declared_is_what_is_there(deployed: Deployment, client: Client, kind: str) -> None:
    resources = deployed.all(kind)
    assert resources
    for resource in resources:
        declared, found = READ_BACK[kind](client, resource.inputs)
        assert found == declared, resource.name


def test_no_type_is_forgotten(deployed: Deployment) -> None:
    declared = {item.type.removeprefix("aws:") for item in deployed.declared}
    assert declared == READ_BACK.keys() | ELSEWHERE.keys()
