"""The job from its command line to its manifest, on an account in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from expectations.contract.catalog import table_input
from expectations.contract.keys import raw_key, staging_prefix
from expectations.contract.manifest import Manifest, RawSource, SessionCounts
from expectations.contract.names import DATABASE, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import JOB_TABLES, REFINED_TABLE, refined_table, summary_table
from flows.b3.portfolio import Portfolio
from flows.session.raw_file import RawFacts, encode
from glue.arguments import RawObjectVersion
from glue.bovespa_etl_job import main
from glue.errors import JobError
from local.b3.sample import TOTAL_QUANTITY, collected_at, recorded

if TYPE_CHECKING:
    from conftest import Aws

pytestmark = pytest.mark.spark

SESSION = date(2025, 6, 30)
Rows = dict[str, list[dict[str, Any]]]
RawFile = Callable[..., bytes]


@dataclass(frozen=True)
class Run:
    """A run as S3 shows it: the arguments that it had, its manifest, and what lies below its prefix."""

    aws: Aws
    run_id: str
    calls: list[tuple[str, str]]

    @property
    def manifest(self) -> Manifest:
        return Manifest.from_json(self.read(f"{staging_prefix(self.run_id)}manifest.json"))

    def read(self, key: str) -> bytes:
        return self.aws.s3.get_object(Bucket=REFINED_BUCKET, Key=key)["Body"].read()

    def listed(self) -> dict[str, int]:
        """Key, below the run's prefix, and size of everything that is there."""
        prefix = staging_prefix(self.run_id)
        pages = self.aws.s3.get_paginator("list_objects_v2").paginate(Bucket=REFINED_BUCKET, Prefix=prefix)
        return {item["Key"].removeprefix(prefix): item["Size"] for page in pages for item in page.get("Contents", [])}

    def rows(self) -> Rows:
        """The rows of each table, by what the manifest says, in the order of their keys."""
        found: Rows = {}
        for item in sorted(self.manifest.files, key=lambda item: (item.session, str(item.ticker))):
            rows = pq.ParquetFile(io.BytesIO(self.read(item.key))).read().to_pylist()
            found.setdefault(item.table, []).extend({"index": item.index, **row} for row in rows)
        return found


@dataclass(frozen=True)
class Job:
    """Uploads raw files and runs the job's script, as the flow and the Lambda have it done."""

    aws: Aws
    numbers: count[int]

    def upload(
        self, content: bytes, index: str = "IBOV", session: date = SESSION, origin: str = ""
    ) -> RawObjectVersion:
        key = raw_key(index, session)
        metadata = {"origin": origin} if origin else {}
        written = self.aws.s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=content, Metadata=metadata)
        return RawObjectVersion(RAW_BUCKET, key, written["VersionId"])

    def run_one(self, version: RawObjectVersion, **more: str) -> Run:
        """Run the job for one version, with the arguments that the Lambda passes."""
        return self.run(raw_bucket=version.bucket, raw_key=version.key, raw_version_id=version.version_id, **more)

    def run_many(self, *versions: RawObjectVersion) -> Run:
        """Run the job for several versions, by a list."""
        body = json.dumps([{"bucket": v.bucket, "key": v.key, "version_id": v.version_id} for v in versions])
        self.aws.s3.put_object(Bucket=RAW_BUCKET, Key="lists/x.json", Body=body.encode())
        return self.run(raw_list=f"s3://{RAW_BUCKET}/lists/x.json")

    def run(self, **arguments: str) -> Run:
        run = Run(self.aws, f"jr_{next(self.numbers)}", self.aws.calls)
        self.aws.calls.clear()
        given = {"JOB_NAME": "bovespa-etl-job", "JOB_RUN_ID": run.run_id, "job-language": "python"}
        given |= {"refined_bucket": REFINED_BUCKET, "database": DATABASE, **arguments}
        main([word for name, value in given.items() for word in (f"--{name}", value)])
        return Run(self.aws, run.run_id, list(self.aws.calls))


@pytest.fixture(scope="module")
def job(aws: Aws, spark: object) -> Job:
    return Job(aws, count())


def sample_file(session: date) -> bytes:
    portfolio = recorded(session)
    return encode(portfolio, RawFacts.of(portfolio, collected_at(session), ["landing/x.json.gz"]))


# --- one session, as B3 stated it ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def version(job: Job, raw_file: RawFile) -> RawObjectVersion:
    """The recorded session's raw file, after which somebody has uploaded another one to the same key."""
    found = job.upload(sample_file(SESSION), origin="copy of csv")
    job.upload(raw_file({"codigo": "XXXX3"}))
    return found


@pytest.fixture(scope="module")
def one(job: Job, version: RawObjectVersion) -> Run:
    return job.run_one(version, reference_date="2025-07-02")


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    return recorded(SESSION)


