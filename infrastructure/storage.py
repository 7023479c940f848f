"""Storage: the four buckets, each encrypted, private, TLS only and owned by the account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import pulumi
import pulumi_aws as aws

from expectations.contract import names
from infrastructure.policies import tls_only
from infrastructure.settings import StackSettings

_Rule: TypeAlias = aws.s3.BucketLifecycleConfigurationRuleArgs


class PrivateBucket(pulumi.ComponentResource):
    """One bucket with everything that makes it private and keeps its cost bounded.

    Args:
        rules: what expires in it; None where another component says so, with `expire`.
    """

    def __init__(
        self,
        name: str,
        bucket_name: str,
        *,
        rules: Sequence[_Rule] | None,
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
        self._name = name
        if rules is not None:
            self.expire(rules)
        self.register_outputs({"bucket": self.bucket.bucket})

    def expire(self, rules: pulumi.Input[Sequence[_Rule]]) -> None:
        """Say, once, what expires: uploads that nobody completed, and what the rules say."""
        every = pulumi.Output.from_input(rules).apply(lambda found: [_incomplete_uploads(), *found])
        child = pulumi.ResourceOptions(parent=self)
        aws.s3.BucketLifecycleConfiguration(self._name, bucket=self.bucket.id, rules=every, opts=child)

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

    def __init__(self, name: str, settings: StackSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bovespa:storage:Storage", name, None, opts)
        # Pulumi would take policies, versions and access blocks away before it failed at a bucket that is not empty:
        # protected, they stop a destroy in its preview. Children inherit it.
        child = pulumi.ResourceOptions(parent=self, protect=True)

        def bucket(short: str, full: str, rules: Sequence[_Rule] | None, *, versioned: bool = False) -> PrivateBucket:
            return PrivateBucket(
                short, settings.bucket(full), rules=rules, tags=settings.tags, versioned=versioned, opts=child
            )

        # Not of landing: what B3 sent outlives even a deletion by mistake.
        old_versions = expired("old-versions", names.RAW_PREFIX, noncurrent_days=365)
        self.raw = bucket("raw", names.RAW_BUCKET, [old_versions], versioned=True).bucket
        staging = expired("staging", names.STAGING_PREFIX, days=30)
        self.refined = bucket("refined", names.REFINED_BUCKET, [staging]).bucket
        # What expires in it, `infrastructure.scripts` says, which knows the scripts that are in use.
        self.private_artifacts = bucket("artifacts", names.ARTIFACTS_BUCKET, None)
        self.artifacts = self.private_artifacts.bucket
        results = expired("results", "", days=7)
        self.query_results = bucket("query-results", names.QUERY_RESULTS_BUCKET, [results]).bucket
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


def expired(
    name: str, prefix: str, *, days: int | None = None, noncurrent_days: int | None = None, date: str | None = None
) -> _Rule:
    """A rule for what lies below a prefix.

    Args:
        days: after which it is deleted, counted from its upload.
        noncurrent_days: after which a version is deleted, counted from its successor's upload.
        date: on which it is deleted, a midnight in UTC: 2025-07-31T00:00:00Z.
    """
    expiration = aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days, date=date) if days or date else None
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
