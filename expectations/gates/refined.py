"""Gate 2: what the Glue run left in staging is the contract's, and says what the raw file says.

The Parquet files themselves are checked, their physical schema too, and every cell against the raw rows: the expected values
are computed here from the raw file, independently of the job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from expectations.contract import b3_texts, tables
from expectations.gates.gate import CRITICAL, Check
from expectations.gates.raw import THOUSANDTHS, thousandths

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

GATE = "gate-2-refined"

# Parquet's physical and logical types, as Athena reads them. Spark writes timestamps as INT96 unless told otherwise.
PHYSICAL_TYPES: Mapping[tables.ColumnType, str] = {
    tables.ColumnType.STRING: "BYTE_ARRAY/STRING",
    tables.ColumnType.BIGINT: "INT64/NONE",
    tables.ColumnType.INT: "INT32/NONE",
    tables.ColumnType.DOUBLE: "DOUBLE/NONE",
    tables.ColumnType.DATE: "INT32/DATE",
    tables.ColumnType.TIMESTAMP: "INT64/TIMESTAMP",
}

_EXACT = (
    # refined column, column of the raw file
    ("nome_acao", "acao"),
    ("quantidade_teorica_acoes", "qtde_teorica"),
    ("percentual_participacao_ibov", "participacao_pct"),
    ("data_pregao", "data_pregao"),
    ("timestamp_coleta", "timestamp_coleta"),
)
_MEAN_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class StagedOutput:
    """One session of a Glue run's output, read back.

    Attributes:
        refined: all refined rows; `file_ticker` is the ticker that the file's partition states, null in tables without one.
        summary: all summary rows.
        schemas: per file key, its columns in order, each as `name: PHYSICAL/LOGICAL`.
        tables: per file key, the table's name.
    """

    refined: pd.DataFrame
    summary: pd.DataFrame
    schemas: Mapping[str, Sequence[str]]
    tables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RawTruth:
    """What the staged output must say.

    Attributes:
        rows: the raw file's rows.
        index: index code.
        total_quantity: sum of the quantities by B3's header, in shares.
        total_share: sum of the shares by B3's header, in percent.
        age_in_days: expected `dias_desde_coleta`.
        origin: expected `origem`; empty for null.
    """

    rows: pd.DataFrame
    index: str
    total_quantity: int
    total_share: Decimal
    age_in_days: int
    origin: str


def physical_schema(columns: Sequence[tables.Column]) -> list[str]:
    """A table's columns as its Parquet files must hold them, each as `name: PHYSICAL/LOGICAL`."""
    return [f"{column.name}: {PHYSICAL_TYPES[column.type]}" for column in columns]


def refined_checks(staged: StagedOutput, truth: RawTruth) -> list[Check]:
    """The checks of gate 2; of the schemas alone where these are not the contract's, for then the rows say nothing."""
    refined_table, summary_table = tables.refined_table(truth.index), tables.summary_table(truth.index)
    by_ticker = tables.TICKER_PARTITION in refined_table.partitions
    files = len(truth.rows) if by_ticker else 1
    schemas = [
        _schema_check("refined.schema", staged, refined_table, files),
        _schema_check("summary.schema", staged, summary_table, 1),
    ]
    if not _readable(staged, (refined_table, summary_table)):
        return schemas
    return [
        *schemas,
        Check(
            "refined.rows",
            _beside_raw(staged.refined, truth),
            _row_expectations(truth, by_ticker=by_ticker),
            ("ticker",),
        ),
        Check("summary.rows", _beside_refined(staged), _summary_expectations(truth), ("setor", "classe")),
    ]


