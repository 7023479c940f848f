"""What a process does without, what is compiled by Cython does without as well."""

from __future__ import annotations

import subprocess
import sys


def run(lines: str) -> str:
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_absent_is_not_found() -> None:
    assert run(
        """
from local.account.absent import do_without
do_without(["pandas"])
try:
    import pandas
except ImportError as error:
    print(error)
"""
    ) == ("this process does without pandas\n")


def test_pyarrow_reads_many_files_without_pandas() -> None:
    assert run(
        """
import io, sys
from local.account.absent import do_without
do_without(["pandas"])
import pyarrow.dataset
import pyarrow.parquet
import pyarrow
table = pyarrow.table({"a": [1, None]})
file = io.BytesIO()
pyarrow.parquet.write_table(table, file)
print(pyarrow.dataset.dataset(table).to_table().equals(pyarrow.parquet.read_table(file)), "pandas" in sys.modules)
"""
    ) == ("True False\n")
