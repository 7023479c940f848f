"""The transformations, as DataFrame → DataFrame functions: no I/O, no Python UDF.

A. by sector and class, per session: sums, mean and count (`summary`).
B. `qtde_teorica` and `participacao_pct` get their refined names (`renamed`).
C. `dias_desde_coleta`, whole days from the collection to the reference date, both as dates in São Paulo (`with_age`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from expectations.b3_texts import (
    SECTOR_SPELLINGS,
    SECTOR_WITH_COMMA,
    TYPE_CLASS_WIDTH,
    TYPE_FLAGS_WIDTH,
    TYPE_LEVEL_WIDTH,
)
from expectations.contract import B3_TIME_ZONE, INDEX_PARTITION, REFINED_COLUMNS, SUMMARY_COLUMNS, TICKER_PARTITION

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame

INDEX = INDEX_PARTITION.name
SESSION = "data_pregao"
REFERENCE_DATE = "reference_date"


def refined(raw: DataFrame) -> DataFrame:
    """Raw rows, with `indice` and `reference_date` beside them, as refined rows with `indice`, in the contract's order."""
    columns = [column.name for column in REFINED_COLUMNS]
    return with_age(split_sector(split_type(renamed(raw)))).select(INDEX, *columns)


def renamed(raw: DataFrame) -> DataFrame:
    """Transformation B, and the company's name out of the way of the partition column `acao`."""
    return raw.withColumnsRenamed(
        {
            "acao": "nome_acao",
            "qtde_teorica": "quantidade_teorica_acoes",
            "participacao_pct": "percentual_participacao_ibov",
        }
    ).withColumn("quantidade_teorica_acoes", sf.col("quantidade_teorica_acoes").cast("double"))


def split_type(rows: DataFrame) -> DataFrame:
    """B3's `tipo` by its widths: `classe`, `eventos`, `segmento_listagem`, and `tipo` of the two that last.

    Event flags come and go from day to day; grouping by the raw text would make groups come and go with them.
    """
    flags_at = 1 + TYPE_CLASS_WIDTH
    level_at = flags_at + TYPE_FLAGS_WIDTH
    parts = {
        "classe": _part("tipo", 1, TYPE_CLASS_WIDTH),
        "eventos": _part("tipo", flags_at, TYPE_FLAGS_WIDTH),
        "segmento_listagem": _part("tipo", level_at, TYPE_LEVEL_WIDTH),
    }
    return rows.withColumns(parts).withColumn("tipo", sf.concat_ws(" ", "classe", "segmento_listagem"))


def split_sector(rows: DataFrame) -> DataFrame:
    """B3's sector string as `setor` and `subsetor`, each spelt one way; null where there is none.

    In the CSV, B3 writes the comma of `Petróleo, Gás e Biocombustíveis` as a slash, which is not a subsector's.
    """
    text = sf.regexp_replace(sf.trim(sf.col("setor")), r"\s+", " ")
    text = sf.regexp_replace(text, *SECTOR_WITH_COMMA)
    before = sf.trim(sf.regexp_extract(text, "^([^/]*)", 1))
    after = sf.trim(sf.regexp_extract(text, "^[^/]*/(.*)$", 1))
    spelling = before
    for loose, one in SECTOR_SPELLINGS.items():
        spelling = sf.when(before == loose, one).otherwise(spelling)
    return rows.withColumns({"setor": _or_null(spelling), "subsetor": _or_null(after)})


def with_age(rows: DataFrame) -> DataFrame:
    """Transformation C. A reference date before the collection counts as its day: the age is never negative."""
    collected_on = sf.to_date(sf.from_utc_timestamp("timestamp_coleta", B3_TIME_ZONE))
    age = sf.greatest(sf.datediff(REFERENCE_DATE, collected_on), sf.lit(0))
    return rows.withColumn("dias_desde_coleta", age.cast("int"))


def summary(rows: DataFrame) -> DataFrame:
    """Transformation A: refined rows by sector and class, per index and session, with `indice`, in the contract's order."""
    share = "percentual_participacao_ibov"
    groups = rows.groupBy(INDEX, SESSION, "setor", "classe").agg(
        sf.sum("quantidade_teorica_acoes").alias("quantidade_teorica_total"),
        sf.avg(share).alias("participacao_media"),
        sf.sum(share).alias("participacao_total"),
        sf.count("*").alias("total_acoes"),
    )
    return groups.select(INDEX, *(column.name for column in SUMMARY_COLUMNS))


def with_partitions(rows: DataFrame) -> DataFrame:
    """The rows with the partition columns of every table, written as in the contract's keys (`06`, not `6`)."""
    session = sf.col(SESSION)
    partitions = {
        "year": sf.date_format(session, "yyyy"),
        "month": sf.date_format(session, "MM"),
        "day": sf.date_format(session, "dd"),
    }
    if "codigo" in rows.columns:
        partitions[TICKER_PARTITION.name] = sf.col("codigo")
    return rows.withColumns(partitions)


def _part(name: str, position: int, width: int) -> SparkColumn:
    return _or_null(sf.trim(sf.substring(name, position, width)))


def _or_null(text: SparkColumn) -> SparkColumn:
    return sf.when(text != "", text)
