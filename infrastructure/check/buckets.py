"""A bucket with all that is configured on it, as CloudFormation says it: it is one resource there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infrastructure.recording import Declared, Deployment

Properties = dict[str, Any]


def _lifecycle(given: Properties) -> Properties:
    return {"Rules": [_lifecycle_rule(rule) for rule in given["rules"]]}


def _lifecycle_rule(given: Properties) -> Properties:
    made = {"Id": given["id"], "Status": given["status"], "Prefix": given["filter"].get("prefix", "")}
    expiration = given.get("expiration") or {}
    if expiration.get("days"):
        made["ExpirationInDays"] = int(expiration["days"])
    if expiration.get("date"):
        made["ExpirationDate"] = expiration["date"]
    if noncurrent := given.get("noncurrentVersionExpiration"):
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(noncurrent["noncurrentDays"])}
    if uploads := given.get("abortIncompleteMultipartUpload"):
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(uploads["daysAfterInitiation"])}
    return made


def _encryption(given: Properties) -> Properties:
    algorithms = [rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] for rule in given["rules"]]
    rules = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": name}} for name in algorithms]
    return {"ServerSideEncryptionConfiguration": rules}


def _notification(given: Properties) -> Properties:
    return {
        "LambdaConfigurations": [
            {
                "Event": event,
                "Function": function["lambdaFunctionArn"],
                "Filter": {
                    "S3Key": {
                        "Rules": [
                            {"Name": "prefix", "Value": function["filterPrefix"]},
                            {"Name": "suffix", "Value": function["filterSuffix"]},
                        ]
                    }
                },
            }
            for function in given["lambdaFunctions"]
            for event in function["events"]
        ]
    }


def _public_access(given: Properties) -> Properties:
    return {name[0].upper() + name[1:]: value for name, value in given.items() if name != "bucket"}


Part = Callable[[Properties], Properties]
PARTS: dict[str, tuple[str, Part]] = {
    "aws:s3/bucketVersioning:BucketVersioning": (
        "VersioningConfiguration",
        lambda given: {"Status": given["versioningConfiguration"]["status"]},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "BucketEncryption",
        _encryption,
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ("LifecycleConfiguration", _lifecycle),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ("PublicAccessBlockConfiguration", _public_access),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        "OwnershipControls",
        lambda given: {"Rules": [{"ObjectOwnership": given["rule"]["objectOwnership"]}]},
    ),
    "aws:s3/bucketNotification:BucketNotification": ("NotificationConfiguration", _notification),
}
"""By Pulumi's type: the property that a bucket has for it, and how it is said there."""


def bucket(item: Declared, deployment: Deployment) -> Properties:
    """The properties of one bucket."""
    name = item.inputs["bucket"]
    configured = [other for other in deployment.declared if other.type in PARTS and other.inputs["bucket"] == name]
    parts = {PARTS[other.type][0]: PARTS[other.type][1](other.inputs) for other in configured}
    return {"BucketName": name, **parts}
