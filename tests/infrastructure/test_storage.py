"""The buckets: private, encrypted, TLS only, and never forgetting what B3 sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Declared, Deploy, Deployment

NAMES = {
    "raw": "bovespa-raw-data-bucket",
    "refined": "bovespa-refined-data-bucket",
    "artifacts": "bovespa-artifacts-bucket",
    "query-results": "bovespa-query-results-bucket",
}
each_bucket = pytest.mark.parametrize("bucket", NAMES)


def of_bucket(deployed: Deployment, kind: str, bucket: str) -> Declared:
    """The one resource of a type that is for the bucket, by the bucket's own name."""
    (found,) = (item for item in deployed.all(f"s3/{kind}") if item.inputs["bucket"] == NAMES[bucket])
    return found


def rules(deployed: Deployment, bucket: str) -> list[dict[str, Any]]:
    kind = "bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    return list(of_bucket(deployed, kind, bucket).inputs["rules"])


def expiring(deployed: Deployment, bucket: str) -> Iterator[tuple[str, float]]:
    """The prefixes whose current objects expire, with the days after which they do."""
    for rule in rules(deployed, bucket):
        if "expiration" in rule:
            yield rule["filter"]["prefix"], rule["expiration"]["days"]


def test_there_are_four_buckets_of_the_contracts_names(deployed: Deployment) -> None:
    assert {item.name: item.inputs["bucket"] for item in deployed.all("s3/bucket:Bucket")} == NAMES


def test_the_stacks_suffix_ends_every_buckets_name(deploy: Deploy) -> None:
    buckets = deploy(bucketSuffix="-acme").all("s3/bucket:Bucket")
    assert {item.name: item.inputs["bucket"] for item in buckets} == {
        name: f"{full}-acme" for name, full in NAMES.items()
    }


@each_bucket
def test_a_bucket_is_encrypted(deployed: Deployment, bucket: str) -> None:
    kind = "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = of_bucket(deployed, kind, bucket).inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


@each_bucket
def test_a_bucket_is_never_public(deployed: Deployment, bucket: str) -> None:
    block = of_bucket(deployed, "bucketPublicAccessBlock:BucketPublicAccessBlock", bucket).inputs
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert [block[name] for name in names] == [True] * 4


@each_bucket
def test_a_bucket_refuses_whoever_comes_without_tls(deployed: Deployment, bucket: str) -> None:
    (statement,) = json.loads(of_bucket(deployed, "bucketPolicy:BucketPolicy", bucket).inputs["policy"])["Statement"]
    assert statement == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{NAMES[bucket]}", f"arn:aws:s3:::{NAMES[bucket]}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@each_bucket
def test_a_buckets_policy_waits_for_the_block_of_public_access(deployed: Deployment, bucket: str) -> None:
    block = of_bucket(deployed, "bucketPublicAccessBlock:BucketPublicAccessBlock", bucket)
    assert block.urn in of_bucket(deployed, "bucketPolicy:BucketPolicy", bucket).after


@each_bucket
def test_a_buckets_objects_are_the_accounts_own(deployed: Deployment, bucket: str) -> None:
    controls = of_bucket(deployed, "bucketOwnershipControls:BucketOwnershipControls", bucket)
    assert controls.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_the_raw_bucket_keeps_versions(deployed: Deployment) -> None:
    (versioning,) = deployed.all("s3/bucketVersioning:BucketVersioning")
    assert versioning.inputs["bucket"] == NAMES["raw"]
    assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        pytest.param("raw", [], id="what B3 sent is kept"),
        pytest.param("refined", [("staging/", 30)], id="what is published is kept, what is staged is not"),
        pytest.param("artifacts", [("claims/", 7)], id="scripts in use and reports are kept, claims are not"),
        pytest.param("query-results", [("", 7)], id="results of queries can be had again"),
    ],
)
def test_only_what_can_be_made_again_expires(
    deployed: Deployment, bucket: str, expected: list[tuple[str, float]]
) -> None:
    assert list(expiring(deployed, bucket)) == expected


def test_raw_versions_that_were_replaced_are_kept_for_a_year_and_nothing_of_landing_ever_expires(
    deployed: Deployment,
) -> None:
    found = [
        (bucket, rule["filter"]["prefix"], rule["noncurrentVersionExpiration"]["noncurrentDays"])
        for bucket in NAMES
        for rule in rules(deployed, bucket)
        if "noncurrentVersionExpiration" in rule
    ]
    assert found == [("raw", "raw-data/", 365)]


@each_bucket
def test_uploads_that_nobody_finished_are_not_paid_for(deployed: Deployment, bucket: str) -> None:
    (rule,) = (rule for rule in rules(deployed, bucket) if "abortIncompleteMultipartUpload" in rule)
    assert rule["filter"] == {"prefix": ""}
    assert rule["abortIncompleteMultipartUpload"]["daysAfterInitiation"] == 2


@each_bucket
def test_every_rule_of_a_buckets_lifecycle_is_in_force(deployed: Deployment, bucket: str) -> None:
    assert {rule["status"] for rule in rules(deployed, bucket)} == {"Enabled"}


@pytest.mark.parametrize("kind", ["s3/bucket:Bucket", "s3/bucketPolicy:BucketPolicy", "glue/catalogTable:CatalogTable"])
def test_a_destroy_stops_in_its_preview_at_what_holds_data(deployed: Deployment, kind: str) -> None:
    found = [item for item in deployed.all(kind) if "viewOriginalText" not in item.inputs]
    assert found
    assert [item.name for item in found if not item.protected] == []


def test_no_bucket_is_emptied_when_the_stack_is_destroyed(deployed: Deployment) -> None:
    assert [item.name for item in deployed.all("s3/bucket:Bucket") if item.inputs.get("forceDestroy")] == []
