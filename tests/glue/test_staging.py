"""What a run reads and writes in S3: exactly the versions it was started for, and one file a partition."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.keys import raw_key
from expectations.contract.manifest import RawSource, StagedFile
from expectations.contract.names import RAW_BUCKET, REFINED_BUCKET
from glue.arguments import Arguments, RawObjectVersion
from glue.errors import JobError
from glue.staging import list_output, resolve_sources, stage_input

if TYPE_CHECKING:
    from conftest import Aws
    from mypy_boto3_s3 import S3Client

SESSION = date(2025, 6, 30)
KEY = raw_key("IBOV", SESSION)
STAGING = "staging/jr_1/"
DAY = "year=2025/month=06/day=30/"
NULL = "__HIVE_DEFAULT_PARTITION__"


def arguments(
    version: RawObjectVersion | None = None, raw_list: str | None = None, reference_date: date | None = None
) -> Arguments:
    return Arguments("jr_1", REFINED_BUCKET, "default", version, raw_list, reference_date)


@pytest.fixture
def s3(aws: Aws) -> S3Client:
    """S3 with nothing staged."""
    for page in aws.s3.get_paginator("list_objects_v2").paginate(Bucket=REFINED_BUCKET):
        for item in page.get("Contents", []):
            aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=item["Key"])
    return aws.s3


Upload = Callable[..., RawObjectVersion]


@pytest.fixture
def upload(s3: S3Client) -> Upload:
    """Stores an object of the raw bucket, and says which version it is."""

    def put(key: str = KEY, body: bytes = b"rows") -> RawObjectVersion:
        return RawObjectVersion(RAW_BUCKET, key, s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=body)["VersionId"])

    return put


ListOf = Callable[..., Arguments]


@pytest.fixture
def list_of(s3: S3Client) -> ListOf:
    """Arguments that name many versions, by a list in S3."""

    def put(*versions: RawObjectVersion) -> Arguments:
        body = json.dumps([{"bucket": v.bucket, "key": v.key, "version_id": v.version_id} for v in versions])
        s3.put_object(Bucket=RAW_BUCKET, Key="lists/x.json", Body=body.encode())
        return arguments(raw_list=f"s3://{RAW_BUCKET}/lists/x.json")

    return put


# --- sources -------------------------------------------------------------------------------------------------------------


def test_a_source_has_index_and_session_from_its_key(s3: S3Client, upload: Upload) -> None:
    version = upload(raw_key("IBXX", date(2025, 7, 1)))
    (source,) = resolve_sources(s3, arguments(version))
    assert (source.bucket, source.key, source.version_id) == (version.bucket, version.key, version.version_id)
    assert (source.index, source.session) == ("IBXX", date(2025, 7, 1))


def test_a_list_names_many_sources_in_its_order(s3: S3Client, upload: Upload, list_of: ListOf) -> None:
    versions = [upload(raw_key("IBOV", date(2025, 6, day))) for day in (30, 27, 26)]
    assert [source.session.day for source in resolve_sources(s3, list_of(*versions))] == [30, 27, 26]


@dataclass
class StoredAt:
    """S3 as far as a version's time of storage goes."""

    instant: datetime

    def head_object(self, *, Bucket: str, Key: str, VersionId: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        return {"LastModified": self.instant, "Metadata": {}}


@pytest.mark.parametrize(
    ("stored_at", "expected"),
    [
        pytest.param(datetime(2025, 6, 30, 11, tzinfo=UTC), date(2025, 6, 30), id="in the morning"),
        pytest.param(datetime(2025, 7, 1, 2, 59, 59, tzinfo=UTC), date(2025, 6, 30), id="before midnight in São Paulo"),
        pytest.param(datetime(2025, 7, 1, 3, tzinfo=UTC), date(2025, 7, 1), id="at midnight in São Paulo"),
    ],
)
def test_the_reference_date_is_the_day_in_sao_paulo_on_which_the_version_was_stored(
    stored_at: datetime, expected: date
) -> None:
    s3: Any = StoredAt(stored_at)
    (source,) = resolve_sources(s3, arguments(RawObjectVersion("raw", KEY, "v1")))
    assert source.reference_date == expected


def test_a_reference_date_that_is_given_counts_for_every_source(s3: S3Client, upload: Upload, list_of: ListOf) -> None:
    versions = [upload(raw_key("IBOV", date(2025, 6, day))) for day in (30, 27)]
    listed = list_of(*versions)
    found = resolve_sources(s3, arguments(raw_list=listed.raw_list, reference_date=date(2026, 1, 2)))
    assert [source.reference_date for source in found] == [date(2026, 1, 2)] * 2


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        pytest.param("raw-data/x.parquet", "raw key 'raw-data/x.parquet': expected", id="another key"),
        pytest.param(KEY.replace("day=30", "day=29"), "with one date in folder and name", id="two dates"),
    ],
)
def test_a_key_that_is_no_raw_files_is_refused_by_name(s3: S3Client, upload: Upload, key: str, reason: str) -> None:
    with pytest.raises(JobError, match=reason):
        resolve_sources(s3, arguments(upload(key)))


