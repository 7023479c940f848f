"""A session's figures that the site plots: how many shares, how heavy the largest, how concentrated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_FIVE = 5


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
