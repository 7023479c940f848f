"""The command `bovespa cost`: the month's cost from real usage, beside the estimate."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.options import Command, InAws, Json, examples, group
from flows.cli.place import Need, open_place
from flows.cost.bill import ESTIMATE_USD, Bill, BillingMonth, Line, bill
from flows.cost.prices import AS_OF, Prices, prices_of
from flows.lake.connect import connect_usage

app = group()


@app.command(
    cls=Command,
    epilog=examples("bovespa cost", "bovespa cost --month 2025-06 --aws", "bovespa cost --region us-east-1 --json"),
)
def cost(
    *,
    month: Annotated[str | None, typer.Option("--month", help="YYYY-MM, in UTC; by default the current one.")] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="Region whose prices count; by default the account's.")
    ] = None,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """What a month has cost so far, from real usage at list prices, beside the estimate.

    On the laptop: what the runs there would have cost. Needs rights that the flows do not have (docs/deploy.md).
    """
    screen = Screen(as_json=as_json)
    now = datetime.now(UTC)
    period = BillingMonth.of(month or f"{now:%Y-%m}")
    with open_place(screen, aws=aws, need=Need.WORK) as place:
        reader = connect_usage(place.settings)
        usage = reader.read(place.settings.lambda_name, period)
    wanted = region or reader.region
    prices = prices_of(wanted)
    if prices.region != wanted:
        screen.say(tr("no prices of {} are known here: those of {} are taken").format(wanted, prices.region))
    _show(screen, bill(usage, period, prices, now), period, prices, now)


def _show(screen: Screen, found: Bill, month: BillingMonth, prices: Prices, now: datetime) -> None:
    elapsed = month.elapsed(now)
    projected = found.usd / Decimal(str(elapsed)) if elapsed else Decimal()
    screen.result(
        {
            "month": f"{month.begin:%Y-%m}",
            "elapsed": round(elapsed, 4),
            "prices": {"region": prices.region, "as_of": AS_OF},
            "lines": [_line_body(line) for line in found.lines],
            "services": [
                {"service": name, "usd": _float(usd), "estimate_usd": float(planned)}
                for name, usd, planned in _services(found)
            ],
            "usd": _float(found.usd),
            "projected_usd": _float(projected),
            "estimate_usd": float(_estimate()),
        }
    )
    screen.heading(
        tr("{}, {} over, in US dollars at the list prices of {} ({})").format(
            f"{month.begin:%Y-%m}", f"{elapsed:.0%}", prices.region, AS_OF
        )
    )
    for line in found.lines:
        used = f"{float(line.quantity):.6g} {line.what}, at {line.price.usd:f} a {line.price.unit}"
        screen.line(f"  {line.service:<7} {line.usd:>10.6f}   {used}")
    screen.heading(tr("so far, beside the estimate for the whole month"))
    for name, usd, planned in [*_services(found), ("total", found.usd, _estimate())]:
        screen.line(f"  {name:<7} {usd:>10.4f}   {planned:>6.2f}")
    if elapsed < 1:
        screen.line("  " + tr("At this rate the month comes to {}.").format(f"{projected:.2f}"))
    _show_sources(screen, found)


def _services(found: Bill) -> list[tuple[str, Decimal, Decimal]]:
    return [(name, found.of(name), planned) for name, planned in ESTIMATE_USD.items()]


def _estimate() -> Decimal:
    return sum(ESTIMATE_USD.values(), Decimal())


def _show_sources(screen: Screen, found: Bill) -> None:
    screen.heading(tr("prices"))
    for source, seen in dict.fromkeys((line.price.source, line.price.seen) for line in found.lines):
        screen.line(f"  {source} ({seen})")


def _line_body(line: Line) -> dict[str, Any]:
    return {
        "service": line.service,
        "what": line.what,
        "quantity": _float(line.quantity),
        "usd": _float(line.usd),
        "usd_per_unit": float(line.price.usd),
        "unit": line.price.unit,
        "source": line.price.source,
        "seen": line.price.seen,
    }


def _float(number: Decimal) -> float:
    return round(float(number), 9)
