"""An account in memory with the traces that flows leave in it, for the tests that judge and mend them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, cast

from expectations.contract.keys import manifest_key
from expectations.contract.manifest import Manifest
from expectations.contract.names import PART_NAME, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from expectations.contract.partitions import partition_prefix, partition_values
from expectations.contract.tables import TICKER_PARTITION
from flows.b3.calendar import SAO_PAULO
from flows.b3.payload import Payload
from flows.lake.connect import Lake
from flows.lake.s3 import Bucket
from flows.record.attempt import Attempt
from flows.record.ledger import Ledger
from flows.record.status import AccountStatus, read_status
from flows.session import storage
from flows.session.confirm import session_tables
from flows.session.pipeline import Pipeline
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import Publication, PublishedFile, RawVersion
from flows.settings import load_settings

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio
    from flows.record.index_status import IndexStatus
    from flows.record.state import State

# From Monday to Monday, and the following Wednesday at 10:00.
MON, TUE, WED, THU, FRI, NEXT = (date(2025, 6, day) for day in (2, 3, 4, 5, 6, 9))
NOW = datetime(2025, 6, 11, 10, tzinfo=SAO_PAULO)
EIGHT = datetime(2025, 6, 2, 11, tzinfo=UTC)


@dataclass
class Glue:
    """Glue's runs, newest first; those that are started fail. And the partitions of what is published, by table and session.

    Attributes:
        created: the table of each call that made partitions; they are not shown.
    """

    runs: list[dict[str, Any]] = field(default_factory=list)
    looks: int = 0
    partitions: dict[tuple[str, date], dict[tuple[str, ...], str]] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)

    def get_paginator(self, _: str) -> Glue:
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
        if "TableName" in asked:
            yield {"Partitions": self._partitions(asked["TableName"], asked["Expression"])}
            return
        self.looks += 1
        yield {"JobRuns": self.runs}

    def _partitions(self, table: str, expression: str) -> list[dict[str, Any]]:
        if table not in {of for of, _ in self.partitions}:
            return []
        year, month, *day = map(int, re.findall(r"= (\d+)", expression))
        return [
            {"Values": list(values), "StorageDescriptor": {"Location": f"s3://{REFINED_BUCKET}/{prefix}"}}
            for (of, session), found in self.partitions.items()
            if of == table and (session.year, session.month) == (year, month) and day in ([], [session.day])
            for values, prefix in found.items()
        ]

    def batch_create_partition(self, *, TableName: str, **_: object) -> dict[str, Any]:  # noqa: N803 - AWS's name
        self.created.append(TableName)
        return {}

    def get_job(self, *, JobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"Job": {"Name": JobName, "JobRunQueuingEnabled": True}}

    def start_job_run(
        self,
        *,
        JobName: str,  # noqa: N803 - AWS's names
        Arguments: dict[str, str],  # noqa: N803
        JobRunQueuingEnabled: bool,  # noqa: N803
    ) -> dict[str, str]:
        assert JobRunQueuingEnabled, "a run that does not say so does not wait in the queue"
        run_id = f"jr_{len(self.runs) + 1}"
        run = {"Id": run_id, "JobName": JobName, "Arguments": Arguments, "StartedOn": datetime.now(UTC)}
        self.runs.insert(0, run | {"JobRunState": "FAILED", "ErrorMessage": "there is no Spark here"})
        return {"JobRunId": run_id}

    def get_job_run(self, *, RunId: str, **_: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"JobRun": next(run for run in self.runs if run["Id"] == RunId)}


@dataclass
class Account:
    """An account in memory, with the traces that flows leave."""

    s3: S3Client
    glue: Glue
    sample: Portfolio

    @property
    def pipeline(self) -> Pipeline:
        athena, cloudwatch = cast("AthenaClient", None), cast("CloudWatchClient", None)
        settings = load_settings({})
        return Pipeline(settings, Lake.of(settings, self.s3, cast("GlueClient", self.glue), athena, cloudwatch))

    @property
    def raw(self) -> Bucket:
        return Bucket(self.s3, RAW_BUCKET)

    def land(self, session: date | None, index: str = "IBOV", body: bytes = b"odd", at: datetime = EIGHT) -> str:
        return storage.land(self.raw, Payload(index, "json", 1, body, at, "", known_session=session))

    def upload(self, session: date, index: str = "IBOV", payloads: Sequence[str] = ()) -> RawVersion:
        portfolio = self.sample.restated(index=index, session=session)
        facts = RawFacts.of(portfolio, EIGHT, payloads)
        return storage.upload_raw(self.raw, encode(portfolio, facts), facts)

    def publish(self, session: date, version: RawVersion, index: str = "IBOV") -> None:
        record = Publication(
            index, session.isoformat(), "2025-06-02T11:05:00+00:00", version.fingerprint, version.has_sectors,
            version.version_id, "jr_1", 84, 30, files=self.files(session, index),
        )  # fmt: skip
        storage.write_publication(Bucket(self.s3, REFINED_BUCKET), record)

    def files(self, session: date, index: str = "IBOV", body: bytes = b"rows") -> tuple[PublishedFile, ...]:
        """The session's published files, of which one for each table is enough here."""
        refined = Bucket(self.s3, REFINED_BUCKET)
        tickers = {table: "VALE3" if TICKER_PARTITION in table.partitions else None for table in session_tables(index)}
        prefixes = [partition_prefix(table, index, session, ticker) for table, ticker in tickers.items()]
        written = {prefix + PART_NAME: refined.put(prefix + PART_NAME, body) for prefix in prefixes}
        for (table, ticker), prefix in zip(tickers.items(), prefixes, strict=True):
            values = partition_values(table, index, session, ticker)
            self.glue.partitions[table.name, session] = {values: prefix}
        return tuple(PublishedFile(key, len(body), item.etag.strip('"')) for key, item in written.items())

    def note(self, session: date | None, outcome: Outcome, at: datetime, **more: Any) -> None:  # noqa: ANN401
        Ledger.of(self.pipeline.lake, "daily").write(Attempt("run", "daily", "IBOV", at, at, outcome, session, **more))

    def refined(
        self, version: RawVersion, state: str = "SUCCEEDED", *, run_id: str = "jr_1", manifest: bool = True
    ) -> None:
        run = {"Id": run_id, "JobRunState": state, "Arguments": {"--raw_version_id": version.version_id}}
        self.glue.runs.insert(0, run | {"StartedOn": datetime.now(UTC)})
        if manifest:
            text = Manifest(run_id, (), (), ()).to_json()
            self.s3.put_object(Bucket=REFINED_BUCKET, Key=manifest_key(run_id), Body=text.encode())

    def read(self, now: datetime = NOW, **options: Any) -> AccountStatus:  # noqa: ANN401 - of read_status
        return read_status(self.pipeline, now, **options)

    def status(self, now: datetime = NOW, **options: Any) -> IndexStatus:  # noqa: ANN401 - of read_status
        (status,) = self.read(now, **options).indices
        return status

    def states(self, **options: Any) -> dict[date, State]:  # noqa: ANN401 - of read_status
        return {item.session: item.state for item in self.status(**options).sessions}