@pytest.mark.parametrize(
    "version",
    [
        pytest.param(RawObjectVersion(RAW_BUCKET, raw_key("IBOV", date(2001, 1, 2)), "null"), id="no such key"),
        pytest.param(RawObjectVersion("not-a-bucket-of-ours", KEY, "null"), id="no such bucket"),
    ],
)
def test_a_version_that_does_not_exist_is_refused_by_name(s3: S3Client, version: RawObjectVersion) -> None:
    with pytest.raises(JobError, match=rf"^s3://{version.bucket}/{version.key} version null: "):
        resolve_sources(s3, arguments(version))


@pytest.mark.parametrize("address", [f"s3://{RAW_BUCKET}/lists/missing.json", "s3://not-a-bucket-of-ours/x.json"])
def test_a_list_that_does_not_exist_is_refused_by_its_address(s3: S3Client, address: str) -> None:
    with pytest.raises(JobError, match=f"^raw list {address}: "):
        resolve_sources(s3, arguments(raw_list=address))


def test_two_versions_of_one_session_are_refused_by_index_and_session(
    s3: S3Client, upload: Upload, list_of: ListOf
) -> None:
    with pytest.raises(JobError, match=r"^the same session twice in one run: IBOV 2025-06-30$"):
        resolve_sources(s3, list_of(upload(), upload(raw_key("IBOV", date(2025, 6, 27))), upload(body=b"others")))


def test_the_same_session_of_two_indices_is_not_the_same(s3: S3Client, upload: Upload, list_of: ListOf) -> None:
    found = resolve_sources(s3, list_of(upload(), upload(raw_key("IBXX", SESSION))))
    assert [source.index for source in found] == ["IBOV", "IBXX"]


# --- input ---------------------------------------------------------------------------------------------------------------


def source(
    version: RawObjectVersion, index: str = "IBOV", reference_date: date = SESSION, origin: str = ""
) -> RawSource:
    return RawSource(version.bucket, version.key, version.version_id, index, SESSION, reference_date, origin)


def test_the_version_that_the_run_was_started_for_is_copied_not_the_newest(s3: S3Client, upload: Upload) -> None:
    version = upload(body=b"the one")
    upload(body=b"a newer one")
    folder = stage_input(s3, arguments(version), [source(version)])
    key = f"{STAGING}input/indice=IBOV/reference_date=2025-06-30/origem={NULL}/ibov_carteira_20250630.parquet"
    assert s3.get_object(Bucket=REFINED_BUCKET, Key=key)["Body"].read() == b"the one"
    assert folder == f"s3://{REFINED_BUCKET}/{STAGING}input/"


def test_folders_state_index_reference_date_and_origin_of_each_source(s3: S3Client, upload: Upload) -> None:
    other = upload(raw_key("IBXX", SESSION))
    stage_input(s3, arguments(), [source(upload()), source(other, "IBXX", date(2025, 7, 2), "copy of csv")])
    found = s3.list_objects_v2(Bucket=REFINED_BUCKET, Prefix=STAGING)["Contents"]
    assert [item["Key"].removeprefix(f"{STAGING}input/") for item in found] == [
        f"indice=IBOV/reference_date=2025-06-30/origem={NULL}/ibov_carteira_20250630.parquet",
        "indice=IBXX/reference_date=2025-07-02/origem=copy of csv/ibxx_carteira_20250630.parquet",
    ]


@pytest.mark.parametrize("stated", ["json", "copy of parquet", "reconstruida", ""])
def test_a_source_has_the_origin_that_its_versions_metadata_states(s3: S3Client, stated: str) -> None:
    metadata = {"origin": stated} if stated else {}
    version = s3.put_object(Bucket=RAW_BUCKET, Key=KEY, Body=b"", Metadata=metadata)["VersionId"]
    (source,) = resolve_sources(s3, arguments(RawObjectVersion(RAW_BUCKET, KEY, version)))
    assert source.origin == stated


@pytest.mark.parametrize("stated", ["a/b", "x=y", "..", "JSON", "json ", "%2F", NULL])
def test_an_origin_that_could_be_another_folder_is_refused_by_name(s3: S3Client, stated: str) -> None:
    version = s3.put_object(Bucket=RAW_BUCKET, Key=KEY, Body=b"", Metadata={"origin": stated})["VersionId"]
    with pytest.raises(JobError, match=f"states the origin '{re.escape(stated)}', which is none"):
        resolve_sources(s3, arguments(RawObjectVersion(RAW_BUCKET, KEY, version)))


