"""The Glue job: its size, its arguments, and code whose key changes with its content and not otherwise."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import runpy
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from glue.arguments import read_arguments
from infrastructure.catalog import DataCatalog
from infrastructure.settings import StackSettings
from infrastructure.storage import Storage

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = "s3://bovespa-artifacts-bucket/"

Keys = dict[str, str]


@pytest.fixture
def job(deployed: Deployment) -> dict[str, Any]:
    return deployed.one("glue/job:Job").inputs


def uploaded(deployed: Deployment, name: str) -> tuple[str, bytes]:
    """Key and content of one of the program's objects."""
    inputs = deployed.one("s3/bucketObjectv2:BucketObjectv2", name).inputs
    assert inputs["bucket"] == "bovespa-artifacts-bucket"
    return inputs["key"], base64.b64decode(inputs["contentBase64"])


# --- the job -------------------------------------------------------------------------------------------------------------


def test_the_job_is_glue_5_1_with_two_small_workers(job: dict[str, Any]) -> None:
    assert (job["name"], job["glueVersion"]) == ("bovespa-etl-job", "5.1")
    assert (job["workerType"], job["numberOfWorkers"]) == ("G.1X", 2)
    assert job["command"]["name"] == "glueetl"
    assert job["command"]["pythonVersion"] == "3"


def test_a_run_ends_after_minutes_not_days(job: dict[str, Any]) -> None:
    assert job["timeout"] == 15


def test_runs_above_the_limit_wait_and_none_is_repeated_by_glue(job: dict[str, Any]) -> None:
    assert job["executionProperty"] == {"maxConcurrentRuns": 3}
    assert job["jobRunQueuingEnabled"] is True
    assert job["maxRetries"] == 0


def test_a_stack_may_have_the_job_run_on_spare_capacity_where_no_run_is_queued(
    deploy: Deploy, job: dict[str, Any]
) -> None:
    flexible = deploy(flexExecution="true").one("glue/job:Job").inputs
    assert (job["executionClass"], job["jobRunQueuingEnabled"]) == ("STANDARD", True)
    assert (flexible["executionClass"], flexible["jobRunQueuingEnabled"]) == ("FLEX", False)


def test_the_job_tells_how_it_does(job: dict[str, Any]) -> None:
    given = job["defaultArguments"]
    names = ("--enable-job-insights", "--enable-continuous-cloudwatch-log")
    assert {given[name] for name in names} == {"true"}


def test_the_job_asks_for_no_metrics_that_a_script_without_a_glue_context_has_not(job: dict[str, Any]) -> None:
    assert "--enable-metrics" not in job["defaultArguments"]


@pytest.mark.parametrize("name", ["output", "error"])
def test_the_jobs_logs_are_there_before_it_and_kept_for_some_time_only(deployed: Deployment, name: str) -> None:
    group = deployed.one("cloudwatch/logGroup:LogGroup", f"etl-{name}")
    job = deployed.one("glue/job:Job")
    assert group.inputs["name"] == f"{job.inputs['defaultArguments']['--custom-logGroup-prefix']}/{name}"
    assert group.inputs["retentionInDays"] == 90
    assert group.urn in job.after


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        pytest.param("workers", lambda job: job["numberOfWorkers"], id="workers"),
        pytest.param("timeoutMinutes", lambda job: job["timeout"], id="timeout"),
        pytest.param("maxConcurrentRuns", lambda job: job["executionProperty"]["maxConcurrentRuns"], id="runs at once"),
    ],
)
def test_a_stack_may_size_the_job(deploy: Deploy, setting: str, read: Callable[[dict[str, Any]], float]) -> None:
    assert read(deploy(**{setting: "7"}).one("glue/job:Job").inputs) == 7


def test_the_job_runs_as_its_own_role_which_only_glue_takes(deployed: Deployment, job: dict[str, Any]) -> None:
    role = deployed.one("iam/role:Role", "etl")
    assert "glue.amazonaws.com" in role.inputs["assumeRolePolicy"]
    assert role.urn in deployed.one("glue/job:Job").after
    assert job["roleArn"] == "arn:aws:iam::123456789012:role/etl-1a2b3c4"


def test_the_job_is_told_where_to_write(job: dict[str, Any]) -> None:
    given = job["defaultArguments"]
    assert (given["--refined_bucket"], given["--database"]) == ("bovespa-refined-data-bucket", "default")


def test_the_job_is_told_the_buckets_of_its_own_stack(deploy: Deploy) -> None:
    job = deploy(bucketSuffix="-acme").one("glue/job:Job").inputs
    assert job["defaultArguments"]["--refined_bucket"] == "bovespa-refined-data-bucket-acme"
    assert job["command"]["scriptLocation"].startswith("s3://bovespa-artifacts-bucket-acme/scripts/")


