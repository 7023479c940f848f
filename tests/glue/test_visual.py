"""The visual form gives what the script gives: its graph is run node by node, as the code does that Glue makes of it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from expectations.contract.keys import raw_key, staging_prefix
from expectations.contract.manifest import Manifest
from expectations.contract.names import DATABASE, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.tables import JOB_TABLES
from expectations.queries.transformations import INPUT_COLUMNS, REFINED, STEPS, SUMMARY, Step
from flows.session.raw_file import RawFacts, encode
from glue.bovespa_etl_job import main
from glue.errors import JobError
from glue.visual import write_staging
from infrastructure.visual_job import graph
from local.b3.sample import collected_at, recorded

if TYPE_CHECKING:
    from conftest import Aws
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.spark

SESSION = date(2025, 6, 30)
Frames = dict[str, Any]


# --- Glue, as far as the code needs it that it makes of a graph ----------------------------------------------------------


@dataclass(frozen=True)
class DynamicFrame:
    """A frame of Glue's, which holds one of Spark's."""

    frame: DataFrame

    @classmethod
    def fromDF(cls, frame: DataFrame, _context: object, _name: str) -> DynamicFrame:  # noqa: N802 - Glue's
        return cls(frame)

    def toDF(self) -> DataFrame:  # noqa: N802 - Glue's
        return self.frame


class DynamicFrameCollection:
    def __init__(self, frames: dict[str, DynamicFrame], _context: object) -> None:
        self._frames = frames

    def keys(self) -> list[str]:
        return list(self._frames)

    def select(self, name: str) -> DynamicFrame:
        return self._frames[name]


@pytest.fixture(scope="module", autouse=True)
def awsglue() -> Iterator[None]:
    module = ModuleType("awsglue.dynamicframe")
    vars(module).update(DynamicFrame=DynamicFrame, DynamicFrameCollection=DynamicFrameCollection)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "awsglue", ModuleType("awsglue"))
        patch.setitem(sys.modules, "awsglue.dynamicframe", module)
        yield


@dataclass(frozen=True)
class Studio:
    """Runs a graph: each node when what it reads is there, by its kind."""

    spark: SparkSession

    def run(self, nodes: dict[str, Any]) -> Frames:
        done: Frames = {}
        while left := [name for name in nodes if name not in done]:
            name = next(name for name in left if self._inputs(nodes[name]) <= done.keys())
            ((kind, node),) = nodes[name].items()
            done[name] = getattr(self, kind)(node, done)
        return done

    def _inputs(self, node: dict[str, Any]) -> set[str]:
        ((_, body),) = node.items()
        return set(body.get("Inputs", []))

    def S3ParquetSource(self, _node: dict[str, Any], _done: Frames) -> DynamicFrame:  # noqa: N802 - Glue's
        return DynamicFrame(self.spark.createDataFrame([], "of_no_use string"))

    def SelectFromCollection(self, node: dict[str, Any], done: Frames) -> DynamicFrame:  # noqa: N802 - Glue's
        (name,) = node["Inputs"]
        return done[name].select(done[name].keys()[node["Index"]])

    def SparkSQL(self, node: dict[str, Any], done: Frames) -> DynamicFrame:  # noqa: N802 - Glue's
        for alias in node["SqlAliases"]:
            done[alias["From"]].toDF().createOrReplaceTempView(alias["Alias"])
        scope: dict[str, str] = {}
        exec(f"query = '''\n{node['SqlQuery']}\n'''", scope)
        return DynamicFrame(self.spark.sql(scope["query"]))

    def CustomCode(self, node: dict[str, Any], done: Frames) -> Any:  # noqa: ANN401, N802 - Glue's
        lines = [f"    {line}" for line in node["Code"].splitlines()]
        scope: dict[str, Any] = {}
        exec("\n".join([f"def {node['ClassName']}(glueContext, dfc):", *lines]), scope)
        given = {f"{name}_node": done[name] for name in node["Inputs"]}
        return scope[node["ClassName"]](None, DynamicFrameCollection(given, None))


# --- both forms ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forms:
    """Runs the job in either form, with the arguments that Glue passes, and reads what was staged."""

    aws: Aws
    spark: SparkSession
    patch: pytest.MonkeyPatch

    def script(self, run_id: str, **arguments: str) -> None:
        main(self._argv(run_id, arguments))

    def visual(self, run_id: str, **arguments: str) -> Frames:
        self.patch.setattr(sys, "argv", ["bovespa_etl_job.py", *self._argv(run_id, arguments)])
        return Studio(self.spark).run(graph(RAW_BUCKET))

    def manifest(self, run_id: str) -> Manifest:
        return Manifest.from_json(self._read(f"{staging_prefix(run_id)}manifest.json"))

    def staged(self, run_id: str) -> dict[str, list[dict[str, Any]]]:
        """The rows of every staged file, by its key below the run's prefix."""
        files = self.manifest(run_id).files
        return {
            item.key.removeprefix(staging_prefix(run_id)).rpartition("/")[0]: pq.ParquetFile(
                io.BytesIO(self._read(item.key))
            )
            .read()
            .to_pylist()
            for item in files
        }

    def schemas(self, run_id: str) -> dict[str, str]:
        return {
            item.table: str(pq.ParquetFile(io.BytesIO(self._read(item.key))).schema_arrow)
            for item in self.manifest(run_id).files
        }

    def _read(self, key: str) -> bytes:
        return self.aws.s3.get_object(Bucket=REFINED_BUCKET, Key=key)["Body"].read()

    def _argv(self, run_id: str, arguments: dict[str, str]) -> list[str]:
        given = {"JOB_NAME": "bovespa-etl-job", "JOB_RUN_ID": run_id, "refined_bucket": REFINED_BUCKET}
        given |= {"database": DATABASE, **arguments}
        return [word for name, value in given.items() for word in (f"--{name}", value)]


