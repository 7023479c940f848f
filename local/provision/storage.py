"""How declared storage comes to be: buckets, what is configured on them, and objects."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.provision.arguments import ProvisionError, ResourceArguments

if TYPE_CHECKING:
    from local.provision.clients import Clients, Made

_ENCRYPTION = {
    "applyServerSideEncryptionByDefault": (
        "ApplyServerSideEncryptionByDefault",
        {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"},
    ),
    "bucketKeyEnabled": "BucketKeyEnabled",
}
_LIFECYCLE = {
    "id": "ID",
    "status": "Status",
    "filter": ("Filter", {"prefix": "Prefix"}),
    "expiration": (
        "Expiration",
        {"days": "Days", "date": "Date", "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"},
    ),
    "noncurrentVersionExpiration": (
        "NoncurrentVersionExpiration",
        {"noncurrentDays": "NoncurrentDays", "newerNoncurrentVersions": "NewerNoncurrentVersions"},
    ),
    "abortIncompleteMultipartUpload": (
        "AbortIncompleteMultipartUpload",
        {"daysAfterInitiation": "DaysAfterInitiation"},
    ),
}
_PUBLIC_ACCESS = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}


def bucket(clients: Clients, name: str, arguments: ResourceArguments) -> Made:
    """aws:s3/bucket:Bucket."""
    bucket_name = arguments.take("bucket") or f"{name}-local"
    tags = arguments.take("tags") or {}
    arguments.accept("forceDestroy")
    place = {"LocationConstraint": clients.region}
    clients.provisioned.make("s3", "create_bucket", Bucket=bucket_name, CreateBucketConfiguration=place)
    if tags:
        tag_set = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        clients.provisioned.make("s3", "put_bucket_tagging", Bucket=bucket_name, Tagging={"TagSet": tag_set})
    outputs = {
        "bucket": bucket_name,
        "arn": f"arn:aws:s3:::{bucket_name}",
        "region": clients.region,
        "bucketDomainName": f"{bucket_name}.s3.amazonaws.com",
    }
    return bucket_name, outputs


def bucket_versioning(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:s3/bucketVersioning:BucketVersioning."""
    name = arguments.require("bucket")
    given = arguments.translate({"versioningConfiguration": ("VersioningConfiguration", {"status": "Status"})})
    clients.provisioned.make("s3", "put_bucket_versioning", Bucket=name, **given)
    return name, {}


def bucket_encryption(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration."""
    name = arguments.require("bucket")
    given = arguments.translate({"rules": ("Rules", _ENCRYPTION)})
    clients.provisioned.make("s3", "put_bucket_encryption", Bucket=name, ServerSideEncryptionConfiguration=given)
    return name, {}


def bucket_lifecycle(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration. Stated, not run: nothing ages on a laptop."""
    name = arguments.require("bucket")
    given = arguments.translate({"rules": ("Rules", _LIFECYCLE)})
    clients.s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=given)
    return name, {}


def bucket_public_access(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock."""
    name = arguments.require("bucket")
    given = arguments.translate(_PUBLIC_ACCESS)
    clients.s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=given)
    return name, {}


def bucket_ownership(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:s3/bucketOwnershipControls:BucketOwnershipControls."""
    name = arguments.require("bucket")
    rule = arguments.translate({"rule": ("Rule", {"objectOwnership": "ObjectOwnership"})})["Rule"]
    clients.s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": [rule]})
    return name, {}


def bucket_policy(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:s3/bucketPolicy:BucketPolicy, with the one condition whose answer on a laptop is known: TLS (see objects)."""
    name, policy = arguments.require("bucket"), arguments.require("policy")
    for statement in json.loads(policy)["Statement"]:
        keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
        if keys - {"aws:SecureTransport"}:
            raise ProvisionError(f"argument policy: condition on {', '.join(sorted(keys))} cannot be honoured")
    clients.s3.put_bucket_policy(Bucket=name, Policy=policy)
    return name, {}


def bucket_notification(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:s3/bucketNotification:BucketNotification; S3 wants to be permitted first."""
    name = arguments.require("bucket")
    configurations = []
    for given in arguments.take("lambdaFunctions", []):
        function = ResourceArguments(given)
        arn, prefix, suffix = (
            function.require("lambdaFunctionArn"),
            function.take("filterPrefix"),
            function.take("filterSuffix"),
        )
        _demand_permission(clients, arn, name)
        rules = [{"Name": part, "Value": text} for part, text in (("prefix", prefix), ("suffix", suffix)) if text]
        configuration = {"LambdaFunctionArn": arn, "Events": function.require("events")}
        if rules:
            configuration["Filter"] = {"Key": {"FilterRules": rules}}
        if identity := function.take("id"):
            configuration["Id"] = identity
        function.finish()
        configurations.append(configuration)
    clients.s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"LambdaFunctionConfigurations": configurations}
    )
    return name, {}


def _demand_permission(clients: Clients, function_arn: str, bucket_name: str) -> None:
    if not clients.may_invoke(function_arn, f"arn:aws:s3:::{bucket_name}"):
        raise ProvisionError(
            f"S3: Unable to validate the following destination configurations: {function_arn} does not permit "
            f"s3.amazonaws.com to invoke it for {bucket_name} (declare the permission before the notification)"
        )


def bucket_object(clients: Clients, _: str, arguments: ResourceArguments) -> Made:
    """aws:s3/bucketObjectv2:BucketObjectv2; an object that is there already is left as it is."""
    name, key, content = arguments.require("bucket"), arguments.require("key"), _content(arguments)
    arguments.accept("etag", "sourceHash", "tags")
    extra = {"ContentType": content_type} if (content_type := arguments.take("contentType")) else {}
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if _etag(clients, name, key) != digest:
        clients.s3.put_object(Bucket=name, Key=key, Body=content, **extra)
    outputs = {"bucket": name, "key": key, "arn": f"arn:aws:s3:::{name}/{key}", "etag": digest}
    return key, outputs


def _content(arguments: ResourceArguments) -> bytes:
    given: dict[str, Any] = {name: arguments.take(name) for name in ("content", "contentBase64", "source")}
    if given["contentBase64"] is not None:
        return base64.b64decode(given["contentBase64"])
    if given["content"] is not None:
        return str(given["content"]).encode()
    raise ProvisionError("argument source: give content or contentBase64, so that the content decides what is deployed")


def _etag(clients: Clients, bucket_name: str, key: str) -> str | None:
    try:
        etag: str = clients.s3.head_object(Bucket=bucket_name, Key=key)["ETag"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return None
        raise
    return etag.strip('"')
