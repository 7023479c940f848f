"""What is there after a case: what Athena shows, what the catalog and the buckets hold."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from expectations.contract.keys import lease_key, raw_key, session_path
from expectations.contract.names import DATABASE, PART_NAME, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import (
    HISTORY_TABLE,
    INDEX_PARTITION,
    REFINED_TABLE,
    TICKER_PARTITION,
    Table,
    refined_table,
    summary_table,
)
from flows.record.state import State
from flows.record.status import read_status
from flows.session import storage
from flows.session.pipeline import Pipeline

if TYPE_CHECKING:
    from matrix.bench import Bench, World

    from flows.b3.portfolio import Portfolio
    from flows.session.storage import Publication

Rows = list[tuple[str | None, ...]]

# Of two sessions with the same figures these differ: the dates, and what the figures were read from.
_OF_COLLECTION = frozenset({"data_pregao", "timestamp_coleta", "dias_desde_coleta", "origem"})
_WEIGHT = "percentual_participacao_ibov"
_TOTAL, _MEAN = _SUMS = ("participacao_total", "participacao_media")


def tables(bench: Bench) -> tuple[Table, Table]:
    """The table of the index's shares, and its summary."""
    return refined_table(bench.portfolio.index), summary_table(bench.portfolio.index)


@dataclass(frozen=True)
class Visible:
    """What Athena shows of a session at an instant: its shares, and their summary."""

    rows: Rows
    summary: Rows

    @classmethod
    def of(cls, bench: Bench) -> Visible:
        """What it shows now."""
        return cls(*(visible(bench, table) for table in tables(bench)))


def visible(bench: Bench, table: Table) -> Rows:
    """The session's rows in Athena, without what tells one collection from another."""
    names = [column.name for column in table.columns if column.name not in _OF_COLLECTION]
    sql = f"SELECT {', '.join(names)} FROM {table.name} WHERE {_where(bench, table)}"
    return sorted(bench.world.eyes.lake.athena.query(sql).rows, key=str)


def _where(bench: Bench, table: Table) -> str:
    day, index = bench.session, bench.portfolio.index
    of_index = f"{INDEX_PARTITION.name} = '{index}' AND " if INDEX_PARTITION in table.partitions else ""
    return f"{of_index}year = {day.year} AND month = {day.month} AND day = {day.day}"


def figures(portfolio: Portfolio) -> set[tuple[str, float, float]]:
    """Code, quantity and share of each holding, as B3 states them."""
    return {(item.codigo, float(item.qtde_teorica), float(item.participacao_pct)) for item in portfolio.holdings}


def visible_figures(rows: Rows) -> set[tuple[str, float, float]]:
    """The same of the rows that Athena shows."""
    names = [column.name for column in REFINED_TABLE.columns if column.name not in _OF_COLLECTION]
    code, quantity, share = (names.index(name) for name in ("codigo", "quantidade_teorica_acoes", _WEIGHT))
    return {(str(row[code]), float(str(row[quantity])), float(str(row[share]))) for row in rows}


def locations(bench: Bench, table: Table) -> dict[tuple[str, ...], str]:
    """Where each of the session's partitions points to."""
    pages = bench.world.eyes.glue.get_paginator("get_partitions").paginate(
        DatabaseName=DATABASE, TableName=table.name, Expression=_where(bench, table)
    )
    found = (item for page in pages for item in page["Partitions"])
    return {tuple(item["Values"]): item["StorageDescriptor"]["Location"] for item in found}


def keys(world: World, bucket: str, prefix: str) -> list[str]:
    """The keys below a prefix."""
    pages = world.eyes.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))


def versions(world: World, bucket: str, prefix: str) -> list[str]:
    """The key of every version below a prefix."""
    pages = world.eyes.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    return sorted(item["Key"] for page in pages for item in page.get("Versions", []))


def landed(bench: Bench) -> list[str]:
    """The key of every version in landing that may be of the session."""
    undated = f"landing/undated/{bench.portfolio.index.lower()}_{bench.session:%Y%m%d}"
    prefixes = (f"landing/{session_path(bench.session)}/", undated)
    return [key for prefix in prefixes for key in versions(bench.world, RAW_BUCKET, prefix)]