@pytest.fixture
def forms(aws: Aws, spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Forms:
    return Forms(aws, spark, monkeypatch)


@pytest.fixture(scope="module")
def raw_list(aws: Aws) -> str:
    """A list of the Ibovespa's two recorded sessions, and of one of them as another index's."""
    of_ibov = [recorded(SESSION), recorded(date(2025, 7, 1))]
    portfolios = [*of_ibov, of_ibov[0].restated(index="IBXX")]
    versions = []
    for portfolio in portfolios:
        facts = RawFacts.of(portfolio, collected_at(portfolio.session), ["landing/x.json.gz"])
        key = raw_key(portfolio.index, portfolio.session)
        stored = aws.s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=encode(portfolio, facts))
        versions.append({"bucket": RAW_BUCKET, "key": key, "version_id": stored["VersionId"]})
    aws.s3.put_object(Bucket=RAW_BUCKET, Key="lists/both.json", Body=str(versions).replace("'", '"').encode())
    return f"s3://{RAW_BUCKET}/lists/both.json"


@pytest.fixture(scope="module")
def both(awsglue: None, aws: Aws, spark: SparkSession, raw_list: str) -> Iterator[Forms]:
    """Both forms have refined the same sessions: the runs jr_script and jr_visual."""
    arguments = {"raw_list": raw_list, "reference_date": "2025-07-02"}
    with pytest.MonkeyPatch.context() as patch:
        forms = Forms(aws, spark, patch)
        forms.script("jr_script", **arguments)
        forms.visual("jr_visual", **arguments)
        yield forms


def test_both_forms_stage_the_same_rows_in_the_same_files(both: Forms) -> None:
    staged = both.staged("jr_visual")
    assert len(staged) > 160
    assert staged == both.staged("jr_script")


def test_both_forms_stage_files_of_the_same_schemas(both: Forms) -> None:
    found = both.schemas("jr_visual")
    assert found.keys() == {table.name for table in JOB_TABLES}
    assert found == both.schemas("jr_script")


def test_both_forms_manifests_state_the_same_sources_and_counts(both: Forms) -> None:
    visual, script = both.manifest("jr_visual"), both.manifest("jr_script")
    assert visual.run_id == "jr_visual"
    assert (visual.sources, visual.sessions) == (script.sources, script.sessions)


def test_the_visual_form_refuses_what_the_script_refuses(forms: Forms) -> None:
    with pytest.raises(JobError, match=r"raw key 'raw-data/other\.parquet'"):
        forms.visual("jr_bad", raw_bucket=RAW_BUCKET, raw_key="raw-data/other.parquet", raw_version_id="x")


def test_staging_refuses_rows_that_are_not_the_graphs(both: Forms, raw_list: str, spark: SparkSession) -> None:
    argv = both._argv("jr_odd", {"raw_list": raw_list})
    with pytest.raises(JobError, match="0 inputs with the columns of 'refined'"):
        write_staging(argv, [spark.createDataFrame([], "codigo string")])


# --- the queries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_steps_query_gives_the_columns_that_it_says(
    both: Forms, raw_frame: Callable[..., DataFrame], step: Step
) -> None:
    frame = raw_frame({})
    for number, earlier in enumerate(STEPS[: STEPS.index(step) + 1]):
        frame.createOrReplaceTempView(earlier.reads)
        frame = both.spark.sql(earlier.sql)
        assert tuple(frame.columns) == earlier.columns, number


def test_the_steps_read_one_another(raw_frame: Callable[..., DataFrame]) -> None:
    assert tuple(raw_frame({}).columns) == INPUT_COLUMNS
    assert [step.reads for step in STEPS] == ["raw", *(step.name for step in STEPS[:-1])]
    assert STEPS[-2:] == (REFINED, SUMMARY)
