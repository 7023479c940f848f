from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.athena.analysis.planned import CatalogTable
from local.athena.analysis.planner import plan_query
from local.athena.analysis.tables import Tables
from local.athena.engine import Engine
from local.athena.language.errors import AthenaQueryError
from local.athena.rights import CallersCatalog
from local.rights.api_calls import AccountPlace
from local.rights.privileges import caller

if TYPE_CHECKING:
    from tests.local.conftest import Shares


def run(shares: Shares, text: str) -> tuple[list[list[str | None]], Engine]:
    catalog = CallersCatalog(shares.catalog, shares.partitions, caller(), AccountPlace())
    engine = Engine(shares.mirror, catalog.locations, catalog.declared)
    query = plan_query(text, Tables(catalog), "default")
    try:
        engine.prepare(query)
        return [list(row) for row in engine.run(query).rows], engine
    finally:
        engine.close()


def rows(shares: Shares, text: str) -> list[list[str | None]]:
    return run(shares, text)[0]


def change_table(shares: Shares, **changes: Any) -> None:  # noqa: ANN401
    table: CatalogTable = {**shares.catalog.table("default", "shares"), **changes}
    shares.catalog.operations()["AWSGlue.UpdateTable"]({"DatabaseName": "default", "TableInput": table})


def columns(*named: str) -> dict[str, Any]:
    described = [dict(zip(("Name", "Type"), column.split(), strict=True)) for column in named]
    return {"Columns": described, "SerdeInfo": {"SerializationLibrary": "ParquetHiveSerDe"}}


# --- registered partitions and only those ------------------------------------------------------------------------------


def test_only_registered_partitions_are_read(shares: Shares) -> None:
    shares.add(30, "VALE3")
    shares.add(30, "PETR4", registered=False)

    assert rows(shares, "SELECT name, day, ticker FROM shares") == [["vale3", "30", "VALE3"]]


def test_a_table_without_partitions_has_no_rows(shares: Shares) -> None:
    shares.add(30, "VALE3", registered=False)

    assert rows(shares, "SELECT count(*) FROM shares") == [["0"]]
    assert rows(shares, "SELECT * FROM shares") == []


def test_a_registered_location_without_files_has_no_rows(shares: Shares) -> None:
    shares.register(30, "VALE3", "s3://plain/nothing/here/")

    assert rows(shares, "SELECT * FROM shares WHERE day = 30") == []


def test_a_partitions_values_are_the_registered_ones_wherever_its_files_lie(shares: Shares) -> None:
    shares.add(30, "VALE3", registered=False)
    shares.register(7, "OTHER", "s3://plain/shares/day=30/ticker=VALE3/")

    assert rows(shares, "SELECT name, day, ticker FROM shares") == [["vale3", "7", "OTHER"]]


def test_a_partition_column_has_the_catalogs_type(shares: Shares) -> None:
    for day in (9, 10):
        shares.add(day, "VALE3")

    assert rows(shares, "SELECT max(day), max(ticker) FROM shares") == [["10", "VALE3"]]


def test_a_value_that_is_not_of_its_columns_type_fails_the_query(shares: Shares) -> None:
    request = {"DatabaseName": "default", "TableName": "shares"}
    values = {"Values": ["thirty", "VALE3"], "StorageDescriptor": {"Location": "s3://plain/shares/"}}
    shares.partitions.operations()["AWSGlue.CreatePartition"]({**request, "PartitionInput": values})

    with pytest.raises(AthenaQueryError, match="HIVE_INVALID_PARTITION_VALUE"):
        rows(shares, "SELECT * FROM shares")


def test_hidden_files_are_not_read(shares: Shares) -> None:
    file = shares.add(30, "VALE3")
    (file.parent / "_SUCCESS").write_bytes(b"")
    (file.parent / ".part.crc").write_bytes(b"x")

    assert rows(shares, "SELECT count(*) FROM shares") == [["1"]]


# --- pruning -----------------------------------------------------------------------------------------------------------


