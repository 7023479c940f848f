"""Portfolios whose session is only a copier's word, and cannot be the session that B3 stated.

Pipelines that take the run's date for the session's store one portfolio several times: on Saturday, Sunday and Monday B3 shows
Monday's. Weights move with prices, so that two sessions never have the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from flows.b3.calendar import is_session
from flows.backfill.importing.files import Found


@dataclass(frozen=True, slots=True)
class Suspect:
    """A portfolio that must not be imported, and why, in one line."""

    found: Found
    reason: str


def suspects_apart(portfolios: Iterable[Found]) -> Iterator[Found | Suspect]:
    """Each portfolio, or what speaks against its session."""
    listed = [found if _possible(found) else Suspect(found, _no_session(found)) for found in portfolios]
    sessions: defaultdict[tuple[object, ...], set[date]] = defaultdict(set)
    for item in listed:
        if isinstance(item, Found):
            sessions[_figures(item)].add(item.portfolio.session)
    for item in listed:
        if isinstance(item, Suspect) or item.b3_states_session or len(sessions[_figures(item)]) == 1:
            yield item
            continue
        named = ", ".join(day.isoformat() for day in sorted(sessions[_figures(item)]))
        yield Suspect(item, f"the same figures under several sessions ({named}): its date is not the session's")


def _possible(found: Found) -> bool:
    return found.b3_states_session or is_session(found.portfolio.session)


def _no_session(found: Found) -> str:
    return f"{found.portfolio.session} is no trading day: its date is not the session's"


def _figures(found: Found) -> tuple[object, ...]:
    portfolio = found.portfolio
    rows = sorted((holding.codigo, holding.qtde_teorica, holding.participacao_pct) for holding in portfolio.holdings)
    return (portfolio.index, *rows)
