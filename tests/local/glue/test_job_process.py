from __future__ import annotations

import json
import sys
import threading
import time
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from local.account.access import AccountAccess
from local.account.home import Home
from local.glue.job_process import JobOutcome, JobProcesses, ObjectMissingError
from local.rights.privileges import Rights

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.conftest import Eventually


class Bucket:
    """Stands for the bucket that a job's script and modules lie in."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def fetch(self, url: str) -> bytes:
        if url not in self.objects:
            raise ObjectMissingError(f"{url}: The specified key does not exist.")
        return self.objects[url]


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def processes(home: Home, bucket: Bucket, access: AccountAccess) -> JobProcesses:
    (home.mirror / "some-bucket").mkdir(parents=True)
    return JobProcesses(home, bucket.fetch, access, minute=1.0)


def run_record(run_id: str = "jr_1", timeout: int = 30, **arguments: str) -> dict[str, Any]:
    return {"Id": run_id, "Arguments": {f"--{name}": value for name, value in arguments.items()}, "Timeout": timeout}


def job(**defaults: str) -> dict[str, Any]:
    arguments = {f"--{name}": value for name, value in defaults.items()}
    return {"Name": "etl", "Command": {"ScriptLocation": "s3://b/scripts/job.py"}, "DefaultArguments": arguments}


def run(processes: JobProcesses, bucket: Bucket, script: str, record: dict[str, Any] | None = None) -> JobOutcome:
    bucket.objects["s3://b/scripts/job.py"] = script.encode()
    return processes.run(job(database="default"), record or run_record())


def log_of(home: Home) -> str:
    return (home.logs / "glue" / "jr_1.log").read_text()


def test_a_script_gets_the_jobs_arguments_and_the_runs_over_them(
    processes: JobProcesses, bucket: Bucket, home: Home
) -> None:
    script = "import json, sys; print(json.dumps(sys.argv[1:]))"

    assert run(processes, bucket, script, run_record(database="other", raw_key="k")) == JobOutcome("SUCCEEDED")

    given = json.loads(log_of(home))
    assert dict(zip(given[::2], given[1::2], strict=True)) == {
        "--JOB_NAME": "etl",
        "--JOB_RUN_ID": "jr_1",
        "--database": "other",
        "--raw_key": "k",
    }


def test_modules_that_the_job_names_can_be_imported(processes: JobProcesses, bucket: Bucket) -> None:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("helper/__init__.py", "VALUE = 42")
    bucket.objects["s3://b/modules.zip"] = content.getvalue()
    bucket.objects["s3://b/scripts/job.py"] = b"import helper; assert helper.VALUE == 42"
    definition = {**job(), "DefaultArguments": {"--extra-py-files": "s3://b/modules.zip"}}

    assert processes.run(definition, run_record()) == JobOutcome("SUCCEEDED")


def test_a_module_that_was_not_deployed_cannot_be_imported(processes: JobProcesses, bucket: Bucket) -> None:
    outcome = run(processes, bucket, "import expectations.contract.tables")

    assert outcome == JobOutcome("FAILED", "ModuleNotFoundError: No module named 'expectations'")


@pytest.mark.parametrize("missing", ["s3://b/scripts/job.py", "s3://b/modules.zip"])
def test_a_missing_object_fails_the_run_and_is_named(
    processes: JobProcesses, bucket: Bucket, home: Home, missing: str
) -> None:
    bucket.objects = {"s3://b/scripts/job.py": b"", "s3://b/modules.zip": b""}
    del bucket.objects[missing]
    definition = {**job(), "DefaultArguments": {"--extra-py-files": "s3://b/modules.zip"}}

    outcome = processes.run(definition, run_record())

    assert outcome == JobOutcome("FAILED", f"{missing}: The specified key does not exist.")
    assert missing in log_of(home)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("raise ValueError('no rows\\nat all')", "ValueError: no rows"),
        ("raise KeyError('x')", "KeyError: 'x'"),
        ("raise AssertionError", "AssertionError"),
        ("raise SystemExit('key raw-data/x: not a raw key')", "SystemExit: key raw-data/x: not a raw key"),
        ("import sys; print('session 2025-06-30 twice', file=sys.stderr); sys.exit(2)", "session 2025-06-30 twice"),
        (
            "import sys; print('why'); print('25/06/30 10:00:00 WARN Spark: noise'); sys.exit(1)",
            "why",
        ),
        ("import sys; sys.exit(4)", "SystemExit: 4"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "Command failed with exit code -9"),
    ],
)
def test_a_failed_run_says_in_one_line_what_it_died_of(
    processes: JobProcesses, bucket: Bucket, script: str, message: str
) -> None:
    assert run(processes, bucket, script) == JobOutcome("FAILED", message)


def test_a_run_without_a_java_that_works_fails_and_says_so(
    processes: JobProcesses, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", "/no/java")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    outcome = run(processes, bucket, "print('never')")

    assert outcome.state == "FAILED"
    assert str(outcome.message).startswith("JAVA_HOME /no/java: no Java can be started there")


def test_a_run_beyond_its_timeout_is_ended(processes: JobProcesses, bucket: Bucket) -> None:
    started = time.monotonic()

    outcome = run(processes, bucket, "import time; time.sleep(60)", run_record(timeout=1))

    assert outcome.state == "TIMEOUT"
    assert time.monotonic() - started < 10


def test_a_stopped_run_is_ended(processes: JobProcesses, bucket: Bucket, home: Home, eventually: Eventually) -> None:
    outcomes: list[JobOutcome] = []
    script = "import time; print('running', flush=True); time.sleep(60)"
    thread = threading.Thread(target=lambda: outcomes.append(run(processes, bucket, script)))
    thread.start()
    eventually(lambda: (home.logs / "glue" / "jr_1.log").exists() and "running" in log_of(home))

    processes.stop_all()

    thread.join(10)
    assert outcomes == [JobOutcome("STOPPED")]


def test_a_run_that_is_stopped_before_it_began_never_begins(
    processes: JobProcesses, bucket: Bucket, home: Home
) -> None:
    processes.stop("jr_1")

    assert run(processes, bucket, "print('began')") == JobOutcome("STOPPED")
    assert not (home.logs / "glue" / "jr_1.log").exists()


def test_nothing_of_a_run_is_left_behind_but_its_log(processes: JobProcesses, bucket: Bucket, home: Home) -> None:
    run(processes, bucket, "open('left', 'w').close()")

    assert list(home.scratch.iterdir()) == []


@pytest.mark.spark
def test_spark_reads_and_writes_s3_as_folders_without_side_files(
    processes: JobProcesses, bucket: Bucket, home: Home
) -> None:
    script = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(3).selectExpr("id", "id % 2 as half").write.partitionBy("half").parquet("s3://some-bucket/out/")
assert spark.read.parquet("s3://some-bucket/out/").count() == 3
"""
    assert run(processes, bucket, script) == JobOutcome("SUCCEEDED")

    written = [path.relative_to(home.mirror) for path in home.mirror.rglob("*") if path.is_file()]
    assert {str(path.parent) for path in written} == {
        "some-bucket/out",
        "some-bucket/out/half=0",
        "some-bucket/out/half=1",
    }
    assert not [path for path in written if path.suffix == ".crc"]


