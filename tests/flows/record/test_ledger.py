"""The ledger in S3: a file a row, a partition a month, and never a reason for a run to fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from expectations.contract.catalog import table_input
from expectations.contract.keys import read_attempt_key
from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.names import DATABASE, REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from flows.errors import AwsError, PublishError
from flows.lake.connect import Lake
from flows.record.attempt import Attempt, FlowRun
from flows.record.ledger import Ledger, read_attempt
from flows.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

BEGAN = datetime(2025, 6, 30, 9, 30, tzinfo=UTC)
ATTEMPT = Attempt("run-1", "daily", "IBOV", BEGAN, BEGAN, Outcome.PUBLISHED, date(2025, 6, 30), rows=84)


@pytest.fixture(scope="module")
def catalog(account: S3Client) -> GlueClient:
    client = boto3.client("glue")
    client.create_database(DatabaseInput={"Name": DATABASE})
    return client


@pytest.fixture
def glue(catalog: GlueClient) -> GlueClient:
    """A catalog with the ledger's table and no partitions."""
    if any(found["Name"] == LEDGER_TABLE.name for found in catalog.get_tables(DatabaseName=DATABASE)["TableList"]):
        catalog.delete_table(DatabaseName=DATABASE, Name=LEDGER_TABLE.name)
    catalog.create_table(DatabaseName=DATABASE, TableInput=table_input(LEDGER_TABLE, REFINED_BUCKET))
    return catalog


def ledger(s3: S3Client, glue: Any, warnings: list[str] | None = None, suffix: str = "") -> Ledger:  # noqa: ANN401 - a client or a double
    unused: Any = None
    lake = Lake.of(Settings(bucket_suffix=suffix), s3, glue, unused, unused)
    return Ledger(lake, FlowRun("run-1", "daily"), [].append if warnings is None else warnings.append)


def partitions(glue: GlueClient) -> list[tuple[list[str], str]]:
    found = glue.get_partitions(DatabaseName=DATABASE, TableName=LEDGER_TABLE.name)["Partitions"]
    return sorted((item["Values"], item["StorageDescriptor"]["Location"]) for item in found)


class Counting:
    """Glue, counting its calls."""

    def __init__(self, glue: GlueClient) -> None:
        self.glue, self.calls = glue, 0

    def batch_create_partition(self, **request: Any) -> Any:  # noqa: ANN401 - boto3's
        self.calls += 1
        return self.glue.batch_create_partition(**request)


class Refusing:
    """Glue that creates nothing, and says so in the answer."""

    def batch_create_partition(self, **_: object) -> dict[str, Any]:
        return {
            "Errors": [{"PartitionValues": ["2025", "6"], "ErrorDetail": {"ErrorCode": "InternalServiceException"}}]
        }


def test_a_row_is_a_file_of_its_own_in_its_months_partition(s3: S3Client, glue: GlueClient) -> None:
    kept = ledger(s3, glue)
    keys = [kept.write(ATTEMPT), kept.write(ATTEMPT)]
    assert len(set(keys)) == 2
    assert [read_attempt(kept.lake.refined, row) for row in map(read_attempt_key, keys) if row] == [ATTEMPT, ATTEMPT]
    assert {found.session for key in keys if (found := read_attempt_key(key))} == {ATTEMPT.session}
    assert partitions(glue) == [(["2025", "6"], f"s3://{REFINED_BUCKET}/execucoes-data/year=2025/month=06/")]


def test_a_months_partition_is_registered_once_by_a_run_and_found_there_by_the_next(
    s3: S3Client, glue: GlueClient
) -> None:
    first, second = Counting(glue), Counting(glue)
    for counting in (first, second):
        kept = ledger(s3, counting)
        kept.write(ATTEMPT)
        kept.write(ATTEMPT)
        kept.write(replace(ATTEMPT, started_at=datetime(2025, 7, 1, tzinfo=UTC)))
    assert (first.calls, second.calls) == (2, 2)
    assert [values for values, _ in partitions(glue)] == [["2025", "6"], ["2025", "7"]]


def test_a_partition_that_the_catalog_refuses_is_an_error(s3: S3Client) -> None:
    with pytest.raises(PublishError, match=r"creating partitions of bovespa_execucoes: .*InternalServiceException"):
        ledger(s3, Refusing()).write(ATTEMPT)


def test_a_row_that_cannot_be_written_is_an_error_of_aws(s3: S3Client, glue: GlueClient) -> None:
    with pytest.raises(AwsError, match="NoSuchBucket"):
        ledger(s3, glue, suffix="-x").write(ATTEMPT)


@pytest.mark.parametrize("suffix", ["", "-x"], ids=["no catalog", "no bucket"])
def test_a_row_that_cannot_be_noted_is_a_warning(s3: S3Client, suffix: str) -> None:
    warnings: list[str] = []
    ledger(s3, Refusing(), warnings, suffix).note(ATTEMPT)
    (warning,) = warnings
    assert warning.startswith("the ledger lacks a row: ")


def test_an_attempt_at_no_index_is_a_warning_for_no_key_can_be_made_of_it(s3: S3Client, glue: GlueClient) -> None:
    warnings: list[str] = []
    ledger(s3, glue, warnings).note(replace(ATTEMPT, index=""))
    assert "index code ''" in warnings[0]


def test_a_flow_run_that_has_no_id_gets_one_of_its_own(s3: S3Client, glue: GlueClient) -> None:
    lake = ledger(s3, glue).lake
    assert Ledger.of(lake, "daily", "run-1").run == FlowRun("run-1", "daily")
    first, second = (Ledger.of(lake, "import").run.execution for _ in range(2))
    assert first != second