def test_a_query_that_names_a_day_opens_no_other_days_files(shares: Shares) -> None:
    shares.add(30, "VALE3")
    broken = shares.add(29, "VALE3")
    broken.write_bytes(b"not Parquet")

    found, engine = run(shares, "SELECT name FROM shares WHERE day = 30")

    assert found == [["vale3"]]
    assert engine.scanned_bytes == (broken.parents[2] / "day=30/ticker=VALE3/part-00000.parquet").stat().st_size
    with pytest.raises(AthenaQueryError, match="HIVE_BAD_DATA"):
        rows(shares, "SELECT name FROM shares")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("day = 29", ["vale3"]),
        ("day = 29 OR ticker = 'PETR4'", ["petr4", "vale3"]),
        ("day = 29 AND ticker = 'PETR4'", []),
        ("day > 29 AND quantity > 0", ["petr4"]),
        ("NOT day = 29", ["petr4"]),
        ("ticker LIKE 'V%'", ["vale3"]),
        ("day IS NULL", []),
        ("year(date_add('day', day, DATE '2025-01-01')) = 2025 AND ticker = 'PETR4'", ["petr4"]),
        ("cast(day AS varchar) = '29'", ["vale3"]),
    ],
)
def test_pruning_changes_no_answer(shares: Shares, where: str, expected: list[str]) -> None:
    shares.add(29, "VALE3")
    shares.add(30, "PETR4")

    assert rows(shares, f"SELECT name FROM shares WHERE {where} ORDER BY name") == [[name] for name in expected]


# --- columns -----------------------------------------------------------------------------------------------------------


def test_columns_are_found_by_name_and_missing_ones_are_null(shares: Shares) -> None:
    shares.add(30, "VALE3", weight=1.5, name="vale")

    assert rows(shares, "SELECT * FROM shares") == [["vale", None, "1.5", "30", "VALE3"]]


def test_a_column_that_only_some_files_have_is_null_elsewhere(shares: Shares) -> None:
    shares.add(29, "VALE3", name="old")
    shares.add(30, "VALE3", name="new", quantity=5, weight=1.0)

    assert rows(shares, "SELECT name, quantity FROM shares ORDER BY day") == [["old", None], ["new", "5"]]


def test_a_column_of_the_files_that_the_catalog_has_not_is_not_there(shares: Shares) -> None:
    shares.add(30, "VALE3", name="vale", secret="x")

    with pytest.raises(AthenaQueryError, match="COLUMN_NOT_FOUND"):
        rows(shares, "SELECT secret FROM shares")


def test_a_files_type_that_is_not_the_tables_fails_the_query(shares: Shares) -> None:
    shares.add(30, "VALE3", name="vale", quantity="many")

    with pytest.raises(
        AthenaQueryError, match=r"HIVE_BAD_DATA: Field quantity's type VARCHAR .* incompatible with type bigint"
    ):
        rows(shares, "SELECT quantity FROM shares")


def test_timestamps_with_a_zone_are_read_as_utc(shares: Shares) -> None:
    change_table(shares, StorageDescriptor=columns("at timestamp", "on date"))
    shares.add(30, "VALE3", at=datetime(2025, 6, 30, 23, 30, tzinfo=UTC), on=date(2025, 6, 30))

    assert rows(shares, 'SELECT "at", "on", date_format("at", \'%H\') FROM shares') == [
        ["2025-06-30 23:30:00.000", "2025-06-30", "23"]
    ]


def test_a_table_that_is_not_declared_as_parquet_cannot_be_read(shares: Shares) -> None:
    change_table(
        shares, StorageDescriptor={**columns("name string"), "SerdeInfo": {"SerializationLibrary": "LazySimpleSerDe"}}
    )

    with pytest.raises(AthenaQueryError, match="HIVE_UNSUPPORTED_FORMAT"):
        rows(shares, "SELECT * FROM shares")


def test_a_column_that_is_also_a_partition_is_refused_as_athena_does(shares: Shares) -> None:
    change_table(shares, StorageDescriptor=columns("ticker string"))

    with pytest.raises(AthenaQueryError, match=r"HIVE_INVALID_METADATA: .*duplicate columns: ticker"):
        rows(shares, "SELECT * FROM shares")


def test_a_type_that_the_laptop_has_not_is_refused(shares: Shares) -> None:
    change_table(shares, StorageDescriptor=columns("name array<string>"))

    with pytest.raises(AthenaQueryError, match="NOT_SUPPORTED on the laptop: column name: type array<string>"):
        rows(shares, "SELECT * FROM shares")


def test_a_location_outside_s3_is_refused(shares: Shares, tmp_path: Path) -> None:
    shares.register(30, "VALE3", f"file://{tmp_path}/")

    with pytest.raises(AthenaQueryError, match="is not of the form s3://bucket/prefix/"):
        rows(shares, "SELECT * FROM shares")


# --- answers -----------------------------------------------------------------------------------------------------------


