"""A portfolio as the raw Parquet file, and back.

The Arrow schema is the contract's raw columns; what B3 states once for the whole portfolio goes into the file's own metadata.
The same portfolio, collected at the same instant, is always the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract.keys import ContractError
from expectations.contract.tables import RAW_COLUMNS
from flows.b3.portfolio import MAX_RECORDS, Holding, Portfolio, shown
from flows.session.arrow import arrow_schema
from flows.session.raw_facts import RawFacts

__all__ = ["METADATA_KEY", "RAW_SCHEMA", "RawFacts", "RawFile", "decode", "encode"]

METADATA_KEY = b"bovespa"

_THOUSANDTH = Decimal("0.001")  # of a percent, B3's precision

RAW_SCHEMA = arrow_schema(RAW_COLUMNS)


@dataclass(frozen=True, slots=True)
class RawFile:
    """A raw file that was read: its rows, as `RAW_SCHEMA` types them, and its facts."""

    table: pa.Table
    facts: RawFacts

    def portfolio(self) -> Portfolio:
        """The portfolio that was written into the file."""
        holdings = (
            Holding(
                codigo=row["codigo"],
                acao=row["acao"],
                tipo=row["tipo"],
                setor=row["setor"],
                qtde_teorica=row["qtde_teorica"],
                participacao_pct=Decimal(repr(row["participacao_pct"])).quantize(_THOUSANDTH),
            )
            for row in self.table.to_pylist()
        )
        return Portfolio(self.facts.statement, self.facts.source, tuple(holdings))


def encode(portfolio: Portfolio, facts: RawFacts) -> bytes:
    """The raw file of a portfolio: a Parquet file with `RAW_SCHEMA` and the facts in its metadata."""
    holdings = portfolio.holdings
    columns: dict[str, list[Any]] = {
        "codigo": [holding.codigo for holding in holdings],
        "acao": [holding.acao for holding in holdings],
        "tipo": [holding.tipo for holding in holdings],
        "setor": [holding.setor for holding in holdings],
        "qtde_teorica": [holding.qtde_teorica for holding in holdings],
        "participacao_pct": [float(holding.participacao_pct) for holding in holdings],
        "data_pregao": [portfolio.session] * len(holdings),
        "timestamp_coleta": [facts.collected_at] * len(holdings),
    }
    table = pa.table(columns, schema=RAW_SCHEMA)
    target = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: facts.to_json().encode()}), target)
    return target.getvalue()


def decode(content: bytes) -> RawFile:
    """Read a raw file.

    Raises:
        ContractError: not a Parquet file, or one without the pipeline's metadata.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        # A few bytes of Parquet can stand for any number of equal rows.
        if file.metadata.num_rows > MAX_RECORDS:
            raise ContractError(f"raw file: {file.metadata.num_rows} rows where at most {MAX_RECORDS} were expected")
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise ContractError(f"raw file: not Parquet ({shown(str(error))})") from error
    metadata = table.schema.metadata or {}
    if METADATA_KEY not in metadata:
        raise ContractError(f"raw file: its metadata lacks {METADATA_KEY.decode()!r}")
    return RawFile(table.replace_schema_metadata(None), RawFacts.from_json(metadata[METADATA_KEY]))
