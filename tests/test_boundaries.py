"""Where the folders meet: what one writes is what the next reads, and each runs with what is deployed beside it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import grimp
import pytest
import sqlglot
from hypothesis import given, settings
from pyspark.sql.pandas.types import to_arrow_schema
from sqlglot import exp

from expectations.contract import names
from expectations.contract.catalog import table_input
from expectations.contract.keys import parse_raw_key, raw_key
from expectations.contract.tables import RAW_COLUMNS, TABLES, Table, refined_table
from expectations.queries.saved import QUERIES
from flows.glue_run import LIVE_STATES
from flows.lake.glue_job import GlueJob
from flows.session import batch_runs, storage
from flows.session.etl import VERSION_ARGUMENT, find_run
from flows.session.raw_file import RAW_SCHEMA
from flows.session.storage import RawVersion
from flows.settings import Settings as FlowSettings
from glue.arguments import RawObjectVersion, read_arguments, read_raw_list
from glue.tables import spark_schema
from infrastructure.etl import SCRIPT, modules_archive
from infrastructure.settings import StackSettings
from infrastructure.trigger import HANDLER, handler_archive
from tests.strategies import INDICES, SESSIONS
from trigger_glue_job import events, handler
from trigger_glue_job.claims import Claims
from trigger_glue_job.handler import Starter

ROOT = Path(__file__).resolve().parents[1]
# A busy machine must not make a property fail, nor a run leave files behind.
unhurried = settings(deadline=None, database=None)


def event_of(version: RawVersion) -> dict[str, Any]:
    """S3's event on a version that the flow uploaded."""
    item = {"key": quote_plus(version.key, safe="/"), "versionId": version.version_id}
    return {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": version.bucket}, "object": item}}]}


def uploaded(index: str = "IBOV", session: date = date(2025, 6, 30)) -> RawVersion:
    now = datetime.now(UTC)
    return RawVersion(names.RAW_BUCKET, raw_key(index, session), "v1", now, "fingerprint", has_sectors=True)


# --- keys ----------------------------------------------------------------------------------------------------------------


@unhurried
@given(INDICES, SESSIONS)
def test_every_raw_key_of_the_flow_passes_the_notifications_filter(index: str, session: date) -> None:
    key = raw_key(index, session)
    assert key.startswith(names.RAW_PREFIX)
    assert key.endswith(names.RAW_SUFFIX)


@unhurried
@given(INDICES, SESSIONS)
def test_every_raw_key_of_the_flow_reaches_the_job_as_the_index_and_session_it_was_made_of(
    index: str, session: date
) -> None:
    (version,) = events.new_raw_versions(event_of(uploaded(index, session)))
    found = parse_raw_key(version.key)
    assert (found.index, found.session) == (index, session)


def test_the_lambda_and_the_notification_look_for_the_same_keys() -> None:
    assert (events.RAW_PREFIX, events.RAW_SUFFIX) == (names.RAW_PREFIX, names.RAW_SUFFIX)


def test_the_lambda_leaves_alone_what_the_flows_upload_for_a_batch() -> None:
    assert (storage.ETL_METADATA, storage.BATCH) == (handler.ETL_METADATA, handler.BATCH)


def test_the_job_reads_the_list_that_the_flows_write_for_it() -> None:
    versions = [uploaded(session=date(2025, 6, day)) for day in (30, 27)]
    assert read_raw_list(batch_runs.list_body(versions)) == [
        RawObjectVersion(version.bucket, version.key, version.version_id) for version in reversed(versions)
    ]


# --- arguments -----------------------------------------------------------------------------------------------------------


@dataclass
class FakeGlue:
    """Glue as far as starting and looking at runs goes."""

    runs: list[dict[str, Any]] = field(default_factory=list)

    def get_paginator(self, operation: str) -> FakeGlue:
        assert operation == "get_job_runs"
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        yield {"JobRuns": self.runs}

    def put_object(self, **_: str | bytes) -> dict[str, str]:
        """A claim, of which there is no other."""
        return {"ETag": "etag"}

    def start_job_run(
        self,
        *,
        JobName: str,  # noqa: N803 - boto3's
        Arguments: dict[str, str],  # noqa: N803 - boto3's
        JobRunQueuingEnabled: bool,  # noqa: N803 - boto3's
    ) -> dict[str, str]:
        assert JobRunQueuingEnabled
        run = {"Id": "jr_1", "JobName": JobName, "JobRunState": "STARTING", "Arguments": Arguments}
        self.runs.insert(0, {**run, "StartedOn": datetime.now(UTC)})
        return {"JobRunId": "jr_1"}


def trigger(glue: Any, version: RawVersion) -> str | None:  # noqa: ANN401 - a fake
    """What the Lambda does about the flow's upload."""
    (found,) = events.new_raw_versions(event_of(version))
    claims = Claims(glue, names.ARTIFACTS_BUCKET)
    return Starter(glue, glue, names.GLUE_JOB_NAME, claims).start_once(found, "request")


def test_the_job_reads_the_arguments_that_the_lambda_passes() -> None:
    glue, version = FakeGlue(), uploaded()
    trigger(glue, version)
    always = ["--JOB_RUN_ID", "jr_1", "--refined_bucket", "refined", "--database", "default"]
    passed = [word for pair in glue.runs[0]["Arguments"].items() for word in pair]
    assert read_arguments(always + passed).version == RawObjectVersion(version.bucket, version.key, version.version_id)


def test_the_flow_finds_the_run_that_the_lambda_started() -> None:
    glue: Any = FakeGlue()
    job, version = GlueJob(glue, names.GLUE_JOB_NAME), uploaded()
    assert find_run(job, version) is None
    run_id = trigger(glue, version)
    found = find_run(job, version)
    assert VERSION_ARGUMENT in glue.runs[0]["Arguments"]
    assert found
    assert found.run_id == run_id


@pytest.mark.parametrize("state", sorted(LIVE_STATES))
def test_a_run_that_the_flow_waits_for_is_not_started_again(state: str) -> None:
    glue = FakeGlue()
    trigger(glue, uploaded())
    glue.runs[0]["JobRunState"] = state
    assert trigger(glue, uploaded()) is None


# --- columns -------------------------------------------------------------------------------------------------------------


def test_the_raw_file_that_the_flow_writes_is_the_one_that_the_job_reads() -> None:
    expected = [(column.name, column.nullable) for column in RAW_COLUMNS]
    assert [(found.name, found.nullable) for found in RAW_SCHEMA] == expected
    assert RAW_SCHEMA.equals(to_arrow_schema(spark_schema(RAW_COLUMNS)))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_catalog_and_spark_have_the_contracts_columns(table: Table) -> None:
    wanted = [(column.name, column.type.value) for column in table.columns]
    stored = table_input(table, "refined")["StorageDescriptor"]["Columns"]
    assert [(column["Name"], column.get("Type")) for column in stored] == wanted
    assert [(found.name, found.dataType.simpleString()) for found in spark_schema(table.columns)] == wanted


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_column_has_the_name_of_a_partition_which_athena_refuses(table: Table) -> None:
    assert {column.name for column in table.columns} & {column.name for column in table.partitions} == set()


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_saved_query_is_of_a_table_and_columns_that_exist(query: Any) -> None:  # noqa: ANN401 - a record
    parsed = sqlglot.parse_one(query.sql, read="athena")
    table = refined_table(names.DEFAULT_INDEX)
    assert [(found.db, found.name) for found in parsed.find_all(exp.Table)] == [(names.DATABASE, table.name)]
    used = {found.name for found in parsed.find_all(exp.Column)} - {found.alias for found in parsed.find_all(exp.Alias)}
    assert used <= {column.name for column in (*table.columns, *table.partitions)}


# --- settings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "-dev", "-acme-2025", "-" + "a" * 30])
def test_the_flows_take_every_suffix_that_a_stack_may_have(suffix: str) -> None:
    assert StackSettings(bucket_suffix=suffix).bucket_suffix == FlowSettings(bucket_suffix=suffix).bucket_suffix


# --- what is deployed ----------------------------------------------------------------------------------------------------

BOTO3 = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
SPARK = ("pyspark", "py4j")

Bare = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    """Runs Python with the standard library, some packages and a path, and nothing else of this environment."""

    def run(program: str, path: Path, packages: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        installed = tmp_path / "installed"
        installed.mkdir()
        for name in packages:
            spec = importlib.util.find_spec(name)
            assert spec
            assert spec.origin
            found = Path(spec.origin)
            found = found.parent if found.name == "__init__.py" else found
            (installed / found.name).symlink_to(found)
        setup = f"import sys; sys.path[:0] = [{str(path)!r}, {str(installed)!r}]\n"
        command = [sys.executable, "-I", "-S", "-c", setup + program]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    return run


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """The job's modules as they are deployed."""
    path = tmp_path / "modules.zip"
    path.write_bytes(modules_archive())
    return path


@pytest.fixture
def function(tmp_path: Path) -> Path:
    """The Lambda's folder as it is deployed."""
    folder = tmp_path / "function"
    for name, asset in handler_archive().assets.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(Path(str(asset.path)).read_bytes())
    return folder


def test_the_script_needs_nothing_but_its_modules_spark_and_boto3(bare: Bare, modules: Path) -> None:
    program = f"""
import runpy
names = runpy.run_path({str(SCRIPT)!r}, run_name="job")
ours = {{name: module.__file__ for name, module in sys.modules.items() if name.split(".")[0] in ("glue", "expectations")}}
assert all(file.startswith({str(modules)!r}) for file in ours.values()), ours
print(callable(names["main"]), "glue.transforms" in ours)
"""
    done = bare(program, modules, BOTO3 + SPARK)
    assert (done.stdout, done.stderr) == ("True True\n", "")


def test_every_module_that_is_deployed_can_be_imported_there(bare: Bare, modules: Path) -> None:
    program = f"""
import importlib, zipfile
for name in zipfile.ZipFile({str(modules)!r}).namelist():
    importlib.import_module(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
"""
    done = bare(program, modules, BOTO3 + SPARK)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_fails_with_the_jobs_own_error_and_an_exit_code(bare: Bare, modules: Path) -> None:
    program = (
        f"import runpy; sys.argv = ['job.py', '--JOB_NAME', 'x']; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    done = bare(program, modules, BOTO3 + SPARK)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("glue.errors.JobError: job arguments: ")


def test_the_lambda_needs_nothing_but_boto3(bare: Bare, function: Path) -> None:
    module, _, name = HANDLER.rpartition(".")
    program = f"""
import importlib
handle = getattr(importlib.import_module({module!r}), {name!r})
import os
os.environ |= {{"GLUE_JOB_NAME": "job", "CLAIMS_BUCKET": "bucket", "JOB_RUN_QUEUING": "true"}}
print(handle({{"Event": "s3:TestEvent"}}, None))
"""
    done = bare(program, function, BOTO3)
    assert (done.stdout, done.stderr) == ("{'started': []}\n", "")


# --- imports -------------------------------------------------------------------------------------------------------------

PACKAGES = ("benchmarks", "expectations", "flows", "glue", "infrastructure", "local", "trigger_glue_job")


def test_no_modules_import_each_other_in_a_circle_not_even_for_type_checking() -> None:
    """The rooms of `local` need each other in both directions, which import-linter calls a circle; their modules do not."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}).prepare()


CONTRACT = sorted(path.stem for path in (ROOT / "expectations" / "contract").glob("*.py"))


@pytest.mark.parametrize("name", [*(f"contract.{name}" for name in CONTRACT if name != "__init__"), "queries.saved"])
def test_what_everything_imports_needs_the_standard_library_only(bare: Bare, name: str) -> None:
    done = bare(f"import expectations.{name}", ROOT, ())
    assert (done.returncode, done.stderr) == (0, "")
