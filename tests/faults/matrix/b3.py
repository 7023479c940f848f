"""The boundary to B3: answers that do not come, answers that are none, and portfolios that cannot be."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from matrix import protections as kept_by
from matrix.case import Case, Ends, Fault, Stage, at_b3, b3_shows
from matrix.proxy import Call, Exchange
from matrix.state import demand, keys, landed, raw_versions
from matrix.wire import anything, changes, cuts, drips, in_pages, resets, says, stalls, to

from expectations.contract.keys import raw_key
from expectations.contract.names import RAW_BUCKET
from local.b3 import sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix.bench import Bench
    from matrix.case import Arm, Look
    from matrix.proxy import Does

    from flows.b3.portfolio import Portfolio

B3 = "B3"


def came_from(source: str, calls: int | None = None, *, sectors: bool = False) -> Look:
    """The portfolio that was taken is this source's, which was asked so often, and has sectors where it should."""

    def look(bench: Bench) -> None:
        assert bench.collected is not None
        taken = bench.collected.facts.source
        demand(taken == source, f"taken from the {taken}")
        demand(bench.collected.facts.has_sectors or not sectors, f"taken from a {taken} without sectors")
        asked = len(bench.world.b3.asked(source))
        demand(calls in (None, asked), f"the {source} was asked {asked} times")

    return look


def kept(bench: Bench) -> None:
    """B3's bytes are in landing, and no raw file is made of them."""
    if bench.collected is None:
        demand(landed(bench), "what B3 sent is not in landing")
        demand(not raw_versions(bench), "a raw file was uploaded")
        return
    facts, world = bench.collected.facts, bench.world
    stored = [key for payload in facts.payloads for key in keys(world, RAW_BUCKET, payload)]
    demand(stored == list(facts.payloads), "what B3 sent is not in landing")
    demand(not keys(world, RAW_BUCKET, raw_key(facts.index, facts.session)), "a raw file was uploaded")


def nothing_to_keep(bench: Bench) -> None:
    demand(not landed(bench) and not raw_versions(bench), "something was kept where nothing came")


# --- no answer, or none that can be used: once, and the next try is right ------------------------------------------------

_PASSING: dict[str, Does] = {
    "no answer (timeout)": stalls(1.2),
    "connection reset": resets,
    "HTTP 429, too many requests": says(429, Retry_After="0"),
    "HTTP 500": says(500),
    "HTTP 520, Cloudflare's": says(520),
    "empty body": says(200, b""),
    "body cut short": cuts,
}
_QUICK = {"connection reset", "body cut short", "wrong total of shares"}


def _passing() -> list[Case]:
    collect = partial(Case, B3, stage=Stage.COLLECT, ends=Ends.RECOVERS, seen=came_from("json", 2, sectors=True))
    cases = [
        collect(fault=name, protection=kept_by.B3_RETRIES, arm=at_b3(Fault(to("json"), does)), quick=name in _QUICK)
        for name, does in _PASSING.items()
    ]
    dripping = at_b3(Fault(to("json"), drips(3)))
    return [*cases, collect(fault="slow drip of bytes", protection=kept_by.B3_CALL_LIMIT, arm=dripping)]


# --- a source that stays away: the next one is taken ---------------------------------------------------------------------


def _with_sectors(call: Call) -> bool:
    """Whether it asks for the JSON listing with sectors."""
    return call.operation == "json" and b'"segment":"2"' in base64.b64decode(call.target.rpartition("/")[2])


def _elsewhere(exchange: Exchange) -> None:
    """A redirect to an address that answers with somebody else's figures."""
    if "elsewhere" in exchange.call.target:
        changes(_swapped)(exchange)
    else:
        says(302, b"", Location=exchange.call.target + "?elsewhere=1")(exchange)


def _swapped(answer: dict[str, Any]) -> dict[str, Any]:
    first, second, *rest = answer["results"]
    first["part"], second["part"] = second["part"], first["part"]
    return {**answer, "results": [first, second, *rest]}


def _padded(exchange: Exchange) -> None:
    reply = exchange.forward(replace(exchange.call, headers={}))
    exchange.send(replace(reply, body=reply.body + b" " * 100_000))


def _lasting() -> list[Case]:
    falls_back = partial(Case, B3, stage=Stage.COLLECT, ends=Ends.RECOVERS)
    to_csv = partial(falls_back, seen=came_from("csv"))
    return [
        to_csv(
            fault="HTTP 403 to JSON, lasting",
            protection=kept_by.B3_FALLBACK,
            arm=at_b3(Fault(to("json"), says(403), None)),
            quick=True,
        ),
        to_csv(
            fault="HTTP 500 to JSON, lasting",
            protection=kept_by.B3_FALLBACK,
            arm=at_b3(Fault(to("json"), says(500), None)),
        ),
        falls_back(
            fault="HTTP 404 to JSON with sectors, lasting",
            protection=kept_by.B3_FALLBACK,
            arm=at_b3(Fault(_with_sectors, says(404), None)),
            seen=came_from("json", 2),
        ),
        to_csv(
            fault="JSON redirected to another address",
            protection=kept_by.B3_NO_REDIRECT,
            arm=at_b3(Fault(to("json"), _elsewhere, None)),
        ),
        to_csv(
            fault="JSON larger than an answer may be",
            protection=kept_by.B3_SIZE,
            arm=at_b3(Fault(to("json"), _padded, None)),
            limits={"b3_max_bytes": "60000"},
        ),
    ]