def test_whole_numbers_are_divided_and_summed_as_in_athena(shares: Shares) -> None:
    shares.add(29, "VALE3")
    shares.add(30, "VALE3")

    assert rows(shares, "SELECT sum(quantity), sum(quantity) / 4000, avg(weight), 7 / 2 FROM shares") == [
        ["5900", "1", "0.5", "3"]
    ]


def test_a_query_that_goes_wrong_while_it_runs_fails_with_the_reason(shares: Shares) -> None:
    shares.add(30, "VALE3")

    with pytest.raises(AthenaQueryError, match=r"INVALID_CAST_ARGUMENT: .*vale3"):
        rows(shares, "SELECT cast(name AS integer) FROM shares")


@pytest.mark.parametrize("source", ["read_csv('{file}')", "read_text('{file}')", "read_parquet('{file}')"])
def test_a_query_cannot_read_files_that_are_not_in_a_bucket(shares: Shares, tmp_path: Path, source: str) -> None:
    (tmp_path / "secret").write_text("secret")

    with pytest.raises(AthenaQueryError):
        rows(shares, f"SELECT * FROM {source.format(file=tmp_path / 'secret')}")


def test_a_timestamp_of_a_table_is_read_to_the_nearest_millisecond(shares: Shares) -> None:
    change_table(shares, StorageDescriptor=columns("at timestamp"))
    shares.add(30, "VALE3", at=datetime(2025, 6, 30, 23, 59, 59, 999_600, tzinfo=UTC))

    assert rows(shares, 'SELECT "at", typeof("at") FROM shares') == [["2025-07-01 00:00:00.000", "timestamp(3)"]]


def test_partition_projection_is_refused_by_name(shares: Shares) -> None:
    shares.add(30, "VALE3")
    change_table(shares, Parameters={"projection.enabled": "true"})

    with pytest.raises(AthenaQueryError, match=r"NOT_SUPPORTED on the laptop: partition projection \(table shares\)"):
        rows(shares, "SELECT * FROM shares")


def partition_of_another_type(shares: Shares, kind: str) -> None:
    storage = {"Location": "s3://plain/shares/day=07/ticker=VALE3/", "Columns": [{"Name": "quantity", "Type": kind}]}
    request = {"PartitionInput": {"Values": ["7", "VALE3"], "StorageDescriptor": storage}}
    shares.add(7, "VALE3", registered=False)
    place = {"DatabaseName": "default", "TableName": "shares"}
    shares.partitions.operations()["AWSGlue.CreatePartition"]({**place, **request})


def test_a_partition_that_declares_another_type_is_refused_where_it_is_read(shares: Shares) -> None:
    shares.add(30, "PETR4")
    partition_of_another_type(shares, "string")

    with pytest.raises(
        AthenaQueryError,
        match=r"HIVE_PARTITION_SCHEMA_MISMATCH: .*'quantity' in table 'default.shares' is declared as type 'bigint', but "
        r"partition 'day=7/ticker=VALE3' declared column 'quantity' as type 'string'",
    ):
        rows(shares, "SELECT quantity FROM shares")
    assert rows(shares, "SELECT quantity FROM shares WHERE day = 30") == [["3000"]]


def test_a_partition_that_declares_a_narrower_type_is_read(shares: Shares) -> None:
    partition_of_another_type(shares, "int")

    assert rows(shares, "SELECT quantity FROM shares") == [["700"]]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM 'shares.parquet'",
        "SELECT * FROM pragma_version()",
        "SELECT * FROM scan_0",
        "SELECT getvariable('scan_0')",
    ],
)
def test_nothing_of_the_engine_within_can_be_asked_for(shares: Shares, text: str) -> None:
    with pytest.raises(AthenaQueryError) as caught:
        rows(shares, text)

    assert "duckdb" not in str(caught.value).lower().replace("duckdb_settings", "")


def test_a_sum_beyond_a_bigint_fails_as_in_athena(shares: Shares) -> None:
    for day in (29, 30):
        shares.add(day, "VALE3", quantity=2**62)

    with pytest.raises(AthenaQueryError, match="NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow"):
        rows(shares, "SELECT sum(quantity), name FROM shares GROUP BY name")


def test_a_value_of_several_rows_is_refused_in_athenas_words(shares: Shares) -> None:
    for day in (29, 30):
        shares.add(day, "VALE3")

    with pytest.raises(AthenaQueryError, match="SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows"):
        rows(shares, "SELECT (SELECT day FROM shares)")
