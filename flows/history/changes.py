"""What changed in an index from one published session to the next. Pure.

A share that changed has one row, which states the first that holds: it entered, it left, its ticker was renamed, its quantity
changed, or only its weight did, as most weights do every session.

B3 rebalances its indices in January, May and September: the portfolio is in force from the month's first Monday, and the
divisor changes with it. In the recorded portfolios 47 of 81 quantities differ across a rebalancing, and between two of them 4 of
87 do in three months (an interest paid in shares, a split): a fifth tells the two apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby, pairwise
from typing import Any

import pyarrow as pa

from expectations.contract.changes import ENTERED, KINDS, LEFT, QUANTITY, RENAMED, WEIGHT
from expectations.contract.tables import CHANGES_COLUMNS
from flows.b3.calendar import may_be_rebalanced
from flows.session.arrow import arrow_schema

CHANGES_SCHEMA = arrow_schema(CHANGES_COLUMNS)
_REBALANCED_SHARE = 0.2  # of the shares, by number
_DECIMALS = 3  # of a share in percent, as B3 states it
_ONE_OF_EACH = 2
_KINDS = {kind: number for number, kind in enumerate(KINDS)}
_COMPANY_WORD = re.compile(r"[A-Z0-9]{4,}")

Row = Mapping[str, Any]
"""A row of the history, by column."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the table of changes, but for its partition."""

    acao: str
    nome_acao: str
    classe: str
    setor: str | None
    mudanca: str
    acao_anterior: str | None
    quantidade_anterior: float | None
    quantidade_atual: float | None
    participacao_anterior: float | None
    participacao_atual: float | None
    variacao_participacao: float
    rebalanceamento: bool
    pregao_anterior: date
    data_pregao: date
    day: int


def month_changes(rows: pa.Table) -> list[Change]:
    """The changes of each session against the one before it.

    Args:
        rows: the history's, of consecutive published sessions of one index; the first one only serves to compare.
    """
    ordered = sorted(rows.to_pylist(), key=lambda row: (row["data_pregao"], row["acao"]))
    sessions = [list(group) for _, group in groupby(ordered, key=lambda row: row["data_pregao"])]
    return [change for before, after in pairwise(sessions) for change in session_changes(before, after)]


def changes_table(changes: Sequence[Change]) -> pa.Table:
    """Changes as the table's rows."""
    return pa.Table.from_pylist([asdict(change) for change in changes], schema=CHANGES_SCHEMA)


def changes_of(rows: pa.Table) -> list[Change]:
    """The table's rows as changes; the inverse of `changes_table`."""
    return [Change(**row) for row in rows.to_pylist()]


def session_changes(before: Sequence[Row], after: Sequence[Row]) -> list[Change]:
    """What changed between two portfolios, the greatest changes first of each kind.

    Args:
        before, after: the history's rows of one session each; neither is empty.
    """
    old, new = {row["acao"]: row for row in before}, {row["acao"]: row for row in after}
    sessions = before[0]["data_pregao"], after[0]["data_pregao"]
    due = may_be_rebalanced(*sessions)
    renamed = _renamed(old, new, due=due)
    pairs: list[tuple[str, Row | None, Row | None]] = [
        *((RENAMED, old[was], new[now]) for now, was in renamed.items()),
        *((ENTERED, None, new[code]) for code in new.keys() - old.keys() - renamed.keys()),
        *((LEFT, old[code], None) for code in old.keys() - new.keys() - set(renamed.values())),
        *_altered(old, new),
    ]
    moved = sum(kind in (ENTERED, LEFT, QUANTITY) for kind, _, _ in pairs)
    rebalanced = due and _other_divisor(before, after) and moved >= _REBALANCED_SHARE * len(old.keys() | new.keys())
    changes = (_change(kind, was, now, sessions, rebalanced=rebalanced) for kind, was, now in pairs)
    return sorted(changes, key=lambda item: (_KINDS[item.mudanca], -abs(item.variacao_participacao), item.acao))


def _altered(old: Mapping[str, Row], new: Mapping[str, Row]) -> Iterator[tuple[str, Row, Row]]:
    for code in old.keys() & new.keys():
        was, now = old[code], new[code]
        if _quantity(was) != _quantity(now):
            yield QUANTITY, was, now
        elif _weight(was) != _weight(now):
            yield WEIGHT, was, now


def _change(kind: str, was: Row | None, now: Row | None, sessions: tuple[date, date], *, rebalanced: bool) -> Change:
    share = now or was
    assert share is not None, "a change is of a share that was there, or is"
    weights = [_weight(row) if row else None for row in (was, now)]
    return Change(
        acao=share["acao"],
        nome_acao=share["nome_acao"],
        classe=share["classe"],
        setor=share["setor"],
        mudanca=kind,
        acao_anterior=was["acao"] if was and kind == RENAMED else None,
        quantidade_anterior=_quantity(was) if was else None,
        quantidade_atual=_quantity(now) if now else None,
        participacao_anterior=weights[0],
        participacao_atual=weights[1],
        variacao_participacao=round((weights[1] or 0) - (weights[0] or 0), _DECIMALS),
        rebalanceamento=rebalanced,
        pregao_anterior=sessions[0],
        data_pregao=sessions[1],
        day=sessions[1].day,
    )


def _quantity(row: Row) -> float:
    return float(row["quantidade_teorica_acoes"])


def _weight(row: Row) -> float:
    return float(row["percentual_participacao_ibov"])


# --- renamed tickers -----------------------------------------------------------------------------------------------------


def _renamed(old: Mapping[str, Row], new: Mapping[str, Row], *, due: bool) -> dict[str, str]:
    """Tickers that only have another name now: from the one now to the one before.

    It is certain, and therefore stated as a renaming, only where one share left and one entered with the very same quantity, both
    of one class, and the company goes on: by the root of the ticker, by a word of its name (NTCO3 of GRUPO NATURA became NATU3
    of NATURA), or, outside of rebalancings, at which alone other companies enter, by its sector.
    """
    left, entered = old.keys() - new.keys(), new.keys() - old.keys()
    was = {_quantity(old[code]): code for code in left}
    counts = Counter([*(_quantity(old[code]) for code in left), *(_quantity(new[code]) for code in entered)])
    pairs = {code: was.get(_quantity(new[code])) for code in entered if counts[_quantity(new[code])] == _ONE_OF_EACH}
    return {code: before for code, before in pairs.items() if before and _goes_on(old[before], new[code], due=due)}


def _goes_on(was: Row, now: Row, *, due: bool) -> bool:
    if was["classe"] != now["classe"]:
        return False
    words = [set(_COMPANY_WORD.findall(row["nome_acao"])) for row in (was, now)]
    sectors = [(row["setor"], row["subsetor"]) for row in (was, now)]
    same_sector = sectors[0] == sectors[1] and None not in sectors[0]
    return was["acao"][:4] == now["acao"][:4] or bool(words[0] & words[1]) or (same_sector and not due)


# --- rebalancing ---------------------------------------------------------------------------------------------------------


def _other_divisor(before: Sequence[Row], after: Sequence[Row]) -> bool:
    """Whether the divisor differs, or is not known."""
    was, now = before[0]["redutor"], after[0]["redutor"]
    return was is None or now is None or was != now