def raw_sectors(texts: pd.Series[str]) -> pd.DataFrame:
    """B3's sector strings as `setor` and `subsetor`, spelt as in the refined table; empty where there is none."""
    import pandas as pd  # noqa: PLC0415 - 1 s to import

    tidy = texts.fillna("").str.split().str.join(" ").str.replace(*b3_texts.SECTOR_WITH_COMMA, regex=True)
    parts = tidy.str.partition("/")
    sectors = parts[0].str.strip().replace(b3_texts.SECTOR_SPELLINGS)
    return pd.DataFrame({"setor": sectors, "subsetor": parts[2].str.strip()})


def _readable(staged: StagedOutput, tables: Sequence[tables.Table]) -> bool:
    wanted = {table.name: physical_schema(table.columns) for table in tables}
    return all(list(columns) == wanted.get(staged.tables[key]) for key, columns in staged.schemas.items())


def _schema_check(name: str, staged: StagedOutput, table: tables.Table, files: int) -> Check:
    import great_expectations.expectations as gxe  # noqa: PLC0415 - 2 s to import
    import pandas as pd  # noqa: PLC0415

    expected = [f"{number} {text}" for number, text in enumerate(physical_schema(table.columns))]
    rows = [
        (key, f"{number} {text}")
        for key, columns in staged.schemas.items()
        if staged.tables[key] == table.name
        for number, text in enumerate(columns)
    ]
    expectations: list[Expectation] = [
        gxe.ExpectTableRowCountToEqual(
            value=len(expected) * files,
            severity=CRITICAL,
            notes=f"{files} files of {table.name} with {len(expected)} columns each",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="column",
            value_set=expected,
            severity=CRITICAL,
            notes=f"every column of {table.name} has the contract's position, name and physical type",
        ),
    ]
    return Check(name, pd.DataFrame(rows, columns=["file", "column"]), expectations, ("file",))


def _beside_raw(refined: pd.DataFrame, truth: RawTruth) -> pd.DataFrame:
    """Refined rows beside the raw rows of the same ticker; a ticker that only one of them has stays, with nulls."""
    raw = truth.rows.astype({"data_pregao": str, "timestamp_coleta": str}).add_prefix("raw_")
    staged = refined.astype({"data_pregao": str, "timestamp_coleta": str})
    merged = staged.merge(raw, how="outer", left_on="codigo", right_on="raw_codigo")
    class_, flags, level = (merged[name].fillna("") for name in ("classe", "eventos", "segmento_listagem"))
    verbatim = class_.str.ljust(b3_texts.TYPE_CLASS_WIDTH) + flags.str.ljust(b3_texts.TYPE_FLAGS_WIDTH) + level
    sectors = raw_sectors(merged["raw_setor"])
    return merged.assign(
        # Names the row, whichever side lacks it.
        ticker=merged["codigo"].fillna(merged["raw_codigo"]),
        setor_esperado=sectors["setor"],
        setor_lido=merged["setor"].fillna(""),
        subsetor_esperado=sectors["subsetor"],
        subsetor_lido=merged["subsetor"].fillna(""),
        origem_lida=merged[tables.ORIGIN_COLUMN.name].fillna(""),
        tipo_verbatim=verbatim.str.rstrip(),
        tipo_esperado=(class_ + " " + level).str.rstrip(),
        **{THOUSANDTHS: thousandths(merged["percentual_participacao_ibov"])},
    )


def _beside_refined(staged: StagedOutput) -> pd.DataFrame:
    """Summary rows beside the same figures computed here from the refined rows."""
    groups = staged.refined.groupby(["setor", "classe"], dropna=False)
    expected = groups.agg(
        esperado_quantidade=("quantidade_teorica_acoes", "sum"),
        esperado_media=("percentual_participacao_ibov", "mean"),
        esperado_total=("percentual_participacao_ibov", "sum"),
        esperado_acoes=("codigo", "size"),
    ).reset_index()
    merged = staged.summary.merge(expected, how="outer", on=["setor", "classe"])
    rounded = {
        name: merged[name].round(_MEAN_DECIMALS)
        for name in ("participacao_media", "participacao_total", "esperado_media", "esperado_total")
    }
    return merged.assign(**rounded, data_pregao=merged["data_pregao"].astype(str))