def test_a_published_session_will_equal_what_b3_stated(one: Run, portfolio: Portfolio) -> None:
    rows = {row["codigo"]: row for row in one.rows()["bovespa_refined_data"]}
    assert rows.keys() == {holding.codigo for holding in portfolio.holdings}
    for holding in portfolio.holdings:
        row = rows[holding.codigo]
        assert row["nome_acao"] == holding.acao
        assert row["quantidade_teorica_acoes"] == holding.qtde_teorica
        assert row["percentual_participacao_ibov"] == float(holding.participacao_pct)
        assert row["data_pregao"] == SESSION
        assert row["timestamp_coleta"] == collected_at(SESSION)
        assert [
            part for part in (row["classe"], row["eventos"], row["segmento_listagem"]) if part
        ] == holding.tipo.split()


def test_the_summary_adds_up_to_the_whole_portfolio(one: Run) -> None:
    groups = one.rows()["bovespa_resumo_setor"]
    assert sum(group["total_acoes"] for group in groups) == 84
    assert sum(group["quantidade_teorica_total"] for group in groups) == TOTAL_QUANTITY
    assert sum(group["participacao_total"] for group in groups) == pytest.approx(100, abs=1e-9)


def test_the_age_counts_to_the_reference_date_that_was_given(one: Run) -> None:
    assert {row["dias_desde_coleta"] for row in one.rows()["bovespa_refined_data"]} == {2}


def test_every_row_states_the_origin_of_its_raw_version(one: Run) -> None:
    assert {row["origem"] for row in one.rows()["bovespa_refined_data"]} == {"copy of csv"}


def test_the_manifest_names_what_was_read(one: Run, version: RawObjectVersion) -> None:
    assert one.manifest.run_id == one.run_id
    assert one.manifest.sources == (
        RawSource(version.bucket, version.key, version.version_id, "IBOV", SESSION, date(2025, 7, 2), "copy of csv"),
    )


def test_the_manifest_counts_what_was_written(one: Run) -> None:
    groups = len(one.rows()["bovespa_resumo_setor"])
    assert one.manifest.sessions == (SessionCounts("IBOV", SESSION, 84, groups),)


def test_the_manifest_lists_exactly_what_is_there(one: Run) -> None:
    prefix = staging_prefix(one.run_id)
    stated = {item.key.removeprefix(prefix): item.size for item in one.manifest.files}
    there = {key: size for key, size in one.listed().items() if not key.startswith("input/")}
    assert there.pop("manifest.json") == len(one.manifest.to_json().encode())
    assert stated == there
    assert len(stated) == 85


def test_the_manifest_is_written_last(one: Run) -> None:
    assert one.calls[-1] == ("PutObject", f"{staging_prefix(one.run_id)}manifest.json")
    assert [operation for operation, _ in one.calls].count("PutObject") == 1


def test_the_job_writes_nowhere_but_below_its_runs_prefix(one: Run) -> None:
    written = [key for operation, key in one.calls if operation in {"PutObject", "CopyObject"}]
    assert all(key.startswith(staging_prefix(one.run_id)) for key in written)
    assert {operation for operation, _ in one.calls} == {"HeadObject", "CopyObject", "ListObjectsV2", "PutObject"}


def test_a_partitions_file_lies_where_it_will_be_published_from(one: Run) -> None:
    for item in one.manifest.files:
        table = next(table for table in JOB_TABLES if table.name == item.table)
        folder = staging_prefix(one.run_id) + partition_prefix(table, item.index, item.session, item.ticker)
        assert item.key.startswith(folder)
        assert "/" not in item.key.removeprefix(folder)


def test_the_catalog_has_the_contracts_tables_and_no_partitions(one: Run) -> None:
    glue = one.aws.glue
    for table in JOB_TABLES:
        found = glue.get_table(DatabaseName=DATABASE, Name=table.name)["Table"]
        wanted = table_input(table, REFINED_BUCKET)
        assert found["StorageDescriptor"] == wanted["StorageDescriptor"]
        assert glue.get_partitions(DatabaseName=DATABASE, TableName=table.name)["Partitions"] == []


def test_a_rerun_gives_the_same_rows_wherever_it_runs(job: Job, one: Run, version: RawObjectVersion) -> None:
    again = job.run_one(version, reference_date="2025-07-02")
    assert again.run_id != one.run_id
    assert again.rows() == one.rows()
    assert again.manifest.sessions == one.manifest.sessions


# --- several sessions ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def several(job: Job, raw_file: RawFile) -> Run:
    """Two sessions of the Ibovespa and one of the IBXX, collected three days ago."""
    days = (date(2025, 6, 27), SESSION)
    collected = datetime.now(UTC) - timedelta(days=3)

    def rows(day: date, *tickers: str) -> bytes:
        return raw_file(*({"codigo": code, "data_pregao": day, "timestamp_coleta": collected} for code in tickers))

    return job.run_many(
        *(job.upload(rows(day, "VALE3", "PETR4"), session=day) for day in days),
        job.upload(rows(SESSION, "VALE3", "ITUB4", "B3SA3"), "IBXX", origin="reconstruida"),
    )


