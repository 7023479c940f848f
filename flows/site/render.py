"""The templates rendered in a language. Every text is escaped by the template engine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING

from flows.language import LANGUAGES, Language
from flows.record.sentences import demand_in, reason_in
from flows.record.state import MEANINGS
from flows.site import charts
from flows.site.addresses import in_language, way

if TYPE_CHECKING:
    from jinja2 import Environment

    from expectations.gates.compiled import CompiledTemplates

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
SHORT_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")
GATES = {"gate-1-raw": "Gate 1, the raw file", "gate-2-refined": "Gate 2, the refined rows"}
STEPS = {
    "collect": "Collecting",
    "gate 1": "Gate 1",
    "upload": "Uploading",
    "etl": "Glue job",
    "gate 2": "Gate 2",
    "publish and confirm": "Publishing, confirming",
    "history and changes": "History, changes",
    "report": "Report",
}

_CLIPPED = 160  # characters of a reason that stand in a line
# Not what is part of a name, a path, a key or an instant.
_LONG_NUMBER = re.compile(r"(?<![\w.,/:-])\d{5,}(?:\.\d+)?(?![\w/=-]|[.:]\w)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page has around its own matter.

    Attributes:
        key: of the English page; the others' are made of it.
        crumbs: the pages above it, each by its name and key, the first page first.
        written: when the page was made (UTC).
    """

    key: str
    crumbs: Sequence[tuple[str, str]]
    language: Language
    written: datetime

    def to(self, key: str) -> str:
        """The link to another page in the same language, by the key of the English one."""
        return way(self.key, in_language(key, self.language))

    def to_file(self, key: str) -> str:
        """The link to what has no language."""
        return way(self.key, key)

    @property
    def others(self) -> Sequence[tuple[Language, str]]:
        """The same page in the other languages."""
        others = (language for language in LANGUAGES if language != self.language)
        return [(language, way(self.key, in_language(self.key, language))) for language in others]


def render(template: str, frame: Frame, **values: object) -> str:
    """A page."""
    return _environment(frame.language).get_template(template).render(frame=frame, **values)


@cache
def _compiled() -> CompiledTemplates:
    from expectations.gates.compiled import CompiledTemplates  # noqa: PLC0415 - Jinja, as below

    return CompiledTemplates()


@cache
def _environment(language: Language) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only where a page is written
    from markupsafe import Markup  # noqa: PLC0415 - as above

    made = Environment(
        loader=PackageLoader("flows.site"),
        bytecode_cache=_compiled(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = _Words(language)
    made.globals |= {
        "_": language.tr,
        "counted": language.counted,
        "geometry": charts,
        "meanings": MEANINGS,
        "short_weekdays": SHORT_WEEKDAYS,
    }
    made.filters |= {
        "number": words.number,
        "tick": words.tick,
        "long_date": words.long_date,
        "month": words.month,
        "stamp": stamp,
        "figures": words.figures,
        "demand": words.demand,
        "reason": words.reason,
        # The attribute of an element whose text is English, for its language has none for it.
        "lang": lambda said, text: Markup(' lang="en"') if said == text else "",
        "gate_name": words.gate,
        "gate_short": gate_short,
        "step_name": words.step,
        "clip": clip,
        "kind": lambda state: str(state).replace(" ", "-"),
    }
    return made


@dataclass(frozen=True, slots=True)
class _Words:
    """Numbers and dates as they are written in a language."""

    language: Language

    def number(self, value: float, digits: int = 0) -> str:
        return self.language.written(f"{value:,.{digits}f}")

    def demand(self, text: str) -> str:
        return demand_in(self.language, text)

    def reason(self, text: str) -> str:
        return reason_in(self.language, text)

    def gate(self, name: str) -> str:
        return self.language.tr(GATES.get(name, name))

    def step(self, name: str) -> str:
        return self.language.tr(STEPS.get(name, name))

    def tick(self, value: float) -> str:
        return self.language.written(f"{value:,.6g}")

    def long_date(self, day: date) -> str:
        return f"{self.language.tr(WEEKDAYS[day.weekday()])}, {day}"

    def month(self, day: date) -> str:
        return f"{self.language.tr(MONTHS[day.month - 1])} {day.year}"

    def figures(self, text: str) -> str:
        """A text whose large numbers have separators."""
        return _LONG_NUMBER.sub(lambda found: self._large(found[0]), text)

    def _large(self, number: str) -> str:
        whole, point, decimals = number.partition(".")
        return self.language.written(f"{int(whole):,}{point}{decimals}") if not whole.startswith("0") else number


def gate_short(name: str) -> str:
    """A gate by its number, `1` of `gate-1-raw`, or its name where it has none."""
    found = re.match(r"gate-(\d+)-", name)
    return found[1] if found else name


def stamp(at: datetime) -> str:
    """An instant, to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def clip(text: str, most: int = _CLIPPED) -> str:
    """The beginning of a text, to a word's end."""
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} …"
