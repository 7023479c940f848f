from __future__ import annotations

from pathlib import Path

import pytest

from local.glue.spark_calls import spark_calls

LOG = """\
FileScanRDD: Reading File path: s3://refined/staging/jr_1/input/indice=IBOV/x%20y.parquet, range: 0-9, partition values: []
FileScanRDD: Reading File path: s3://refined/staging/jr_1/input/indice=IBOV/x%20y.parquet, range: 0-9, partition values: []
FileOutputCommitter: Saved output of task 'attempt_1' to s3://refined/staging/jr_1/refined-data/_temporary/0/task_1
FileOutputCommitter: Saved output of task 'attempt_2' to s3://refined/staging/jr_1/refined-data/_temporary/0/task_2
"""


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "s3" / "refined" / "staging" / "jr_1"
    for name in (
        "refined-data/day=30/acao=VALE3/part.parquet",
        "refined-data/day=30/acao=PETR4/part.parquet",
        "input/x",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return tmp_path / "s3"


def test_what_was_read_and_what_was_written_is_told_once(tmp_path: Path, mirror: Path) -> None:
    log = tmp_path / "spark-s3.log"
    log.write_text(LOG)

    found = [
        (call.action, call.resource.removeprefix("arn:aws:s3:::refined/staging/jr_1/"))
        for call in spark_calls(log, mirror)
    ]

    assert sorted(found) == [
        ("s3:GetObject", "input/indice=IBOV/x y.parquet"),
        ("s3:PutObject", "refined-data/day=30/acao=PETR4/part.parquet"),
        ("s3:PutObject", "refined-data/day=30/acao=VALE3/part.parquet"),
    ]


def test_a_run_that_never_started_spark_did_nothing(tmp_path: Path) -> None:
    assert spark_calls(tmp_path / "nothing.log", tmp_path) == []
