"""IAM policies as data: each role names its actions and the resources they are for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from expectations.contract import metrics
from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.names import (
    BATCHES_PREFIX,
    CLAIMS_PREFIX,
    LANDING_PREFIX,
    LEASES_PREFIX,
    PUBLISHED_PREFIX,
    RAW_PREFIX,
    REPORTS_PREFIX,
    STAGING_PREFIX,
)
from expectations.contract.tables import (
    INDEX_PARTITION,
    JOB_TABLES,
    MONTHLY_TABLES,
    TABLES,
    TICKER_PARTITION,
    Table,
)

SCRIPTS_PREFIX = "scripts/"
RESULTS_PREFIX = "results/"

_MULTIPART = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
_PUBLISHING = ("glue:GetPartitions", "glue:BatchCreatePartition", "glue:BatchUpdatePartition")
_QUERIED = ("glue:GetTable", "glue:GetPartition", "glue:BatchGetPartition")
_BY_TICKER = [table for table in TABLES if TICKER_PARTITION in table.partitions]
# Prices have no earlier version, and no month of them is removed.
_BY_INDEX_AND_MONTH = [table for table in MONTHLY_TABLES if INDEX_PARTITION in table.partitions]


def etl_logs(job: str) -> str:
    """The prefix of the log groups of a job, by its name."""
    return f"/aws-glue/jobs/{job}"


@dataclass(frozen=True, slots=True)
class PolicyStatement:
    """One statement that allows actions on resources, by their ARNs."""

    actions: Sequence[str]
    resources: Sequence[str]
    condition: dict[str, Any] | None = None


def allow(statements: Sequence[PolicyStatement]) -> str:
    """The policy document of some statements, as JSON text."""
    body = [
        {"Effect": "Allow", "Action": list(item.actions), "Resource": list(item.resources)}
        | ({"Condition": item.condition} if item.condition else {})
        for item in statements
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": body})


def trusting(service: str, condition: dict[str, Any] | None = None) -> str:
    """The policy by which a role may be assumed by one AWS service, such as `lambda.amazonaws.com`."""
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tls_only(bucket_arn: str) -> str:
    """The bucket policy that refuses every request without TLS."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tls_only_queue(queue_arn: str) -> str:
    """The queue policy that refuses every request without TLS."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": queue_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trigger_policy(job_arn: str, log_group_arn: str, raw_arn: str, artifacts_arn: str, dead_letters_arn: str) -> str:
    """The Lambda: looks at what was uploaded, claims it, starts the one job, looks at its runs, writes its own log.

    An event that it fails for good is put into the queue by Lambda itself, with this role's rights.
    """
    return allow(
        [
            PolicyStatement(["s3:GetObjectVersion"], [f"{raw_arn}/{RAW_PREFIX}*"]),
            # S3 reads what a conditional write replaces; a claim whose run could not be started is given up.
            PolicyStatement(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"{artifacts_arn}/{CLAIMS_PREFIX}*"]),
            # Without it, S3 answers 403 for a claim that is not there.
            listing(artifacts_arn, CLAIMS_PREFIX),
            PolicyStatement(["glue:StartJobRun", "glue:GetJobRuns"], [job_arn]),
            PolicyStatement(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:*"]),
            PolicyStatement(["sqs:SendMessage"], [dead_letters_arn]),
        ]
    )


def etl_policy(
    raw_arn: str, refined_arn: str, artifacts_arn: str, table_arn: str, *, logs: str, visual: bool = False
) -> str:
    """The Glue job: reads raw versions and its script, writes staging, keeps the tables' definitions in step.

    Args:
        raw_arn, refined_arn, artifacts_arn: of the buckets.
        table_arn: of any table of the database, which tells region, account and database.
        logs: the prefix of the job's log groups.
        visual: whether the job has the visual form, whose source lists raw files.

    Glue 5.1 reads and writes `s3://` with Hadoop's S3A, which looks at a folder under three names: `staging`, `staging/` and
    what lies below (https://docs.aws.amazon.com/glue/latest/dg/migrating-version-51.html).
    """
    partition, _, region, account = table_arn.split(":")[1:5]
    groups = f"arn:{partition}:logs:{region}:{account}:log-group:{logs}/*"
    return allow(
        [
            PolicyStatement(["s3:GetObjectVersion"], [f"{raw_arn}/{RAW_PREFIX}*"]),
            *(
                [
                    PolicyStatement(["s3:GetObject"], folder(raw_arn, RAW_PREFIX)),
                    listing(raw_arn, *as_folder(RAW_PREFIX)),
                ]
                if visual
                else []
            ),
            PolicyStatement(
                ["s3:GetObject"], [f"{artifacts_arn}/{SCRIPTS_PREFIX}*", f"{artifacts_arn}/{BATCHES_PREFIX}*"]
            ),
            # Spark's committers write with multipart uploads, and abort those of a task that failed.
            PolicyStatement(
                ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", *_MULTIPART], folder(refined_arn, STAGING_PREFIX)
            ),
            listing(refined_arn, *as_folder(STAGING_PREFIX)),
            # They look for uploads that an earlier task has left; the action knows no prefix.
            PolicyStatement(["s3:ListBucketMultipartUploads"], [refined_arn]),
            PolicyStatement(
                ["glue:GetTable", "glue:CreateTable", "glue:UpdateTable"], tables_of(table_arn, JOB_TABLES)
            ),
            PolicyStatement(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], [groups]),
        ]
    )


@dataclass(frozen=True, slots=True)
class FlowResources:
    """The ARNs of what the flows work with.

    Attributes:
        table: of any table of the database.
        namespace: of the flows' metrics.
    """

    raw: str
    refined: str
    artifacts: str
    query_results: str
    job: str
    table: str
    workgroup: str
    namespace: str = metrics.NAMESPACE


def flow_policy(arns: FlowResources) -> str:
    """The flows: keep what B3 sent, have many raw files refined at once, publish what was audited, query it."""
    kept = [*(table.prefix for table in TABLES), LEASES_PREFIX, PUBLISHED_PREFIX]
    recorded = [LEDGER_TABLE.prefix]
    # What was landed is read again by a replay; a run adds itself to the data-quality site, of which the reports of others are
    # part. In one statement: a managed policy has 6,144 characters at most.
    added = [
        f"{arns.raw}/{LANDING_PREFIX}*",
        f"{arns.artifacts}/{REPORTS_PREFIX}*",
        f"{arns.artifacts}/{BATCHES_PREFIX}*",
    ]
    added += [f"{arns.refined}/{prefix}*" for prefix in recorded]
    return allow(
        [
            PolicyStatement(["s3:GetObject", "s3:PutObject"], added),
            # An earlier version, where a payload is not what came any more.
            PolicyStatement(["s3:GetObjectVersion"], [f"{arns.raw}/{LANDING_PREFIX}*"]),
            listing(arns.raw, LANDING_PREFIX, versions=True),
            PolicyStatement(["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"], [f"{arns.raw}/{RAW_PREFIX}*"]),
            # What may be read may be listed: else S3 answers 403 for a key that is not there, where the flows expect 404.
            listing(arns.raw, RAW_PREFIX, LANDING_PREFIX),
            PolicyStatement(["s3:GetObject"], [f"{arns.refined}/{STAGING_PREFIX}*"]),
            # While a folder that an earlier version left is put in order, its month is read from a copy.
            PolicyStatement(
                ["s3:PutObject"], [f"{arns.refined}/{STAGING_PREFIX}{table.prefix}*" for table in _BY_INDEX_AND_MONTH]
            ),
            # What lies in a session's or a month's folder and is not of its publication is deleted; so is, when a session is
            # withdrawn, the record that it is published.
            PolicyStatement(
                ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"{arns.refined}/{prefix}*" for prefix in kept]
            ),
            listing(arns.refined, STAGING_PREFIX, *kept, *recorded),
            listing(arns.artifacts, REPORTS_PREFIX, BATCHES_PREFIX),
            # A job says whether its runs wait in a queue.
            PolicyStatement(["glue:GetJob", "glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns"], [arns.job]),
            PolicyStatement(["glue:GetDatabase"], tables_of(arns.table, ())),
            PolicyStatement(_PUBLISHING, tables_of(arns.table)),
            # With the right to the catalog and the database, which the statement above gives.
            PolicyStatement(["glue:BatchCreatePartition"], tables_of(arns.table, [LEDGER_TABLE])[-1:]),
            # What the flows confirm through Athena.
            PolicyStatement(_QUERIED, tables_of(arns.table, JOB_TABLES)),
            # A share that left the index leaves no partition behind, nor does a month of which nothing is published any more;
            # where a session is one partition, it stays.
            PolicyStatement(["glue:BatchDeletePartition"], tables_of(arns.table, (*_BY_TICKER, *_BY_INDEX_AND_MONTH))),
            *_querying(arns),
            putting_metrics(arns.namespace),
        ]
    )


def putting_metrics(namespace: str) -> PolicyStatement:
    """The right to emit the flows' metrics; PutMetricData knows no resources, so its namespace is what is bounded."""
    condition = {"StringEquals": {"cloudwatch:namespace": namespace}}
    return PolicyStatement(["cloudwatch:PutMetricData"], ["*"], condition)


def _querying(arns: FlowResources) -> list[PolicyStatement]:
    return [
        PolicyStatement(
            [
                *("athena:StartQueryExecution", "athena:StopQueryExecution"),
                *("athena:GetQueryExecution", "athena:GetQueryResults"),
            ],
            [arns.workgroup],
        ),
        # Athena reads tables and writes results with the rights of who asks.
        PolicyStatement(["s3:GetObject", "s3:PutObject", *_MULTIPART], [f"{arns.query_results}/{RESULTS_PREFIX}*"]),
        listing(arns.query_results, RESULTS_PREFIX),
        PolicyStatement(["s3:GetBucketLocation"], [arns.refined, arns.query_results]),
    ]


def as_folder(prefix: str) -> tuple[str, str]:
    """A prefix as S3A asks for it: with the slash and without."""
    return prefix.removesuffix("/"), prefix


def folder(bucket_arn: str, prefix: str) -> list[str]:
    """The ARNs of a folder as S3A knows it: itself under both names, and everything below."""
    name, marker = as_folder(prefix)
    return [f"{bucket_arn}/{name}", f"{bucket_arn}/{marker}*"]


def listing(bucket_arn: str, *prefixes: str, versions: bool = False) -> PolicyStatement:
    """The right to list what lies below prefixes of a bucket, or the versions of it."""
    patterns = [f"{item}*" if item.endswith("/") else item for item in prefixes]
    action = "s3:ListBucketVersions" if versions else "s3:ListBucket"
    return PolicyStatement([action], [bucket_arn], {"StringLike": {"s3:prefix": patterns}})


def tables_of(table_arn: str, tables: Sequence[Table] = TABLES) -> list[str]:
    """The ARNs that an action on tables needs: catalog, database and tables."""
    catalog, _, path = table_arn.partition(":table/")
    database = path.partition("/")[0]
    arns = (f"{catalog}:table/{database}/{table.name}" for table in tables)
    return [f"{catalog}:catalog", f"{catalog}:database/{database}", *arns]
