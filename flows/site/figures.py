"""A session's composition and its figures: what the index is made of, how heavy the largest, how concentrated. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow.compute as pc

if TYPE_CHECKING:
    import pyarrow as pa

_FIVE = 5

COLUMNS = (
    "data_pregao",
    "acao",
    "nome_acao",
    "classe",
    "setor",
    "quantidade_teorica_acoes",
    "percentual_participacao_ibov",
)
"""Of the history's, what `holdings_of` and `figures_by_session` need."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A share of a portfolio.

    Attributes:
        sector: as the source spells it; empty where it has none.
        weight: in percent of the index.
        quantity: theoretical, in shares.
    """

    ticker: str
    name: str
    share_class: str
    sector: str
    weight: float
    quantity: float


@dataclass(frozen=True, slots=True)
class Sector:
    """The shares of a sector, taken together; its name is empty where the source has none.

    Attributes:
        weight: in percent of the index.
    """

    name: str
    weight: float
    shares: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A published session in figures.

    Attributes:
        shares: how many shares the index holds.
        largest: weight of the largest, in percent.
        five: weight of the five largest, in percent.
        hhi: Herfindahl-Hirschman index, 0 to 10,000.
    """

    shares: int
    largest: float
    five: float
    hhi: float


def figures_of(weights: Sequence[float]) -> Figures:
    """The figures of a portfolio.

    Args:
        weights: of its shares, in percent; at least one.
    """
    ordered = sorted(weights, reverse=True)
    return Figures(len(ordered), ordered[0], sum(ordered[:_FIVE]), sum(weight * weight for weight in ordered))


def figures_by_session(rows: pa.Table) -> dict[date, Figures]:
    """The figures of the sessions in some of the history's rows."""
    weights: defaultdict[date, list[float]] = defaultdict(list)
    columns = (rows["data_pregao"].to_pylist(), rows["percentual_participacao_ibov"].to_pylist())
    for session, weight in zip(*columns, strict=True):
        weights[session].append(weight)
    return {session: figures_of(found) for session, found in weights.items()}


def holdings_of(rows: pa.Table, session: date) -> tuple[Holding, ...]:
    """A session's shares in some of the history's rows, the heaviest first."""
    of_session = rows.filter(pc.equal(rows["data_pregao"], session)).select(COLUMNS[1:]).to_pylist()
    found = (
        Holding(ticker, name, share_class, sector or "", weight, quantity)
        for ticker, name, share_class, sector, quantity, weight in (row.values() for row in of_session)
    )
    return tuple(sorted(found, key=lambda item: (-item.weight, item.ticker)))


def sectors_of(holdings: Sequence[Holding]) -> tuple[Sector, ...]:
    """The sectors of some shares, the heaviest first."""
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for item in holdings:
        groups[item.sector].append(item.weight)
    found = (Sector(name, sum(weights), len(weights)) for name, weights in groups.items())
    return tuple(sorted(found, key=lambda item: (-item.weight, item.name)))
