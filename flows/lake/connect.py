"""The account that a flow works on: its buckets, catalog, job, queries and metrics; the place where AWS clients are made.

Where the account is, is the environment's affair: boto3 reads `AWS_ENDPOINT_URL`, the region and the credentials itself, so
that the account on the laptop and AWS are reached by the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache, cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from flows.lake.athena import Athena
from flows.lake.calls import PARALLEL_CALLS, PARALLEL_SESSIONS
from flows.lake.catalog import Catalog
from flows.lake.fence import watched
from flows.lake.glue_job import GlueJob
from flows.lake.metrics import Metrics
from flows.lake.s3 import Bucket

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from flows.lake.metrics import CloudWatch
    from flows.lake.usage import UsageReader
    from flows.settings import Settings


_SERVICES = ("s3", "glue", "athena", "cloudwatch", "lambda")
_USER_AGENT = "pipeline-bovespa"


@dataclass(frozen=True, slots=True)
class Lake:
    """What the flows need of an account.

    Attributes:
        raw, refined, artifacts: the buckets.
    """

    raw: Bucket
    refined: Bucket
    artifacts: Bucket
    catalog: Catalog
    job: GlueJob
    athena: Athena
    metrics: Metrics

    @property
    def region(self) -> str:
        """AWS region, which sets prices."""
        return str(self.raw.client.meta.region_name)

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
        )


def connect(settings: Settings) -> Lake:
    """The account that the environment names, with botocore's standard retries (throttling, timeouts, 5xx)."""
    client = clients()
    s3, glue = LazyClient(lambda: watched(client("s3"))), LazyClient(lambda: watched(client("glue")))
    athena, cloudwatch = (LazyClient(partial(client, service)) for service in ("athena", "cloudwatch"))
    return Lake.of(settings, cast("S3Client", s3), cast("GlueClient", glue), cast("AthenaClient", athena), cloudwatch)


class LazyClient:
    """A client that is made when it is first asked: a tenth of a second, which a command that does not ask it does without."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the client's
        """What the client has of that name."""
        return getattr(self._client, name)

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - of any service
        return self._make()


def connect_usage(settings: Settings) -> UsageReader:
    """What the same account used, which an operator may look at with rights that the flows do not have."""
    from flows.lake.usage import UsageReader  # noqa: PLC0415 - prices and bills, which an operator alone asks for

    client = clients()
    return UsageReader(
        settings=settings,
        s3=client("s3"),
        job=GlueJob(client("glue"), settings.glue_job_name),
        athena=client("athena"),
        cloudwatch=client("cloudwatch"),
        functions=client("lambda"),
    )


def parse_instant(stated: str | float) -> datetime:
    """An instant as AWS states it (aware), in the two forms of S3 without botocore's own parser.

    That one looks for any form that a date may have, which is a sixth of what a call takes, and more of a listing.

    Raises:
        ValueError: it is no instant.
    """
    if isinstance(stated, str) and stated.endswith(("GMT", "Z")):
        with suppress(ValueError):
            return parsedate_to_datetime(stated) if stated.endswith("GMT") else datetime.fromisoformat(stated)
    from botocore.utils import parse_timestamp  # noqa: PLC0415 - as in `clients`

    return parse_timestamp(stated)  # type: ignore[arg-type]


def clients(attempts: int = 6) -> Callable[..., Any]:
    """Makes a client of a service: botocore's own, for boto3 adds transfers of large files only, and a tenth of a second.

    Args:
        attempts: how often a call is made at most where AWS throttles, fails, or does not answer in time.
    """
    from botocore.config import Config  # noqa: PLC0415 - the one place where clients are made
    from botocore.session import get_session  # noqa: PLC0415

    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=PARALLEL_CALLS * PARALLEL_SESSIONS,
        # botocore would put its own together for every call: an eighth of what a call takes.
        user_agent=_USER_AGENT,
        # The types say what a call may hold, and AWS does; botocore would look through each of eighty partitions besides.
        parameter_validation=False,
    )
    session, one_at_a_time = get_session(), Lock()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parse_instant)
    session.register_component("data_loader", _descriptions())

    def client(service: str) -> Any:  # noqa: ANN401 - of any service
        with one_at_a_time:  # a session is of one thread
            return session.create_client(service, config=config)

    return client


@cache
def _descriptions() -> Any:  # noqa: ANN401 - botocore's loader
    """Botocore's descriptions of the services: megabytes of JSON, which each flow of a process would read again."""
    from botocore.session import get_session  # noqa: PLC0415 - as in `clients`

    loader: Any = get_session().get_component("data_loader")
    # It would look through the folders of all four hundred services, thrice.
    loader.list_available_services = lambda type_name: [*_SERVICES]  # noqa: ARG005
    return loader
