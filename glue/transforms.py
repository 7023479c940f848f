"""The transformations, as DataFrame → DataFrame functions: no I/O, no Python UDF.

Their expressions are those of `expectations.queries.transformations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from expectations.contract.tables import TICKER_PARTITION
from expectations.queries.transformations import REFINED, RENAMED, SECTORS, SESSION, SUMMARY, TYPES

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame

    from expectations.queries.transformations import Step


def refined(raw: DataFrame) -> DataFrame:
    """Raw rows, with `indice` and `reference_date` beside them, as refined rows with `indice`, in the contract's order."""
    return with_age(split_sector(split_type(renamed(raw)))).select(*REFINED.columns)


def renamed(raw: DataFrame) -> DataFrame:
    """Transformation B, and the company's name out of the way of the partition column `acao`."""
    return _made(RENAMED, raw).select(*RENAMED.columns)


def split_type(rows: DataFrame) -> DataFrame:
    """B3's `tipo` by its widths: `classe`, `eventos`, `segmento_listagem`, and `tipo` of the two that last."""
    return _made(TYPES, rows)


def split_sector(rows: DataFrame) -> DataFrame:
    """B3's sector string as `setor` and `subsetor`, each spelt one way; null where there is none."""
    return _made(SECTORS, rows)


def with_age(rows: DataFrame) -> DataFrame:
    """Transformation C."""
    return _made(REFINED, rows)


def summary(rows: DataFrame) -> DataFrame:
    """Transformation A: refined rows by sector and class, per index and session, with `indice`, in the contract's order."""
    return rows.groupBy(*SUMMARY.groups).agg(*_expressions(SUMMARY)).select(*SUMMARY.columns)


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


def _made(step: Step, rows: DataFrame) -> DataFrame:
    return rows.withColumns({name: sf.expr(expression) for name, expression in step.made.items()})


def _expressions(step: Step) -> list[SparkColumn]:
    return [sf.expr(expression).alias(name) for name, expression in step.made.items()]
