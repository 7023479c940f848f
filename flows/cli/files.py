"""An answer's rows as CSV, JSON, Parquet or a spreadsheet, with values of their types."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from flows.cli.options import Form
from flows.cli.visible import json_text
from flows.errors import QueryError
from flows.lake.athena import QueryResult
from flows.lake.typed import arrow_table
from flows.record.markdown import as_text

_MOST_ROWS_OF_A_SHEET = 1_048_575  # without the heading; Excel's specification

# XlsxWriter takes a text for a formula or a link by its first characters, unless it is told not to.
_TEXTS_ONLY = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}


def encode(form: Form, sql: str, result: QueryResult, limit: int | None, basis: Mapping[str, object] | None) -> bytes:
    """The answer as the bytes of a file; a spreadsheet that opens it takes no text for a formula.

    Args:
        limit: how many rows at most; None for all.
        basis: the sessions that the answer rests on, as JSON's types.

    Raises:
        QueryError: two columns have one name, or there are more rows than a spreadsheet takes.
    """
    table = arrow_table(result).slice(0, limit)
    if form is Form.JSON:
        body = query_body(sql, result, limit) | {"basis": basis}
        return f"{json_text(body)}\n".encode()
    target = io.BytesIO()
    if form is Form.PARQUET:
        pq.write_table(table, target, compression="zstd")
        return target.getvalue()
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    if form is Form.CSV:
        texts = frame.select_dtypes(pd.ArrowDtype(pa.string()))
        frame[texts.columns] = texts.map(as_text, na_action="ignore")
        return bytes(frame.to_csv(index=False), "utf-8")
    if len(frame) > _MOST_ROWS_OF_A_SHEET:
        raise QueryError(
            f"{len(frame):,} rows: a spreadsheet takes {_MOST_ROWS_OF_A_SHEET:,}; use --limit, or .parquet"
        )
    frame.to_excel(target, index=False, engine="xlsxwriter", freeze_panes=(1, 0), engine_kwargs=_TEXTS_ONLY)
    return target.getvalue()


def query_body(sql: str, result: QueryResult, limit: int | None = None) -> dict[str, Any]:
    """The answer as JSON's types: rows as objects, values of their types; what is no number, as infinity, is null.

    Raises:
        QueryError: two columns have one name.
    """
    return {
        "sql": sql,
        "columns": list(result.columns),
        "types": list(result.types),
        "total_rows": len(result.rows),
        "rows": [{name: _plain(value) for name, value in row.items()} for row in _rows(result, limit)],
        "scanned_bytes": result.scanned_bytes,
        "milliseconds": result.milliseconds,
        "output": result.output,
    }


def _rows(result: QueryResult, limit: int | None) -> list[dict[str, Any]]:
    table: pa.Table = arrow_table(result).slice(0, limit)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _plain(value: Any) -> Any:  # noqa: ANN401 - a value of any of Athena's types
    if isinstance(value, date):  # a timestamp too
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