def _unavailable() -> list[Case]:
    missing = partial(Case, B3, stage=Stage.COLLECT, ends=Ends.FAILS, says="B3 could not be had", seen=nothing_to_keep)
    return [
        missing(
            fault="down: HTTP 500 from every source",
            protection=kept_by.NAMED_MISSING,
            arm=at_b3(Fault(anything, says(500), None)),
        ),
        missing(
            fault="down: every connection reset",
            protection=kept_by.NAMED_MISSING,
            arm=at_b3(Fault(anything, resets, None)),
        ),
    ]


# --- answers that are not understood, and portfolios that cannot be: refused, kept, and right the next time --------------


def _next_day(page: dict[str, Any]) -> dict[str, Any]:
    day = page["header"]["date"]
    return {**page, "header": {**page["header"], "date": f"{(int(day[:2]) % 28) + 1:02d}{day[2:]}"}}


def _english(answer: dict[str, Any]) -> dict[str, Any]:
    """The numbers as B3 writes them for `en-us`."""
    swapped = str.maketrans(",.", ".,")
    rows = [{**row, "part": row["part"].translate(swapped)} for row in answer["results"]]
    return {**answer, "results": rows}


def _not_understood() -> list[Case]:
    refused = partial(Case, B3, stage=Stage.COLLECT, ends=Ends.FAILS, says="B3's answer", seen=kept)
    page = b"<html><body>Just a moment...</body></html>"
    return [
        refused(
            fault="HTML instead of JSON, HTTP 200",
            protection=kept_by.B3_STRICT,
            arm=at_b3(Fault(to("json"), says(200, page), None)),
            quick=True,
        ),
        refused(
            fault="JSON that ends in the middle, HTTP 200",
            protection=kept_by.LAND_FIRST,
            arm=at_b3(Fault(to("json"), says(200, b'{"page":{"pageNumber":1,'), None)),
        ),
        refused(
            fault="no rows, HTTP 200",
            protection=kept_by.B3_STRICT,
            arm=at_b3(Fault(to("json"), changes(lambda answer: {**answer, "results": []}), None)),
        ),
        refused(
            fault="numbers in another language",
            protection=kept_by.B3_STRICT,
            arm=at_b3(Fault(to("json"), changes(_english), None)),
        ),
        refused(
            fault="another session on the second page (B3 rolls in between)",
            protection=kept_by.B3_PAGES,
            arm=at_b3(Fault(to("json"), in_pages(20, _next_day), None)),
        ),
    ]


def _weight(answer: dict[str, Any]) -> dict[str, Any]:
    """The first share's weight a thousandth more, and its sector's total with it."""
    first, *rest = answer["results"]
    total = _more(first["partAcum"])
    rest = [{**row, "partAcum": total} if row["segment"] == first["segment"] else row for row in rest]
    return {**answer, "results": [{**first, "part": _more(first["part"]), "partAcum": total}, *rest]}


def _more(share: str) -> str:
    return str(Decimal(share.replace(",", ".")) + Decimal("0.001")).replace(".", ",")


def _quantity(answer: dict[str, Any]) -> dict[str, Any]:
    total = int(answer["header"]["theoricalQty"].replace(".", "")) + 1
    return {**answer, "header": {**answer["header"], "theoricalQty": f"{total:,}".replace(",", ".")}}


def _count(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "page": {**answer["page"], "totalRecords": answer["page"]["totalRecords"] + 1}}


def _code(answer: dict[str, Any]) -> dict[str, Any]:
    first, second, *rest = answer["results"]
    return {**answer, "results": [first, {**second, "cod": first["cod"]}, *rest]}


def _moved(days: int, portfolio: Portfolio) -> Portfolio:
    return sample.as_of(portfolio.session + timedelta(days=days), portfolio)


def _impossible() -> list[Case]:
    """Each is refused by exactly one expectation of gate 1."""
    year = 364  # days: the same weekday, and a session that no other case has
    damages: dict[str, tuple[str, Arm]] = {
        "wrong total of shares": ("shares, in thousandths of a percent, sum", _stating(_weight)),
        "wrong total of quantities": ("quantities sum to the header's", _stating(_quantity)),
        "fewer rows than B3 counts": ("rows are B3's totalRecords", _stating(_count)),
        "a share twice": ("no codigo stands twice", _stating(_code)),
        "wrong session: an old one (stale)": ("the session is one that B3 may show", b3_shows(partial(_moved, -year))),
        "wrong session: one far ahead": ("the session is one that B3 may show", b3_shows(partial(_moved, year))),
    }
    refused = partial(Case, B3, stage=Stage.COLLECT, ends=Ends.FAILS, seen=kept)
    return [
        refused(fault=fault, protection=kept_by.gate_1(note), arm=arm, says=note, quick=fault in _QUICK)
        for fault, (note, arm) in damages.items()
    ]


def _stating(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Arm:
    return at_b3(Fault(to("json"), changes(change), None))


CASES = [*_passing(), *_lasting(), *_unavailable(), *_not_understood(), *_impossible()]