def test_one_run_refines_several_sessions_of_several_indices(several: Run) -> None:
    assert several.manifest.sessions == (
        SessionCounts("IBOV", date(2025, 6, 27), 2, 1),
        SessionCounts("IBOV", SESSION, 2, 1),
        SessionCounts("IBXX", SESSION, 3, 1),
    )
    assert [source.index for source in several.manifest.sources] == ["IBOV", "IBOV", "IBXX"]


@pytest.mark.parametrize(
    ("index", "tickers"),
    [("IBOV", ["PETR4", "VALE3", "PETR4", "VALE3"]), ("IBXX", ["B3SA3", "ITUB4", "VALE3"])],
)
def test_each_index_is_in_tables_of_its_own(several: Run, index: str, tickers: list[str]) -> None:
    rows = several.rows()
    assert [row["codigo"] for row in rows[refined_table(index).name]] == tickers
    assert {row["index"] for row in rows[refined_table(index).name]} == {index}
    assert sum(row["total_acoes"] for row in rows[summary_table(index).name]) == len(tickers)


def test_every_file_of_several_sessions_is_in_the_manifest(several: Run) -> None:
    there = {key for key in several.listed() if not key.startswith("input/")} - {"manifest.json"}
    prefix = staging_prefix(several.run_id)
    assert {item.key.removeprefix(prefix) for item in several.manifest.files} == there
    assert len(there) == 4 + 2 + 1 + 1


def test_the_age_counts_to_the_day_on_which_the_version_was_stored(several: Run) -> None:
    today = {source.reference_date for source in several.manifest.sources}
    assert {row["dias_desde_coleta"] for row in several.rows()["bovespa_refined_data"]} == {3}
    assert today <= {datetime.now(ZoneInfo("America/Sao_Paulo")).date() - timedelta(days=late) for late in (0, 1)}


def test_the_origin_is_null_where_the_versions_metadata_states_none(several: Run) -> None:
    rows = several.rows()
    assert {row["origem"] for row in rows["bovespa_refined_data"]} == {None}
    assert {row["origem"] for row in rows["bovespa_refined_indices"]} == {"reconstruida"}


# --- failures ------------------------------------------------------------------------------------------------------------


def no_manifest(job: Job) -> bool:
    """Whether the last run left none."""
    return not any(key.endswith("manifest.json") for operation, key in job.aws.calls if operation == "PutObject")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        pytest.param([{"data_pregao": date(2025, 6, 27)}], "no rows of IBOV 2025-06-30", id="another session's rows"),
        pytest.param([], "no rows of IBOV 2025-06-30", id="no rows"),
        pytest.param([{"codigo": "PETR/4"}], "not a partition of bovespa_refined_data", id="a ticker that is no name"),
    ],
)
def test_a_raw_file_that_cannot_be_refined_leaves_no_manifest(
    job: Job, raw_file: RawFile, rows: list[dict[str, object]], reason: str
) -> None:
    version = job.upload(raw_file(*rows))
    with pytest.raises(JobError, match=reason):
        job.run_one(version)
    assert no_manifest(job)


def test_a_raw_file_that_is_not_parquet_leaves_no_manifest(job: Job) -> None:
    version = job.upload(b"not Parquet")
    with pytest.raises(JobError, match="not a Parquet file"):
        job.run_one(version)
    assert no_manifest(job)


def test_one_session_that_cannot_be_refined_stops_the_others(job: Job, raw_file: RawFile) -> None:
    good = job.upload(raw_file({}))
    bad = job.upload(raw_file({}), session=date(2025, 6, 27))
    with pytest.raises(JobError, match=r"ibov_carteira_20250627\.parquet: no rows of IBOV 2025-06-27"):
        job.run_many(good, bad)
    assert no_manifest(job)


def test_the_same_session_twice_is_refused_before_anything_is_copied(job: Job, raw_file: RawFile) -> None:
    versions = [job.upload(raw_file({})) for _ in range(2)]
    with pytest.raises(JobError, match="the same session twice in one run: IBOV 2025-06-30"):
        job.run_many(*versions)
    assert {operation for operation, _ in job.aws.calls} == {"GetObject", "HeadObject"}


def test_a_table_that_breaks_its_word_stops_the_run_before_it_reads_anything(job: Job, raw_file: RawFile) -> None:
    wanted: Any = table_input(REFINED_TABLE, REFINED_BUCKET)
    broken = {**wanted, "StorageDescriptor": {**wanted["StorageDescriptor"], "Columns": []}}
    version = job.upload(raw_file({}))
    job.aws.glue.update_table(DatabaseName=DATABASE, TableInput=broken)
    try:
        with pytest.raises(JobError, match="table bovespa_refined_data: its columns are not those"):
            job.run_one(version)
    finally:
        job.aws.glue.update_table(DatabaseName=DATABASE, TableInput=wanted)
    assert job.aws.calls == []


def test_arguments_that_are_none_are_refused_before_aws_is_asked(job: Job) -> None:
    with pytest.raises(JobError, match="job arguments"):
        job.run(raw_bucket=RAW_BUCKET)
    assert job.aws.calls == []
