"""IAM policies as data: each role names its actions and the resources they are for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from expectations.contract import RAW_PREFIX, STAGING_PREFIX, TABLES

SCRIPTS_PREFIX = "scripts/"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that allows actions on resources, by their ARNs."""

    actions: Sequence[str]
    resources: Sequence[str]
    condition: dict[str, Any] | None = None


def allow(statements: Sequence[Statement]) -> str:
    """The policy document of some statements, as JSON text."""
    body = [
        {"Effect": "Allow", "Action": list(item.actions), "Resource": list(item.resources)}
        | ({"Condition": item.condition} if item.condition else {})
        for item in statements
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": body})


def trusting(service: str) -> str:
    """The policy by which a role may be assumed by one AWS service, such as `lambda.amazonaws.com`."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
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


def trigger_policy(job_arn: str, log_group_arn: str) -> str:
    """The Lambda: starts the one job, looks at its runs, writes its own log."""
    return allow(
        [
            Statement(["glue:StartJobRun", "glue:GetJobRuns"], [job_arn]),
            Statement(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:*"]),
        ]
    )


def etl_policy(raw_arn: str, refined_arn: str, artifacts_arn: str, table_arn: str) -> str:
    """The Glue job: reads raw versions and its script, writes staging, keeps the tables' definitions in step.

    Args:
        raw_arn, refined_arn, artifacts_arn: of the buckets.
        table_arn: of any table of the database, which tells region, account and database.
    """
    catalog_arn, database = table_arn.rsplit(":table/", 1)[0], table_arn.rsplit("/", 2)[1]
    tables = [f"{catalog_arn}:table/{database}/{table.name}" for table in TABLES]
    partition, _, region, account = catalog_arn.split(":")[1:5]
    logs = f"arn:{partition}:logs:{region}:{account}:log-group:/aws-glue/jobs/*"
    return allow(
        [
            Statement(["s3:GetObject", "s3:GetObjectVersion"], [f"{raw_arn}/{RAW_PREFIX}*"]),
            Statement(["s3:GetObject"], [f"{artifacts_arn}/{SCRIPTS_PREFIX}*"]),
            Statement(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"{refined_arn}/{STAGING_PREFIX}*"]),
            Statement(["s3:ListBucket"], [refined_arn], {"StringLike": {"s3:prefix": f"{STAGING_PREFIX}*"}}),
            Statement(
                ["glue:GetTable", "glue:CreateTable", "glue:UpdateTable"],
                [f"{catalog_arn}:catalog", f"{catalog_arn}:database/{database}", *tables],
            ),
            Statement(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], [logs]),
            # PutMetricData knows no resources; its namespace is what can be bounded.
            Statement(["cloudwatch:PutMetricData"], ["*"], {"StringEquals": {"cloudwatch:namespace": "Glue"}}),
        ]
    )
