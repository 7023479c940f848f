"""Portfolios whose session cannot be the one that B3 stated, whoever says that it is.

Pipelines that take the run's date for the session's store one portfolio several times: on Saturday, Sunday and Monday B3 shows
Monday's. Weights move with prices, so that two sessions never have the same ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from flows.b3.calendar import why_impossible
from flows.b3.differences import weights_of
from flows.b3.portfolio import same_figures
from flows.backfill.importing.files import Found

# By index and digest of the weights: the sessions that have them.
KnownWeights = Mapping[tuple[str, str], frozenset[date]]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A portfolio that must not be imported, and why, in one line."""

    found: Found
    reason: str


def suspects_apart(
    portfolios: Iterable[Found], at: datetime, known: KnownWeights | None = None
) -> Iterator[Found | Suspect]:
    """Each portfolio, or what speaks against its session.

    Args:
        at: instant of the import (aware); no session can be after the one that B3 shows then.
        known: weights of sessions that are published or landed, which outweigh any file's word for another session.
    """
    listed = [_possible(found, at) for found in portfolios]
    claims: defaultdict[tuple[str, str], list[Found]] = defaultdict(list)
    for item in listed:
        if isinstance(item, Found):
            claims[_weights(item)].append(item)
    for item in listed:
        if isinstance(item, Found):
            there = (known or {}).get(_weights(item), frozenset())
            yield _of_one_session(item, claims[_weights(item)], there)
        else:
            yield item


def _possible(found: Found, at: datetime) -> Found | Suspect:
    portfolio = found.portfolio
    reason = why_impossible(portfolio.index, portfolio.session, at, insisted=found.insisted)
    return Suspect(found, reason) if reason else found


def _of_one_session(found: Found, claims: Iterable[Found], there: frozenset[date]) -> Found | Suspect:
    """The portfolio, unless others with its weights are of another session, and nothing decides between them."""
    session = found.portfolio.session
    if there:
        named = ", ".join(map(str, sorted(there)))
        return found if session in there else Suspect(found, f"session {named} has these weights already, each of them")
    stated = {item.portfolio.session for item in claims if item.b3_states_session}
    sessions = {item.portfolio.session for item in claims}
    if len(sessions) == 1 or stated == {session}:
        return found
    named = ", ".join(map(str, sorted(sessions)))
    return Suspect(found, f"the same weights under several sessions ({named}): its date is not the session's")


def _weights(found: Found) -> tuple[str, str]:
    return found.portfolio.index, weights_of(found.portfolio)


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of the portfolios of one session.

    Attributes:
        best: the one that is taken; None where B3's own words disagree.
        same: the others with its figures.
        other: each of those with other figures, with one that it disagrees with.
    """

    best: Found | None
    same: tuple[Found, ...]
    other: tuple[tuple[Found, Found], ...]


def settled(group: Iterable[Found]) -> Settled:
    """The one of a session's portfolios that says most; where a session is only guessed, B3's own word outweighs it.

    Args:
        group: portfolios of one index and session, at least one.
    """
    anchor, *others = sorted(group, key=_outweighs, reverse=True)
    equals = [item for item in others if same_figures(item.portfolio, anchor.portfolio)]
    rivals = [item for item in others if item not in equals]
    if any(item.b3_states_session or not anchor.b3_states_session for item in rivals):
        everyone = [anchor, *others]
        pairs = ((item, next((rival for rival in everyone if _disagree(item, rival)), anchor)) for item in everyone)
        return Settled(None, (), tuple(pairs))
    best, *same = sorted([anchor, *equals], key=_says, reverse=True)
    return Settled(best, tuple(same), tuple((item, best) for item in rivals))


def _disagree(one: Found, other: Found) -> bool:
    return not same_figures(one.portfolio, other.portfolio)


def _outweighs(found: Found) -> tuple[bool, bool, bool, bool, str]:
    return found.b3_states_session, *_says(found)


def _says(found: Found) -> tuple[bool, bool, bool, str]:
    portfolio = found.portfolio
    return portfolio.has_sectors, found.b3_states_session, portfolio.statement.divisor is not None, found.name
