"""A session's figures that the site plots: how many shares, how heavy the largest, how concentrated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.keys import check_index
from expectations.contract.names import DATABASE
from expectations.contract.tables import HISTORY_TABLE, INDEX_PARTITION

if TYPE_CHECKING:
    from flows.lake.athena import QueryResult

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

    def to_dict(self) -> dict[str, float]:
        """The figures as JSON's types."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


def figures_of(weights: Sequence[float]) -> Figures:
    """The figures of a portfolio.

    Args:
        weights: of its shares, in percent; at least one.
    """
    ordered = sorted(weights, reverse=True)
    return Figures(len(ordered), ordered[0], sum(ordered[:_FIVE]), sum(weight * weight for weight in ordered))


def figures_query(index: str, sessions: Collection[date], database: str = DATABASE) -> str:
    """The query of the figures of published sessions, one row a session; `read_figures` reads its answer."""
    first, last = min(sessions), max(sessions)
    return f"""\
SELECT data_pregao, COUNT(*) AS shares, MAX(participacao) AS largest,
       SUM(CASE WHEN posicao <= {_FIVE} THEN participacao ELSE 0 END) AS five, SUM(participacao * participacao) AS hhi
FROM (
  SELECT data_pregao, percentual_participacao_ibov AS participacao,
         ROW_NUMBER() OVER (PARTITION BY data_pregao ORDER BY percentual_participacao_ibov DESC) AS posicao
  FROM {database}.{HISTORY_TABLE.name}
  WHERE {INDEX_PARTITION.name} = '{check_index(index)}' AND year * 100 + month BETWEEN {first:%Y%m} AND {last:%Y%m}
    AND data_pregao BETWEEN DATE '{first}' AND DATE '{last}'
) AS ordenadas
GROUP BY data_pregao"""  # noqa: S608 - an index code and dates


def read_figures(result: QueryResult) -> dict[date, Figures]:
    """The figures by session, of the answer to `figures_query`."""
    return {
        date.fromisoformat(str(day)): Figures(int(str(shares)), *(float(str(value)) for value in values))
        for day, shares, *values in result.rows
    }
