from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks import cost, scale
from benchmarks.report import Part, Table, Target, document, number, ratio
from flows.cost.prices import REGIONS

TABLE = Table("Seconds.", ("Sessions", "Job"), (("1", "6.5"), ("250", "30")))
MET = Target("One session", 6.5, 8, "s")
MISSED = Target("Plain against the job", 4.2, 5, "x", at_most=False, why="one run is kinder")
PART = Part("etl", "ETL", "How it was measured.", (TABLE,), (MET, MISSED), {"etl_start": 2.5})


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (MET, True),
        (replace(MET, measured=8), True),
        (replace(MET, measured=8.01), False),
        (MISSED, False),
        (replace(MISSED, measured=5), True),
    ],
)
def test_a_target_is_the_most_or_the_least(target: Target, met: bool) -> None:  # noqa: FBT001
    assert target.met is met


def test_what_is_missed_says_why() -> None:
    assert MET.cells() == ("One session", "≤ 8 s", "6.5 s", "met")
    assert MISSED.cells() == ("Plain against the job", "≥ 5 x", "4.2 x", "**not met**: one run is kinder")
    assert replace(MISSED, why="").cells()[-1] == "**not met**"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.04567, "0.0457"), (1.0, "1"), (6.5, "6.5"), (6.789, "6.79"), (12.34, "12.3"), (21420.4, "21,420")],
)
def test_figures_have_about_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_ratio_is_how_many_times_the_base_a_value_is() -> None:
    assert ratio(30, 10) == "3 x"
    assert ratio(30, 0) == "-"


def test_the_document_states_machine_targets_and_tables() -> None:
    text = document([PART], "2 cores", "## Notes")
    assert "Measured on: 2 cores." in text
    assert "1 of 2 are met." in text
    assert "| Plain against the job | ≥ 5 x | 4.2 x | **not met**: one run is kinder |" in text
    assert "## ETL\n\nHow it was measured.\n\nSeconds.\n\n| Sessions | Job |\n| --- | ---: |\n| 1 | 6.5 |" in text
    assert text.endswith("## Notes\n")


def test_a_part_that_was_kept_reads_back(tmp_path: Path) -> None:
    PART.save(tmp_path / "kept")
    assert Part.load(tmp_path / "kept" / "etl.json") == PART


CALLS = {
    "bovespa-flows/s3:PutObject": 90.0,
    "bovespa-flows/s3:GetObject": 100.0,
    "bovespa-flows/athena:StartQueryExecution": 2.0,
    "etl/s3:PutObject": 85.0,
    "etl/glue:GetTable": 4.0,
}


def test_a_sessions_bill_is_its_requests_and_a_minute_of_two_workers() -> None:
    bill = cost.bill(CALLS, REGIONS["us-east-1"])
    assert bill["Glue run"] == pytest.approx(Decimal("0.44") * 2 / 60)
    assert bill["S3 writes, copies, lists"] == Decimal("0.000005") * (90 + 85 * 3)
    assert bill["S3 reads"] == Decimal("0.0000004") * 100
    assert float(bill["Athena"]) == pytest.approx(2 * 10 / 1024**2 * 5)


def test_a_region_that_is_dearer_than_the_target_says_why() -> None:
    missed = [target for target in cost.part(CALLS).targets if not target.met]
    assert missed
    assert all("sa-east-1" in target.what and "DPU-hour" in target.why for target in missed)


def test_scale_is_reckoned_with_what_was_measured() -> None:
    (table,) = scale.part({"etl_session": 0.1, "memory_session_mib": 2.0, "memory_base_mib": 300.0}).tables
    month = dict(zip(table.head, table.rows[0], strict=True))
    assert month["Files = partitions"] == f"{21 * 86:,}"
    assert month["ETL, min"] == number(21 * 0.1 / 60)
    assert month["Flow's memory, MiB"] == "342"
    assert month["Publish, min"] == "-"
    every = dict(zip(table.head, table.rows[-1], strict=True))
    assert every["Files = partitions"] == f"{6300 * 86 + 9 * 6300 * 2:,}"
    assert every["Glue runs"] == "63"