def raw_versions(bench: Bench) -> list[str]:
    """The session's raw file, once for each version of it."""
    return versions(bench.world, RAW_BUCKET, raw_key(bench.portfolio.index, bench.session))


def history_figures(bench: Bench) -> set[tuple[str, float, float]]:
    """Code, quantity and share of each of the session's rows in the history."""
    month = f"year = {bench.session.year} AND month = {bench.session.month}"
    sql = (
        f"SELECT codigo, quantidade_teorica_acoes, percentual_participacao_ibov FROM {HISTORY_TABLE.name} "
        f"WHERE indice = '{bench.portfolio.index}' AND {month} AND data_pregao = DATE '{bench.session}'"
    )
    rows = bench.world.eyes.lake.athena.query(sql).rows
    return {(str(code), float(str(quantity)), float(str(share))) for code, quantity, share in rows}


def publication(bench: Bench) -> Publication | None:
    """The record of the session's publication."""
    return storage.read_publication(bench.world.eyes.lake.refined, bench.portfolio.index, bench.session)


def demand(holds: object, otherwise: str) -> None:
    """An AssertionError that says `otherwise`, unless it holds."""
    if not holds:
        raise AssertionError(otherwise)


def whole_or_nothing(bench: Bench, *allowed: Portfolio) -> Visible:
    """Athena shows nothing of the session, or all of one of these portfolios; the summary agrees or is not there.

    Returns:
        What it shows.
    """
    found = Visible.of(bench)
    rows, summary = found.rows, found.summary
    seen = visible_figures(rows)
    whole = [portfolio for portfolio in allowed if seen == figures(portfolio) and len(rows) == len(portfolio.holdings)]
    demand(not rows or whole, f"half a session, or a mixture: {len(rows)} rows are visible")
    total = sum(int(float(str(row[2]))) for row in summary)
    quantities = {sum(int(item.qtde_teorica) for item in portfolio.holdings) for portfolio in allowed}
    demand(not summary or total in quantities, "half a summary is visible")
    return found


def nothing_visible(bench: Bench, seen: Visible) -> None:
    """Athena shows nothing of the session."""
    for table, rows in zip(tables(bench), (seen.rows, seen.summary), strict=True):
        demand(not rows, f"rows of {table.name} are visible")
    demand(publication(bench) is None, "a publication is recorded")


def state_of(bench: Bench) -> State | None:
    """The session's state by `bovespa status`; None where it does not name it."""
    day, index = bench.session, bench.portfolio.index
    account = Pipeline(bench.settings, bench.world.eyes.lake)
    found = read_status(account, datetime.now(UTC), since=day, until=day, indices=[index])
    states = {item.session: item.state for item in found.of(index).days}
    return states.get(day)


def named(bench: Bench) -> None:
    """What is not recorded as published is named by `bovespa status`."""
    state = state_of(bench)
    demand(state is not None, "status does not name the session")
    demand(publication(bench) or state is not State.PUBLISHED, "status takes the session for published")


def published(bench: Bench, portfolio: Portfolio, rows: Rows) -> None:
    """The session is published with this portfolio, once, Athena shows these rows of it, and nothing else lies about."""
    refined, summary = tables(bench)
    demand(visible_figures(rows) == figures(portfolio), f"Athena shows {len(rows)} rows, not B3's figures")
    demand(len(rows) == len(portfolio.holdings), f"{len(rows)} rows for {len(portfolio.holdings)} shares")
    by_ticker = TICKER_PARTITION in refined.partitions
    _exactly(bench, refined, [item.codigo for item in portfolio.holdings] if by_ticker else [None])
    _exactly(bench, summary, [None])
    record = publication(bench)
    demand(record is not None and record.rows == len(rows), "the publication's record is missing or wrong")
    demand(len(set(landed(bench))) == len(landed(bench)), "a payload in landing was overwritten")
    demand(state_of(bench) is State.PUBLISHED, "status does not tell that the session is published")
    lease = lease_key(portfolio.index, bench.session)
    demand(lease not in keys(bench.world, REFINED_BUCKET, lease), "a lease is left")


