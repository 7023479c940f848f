"""A portfolio as the raw Parquet file, and back.

The Arrow schema is the contract's raw columns; what B3 states once for the whole portfolio goes into the file's own metadata.
The same portfolio, collected at the same instant, is always the same bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract.keys import ContractError
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
        index: index code.
        session: the trading day.
        source: `json`, `csv`, `html` or `parquet`, as in `Portfolio`.
        collected_at: instant of the collection (UTC).
        total_records: rows by B3's own count; None where the source states none.
        total_quantity: sum of the quantities by B3's header, in shares.
        total_share: sum of the shares by B3's header, in percent.
        divisor: B3's "redutor"; None where the source has none.
        fingerprint: `Portfolio.fingerprint`.
        has_sectors: whether any row carries a sector.
        payloads: landing keys of the payloads that the portfolio was parsed from.
    """

    index: str
    session: date
    source: str
    collected_at: datetime
    total_records: int | None
    total_quantity: int
    total_share: Decimal
    divisor: Decimal | None
    fingerprint: str
    has_sectors: bool
    payloads: tuple[str, ...]

    @classmethod
    def of(cls, portfolio: Portfolio, collected_at: datetime, payloads: Sequence[str]) -> RawFacts:
        """The facts of a portfolio that was collected at an instant from payloads in landing."""
        return cls(
            index=portfolio.index,
            session=portfolio.session,
            source=portfolio.source,
            collected_at=collected_at.astimezone(UTC),
            total_records=portfolio.total_records,
            total_quantity=portfolio.total_quantity,
            total_share=portfolio.total_share,
            divisor=portfolio.divisor,
            fingerprint=portfolio.fingerprint(),
            has_sectors=portfolio.has_sectors,
            payloads=tuple(payloads),
        )

    def to_json(self) -> str:
        """The facts as JSON text; the same facts are always the same text."""
        return json.dumps(asdict(self), default=str, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> RawFacts:
        """Read the facts back.

        Raises:
            ContractError: the text is not a raw file's metadata.
        """
        try:
            body = json.loads(text)
            facts = cls(
                **body
                | {
                    "session": date.fromisoformat(body["session"]),
                    "collected_at": datetime.fromisoformat(body["collected_at"]),
                    "total_share": Decimal(body["total_share"]),
                    "divisor": None if body["divisor"] is None else Decimal(body["divisor"]),
                    "payloads": tuple(body["payloads"]),
                }
            )
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
    texts = (facts.index, facts.source, facts.fingerprint, *facts.payloads)
    if not all(isinstance(text, str) for text in texts) or not isinstance(facts.has_sectors, bool):
        raise TypeError("index, source, fingerprint and payloads are texts, has_sectors is true or false")
    records = 0 if facts.total_records is None else facts.total_records
    whole = (facts.total_quantity, records)
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in whole):
        raise TypeError("total_quantity and total_records are whole numbers")
    bounded: tuple[tuple[int | Decimal, int], ...] = (
        (facts.total_quantity, MAX_QUANTITY),
        (records, MAX_RECORDS),
        (facts.total_share, _MOST_SHARE),
        (facts.divisor or 0, MAX_QUANTITY),
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
        facts = self.facts
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
        return Portfolio(
            index=facts.index,
            session=facts.session,
            source=facts.source,
            holdings=tuple(holdings),
            total_records=facts.total_records,
            total_quantity=facts.total_quantity,
            total_share=facts.total_share,
            divisor=facts.divisor,
        )


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
