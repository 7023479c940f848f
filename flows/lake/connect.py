"""The account that a flow works on: its buckets, catalog, job, queries and metrics; the place where AWS clients are made.

Where the account is, is the environment's affair: boto3 reads `AWS_ENDPOINT_URL`, the region and the credentials itself, so
that the account on the laptop and AWS are reached by the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from flows.lake.athena import Athena
from flows.lake.calls import PARALLEL_CALLS, PARALLEL_SESSIONS
from flows.lake.catalog import Catalog
from flows.lake.fence import watched
from flows.lake.glue_job import GlueJob
from flows.lake.metrics import Metrics
from flows.lake.s3 import Bucket
from flows.lake.usage import UsageReader

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from flows.lake.metrics import CloudWatch
    from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Lake:
    """What the flows need of an account.

    Attributes:
        raw, refined, artifacts: the buckets.
        region: AWS region, which sets prices.
    """

    raw: Bucket
    refined: Bucket
    artifacts: Bucket
    catalog: Catalog
    job: GlueJob
    athena: Athena
    metrics: Metrics
    region: str

    @classmethod
    def of(
        cls, settings: Settings, s3: S3Client, glue: GlueClient, athena: AthenaClient, cloudwatch: CloudWatch
    ) -> Lake:
        """The account that these clients reach, by the names of the settings."""
        refined = Bucket(s3, settings.refined_bucket)
        return cls(
            raw=Bucket(s3, settings.raw_bucket),
            refined=refined,
            artifacts=Bucket(s3, settings.artifacts_bucket),
            catalog=Catalog(glue, settings.database, refined.name),
            job=GlueJob(glue, settings.glue_job_name),
            athena=Athena(athena, settings.workgroup, settings.database, settings.query_timeout),
            metrics=Metrics(cloudwatch, settings.metrics_namespace),
            region=s3.meta.region_name,
        )


def connect(settings: Settings) -> Lake:
    """The account that the environment names, with botocore's standard retries (throttling, timeouts, 5xx)."""
    client = _clients()
    s3, glue = watched(client("s3")), watched(client("glue"))
    return Lake.of(settings, s3, glue, client("athena"), client("cloudwatch"))


def connect_usage(settings: Settings) -> UsageReader:
    """What the same account used, which an operator may look at with rights that the flows do not have."""
    client = _clients()
    return UsageReader(
        settings=settings,
        s3=client("s3"),
        job=GlueJob(client("glue"), settings.glue_job_name),
        athena=client("athena"),
        cloudwatch=client("cloudwatch"),
        functions=client("lambda"),
    )


def _clients() -> Callable[..., Any]:
    import boto3  # noqa: PLC0415 - the one place where clients are made
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 6},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=PARALLEL_CALLS * PARALLEL_SESSIONS,
    )
    return partial(boto3.Session().client, config=config)
