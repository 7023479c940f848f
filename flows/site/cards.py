"""Whether an index's data can be trusted: a headline, what it rests on, and the numbers that say most. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from flows.record.state import State

if TYPE_CHECKING:
    from flows.language import Language
    from flows.record.state import SessionState
    from flows.site.facts import IndexFacts

_RECENT = 30  # attempts
_UNFINISHED = frozenset({State.QUARANTINED, State.STAGED, State.RAW, State.LANDED})


@dataclass(frozen=True, slots=True)
class Card:
    """One number of an index's page."""

    label: str
    value: str
    note: str = ""
    bad: bool = False


class Grade(StrEnum):
    """How far an index's data can be trusted: whole, whole but for what B3 shows now, or not."""

    GOOD = "good"
    DUE = "due"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the data of an index can be trusted.

    Attributes:
        headline: the answer.
        grounds: what it rests on, a sentence each.
    """

    grade: Grade
    headline: str
    grounds: Sequence[str]
    cards: Sequence[Card]


def trust_of(facts: IndexFacts, language: Language) -> Trust:
    """How far the data of an index can be trusted."""
    status = facts.status
    return Trust(
        Grade.BAD if facts.lacking or not status.newest_published else Grade.GOOD if status.fresh else Grade.DUE,
        _headline(facts, language),
        tuple(_grounds(facts, language)),
        _cards(facts, language),
    )


def _headline(facts: IndexFacts, language: Language) -> str:
    tr, lacking, newest = language.tr, len(facts.lacking), facts.status.newest_published
    if newest is None:
        return tr("Nothing is published yet")
    if lacking:
        of_all = language.counted(len(facts.expected), "session")
        return tr("{} of {} not published").format(language.written(f"{lacking:,}"), of_all)
    if not facts.status.fresh:
        return tr("Published up to {}; {} is due").format(newest, facts.status.due)
    first = facts.published[0].session
    if facts.acknowledged:
        given_up = language.counted(len(facts.acknowledged), "session")
        return tr("Complete from {} to {}, but for {} that will not be published").format(first, newest, given_up)
    return tr("Complete: every session from {} to {} is published").format(first, newest)


def _grounds(facts: IndexFacts, language: Language) -> Iterator[str]:
    tr, newest = language.tr, facts.status.newest_published
    if newest is None:
        yield tr("What the runs did so far is listed below.")
        return
    if facts.lacking and not facts.status.fresh:
        age = language.counted((facts.status.due - newest).days, "day")
        yield tr("The newest that is published is {}, {} before {}, which is due.").format(
            newest, age, facts.status.due
        )
    yield tr("What is published passed both gates, and was read back through Athena before anybody saw it.")
    if warned := sum(bool(day.warnings) for day in facts.published):
        yield tr("{} passed with warnings: a yellow dot in the calendar.").format(language.counted(warned, "session"))
    if count := facts.status.undated:
        yield tr("{} could not be read for a session.").format(language.counted(count, "payload"))


def _cards(facts: IndexFacts, language: Language) -> Sequence[Card]:
    tr, published = language.tr, facts.published
    missing = [day for day in facts.lacking if day.state is State.MISSING]
    unfinished = [day for day in facts.lacking if day.state in _UNFINISHED]
    recent = facts.outcomes[-_RECENT:]
    since = tr("since {}").format(published[0].session) if published else tr("none yet")
    well = f"{100 * sum(recent) / len(recent):.0f} %" if recent else ""
    return [
        Card(tr("Published"), language.counted(len(published), "session"), since),
        _unwanted(tr("Missing"), missing, tr("nothing is missing"), language),
        _unwanted(tr("Refused or not finished"), unfinished, tr("none is left"), language),
        *([Card(tr("Attempts that went well"), well, tr("of the last {}").format(len(recent)))] if recent else []),
    ]


def _unwanted(label: str, days: Sequence[SessionState], none: str, language: Language) -> Card:
    note = language.tr("the last {}").format(days[0].session) if days else none
    return Card(label, language.counted(len(days), "session"), note, bad=bool(days))
