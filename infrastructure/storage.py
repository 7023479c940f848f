"""Storage: the four buckets, each encrypted, private, TLS only and owned by the account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import pulumi
import pulumi_aws as aws

from expectations.contract import names
from infrastructure.policies import tls_only
from infrastructure.settings import Settings

_Rule: TypeAlias = aws.s3.BucketLifecycleConfigurationRuleArgs


class PrivateBucket(pulumi.ComponentResource):
    """One bucket with everything that makes it private and keeps its cost bounded."""

    def __init__(
        self,
        name: str,
        bucket_name: str,
        *,
        rules: Sequence[_Rule],
        tags: dict[str, str],
        versioned: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bovespa:storage:PrivateBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.bucket = aws.s3.Bucket(name, bucket=bucket_name, tags=tags, opts=child)
        if versioned:
            aws.s3.BucketVersioning(
                name,
                bucket=self.bucket.id,
                versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
                opts=child,
            )
        self._keep_private(name, child)
        aws.s3.BucketLifecycleConfiguration(
            name, bucket=self.bucket.id, rules=[_incomplete_uploads(), *rules], opts=child
        )
        self.register_outputs({"bucket": self.bucket.bucket})

    def _keep_private(self, name: str, child: pulumi.ResourceOptions) -> None:
        bucket = self.bucket
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=(
                        aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                            sse_algorithm="AES256"
                        )
                    ),
                )
            ],
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            name,
            bucket=bucket.id,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        # S3 refuses two changes of a bucket's access at once.
        after_block = pulumi.ResourceOptions(parent=self, depends_on=[block])
        aws.s3.BucketPolicy(name, bucket=bucket.id, policy=bucket.arn.apply(tls_only), opts=after_block)


class Storage(pulumi.ComponentResource):
    """The raw, refined, artifacts and query-results buckets.

    What B3 sent, and the raw and refined files, are kept for ever; what can be made again expires.
    """

    def __init__(self, name: str, settings: Settings, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bovespa:storage:Storage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        suffix, tags = settings.bucket_suffix, settings.tags

        def bucket(short: str, full: str, rules: Sequence[_Rule], *, versioned: bool = False) -> aws.s3.Bucket:
            private = PrivateBucket(short, full + suffix, rules=rules, tags=tags, versioned=versioned, opts=child)
            return private.bucket

        # Not of landing: what B3 sent outlives even a deletion by mistake.
        old_versions = _expired("old-versions", names.RAW_PREFIX, noncurrent_days=365)
        self.raw = bucket("raw", names.RAW_BUCKET, [old_versions], versioned=True)
        staging = _expired("staging", names.STAGING_PREFIX, days=30)
        self.refined = bucket("refined", names.REFINED_BUCKET, [staging])
        self.artifacts = bucket("artifacts", names.ARTIFACTS_BUCKET, [])
        results = _expired("results", "", days=7)
        self.query_results = bucket("query-results", names.QUERY_RESULTS_BUCKET, [results])
        self.register_outputs({})


def _incomplete_uploads() -> _Rule:
    return _Rule(
        id="incomplete-uploads",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=2
        ),
    )


def _expired(name: str, prefix: str, *, days: int | None = None, noncurrent_days: int | None = None) -> _Rule:
    expiration = aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days) if days else None
    noncurrent = (
        aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=noncurrent_days)
        if noncurrent_days
        else None
    )
    return _Rule(
        id=name,
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=prefix),
        expiration=expiration,
        noncurrent_version_expiration=noncurrent,
    )
