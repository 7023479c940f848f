"""The Spark side of a run: every table's staged files, and input that is not what its key says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.contract.keys import raw_key, staging_prefix
from expectations.contract.manifest import RawSource, SessionCounts
from expectations.contract.names import REFINED_BUCKET
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import (
    INDICES_REFINED_TABLE,
    REFINED_COLUMNS,
    REFINED_TABLE,
    SUMMARY_COLUMNS,
    SUMMARY_TABLE,
    Table,
)
from flows.session.raw_file import RAW_SCHEMA
from glue import writing
from glue.arguments import Arguments
from glue.errors import JobError
from glue.transforms import refined, summary
from glue.writing import WRITERS, by_session, read_input, write_tables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.spark

SESSION = date(2025, 6, 30)
RawFile = Callable[..., bytes]
Input = Mapping[tuple[str, date], bytes]


@dataclass(frozen=True)
class Run:
    """What one run wrote, and what it said of it."""

    folder: Path
    sessions: list[SessionCounts]

    def files(self, table: Table) -> dict[str, Path]:
        """The files of a table, by their folders below the table's prefix."""
        root = self.folder / table.prefix
        return {path.parent.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}

    def rows(self, table: Table) -> list[dict[str, Any]]:
        return [row for path in self.files(table).values() for row in pq.ParquetFile(path).read().to_pylist()]


Write = Callable[[Input], Run]


@pytest.fixture(scope="module")
def write(spark: SparkSession, s3_root: Path) -> Write:
    """Writes the tables of some raw files, by index and session, in a run of its own."""
    numbers = count()

    def run(files: Input) -> Run:
        run_id = f"jr_writing_{next(numbers)}"
        folder = s3_root / REFINED_BUCKET / staging_prefix(run_id)
        sources = []
        for (index, session), content in files.items():
            key = raw_key(index, session)
            path = folder / "input" / f"indice={index}" / f"reference_date={SESSION}" / key.rpartition("/")[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            sources.append(RawSource("raw", key, "v1", index, session, SESSION))
        arguments = Arguments(run_id, REFINED_BUCKET, "default", None, None, None)
        address = f"s3://{REFINED_BUCKET}/{staging_prefix(run_id)}input/"
        rows = by_session(refined(read_input(spark, address)), len(sources))
        return Run(folder, write_tables(rows, summary(rows), arguments, sources))

    return run


# --- one session ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one(write: Write, raw_file: RawFile) -> Run:
    shares: list[dict[str, object]] = [
        {"codigo": "VALE3"},
        {"codigo": "PETR4", "tipo": "PN  ED  N2", "setor": "Petróleo, Gás e Biocombustíveis"},
        {"codigo": "PETR3", "tipo": "ON  ED  N2", "setor": "Petróleo, Gás e Biocombustíveis"},
        {"codigo": "BPAC11", "tipo": "UNT     N2", "setor": None},
    ]
    return write({("IBOV", SESSION): raw_file(*shares)})


def test_each_share_is_a_partition_of_one_file(one: Run) -> None:
    tickers = ["BPAC11", "PETR3", "PETR4", "VALE3"]
    assert list(one.files(REFINED_TABLE)) == [f"year=2025/month=06/day=30/acao={ticker}" for ticker in tickers]
    assert sorted(row["codigo"] for row in one.rows(REFINED_TABLE)) == tickers


def test_the_summary_of_a_session_is_a_partition_of_one_file(one: Run) -> None:
    assert list(one.files(SUMMARY_TABLE)) == ["year=2025/month=06/day=30"]


def test_a_session_is_counted_in_rows_and_groups(one: Run) -> None:
    assert one.sessions == [SessionCounts("IBOV", SESSION, rows=4, summary_rows=4)]
    assert len(one.rows(SUMMARY_TABLE)) == 4


def test_an_index_that_no_source_has_gets_no_files(one: Run) -> None:
    assert sorted(path.name for path in one.folder.iterdir()) == ["input", "refined-data", "resumo-data"]


def test_nothing_but_parquet_files_is_left_behind(one: Run) -> None:
    assert {path.suffix for path in one.folder.rglob("*") if path.is_file()} == {".parquet"}


def test_no_file_gets_permissions_which_takes_a_process_each(spark: SparkSession, s3_root: Path) -> None:
    file = s3_root / REFINED_BUCKET / "permissions"
    file.touch(mode=0o640)
    hadoop: Any = spark.sparkContext._jvm.org.apache.hadoop.fs  # type: ignore[union-attr]
    path = hadoop.Path(f"s3://{REFINED_BUCKET}/permissions")
    path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).setPermission(
        path, hadoop.permission.FsPermission("777")
    )
    mode = file.stat().st_mode & 0o777
    file.unlink()
    assert mode == 0o640