JVM = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(3).write.parquet("s3://some-bucket/out/")
java = spark._jvm.java.lang
print("java", java.ProcessHandle.current().pid(), spark.conf.get("spark.sql.warehouse.dir"))
print("temporary files:", java.System.getProperty("java.io.tmpdir"))
"""


@pytest.mark.spark
def test_one_java_serves_run_after_run_and_nothing_of_one_is_left_for_the_next(
    processes: JobProcesses, bucket: Bucket, home: Home
) -> None:
    processes.stand_by(job(database="default"))
    java = processes._standby.java
    assert java
    leaves = "\nopen('left', 'w').close(); spark.conf.set('spark.sql.shuffle.partitions', '3')"
    finds = (
        "\nimport os; assert not os.path.exists('left'); assert spark.conf.get('spark.sql.shuffle.partitions') == '200'"
    )

    outcomes = [
        run(processes, bucket, JVM + leaves),
        run(processes, bucket, JVM.replace("out", "further") + finds, run_record("jr_2")),
    ]

    logs = [(home.logs / "glue" / f"{name}.log").read_text() for name in ("jr_1", "jr_2")]
    served = [line for log in logs for line in log.splitlines() if line.startswith("java")]
    assert outcomes == [JobOutcome("SUCCEEDED")] * 2
    assert served[0] == served[1]
    assert [log.count("java ") for log in logs] == [1, 1]
    assert all(f"temporary files: {home.scratch.resolve()}/standby-" in log for log in logs)
    assert sorted(path.name for path in (home.mirror / "some-bucket").iterdir()) == ["further", "out"]
    processes.stop_all()
    assert list(home.scratch.iterdir()) == []
    assert java.reached_by() is None, "it has ended"


def policy(resources: list[str]) -> str:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": resources}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_java_whose_folder_cannot_be_cleared_serves_no_other_run(
    processes: JobProcesses, bucket: Bucket, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    processes.stand_by(job(database="default"))
    monkeypatch.setattr("local.glue.standby.os.truncate", refuses)

    assert run(processes, bucket, "print('done')") == JobOutcome("SUCCEEDED")
    assert (processes._standby.java, list(home.scratch.iterdir())) == (None, [])


@pytest.mark.spark
def test_a_run_answers_for_its_own_calls_only(home: Home, bucket: Bucket, access: AccountAccess) -> None:
    (home.mirror / "some-bucket").mkdir(parents=True)
    allowed = ["arn:aws:s3:::some-bucket/out/*", "arn:aws:s3:::b/*"]
    processes = JobProcesses(home, bucket.fetch, access, lambda role: Rights(role or "etl", lambda: [policy(allowed)]))
    processes.stand_by(job(database="default"))

    assert run(processes, bucket, JVM).state == "SUCCEEDED"
    allowed[0] = "arn:aws:s3:::some-bucket/further/*"
    assert run(processes, bucket, JVM.replace("out", "further"), run_record("jr_2")).state == "SUCCEEDED"
    outcome = run(processes, bucket, JVM, run_record("jr_3"))

    assert (outcome.state, "some-bucket/out" in str(outcome.message)) == ("FAILED", True)
    assert (processes._standby.java, list(home.scratch.iterdir())) == (None, []), "what has failed is not gone on with"


def test_java_for_another_environment_serves_no_run(processes: JobProcesses, bucket: Bucket, home: Home) -> None:
    processes.stand_by(job(database="default", **{"extra-py-files": "s3://b/modules.zip"}))

    assert run(processes, bucket, "import os; assert 'PYSPARK_GATEWAY_PORT' not in os.environ").state == "SUCCEEDED"
    assert (processes._standby.java, list(home.scratch.iterdir())) == (None, [])


@pytest.mark.spark
def test_a_run_whose_java_has_died_before_it_starts_its_own(
    processes: JobProcesses, bucket: Bucket, home: Home
) -> None:
    processes.stand_by(job(database="default"))
    assert processes._standby.java
    processes._standby.java._child.stop()

    assert run(processes, bucket, JVM).state == "SUCCEEDED"
    assert list(home.scratch.iterdir()) == []


def test_java_that_nobody_needs_ends(home: Home, bucket: Bucket, access: AccountAccess, eventually: Eventually) -> None:
    processes = JobProcesses(home, bucket.fetch, access, idle_seconds=0.1)
    processes.stand_by(job())

    eventually(lambda: processes._standby.java is None and not list(home.scratch.iterdir()))


def test_java_that_stands_by_ends_with_the_account(processes: JobProcesses, home: Home) -> None:
    processes.stand_by(job())
    processes.stop_all()

    assert (processes._standby.java, list(home.scratch.iterdir())) == (None, [])
