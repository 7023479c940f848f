"""What no gate needs is not imported with Great Expectations, and is there for whoever asks for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

ASKED = {
    "import scipy.stats; found = scipy.stats.norm.cdf(0)": 0.5,
    "from scipy import stats; found = stats.norm.cdf(0)": 0.5,
    "from scipy.stats import norm; found = norm.cdf(0)": 0.5,
    "import altair; found = altair.Chart.__name__": "Chart",
    "import boto3; found = boto3.Session.__name__": "Session",
    "import sqlalchemy; found = sqlalchemy.Table.__name__": "Table",
    "import pyspark; found = bool(pyspark.__version__)": True,
    # A name that a module lacks is lacking.
    "import altair; found = [hasattr(altair, name) for name in ('no_such', '__file__', '__no__')]": [
        False,
        True,
        False,
    ],
}

# Each program finds Great Expectations imported and nothing asked for yet: in a copy of the process.
PROGRAM = """
import json, os, sys
import expectations.gates, great_expectations.expectations

def answer(program):
    reading, writing = os.pipe()
    if os.fork() == 0:
        names = {}
        try:
            exec(program, names)
        finally:
            os.write(writing, json.dumps(names.get("found")).encode())
            os._exit(0)
    os.close(writing)
    os.wait()
    return json.loads(os.read(reading, 1000))

print(json.dumps({"modules": [*sys.modules], "answers": {program: answer(program) for program in sys.argv[1:]}}))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, object]:
    command = [sys.executable, "-c", PROGRAM, *ASKED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", ["altair.vegalite", "scipy.stats._stats_py", "boto3", "pyspark", "sqlalchemy"])
def test_great_expectations_is_imported_without_what_no_gate_needs(imported: dict[str, list[str]], name: str) -> None:
    assert "great_expectations.expectations.core" in imported["modules"]
    assert name not in imported["modules"]


@pytest.mark.parametrize("program", ASKED)
def test_whoever_asks_for_it_gets_it(imported: dict[str, dict[str, object]], program: str) -> None:
    assert imported["answers"][program] == ASKED[program]
