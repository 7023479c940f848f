"""What no gate needs is not imported with Great Expectations, and is there for whoever asks for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORTED = "import sys, expectations.gates, great_expectations, great_expectations.expectations; "


def printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def imported() -> set[str]:
    return set(printed(f"{IMPORTED} print(*sys.modules)").split())


@pytest.mark.parametrize("name", ["altair.vegalite", "scipy.stats._stats_py", "pyspark"])
def test_great_expectations_is_imported_without_what_no_gate_needs(imported: set[str], name: str) -> None:
    assert "great_expectations.expectations.core" in imported
    assert name not in imported


@pytest.mark.parametrize(
    "program",
    [
        "import scipy.stats; print(scipy.stats.norm.cdf(0))",
        "from scipy import stats; print(stats.norm.cdf(0))",
        "from scipy.stats import norm; print(norm.cdf(0))",
        "import altair; print(float(len(altair.Chart.__name__) == 5) / 2)",
        "import pyspark; print(float(bool(pyspark.__version__)) / 2)",
    ],
)
def test_whoever_asks_for_it_gets_it(program: str) -> None:
    assert printed(IMPORTED + program) == "0.5"


def test_a_name_that_a_module_lacks_is_lacking() -> None:
    program = (
        "import altair; print(hasattr(altair, 'no_such_thing'), hasattr(altair, '__file__'), hasattr(altair, '__no__'))"
    )
    assert printed(IMPORTED + program) == "False True False"
