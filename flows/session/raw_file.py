"""A portfolio as the raw Parquet file, and back.

The Arrow schema is the contract's raw columns; what B3 states once for the whole portfolio goes into the file's own metadata.
The same portfolio, collected at the same instant, is always the same bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract.keys import ContractError
from expectations.contract.statement import Statement
from expectations.contract.tables import RAW_COLUMNS
from flows.b3.portfolio import MAX_QUANTITY, MAX_RECORDS, Holding, Portfolio, shown
from flows.session.arrow import arrow_schema

METADATA_KEY = b"bovespa"

_MOST_SHARE = 1000  # percent
_THOUSANDTH = Decimal("0.001")  # of a percent, B3's precision

RAW_SCHEMA = arrow_schema(RAW_COLUMNS)


@dataclass(frozen=True, slots=True)
class RawFacts:
    """What a raw file says of its portfolio as a whole.

    Attributes:
        statement: what B3 states once for all of it.
        source: where it came from, as in `Portfolio`.
        collected_at: instant of the collection (UTC).
        fingerprint: `Portfolio.fingerprint`.
        has_sectors: whether any row carries a sector.
        payloads: landing keys of the payloads that the portfolio was parsed from.
        evidence: of a portfolio that was computed, what it rests on, one line each.
    """

    statement: Statement
    source: str
    collected_at: datetime
    fingerprint: str
    has_sectors: bool
    payloads: tuple[str, ...]
    evidence: tuple[str, ...] = ()

    @property
    def index(self) -> str:
        """Index code."""
        return self.statement.index

    @property
    def session(self) -> date:
        """The trading day."""
        return self.statement.session

    @classmethod
    def of(cls, portfolio: Portfolio, collected_at: datetime, payloads: Sequence[str]) -> RawFacts:
        """The facts of a portfolio that was collected at an instant from payloads in landing."""
        return cls(
            statement=portfolio.statement,
            source=portfolio.source,
            collected_at=collected_at.astimezone(UTC),
            fingerprint=portfolio.fingerprint(),
            has_sectors=portfolio.has_sectors,
            payloads=tuple(payloads),
        )

    def to_json(self) -> str:
        """The facts as JSON text, one flat object; the same facts are always the same text."""
        body = asdict(self)
        if not self.evidence:
            del body["evidence"]
        return json.dumps(body | body.pop("statement"), default=str, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> RawFacts:
        """Read the facts back.

        Raises:
            ContractError: the text is not a raw file's metadata.
        """
        try:
            body = json.loads(text)
            stated = {field.name: body[field.name] for field in fields(Statement)}
            rest = {name: value for name, value in body.items() if name not in stated}
            stated["session"] = date.fromisoformat(stated["session"])
            stated["total_share"] = Decimal(stated["total_share"])
            stated["divisor"] = None if stated["divisor"] is None else Decimal(stated["divisor"])
            rest["collected_at"] = datetime.fromisoformat(rest["collected_at"])
            rest["payloads"] = tuple(rest["payloads"])
            rest["evidence"] = tuple(rest.get("evidence", ()))
            facts = cls(statement=Statement(**stated), **rest)
            _check(facts)
        except (ArithmeticError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise ContractError(f"raw metadata: not readable ({type(error).__name__}: {shown(str(error))})") from error
        return facts


def _check(facts: RawFacts) -> None:
    """Refuse figures that no portfolio has; what comes later computes with them.

    Raises:
        TypeError: a fact is of another type.
        ValueError: a number is not within its bounds.
    """
    stated = facts.statement
    texts = (stated.index, facts.source, facts.fingerprint, *facts.payloads, *facts.evidence)
    if not all(isinstance(text, str) for text in texts) or not isinstance(facts.has_sectors, bool):
        raise TypeError("index, source, fingerprint, payloads and evidence are texts, has_sectors is true or false")
    records = 0 if stated.total_records is None else stated.total_records
    whole = (stated.total_quantity, records)
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in whole):
        raise TypeError("total_quantity and total_records are whole numbers")
    bounded: tuple[tuple[int | Decimal, int], ...] = (
        (stated.total_quantity, MAX_QUANTITY),
        (records, MAX_RECORDS),
        (stated.total_share, _MOST_SHARE),
        (stated.divisor or 0, MAX_QUANTITY),
    )
    for number, most in bounded:
        if not 0 <= number <= most:
            raise ValueError(f"{number} where a number from 0 to {most} was expected")


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
