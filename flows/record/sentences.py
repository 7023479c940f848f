"""What the record says in English, in the language of who reads it: what the gates demand, and the reasons of attempts.

The sentences are known by their forms, with names and figures in them; what has no known form is said as it is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial

from flows.language import Language

DEMANDS = (
    "a share has one price a session",
    "at least {} of the shares that were looked for traded",
    "at most {} quantities changed without an event flag, outside a rebalancing",
    "classe, eventos and segmento_listagem make the raw file's tipo",
    "each file's partition acao is its codigo",
    "every acao has a trading name's form: capitals, {} at most",
    "every acao is a trading name",
    "every class suits its ticker's number",
    "every codigo is a ticker",
    "every column has the contract's position, name and type",
    "every column of {} has the contract's position, name and physical type",
    "every data_pregao is the header's session",
    "every data_pregao is the session",
    "every origem is the raw version's, {}",
    "every price is above zero",
    "every price is for a number of units",
    "every quantity is positive",
    "every session is one of the trading calendar",
    "every setor was recorded before",
    "every share has its class and level of one of the neighbours",
    "every share has its class and level of the neighbours",
    "every share has its name of one of the neighbours",
    "every share has its name of the neighbours",
    "every share has its sector of one of the neighbours",
    "every share has its sector of the neighbours",
    "every share is 0 to 100",
    "every ticker's number stands for a class",
    "every tipo has recorded event flags",
    "every tipo is of a known form",
    "every {} is a known one",
    "most shares have the class and level of the neighbours",
    "no acao is its codigo",
    "no codigo stands twice",
    "no price is more than {} times the last one, or less than that part of it",
    "no origem is stated, for the raw version states none",
    "no quantity differs from one of the neighbours by a multiple of 2^32",
    "no quantity differs from the neighbours by a multiple of 2^32",
    "no quantity was cut to 32 bits",
    "no setor and classe stand twice",
    "no share entered or left outside a rebalancing",
    "no two shares have exchanged their quantities of one of the neighbours",
    "no two shares have exchanged their quantities of the neighbours",
    "no two shares have exchanged their sectors of one of the neighbours",
    "no two shares have exchanged their sectors of the neighbours",
    "no {} is null",
    "one timestamp_coleta",
    "quantities are the group's sum",
    "quantities sum to the header's {}",
    "rows are B3's totalRecords, {}",
    "rows are the raw file's {}",
    "setor is what the raw file's setor says before the slash",
    "shares have their listing levels",
    "shares, in thousandths of a percent, sum to the header's {}",
    "subsetor is what the raw file's setor says after the slash",
    "the answer is not stale: its session is {}",
    "the divisor is positive",
    "the file has the contract's {} columns",
    "the header's quantity is positive",
    "the header's share is {}",
    "the mean share is the group's",
    "the prices are not those of the session beside, each of them: two sessions never have the same",
    "the row count is plausible for {} ({} to {})",
    "the session is one that B3 may show at the time of collection ({}; a week late at most)",
    "the total share is the group's",
    "the trading calendar has the session",
    "the weights are not those of another session, each of them: two sessions never have the same",
    "tipo is classe and segmento_listagem",
    "total_acoes is the group's row count",
    "{} files of {} with {} columns each",
    "{} is the raw file's {}",
    "{} sums to {}",
)
"""The gates' sentences, with places for what differs."""

