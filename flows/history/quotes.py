"""The table `bovespa_cotacoes`: B3's closing prices of the shares that the collected indices need, one file a month."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from expectations.contract.quotes import QUOTES_TABLE, Quote
from flows.history.month_files import MonthlyTable, month_of
from flows.lake.calls import side_by_side
from flows.session.arrow import arrow_schema

if TYPE_CHECKING:
    from flows.lake.connect import Lake

QUOTES_SCHEMA = arrow_schema(QUOTES_TABLE.columns)
RULES = 1  # version of how the rows are made of COTAHIST's

Quotes = dict[date, dict[str, Quote]]
"""Quotes by session and ticker."""

# By share, so that its sessions lie together and are small so, as in the history.
_ORDER = [("acao", "ascending"), ("data_pregao", "ascending")]
_CENT = Decimal("0.01")


def quotes_months(lake: Lake) -> MonthlyTable:
    """The table's months."""
    return MonthlyTable(lake.refined, lake.catalog, QUOTES_TABLE, None, RULES)


def quote_rows(quotes: Iterable[Quote]) -> pa.Table:
    """Quotes as the table's rows, in the order of its files."""
    rows = [
        {
            "acao": quote.ticker,
            "isin": quote.isin,
            "nome_acao": quote.short_name,
            "especificacao": quote.especi,
            "preco_fechamento": float(quote.close),
            "fator_cotacao": quote.fatcot,
            "numero_distribuicao": quote.dismes,
            "data_pregao": quote.session,
            "day": quote.session.day,
        }
        for quote in quotes
    ]
    return pa.Table.from_pylist(rows, schema=QUOTES_SCHEMA).sort_by(_ORDER)


def quotes_of(rows: pa.Table) -> list[Quote]:
    """The table's rows as quotes."""
    return [_quote(row) for row in rows.to_pylist()]


def _quote(row: dict[str, Any]) -> Quote:
    return Quote(
        session=row["data_pregao"],
        ticker=row["acao"],
        isin=row["isin"],
        especi=row["especificacao"],
        short_name=row["nome_acao"],
        # As printed: two decimals, and at most thirteen digits, which a double keeps.
        close=Decimal(repr(row["preco_fechamento"])).quantize(_CENT),
        fatcot=row["fator_cotacao"],
        dismes=row["numero_distribuicao"],
    )


def read_quotes(lake: Lake, since: date, until: date, tickers: Collection[str] | None = None) -> Quotes:
    """The quotes that the table has, by session and ticker; a share that did not trade in a session has none in it.

    Args:
        since, until: the first and the last session.
        tickers: whose; by default all that there are.

    Raises:
        WriteConflict: a month was written while it was read; read again.
        AwsError: S3 could not be asked.
    """
    table = quotes_months(lake)
    files = [
        found.file
        for month, found in sorted(table.listed().items())
        if found.file and month_of(since) <= month <= month_of(until)
    ]
    quotes: Quotes = {}
    for content in side_by_side(table.read, files):
        for quote in quotes_of(_chosen(content.rows, since, until, tickers)):
            quotes.setdefault(quote.session, {})[quote.ticker] = quote
    return dict(sorted(quotes.items()))


def _chosen(rows: pa.Table, since: date, until: date, tickers: Collection[str] | None) -> pa.Table:
    session = rows["data_pregao"]
    chosen = pc.and_(
        pc.greater_equal(session, pa.scalar(since, pa.date32())), pc.less_equal(session, pa.scalar(until, pa.date32()))
    )
    if tickers is not None:
        chosen = pc.and_(chosen, pc.is_in(rows["acao"], value_set=pa.array(sorted(tickers), pa.string())))
    return rows.filter(chosen)
