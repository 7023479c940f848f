"""What the gates demand, in the language of a page: their sentences are English, with names and figures in them."""

from __future__ import annotations

import re
from functools import cache

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


def demand_in(language: Language, demand: str) -> str:
    """A gate's sentence in a language; itself where it is none of the known ones."""
    for sentence, pattern in _patterns():
        if found := pattern.fullmatch(demand):
            return language.tr(sentence).format(*found.groups())
    return demand


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # Those with fewer places first: they say more.
    ordered = sorted(DEMANDS, key=lambda sentence: sentence.count("{}"))
    return tuple((item, re.compile(re.escape(item).replace(r"\{\}", "(.+?)"))) for item in ordered)