def test_no_rows_stay_in_sparks_memory(one: Run, spark: SparkSession) -> None:
    assert spark.sparkContext._jsc.getPersistentRDDs().size() == 0


ARROW_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


@pytest.mark.parametrize(
    ("table", "columns"),
    [(REFINED_TABLE, REFINED_COLUMNS), (SUMMARY_TABLE, SUMMARY_COLUMNS)],
    ids=["refined", "summary"],
)
def test_a_file_has_the_contracts_columns_in_its_order_and_types(one: Run, table: Table, columns: Any) -> None:  # noqa: ANN401
    for path in one.files(table).values():
        schema = pq.read_schema(path)
        assert [(field.name, field.type) for field in schema] == [
            (column.name, ARROW_TYPES[column.type]) for column in columns
        ]


@pytest.mark.parametrize(
    ("column", "physical", "logical"),
    [
        ("codigo", "BYTE_ARRAY", "String"),
        ("quantidade_teorica_acoes", "DOUBLE", "None"),
        ("data_pregao", "INT32", "Date"),
        ("timestamp_coleta", "INT64", "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds"),
        ("dias_desde_coleta", "INT32", "None"),
    ],
)
def test_a_column_is_stored_in_the_form_that_athena_reads(one: Run, column: str, physical: str, logical: str) -> None:
    schema = pq.ParquetFile(next(iter(one.files(REFINED_TABLE).values()))).schema
    found = schema.column(schema.names.index(column))
    assert found.physical_type == physical
    assert str(found.logical_type).startswith(logical)


# --- several sessions ----------------------------------------------------------------------------------------------------


SESSIONS = [date(2025, 6, day) for day in range(2, 2 + WRITERS + 2)]


@pytest.fixture(scope="module")
def several(write: Write, raw_file: RawFile) -> Run:
    """More sessions than there are tasks, of the Ibovespa and of two other indices."""
    shares = ({"codigo": "VALE3"}, {"codigo": "PETR4", "tipo": "PN      N2"})
    files = {("IBOV", day): raw_file(*({**share, "data_pregao": day} for share in shares)) for day in SESSIONS}
    for index in ("IBXX", "IDIV"):
        files[index, SESSION] = raw_file({"codigo": "ITUB4", "qtde_teorica": len(index)})
    return write(files)


def test_every_session_is_written_whole_and_in_one_piece(several: Run) -> None:
    assert set(several.files(REFINED_TABLE)) == {
        f"year=2025/month=06/day={day.day:02}/acao={ticker}" for day in SESSIONS for ticker in ("VALE3", "PETR4")
    }
    assert set(several.files(SUMMARY_TABLE)) == {f"year=2025/month=06/day={day.day:02}" for day in SESSIONS}
    files = [path for path in several.folder.rglob("*") if path.is_file() and "input" not in path.parts]
    assert len(files) == len({path.parent for path in files}) == 3 * len(SESSIONS) + 4


def test_every_row_lies_in_the_folder_of_its_session(several: Run) -> None:
    for folder, path in several.files(REFINED_TABLE).items():
        (row,) = pq.ParquetFile(path).read().to_pylist()
        prefix = partition_prefix(REFINED_TABLE, "IBOV", row["data_pregao"], row["codigo"])
        assert f"{REFINED_TABLE.prefix}{folder}/" == prefix


def test_other_indices_have_tables_of_their_own_with_a_folder_each(several: Run) -> None:
    assert list(several.files(INDICES_REFINED_TABLE)) == [
        "indice=IBXX/year=2025/month=06/day=30",
        "indice=IDIV/year=2025/month=06/day=30",
    ]
    assert {row["codigo"] for row in several.rows(INDICES_REFINED_TABLE)} == {"ITUB4"}
    assert "ITUB4" not in {row["codigo"] for row in several.rows(REFINED_TABLE)}