def _equal(column: str, expected: str, notes: str) -> Expectation:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    return gxe.ExpectColumnPairValuesToBeEqual(
        column_A=column, column_B=expected, ignore_row_if="neither", severity=CRITICAL, notes=notes
    )


def _required(columns: Sequence[tables.Column]) -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    return [
        gxe.ExpectColumnValuesToNotBeNull(column=column.name, severity=CRITICAL, notes=f"no {column.name} is null")
        for column in columns
        if not column.nullable
    ]


def _row_expectations(truth: RawTruth, *, by_ticker: bool) -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    share = int(truth.total_share * 1000)
    known = (
        ("classe", b3_texts.CLASSES),
        ("segmento_listagem", b3_texts.LISTING_LEVELS),
        ("dias_desde_coleta", (truth.age_in_days,)),
    )
    return [
        gxe.ExpectTableRowCountToEqual(
            value=len(truth.rows), severity=CRITICAL, notes=f"rows are the raw file's {len(truth.rows)}"
        ),
        *_required(tables.REFINED_COLUMNS),
        gxe.ExpectColumnValuesToBeUnique(column="codigo", severity=CRITICAL, notes="no codigo stands twice"),
        *(_equal(column, f"raw_{raw}", f"{column} is the raw file's {raw}") for column, raw in _EXACT),
        *([_equal("file_ticker", "codigo", "each file's partition acao is its codigo")] if by_ticker else []),
        _equal("tipo_verbatim", "raw_tipo", "classe, eventos and segmento_listagem make the raw file's tipo"),
        _equal("tipo", "tipo_esperado", "tipo is classe and segmento_listagem"),
        _equal("setor_lido", "setor_esperado", "setor is what the raw file's setor says before the slash"),
        _equal("subsetor_lido", "subsetor_esperado", "subsetor is what the raw file's setor says after the slash"),
        *(
            gxe.ExpectColumnValuesToBeInSet(
                column=column, value_set=list(values), severity=CRITICAL, notes=f"every {column} is a known one"
            )
            for column, values in known
        ),
        _origin(truth.origin),
        *_sums(("quantidade_teorica_acoes", truth.total_quantity), (THOUSANDTHS, share)),
    ]


def _origin(expected: str) -> Expectation:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    if not expected:
        return gxe.ExpectColumnValuesToBeNull(
            column=tables.ORIGIN_COLUMN.name,
            severity=CRITICAL,
            notes="no origem is stated, for the raw version states none",
        )
    return gxe.ExpectColumnValuesToBeInSet(
        column="origem_lida",
        value_set=[expected],
        severity=CRITICAL,
        notes=f"every origem is the raw version's, {expected}",
    )


def _summary_expectations(truth: RawTruth) -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    session = str(truth.rows["data_pregao"].iloc[0])
    return [
        *_required(tables.SUMMARY_COLUMNS),
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["setor", "classe"],
            ignore_row_if="never",
            severity=CRITICAL,
            notes="no setor and classe stand twice",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="data_pregao", value_set=[session], severity=CRITICAL, notes="every data_pregao is the session"
        ),
        _equal("quantidade_teorica_total", "esperado_quantidade", "quantities are the group's sum"),
        _equal("participacao_media", "esperado_media", "the mean share is the group's"),
        _equal("participacao_total", "esperado_total", "the total share is the group's"),
        _equal("total_acoes", "esperado_acoes", "total_acoes is the group's row count"),
        *_sums(("quantidade_teorica_total", truth.total_quantity), ("total_acoes", len(truth.rows))),
    ]


def _sums(*expected: tuple[str, int]) -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    return [
        gxe.ExpectColumnSumToBeBetween(
            column=column, min_value=total, max_value=total, severity=CRITICAL, notes=f"{column} sums to {total}"
        )
        for column, total in expected
    ]
