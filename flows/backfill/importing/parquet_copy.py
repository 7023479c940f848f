"""Raw Parquet of similar pipelines, and of this one.

Nothing of B3's own frame is left in such a copy, so every cell is suspected: figures as pt-br texts or as numbers without loss,
no 32-bit quantities (B3's exceed them, so some may have been cut), shares of at most three decimals. Where the copy has no
totals, gate 1 still demands shares of exactly 100.000.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract.keys import ContractError
from expectations.contract.statement import Statement
from expectations.gates.raw import FULL_SHARE
from flows.b3.calendar import SAO_PAULO
from flows.b3.portfolio import (
    Holding,
    Portfolio,
    read_divisor,
    read_quantity,
    read_session,
    read_share,
    shown,
)
from flows.b3.texts import read_code, read_name, read_sector, read_tipo
from flows.backfill.importing.aliases import map_columns
from flows.backfill.importing.files import (
    Found,
    Hints,
    ImportProblem,
    SourceFile,
    check_session,
    known_index,
    known_session,
)
from flows.errors import PayloadError
from flows.session.raw_file import METADATA_KEY, decode

_THOUSANDTH = Decimal("0.001")
_EIGHT_DECIMALS, _FOUR_DECIMALS = Decimal("0.00000001"), Decimal("0.0001")
_EXACT = 2**53  # above it, a double does not hold every whole number
_NARROW = (pa.types.is_int8, pa.types.is_int16, pa.types.is_int32, pa.types.is_uint8, pa.types.is_uint16)
_MAX_CELLS = 5_000_000
_FIRST_YEAR, _LAST_YEAR = 2000, 2068  # what B3's two digits of a year are read as, from this century on

Row = dict[str, Any]
Day = TypeVar("Day", date, datetime)


def read_parquet(file: SourceFile, hints: Hints) -> Iterator[Found]:
    """The portfolios in a Parquet file: one, or one for each session that its rows state.

    Raises:
        ImportProblem, PayloadError: the file, or any of its cells, is not understood.
        ImportConflict: its cells, its name and its owner contradict each other.
    """
    table = _table(file.content)
    if METADATA_KEY in (table.schema.metadata or {}):
        yield _own(file, hints)
        return
    columns = map_columns(table.column_names)
    _refuse_lossy(table.schema, columns)
    renamed = table.select(list(columns.values())).rename_columns(list(columns))
    rows = _rows(renamed)
    index, sessions = known_index(file, hints), _by_session(file, rows, hints)
    for session, of_session in sessions.items():
        yield Found(
            (file,),
            _portfolio(index, session, of_session),
            _collected_at(of_session),
            b3_states_session=False,
            insisted=hints.session == session,
        )


def _table(content: bytes) -> pa.Table:
    try:
        parquet = pq.ParquetFile(io.BytesIO(content))
        if parquet.metadata.num_rows * parquet.metadata.num_columns > _MAX_CELLS:
            raise ImportProblem(f"{parquet.metadata.num_rows} rows: too many for portfolios")
        return parquet.read()
    except (pa.ArrowException, OSError) as error:
        raise ImportProblem(f"not Parquet ({error})") from error


def _rows(table: pa.Table) -> list[Row]:
    if nested := [field.name for field in table.schema if pa.types.is_nested(field.type)]:
        raise ImportProblem(f"column for {nested[0]}: a list or a structure where plain cells were expected")
    try:
        rows: list[Row] = table.to_pylist()
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise ImportProblem(f"a cell that Python cannot hold ({error})") from error
    return rows


def _own(file: SourceFile, hints: Hints) -> Found:
    """A raw file of this pipeline, which carries B3's totals."""
    try:
        raw = decode(file.content)
    except ContractError as error:
        raise ImportProblem(str(error)) from error
    facts = raw.facts
    known_index(file, hints, facts.index)
    check_session(file, hints, facts.session)
    map_columns(raw.table.column_names)
    holdings = tuple(_holding(number, row) for number, row in enumerate(_rows(raw.table), start=1))
    portfolio = Portfolio(facts.statement, "parquet", holdings)
    collected_at = _plausible("collected_at", facts.collected_at)
    return Found((file,), portfolio, collected_at, insisted=hints.session == facts.session)


def _refuse_lossy(schema: pa.Schema, columns: dict[str, str]) -> None:
    quantity, share = (schema.field(columns[name]).type for name in ("qtde_teorica", "participacao_pct"))
    if any(is_narrow(quantity) for is_narrow in _NARROW) or pa.types.is_float32(quantity):
        raise ImportProblem(
            f"column {columns['qtde_teorica']!r} is {quantity}: quantities exceed 32 bits, so some may have been cut"
        )
    if pa.types.is_float32(share) or pa.types.is_float16(share):
        raise ImportProblem(f"column {columns['participacao_pct']!r} is {share}: shares may have been rounded")