def test_sessions_are_counted_by_index_and_day_in_order(several: Run) -> None:
    assert several.sessions == [
        *(SessionCounts("IBOV", day, rows=2, summary_rows=2) for day in SESSIONS),
        SessionCounts("IBXX", SESSION, rows=1, summary_rows=1),
        SessionCounts("IDIV", SESSION, rows=1, summary_rows=1),
    ]


def test_the_same_input_is_the_same_files(write: Write, raw_file: RawFile) -> None:
    tickers = ("PETR4", "VALE3", "ITUB4")
    shares = [{"codigo": ticker} for ticker in tickers]
    first, second = (write({("IBXX", SESSION): raw_file(*order)}) for order in (shares, shares[::-1]))
    (one_file,), (other_file,) = (run.files(INDICES_REFINED_TABLE).values() for run in (first, second))
    assert one_file.read_bytes() == other_file.read_bytes()
    assert [row["codigo"] for row in first.rows(INDICES_REFINED_TABLE)] == sorted(tickers)


# --- what is refused -----------------------------------------------------------------------------------------------------

QUANTITY = RAW_SCHEMA.get_field_index("qtde_teorica")
OTHER_TYPE = RAW_SCHEMA.set(QUANTITY, pa.field("qtde_teorica", pa.string()))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        pytest.param([], f"s3://raw/{raw_key('IBOV', SESSION)}: no rows of IBOV 2025-06-30", id="no rows"),
        pytest.param([{"data_pregao": date(2025, 6, 27)}], "no rows of IBOV 2025-06-30", id="rows of another session"),
        pytest.param(
            [{}, {"data_pregao": date(2025, 6, 27)}],
            "raw files: rows of IBOV 2025-06-27, a session that none of their keys states",
            id="rows of two sessions",
        ),
        pytest.param(
            [{}, {"data_pregao": None}],
            "raw files: rows of IBOV None, a session that none of their keys states",
            id="rows of no session",
        ),
    ],
)
def test_a_file_that_is_not_of_its_keys_session_is_refused(
    write: Write, raw_file: RawFile, rows: list[dict[str, object]], reason: str
) -> None:
    nullable = pa.schema([field.with_nullable(True) for field in RAW_SCHEMA])  # noqa: FBT003 - Arrow's
    with pytest.raises(JobError) as caught:
        write({("IBOV", SESSION): raw_file(*rows, schema=nullable)})
    assert str(caught.value).endswith(reason)


def test_a_file_that_is_not_parquet_is_refused_in_one_line(write: Write) -> None:
    with pytest.raises(JobError, match=r"^raw files: .*is not a Parquet file") as caught:
        write({("IBOV", SESSION): b"codigo;acao\nVALE3;VALE\n"})
    assert "\n" not in str(caught.value)


def test_a_file_whose_column_is_of_another_type_is_refused_in_one_line(write: Write, raw_file: RawFile) -> None:
    with pytest.raises(JobError, match=r"^raw files: ") as caught:
        write({("IBOV", SESSION): raw_file({"qtde_teorica": "4.168.577.163"}, schema=OTHER_TYPE)})
    assert "\n" not in str(caught.value)


def test_nothing_is_written_where_something_is_refused(write: Write, raw_file: RawFile, s3_root: Path) -> None:
    before = set((s3_root / REFINED_BUCKET / "staging").iterdir())
    with pytest.raises(JobError):
        write({("IBOV", SESSION): raw_file({}), ("IBXX", SESSION): raw_file({"data_pregao": date(2025, 6, 27)})})
    (folder,) = set((s3_root / REFINED_BUCKET / "staging").iterdir()) - before
    assert [path.name for path in folder.iterdir()] == ["input"]


@pytest.mark.parametrize("table", [REFINED_TABLE, SUMMARY_TABLE], ids=lambda table: table.name)
def test_a_run_that_cannot_write_a_table_fails_whichever_it_is(
    write: Write, raw_file: RawFile, monkeypatch: pytest.MonkeyPatch, table: Table
) -> None:
    plain: Callable[..., None] = writing._write

    def on_a_full_disk(rows: DataFrame, written: Table, arguments: Arguments) -> None:
        if written is table:
            raise OSError("no space left")
        plain(rows, written, arguments)

    monkeypatch.setattr(writing, "_write", on_a_full_disk)
    with pytest.raises(OSError, match="no space left"):
        write({("IBOV", SESSION): raw_file({})})