def test_the_job_reads_the_arguments_that_it_is_given(job: dict[str, Any]) -> None:
    of_the_run = {"--JOB_RUN_ID": "jr_1", "--raw_list": "s3://x/list.json"}
    found = read_arguments([word for pair in {**job["defaultArguments"], **of_the_run}.items() for word in pair])
    assert (found.refined_bucket, found.database) == ("bovespa-refined-data-bucket", "default")


# --- its code ------------------------------------------------------------------------------------------------------------


def test_the_job_runs_the_script_that_was_uploaded(deployed: Deployment, job: dict[str, Any]) -> None:
    key, content = uploaded(deployed, "script")
    assert job["command"]["scriptLocation"] == ARTIFACTS + key
    assert content == (ROOT / "glue" / "bovespa_etl_job.py").read_bytes()


def test_the_job_imports_the_modules_that_were_uploaded(deployed: Deployment, job: dict[str, Any]) -> None:
    key, content = uploaded(deployed, "modules")
    assert job["defaultArguments"]["--extra-py-files"] == ARTIFACTS + key
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            assert archive.read(name) == (ROOT / name).read_bytes()


def test_the_modules_are_the_jobs_and_the_contracts_and_nothing_else(deployed: Deployment) -> None:
    with zipfile.ZipFile(io.BytesIO(uploaded(deployed, "modules")[1])) as archive:
        names = set(archive.namelist())
    glue = {f"glue/{path.name}" for path in (ROOT / "glue").glob("*.py")} - {"glue/bovespa_etl_job.py"}
    contract = {
        f"expectations/{folder}/{path.name}"
        for folder in ("contract", "queries")
        for path in (ROOT / "expectations" / folder).glob("*.py")
    }
    assert names == {"expectations/__init__.py"} | glue | contract


@pytest.mark.parametrize(
    ("name", "stem", "ending"), [("script", "bovespa_etl_job", ".py"), ("modules", "modules", ".zip")]
)
def test_a_key_is_the_digest_of_its_content(deployed: Deployment, name: str, stem: str, ending: str) -> None:
    key, content = uploaded(deployed, name)
    assert key == f"scripts/{stem}-{hashlib.sha256(content).hexdigest()[:16]}{ending}"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sources as another checkout of the project."""
    for folder in ("expectations", "glue", "infrastructure"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def keys_of(deploy: Deploy) -> Callable[[Path], Keys]:
    """The keys of script and modules that a checkout's program uploads to."""

    def keys(checkout: Path) -> Keys:
        etl = runpy.run_path(str(checkout / "infrastructure" / "etl.py"))

        def program() -> None:
            settings = StackSettings()
            storage = Storage("storage", settings)
            etl["Etl"]("etl", settings, storage, DataCatalog("catalog", settings, storage))

        found = deploy(program)
        return {item.name: item.inputs["key"] for item in found.all("s3/bucketObjectv2:BucketObjectv2")}

    return keys


def test_the_same_sources_have_the_same_keys_wherever_and_whenever_they_are_checked_out(
    deployed: Deployment, checkout: Path, keys_of: Callable[[Path], Keys]
) -> None:
    for path in checkout.rglob("*.py"):
        os.utime(path, (time.time() - 86_400, time.time() - 86_400))
        path.chmod(0o600)
    assert keys_of(checkout) == {name: uploaded(deployed, name)[0] for name in ("script", "modules")}


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        pytest.param("glue/bovespa_etl_job.py", {"script"}, id="the script"),
        pytest.param("glue/transforms.py", {"modules"}, id="a module of the job"),
        pytest.param("expectations/contract/tables.py", {"modules"}, id="the contract"),
        pytest.param("glue/new_module.py", {"modules"}, id="a new module of the job"),
        pytest.param("expectations/gates/raw.py", set(), id="a suite, which stays with the flows"),
        pytest.param("infrastructure/query.py", set(), id="the program"),
        pytest.param("glue/__pycache__/transforms.cpython-311.pyc", set(), id="what Python leaves behind"),
    ],
)
def test_a_key_changes_with_its_content_and_not_otherwise(
    checkout: Path, keys_of: Callable[[Path], Keys], path: str, changed: set[str]
) -> None:
    before = keys_of(checkout)
    target = checkout / path
    target.parent.mkdir(exist_ok=True)
    with target.open("a", encoding="utf-8") as source:
        source.write("# changed\n")
    after = keys_of(checkout)
    assert {name for name in before if after[name] != before[name]} == changed
