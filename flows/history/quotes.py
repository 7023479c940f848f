"""The table `bovespa_cotacoes`: B3's closing prices of the shares that the collected indices need, one file a month."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from expectations.contract.quotes import QUOTES_TABLE, Quote
from flows.errors import WriteConflict
from flows.history.month_files import Content, Month, MonthlyTable, Sessions, month_of
from flows.history.rows import sessions_only
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


# --- what a session's prices are where a share did not trade --------------------------------------------------------------

LAST_CLOSE_SESSIONS = 20
"""Sessions for which a share's last close stands for it: about a month. B3 asks a share of an index to trade in nearly every
one, so one that has not for longer is suspended, and its last close is no price that anybody could sell at."""


def last_closes(
    quotes: Mapping[date, Mapping[str, Quote]],
    session: date,
    sessions: Sequence[date],
    tickers: Collection[str],
    limit: int = LAST_CLOSE_SESSIONS,
) -> dict[str, Quote]:
    """Each ticker's quote of the session, or its last one before it, whose own session then says when it was. Pure.

    Args:
        quotes: by session and ticker, as `read_quotes` gives them.
        sessions: the trading calendar's, in order. Where one of them is not among the quotes, no older price is taken: a share
            may have traded in it.
        limit: how many sessions before the session a quote may be.

    Returns:
        Nothing for a ticker that has no such quote.
    """
    found: dict[str, Quote] = {}
    before = [day for day in sessions if day < session]
    for day in [session, *reversed(before[-limit:] if limit else [])]:
        if day not in quotes:
            break
        for ticker in tickers:
            if ticker not in found and ticker in quotes[day]:
                found[ticker] = quotes[day][ticker]
    return found


# --- writing ---------------------------------------------------------------------------------------------------------------

_MOST_TRIES = 12


@dataclass(frozen=True, slots=True)
class NewQuotes:
    """Quotes of a month that a gate let pass.

    Attributes:
        sessions: what each session's were made from, as the month's file is to state it.
    """

    month: date
    quotes: Sequence[Quote]
    sessions: Sessions


def store_quotes(lake: Lake, new: NewQuotes) -> None:
    """Bring a month's quotes into the table; what it has of other sessions, or of other tickers, stays.

    Raises:
        PublishError: the catalog refused the month.
        AwsError: AWS refused or failed a call, or others wrote the same month all the time.
    """
    table = quotes_months(lake)
    retries = Retrying(
        retry=retry_if_exception_type(WriteConflict),
        wait=wait_random_exponential(multiplier=0.1, max=5),
        stop=stop_after_attempt(_MOST_TRIES),
        reraise=True,
    )
    retries(_store, table, new)


def _store(table: MonthlyTable, new: NewQuotes) -> None:
    listed = table.months().get(new.month, Month())
    held = held_quotes(table, listed)
    rows = {(quote.ticker, quote.session): quote for quote in (*quotes_of(held.rows), *new.quotes)}
    content = Content(quote_rows(rows.values()), held.sessions | new.sessions)
    if content.sessions != held.sessions or not content.rows.equals(held.rows):
        table.put(new.month, content, listed.file)
    if not table.is_in_order(new.month, listed):
        table.show({new.month: listed})


def held_quotes(table: MonthlyTable, listed: Month) -> Content:
    """What a month's file has, by its own word; nothing where there is none, or where it was made by other rules.

    Raises:
        WriteConflict: it is another one than was listed by now.
    """
    held = table.read(listed.file) if listed.file else Content(QUOTES_SCHEMA.empty_table())
    return Content(sessions_only(held.rows, sorted(held.sessions)), held.sessions)