def shows_only(bench: Bench, portfolio: Portfolio) -> None:
    """Athena, the catalog and the bucket have this portfolio of the session, and nothing of any other."""
    refined, summary = tables(bench)
    demand(
        visible_figures(visible(bench, refined)) == figures(portfolio),
        "Athena shows other figures than were published last",
    )
    _exactly(bench, refined, [item.codigo for item in portfolio.holdings])
    _exactly(bench, summary, [None])


def as_undisturbed(bench: Bench, seen: Visible | None = None) -> None:
    """The published state equals, cell by cell, that of the session to which nothing happened.

    No two sessions have the same weights: those are held to B3's, and the summary's to the sums of them. B3's CSV download and
    page state no sectors: what was taken from there has none, and is not summed up by them.

    Args:
        seen: what Athena shows, where it has just been asked.
    """
    seen = seen or Visible.of(bench)
    published(bench, bench.portfolio, seen.rows)
    refined, summary = tables(bench)
    unsectored = bench.collected and not bench.collected.facts.has_sectors
    apart = {_WEIGHT, "setor", "subsetor"} if unsectored else {_WEIGHT}
    _same(bench, refined, seen.rows, apart)
    if not unsectored:
        _same(bench, summary, seen.summary, _SUMS)
        demand(_summed(refined, summary, seen), f"{summary.name} has other sums than {refined.name}")


def _same(bench: Bench, table: Table, seen: Rows, apart: Collection[str]) -> None:
    undisturbed = _undisturbed(bench, table)
    demand(
        _without(table, seen, apart) == _without(table, undisturbed, apart),
        f"{table.name} differs from the undisturbed one",
    )


def _undisturbed(bench: Bench, table: Table) -> Rows:
    world, name = bench.world, (bench.kind, table.name)
    if name not in world.known:
        world.known[name] = visible(world.undisturbed[bench.kind], table)
    return world.known[name]


def _named(table: Table, rows: Rows) -> list[dict[str, str | None]]:
    names = [column.name for column in table.columns if column.name not in _OF_COLLECTION]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _without(table: Table, rows: Rows, apart: Collection[str]) -> Rows:
    kept = ({name: cell for name, cell in row.items() if name not in apart} for row in _named(table, rows))
    return sorted((tuple(row.values()) for row in kept), key=str)


def _summed(refined: Table, summary: Table, seen: Visible) -> bool:
    """Whether each sector's total and mean are those of the weights that are visible."""
    groups: defaultdict[tuple[str | None, str | None], list[float]] = defaultdict(list)
    for row in _named(refined, seen.rows):
        groups[row["setor"], row["classe"]].append(float(str(row[_WEIGHT])))
    rows = _named(summary, seen.summary)
    totals = {(row["setor"], row["classe"]): (float(str(row[_TOTAL])), float(str(row[_MEAN]))) for row in rows}
    return totals.keys() == groups.keys() and all(
        math.isclose(total, math.fsum(groups[name]), rel_tol=1e-9)
        and math.isclose(mean, math.fsum(groups[name]) / len(groups[name]), rel_tol=1e-9)
        for name, (total, mean) in totals.items()
    )


def _exactly(bench: Bench, table: Table, tickers: Iterable[str | None]) -> None:
    index, day = bench.portfolio.index, bench.session
    prefixes = {partition_prefix(table, index, day, ticker) for ticker in tickers}
    found = {url.removeprefix(f"s3://{REFINED_BUCKET}/") for url in locations(bench, table).values()}
    demand(found == prefixes, f"{table.name}: other partitions than the session's {len(prefixes)}")
    files = set(keys(bench.world, REFINED_BUCKET, partition_prefix(table, index, day)))
    demand(files == {prefix + PART_NAME for prefix in prefixes}, f"{table.name}: other files than the partitions'")