def _by_session(file: SourceFile, rows: list[Row], hints: Hints) -> dict[date, list[Row]]:
    if not rows:
        raise ImportProblem("no rows")
    if "data_pregao" not in rows[0]:
        return {known_session(file, hints): rows}
    found: dict[date, list[Row]] = {}
    for number, row in enumerate(rows, start=1):
        session = _plausible(f"row {number}, data_pregao", _session(number, row["data_pregao"]))
        found.setdefault(session, []).append(row)
    if len(found) == 1:  # a name tells nothing of a file of many sessions
        check_session(file, hints, session)
    return found


def _session(number: int, value: object) -> date:
    field = f"row {number}, data_pregao"
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and "-" in value:
        try:
            return datetime.fromisoformat(value).date()
        except ValueError as error:
            raise PayloadError(field, f"{shown(value)} is not a date") from error
    return read_session(field, value)


def _portfolio(index: str, session: date, rows: list[Row]) -> Portfolio:
    holdings = tuple(_holding(number, row) for number, row in enumerate(rows, start=1))
    own_sum = sum(holding.qtde_teorica for holding in holdings)
    total, divisor = (_stated(rows, name) for name in ("total_quantity", "divisor"))
    statement = Statement(
        index=index,
        session=session,
        total_records=None,
        total_quantity=own_sum if total is None else _quantity("total_quantity", total),
        total_share=FULL_SHARE,
        divisor=None if divisor is None else _divisor(divisor),
    )
    return Portfolio(statement, "parquet", holdings)


def _stated(rows: list[Row], name: str) -> object:
    """What every row repeats of the whole portfolio; None where the copy lacks it."""
    values = {row.get(name) for row in rows}
    if len(values) > 1:
        raise ImportProblem(f"{name}: {len(values)} values where one was expected")
    return values.pop()


def _holding(number: int, row: Row) -> Holding:
    setor = row.get("setor") or None
    return Holding(
        codigo=read_code(f"row {number}, codigo", row["codigo"]),
        acao=read_name(f"row {number}, acao", row["acao"]),
        tipo=read_tipo(f"row {number}, tipo", row["tipo"]),
        setor=None if setor is None else read_sector(f"row {number}, setor", setor),
        qtde_teorica=_quantity(f"row {number}, qtde_teorica", row["qtde_teorica"]),
        participacao_pct=_share(f"row {number}, participacao_pct", row["participacao_pct"]),
    )


def _quantity(field: str, value: object) -> int:
    if isinstance(value, str):
        return read_quantity(field, value)
    number = _decimal(field, value)
    if number != number.to_integral_value() or abs(number) >= _EXACT:
        raise PayloadError(field, f"{shown(value)} is not a whole number of shares")
    return int(number)


def _share(field: str, value: object) -> Decimal:
    if isinstance(value, str):
        return read_share(field, value)
    number = _decimal(field, value)
    rounded = number.quantize(_THOUSANDTH)
    if abs(rounded - number) > _THOUSANDTH / 1000:
        raise PayloadError(field, f"{shown(value)} has more than three decimals")
    return rounded


def _divisor(value: object) -> Decimal | None:
    """The divisor; None where the copy's number cannot hold its eight decimals, and so not what B3 stated."""
    if isinstance(value, str):
        return read_divisor("divisor", value)
    number = _decimal("divisor", value)
    if number != number.quantize(_EIGHT_DECIMALS):
        raise PayloadError("divisor", f"{shown(value)} has more than B3's eight decimals")
    if number == number.quantize(_FOUR_DECIMALS):
        # Its last four would all be zeros: one in ten thousand is, and the others were cut.
        raise PayloadError("divisor", f"{shown(value)} has lost some of B3's eight decimals")
    return None if isinstance(value, float) and number >= _EXACT * _EIGHT_DECIMALS else number


def _decimal(field: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PayloadError(field, f"{shown(value)} where a number was expected")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or abs(number) > _EXACT:
        raise PayloadError(field, f"{shown(value)} is no number that B3 would state")
    return number


def _collected_at(rows: list[Row]) -> datetime | None:
    """The earliest instant that the rows state; a date without a time tells none."""
    instants = [value for row in rows if isinstance(value := row.get("timestamp_coleta"), datetime)]
    if not instants:
        return None
    plausible = (_plausible("timestamp_coleta", value) for value in instants)
    aware = (value if value.tzinfo else value.replace(tzinfo=SAO_PAULO) for value in plausible)
    return min(aware).astimezone(UTC).replace(microsecond=0)


def _plausible(field: str, value: Day) -> Day:
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise PayloadError(field, f"{shown(value)} is not of this century")
    return value
