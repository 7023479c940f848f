"""Where two portfolios differ, cell by cell, and in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from flows.b3.portfolio import Holding, Portfolio

_MOST_NAMED = 3
_SHARE_CELLS = {
    "acao": "names",
    "tipo": "types",
    "setor": "sectors",
    "qtde_teorica": "quantities",
    "participacao_pct": "weights",
}
_STATED = {"total_quantity": "totals", "total_share": "totals", "divisor": "divisors"}
_SHARES = "shares"


@dataclass(frozen=True, slots=True)
class CellDifference:
    """One cell that two portfolios state differently.

    Attributes:
        kind: what it is one of, in the plural: shares, names, types, sectors, quantities, weights, totals, divisors.
        cell: the ticker and the column, or the field of the statement.
        here: what the first states; None where it has no such share.
        there: what the other states.
    """

    kind: str
    cell: str
    here: object
    there: object

    def __str__(self) -> str:
        if self.kind == _SHARES:
            return f"{self.cell} is only in {'this one' if self.there is None else 'the other'}"
        return f"{self.cell} {self.here!s} here, {self.there!s} there"


def differences(one: Portfolio, other: Portfolio) -> list[CellDifference]:
    """The cells that both state, and state differently, and the shares that only one has."""
    return [*_of_shares(one, other), *_of_statements(one, other)]


def described(found: Iterable[CellDifference]) -> str:
    """Differences in one line, such as `other types (ALOS3 tipo ON      NM here, ON  ED  NM there; and 2 more)`."""
    listed = list(found)
    kinds = " and ".join(dict.fromkeys(item.kind for item in listed))
    named = "; ".join(map(str, listed[:_MOST_NAMED]))
    more = f"; and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return f"other {kinds} ({named}{more})"


def weights_digest(weights: Iterable[tuple[str, Decimal]]) -> str:
    """A digest of tickers and their weights (percent, three decimals), whatever their order.

    Portfolios of two sessions never have every weight equal: in 190 recorded neighbouring pairs the only ones that had were
    one session under two dates.
    """
    text = ";".join(sorted(f"{codigo} {share:.3f}" for codigo, share in weights))
    return hashlib.sha256(text.encode()).hexdigest()


def weights_of(portfolio: Portfolio) -> str:
    """The digest of a portfolio's weights."""
    return weights_digest((holding.codigo, holding.participacao_pct) for holding in portfolio.holdings)


def _of_shares(one: Portfolio, other: Portfolio) -> Iterator[CellDifference]:
    here, there = ({holding.codigo: holding for holding in portfolio.holdings} for portfolio in (one, other))
    for codigo in dict.fromkeys((*here, *there)):
        if codigo in here and codigo in there:
            yield from _of_cells(here[codigo], there[codigo])
        else:
            yield CellDifference(
                _SHARES, codigo, codigo if codigo in here else None, codigo if codigo in there else None
            )


def _of_cells(here: Holding, there: Holding) -> Iterator[CellDifference]:
    for column, kind in _SHARE_CELLS.items():
        one, other = getattr(here, column), getattr(there, column)
        if one != other and None not in (one, other):
            yield CellDifference(kind, f"{here.codigo} {column}", one, other)


def _of_statements(one: Portfolio, other: Portfolio) -> Iterator[CellDifference]:
    for field, kind in _STATED.items():
        here, there = getattr(one.statement, field), getattr(other.statement, field)
        if here != there and None not in (here, there):
            yield CellDifference(kind, field, here, there)