# --- output --------------------------------------------------------------------------------------------------------------


Written = Callable[..., None]


@pytest.fixture
def written(s3: S3Client) -> Written:
    """Puts files below the run's prefix, of as many bytes as their paths have characters."""

    def put(*paths: str) -> None:
        for path in paths:
            s3.put_object(Bucket=REFINED_BUCKET, Key=STAGING + path, Body=path.encode())

    return put


@pytest.mark.parametrize(
    ("path", "table", "index", "ticker"),
    [
        (f"refined-data/{DAY}acao=B3SA3/part-0.parquet", "bovespa_refined_data", "IBOV", "B3SA3"),
        (f"resumo-data/{DAY}part-0.parquet", "bovespa_resumo_setor", "IBOV", None),
        (f"refined-indices/indice=IBXX/{DAY}part-0.parquet", "bovespa_refined_indices", "IBXX", None),
        (f"resumo-indices/indice=ICO2/{DAY}part-0.parquet", "bovespa_resumo_setor_indices", "ICO2", None),
    ],
)
def test_a_staged_file_is_read_by_its_key(
    s3: S3Client, written: Written, path: str, table: str, index: str, ticker: str | None
) -> None:
    written(path)
    assert list_output(s3, arguments()) == [
        StagedFile(table=table, index=index, session=SESSION, ticker=ticker, key=STAGING + path, size=len(path))
    ]


def test_what_is_not_output_is_passed_over(s3: S3Client, written: Written) -> None:
    written(
        "input/indice=IBOV/reference_date=2025-06-30/origem=json/ibov_carteira_20250630.parquet",
        "refined-data/_SUCCESS",
        f"refined-data/{DAY}acao=VALE3_$folder$",
        "manifest.json",
    )
    assert list_output(s3, arguments()) == []


def test_another_runs_files_are_not_this_ones(s3: S3Client) -> None:
    s3.put_object(Bucket=REFINED_BUCKET, Key=f"staging/jr_10/resumo-data/{DAY}part-0.parquet", Body=b"x")
    assert list_output(s3, arguments()) == []


@dataclass
class Pages:
    """S3 as far as a listing goes, by pages of keys."""

    pages: list[list[str]]

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's
        for keys in self.pages:
            yield {"Contents": [{"Key": Prefix + key, "Size": 1} for key in keys]} if keys else {}


def test_files_on_every_page_of_a_listing_are_found() -> None:
    path = f"refined-data/{DAY}acao={{}}/part-0.parquet"
    s3: Any = Pages([[path.format("VALE3")], [], [path.format("PETR3"), path.format("PETR4")]])
    assert [item.ticker for item in list_output(s3, arguments())] == ["VALE3", "PETR3", "PETR4"]


def test_a_partition_of_more_than_one_file_is_refused_by_its_folder(s3: S3Client, written: Written) -> None:
    written(f"resumo-data/{DAY}part-0.parquet", f"resumo-data/{DAY}part-1.parquet")
    with pytest.raises(JobError, match=f"^staged partitions with more than one file: {STAGING}resumo-data/{DAY[:-1]}$"):
        list_output(s3, arguments())


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"refined-data/{DAY}acao=PETR%2F4/part-0.parquet", id="a ticker that cannot be a folder's name"),
        pytest.param(f"refined-data/{DAY}acao=__HIVE_DEFAULT_PARTITION__/part-0.parquet", id="no ticker"),
        pytest.param(f"refined-data/{DAY}acao=vale3/part-0.parquet", id="a ticker that is none of B3's"),
        pytest.param("resumo-data/year=2025/month=6/day=30/part-0.parquet", id="a month of one digit"),
        pytest.param(f"refined-indices/{DAY}part-0.parquet", id="an index's rows without its folder"),
    ],
)
def test_a_file_that_is_no_partition_of_its_table_is_refused_by_its_key(
    s3: S3Client, written: Written, path: str
) -> None:
    written(path)
    with pytest.raises(JobError, match=r"^staged file 'staging/jr_1/.*': not a partition of bovespa_"):
        list_output(s3, arguments())


def test_a_file_of_no_table_is_refused_by_its_key(s3: S3Client, written: Written) -> None:
    written(f"elsewhere/{DAY}part-0.parquet")
    with pytest.raises(
        JobError, match=r"^staged file 'staging/jr_1/elsewhere/.*': below none of the tables' prefixes$"
    ):
        list_output(s3, arguments())