REFUSED = "{} refused {}: {}"
REASONS = (
    "1 warning",
    "Glue run {} ended {}: {}",
    "Glue run {} has not ended within {} s: run the flow again to reattach to it",
    "Glue run {} is {}",
    "Glue run {} succeeded but left no manifest {}",
    "a later attempt failed: {}",
    "a payload came later that no attempt records",
    "already published",
    "an older version is published",
    "B3 still shows {}, {} expected; tried again on the schedule ({})",
    "B3's answer, {}: {}",
    "could not be evaluated ({})",
    "divergente: {}",
    "divisor {}, computed from the amounts, which are rounded",
    "divisor {}, that of {}",
    "divisor {}, that of {} and {}",
    "divisor {} where {} follows from the closes",
    "divisor {} where {} follows from the closes: a payment too small for the weights to show",
    "every cell is the same",
    "every share may have gone ex: no price is certain",
    "ex: {}",
    "it broke off",
    "it broke off; the log says where",
    "level at the close of {}: about {}",
    "level at the close of {}: {}",
    "no Glue run",
    "no Glue run of {} for {} version {} within {} s: look at the log of the Lambda that the upload triggers",
    "no answer within {} s",
    "no price of {}",
    "no prices of {}",
    "not audited",
    "not traded on {}, with name and flags of the sessions beside it: {}",
    "not parsed",
    "nothing was checked",
    "off by 0.001: {}",
    "off by more: {}",
    "quantities of {} and {}, closes of {}, names and flags of COTAHIST of {}",
    "rebuilt from the sessions beside it and prices: not B3's words",
    "replaces the rebuilt session: {}",
    "stopped from outside ({}); the next run goes on from where this one was",
    "the answer is larger than {} bytes",
    "the calendar calls the day a holiday",
    "the connection broke or was refused ({})",
    "the same figures as {}",
    "what came later was refused: {}",
    "withdrawn: {}",
    "would be imported",
    "{}: {}, after {} attempts",
    "{} ex {} on {}, solved from the two divisors",
    "{} ex {} on {}, told",
    "{} files lie where {} were published",
    "{} has other bytes than were published",
    "{} has {} bytes where {} were published",
    "{} is missing",
    "{} was not published",
    "{} is published",
    "{} is published with other figures, which stay",
    "{} and {} more",
    "{} of {} rows fail",
    "{} of {} weights equal",
    REFUSED,
    "{} was missing: it is taken under its own date",
    "{} warnings",
    "{}, and {} more of {} files",
    "{}: B3 could not be had ({})",
    "{}: {} shares, from {} and {}, by amounts that were told",
    "{}: {} shares, from {} and {}, exact",
    "{}: another flow has been publishing the session for {} s",
    "{}: no row says that {} was published; written again as far as its record tells",
    "{}: not the bytes that came, and no earlier version of the object has them: they are lost",
    "{}: the bytes that came are gone, and no earlier version of the object has them: they are lost",
)
"""The reasons that attempts and sessions state, with places for what differs."""

ITEMS = (
    "DISMES risen",
    "another quantity",
    "new flag {}",
    "no sign",
    "{} {} ex {} ({})",
    "{} {} where {} follows",
    "{} ± {}",
)
"""What stands in lists within reasons."""

_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?")
_LIST = re.compile(r", (?![^(]*\))")  # a comma within brackets parts nothing
_REFUSAL = re.compile(r"(gate-\d+-\w+) refused (.+?): (.+)", re.DOTALL)


def demand_in(language: Language, demand: str) -> str:
    """A gate's sentence in a language; itself where it is none of the known ones."""
    return said_in(language, demand, DEMANDS, partial(_value_in, language)) or demand


def reason_in(language: Language, reason: str) -> str:
    """A recorded reason in a language, as far as its form is known; what it quotes, too."""
    if found := _REFUSAL.fullmatch(reason):
        gate, subject, refusals = found.groups()
        said = " | ".join(_refusal_in(language, item) for item in refusals.split(" | "))
        return language.tr(REFUSED).format(gate, subject, said)
    if said := said_in(language, reason, REASONS, partial(_value_in, language)):
        return said
    parts = reason.split("; ")
    return "; ".join(reason_in(language, part) for part in parts) if len(parts) > 1 else reason


def said_in(
    language: Language, text: str, sentences: tuple[str, ...], of_value: Callable[[str], str] | None = None
) -> str:
    """A text in a language, where it has the form of one of these sentences; empty where it has not.

    Args:
        sentences: with `{}` where something differs; a semicolon differs within brackets only.
        of_value: what stands there, in the language; by default as it is.
    """
    for sentence, pattern in _patterns(sentences):
        if found := pattern.fullmatch(text):
            return language.tr(sentence).format(*map(of_value, found.groups()) if of_value else found.groups())
    return ""


def _value_in(language: Language, text: str) -> str:
    """What stands in a sentence's place: a number, a reason, or a list."""
    if _NUMBER.fullmatch(text):
        return language.written(text)
    if (said := reason_in(language, text)) != text:
        return said
    value = partial(_value_in, language)
    return ", ".join(said_in(language, item, ITEMS, value) or item for item in _LIST.split(text))


def _refusal_in(language: Language, refusal: str) -> str:
    """A demand that was not met, with what was observed."""
    words = refusal.split(": ")
    for number in range(len(words), 0, -1):
        demand = ": ".join(words[:number])
        if (said := demand_in(language, demand)) != demand:
            return ": ".join([said, *(_value_in(language, word) for word in words[number:])])
    return reason_in(language, refusal) if refusal in REASONS else refusal


@cache
def _patterns(sentences: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    # Those that say most first: a place takes whatever stands there.
    ordered = sorted(sentences, key=lambda sentence: len(sentence.replace("{}", "")), reverse=True)
    return tuple((item, _pattern(item)) for item in ordered)


def _pattern(sentence: str) -> re.Pattern[str]:
    # Reasons are joined by semicolons, which a place takes within brackets only.
    escaped = re.escape(sentence).replace(r"\(\{\}\)", r"\((.+?)\)")
    return re.compile(escaped.replace(r"\{\}", "((?:(?!; ).)+?)"), re.DOTALL)
