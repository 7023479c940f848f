"""The command `bovespa report`: the data-quality site, made again from what all runs left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.options import Command, InAws, Json, examples, group
from flows.cli.pipeline import open_pipeline
from flows.cli.place import Place
from flows.record.index_status import IndexStatus
from flows.site.publish import Rebuilt, rebuild_site, site_address

app = group()


@app.command(cls=Command, epilog=examples("bovespa report", "bovespa report --aws"))
def report(*, aws: InAws = False, as_json: Json = False) -> None:
    """Make the data-quality site again, and say where it is: every session, what the gates found, trends.

    Each run of the flow adds itself; this reads what all of them left, and what was imported.
    """
    screen = Screen(as_json=as_json)
    with open_pipeline(screen, aws=aws) as (place, pipeline), screen.busy(tr("Reading what the runs left")):
        rebuilt = rebuild_site(pipeline, datetime.now(UTC))
        address = site_address(pipeline)
    _show(screen, place, address, rebuilt)


def _show(screen: Screen, place: Place, address: str, rebuilt: Rebuilt) -> None:
    where = place.link_to(address)
    for problem in rebuilt.problems:
        screen.say(tr("left out: {}").format(problem))
    indices = [_in_short(status) for status in rebuilt.indices]
    screen.result({"report": where, "indices": indices, "left_out": list(rebuilt.problems)})
    screen.pairs([(item["index"], _line(item)) for item in indices])
    screen.heading(tr("The data-quality site, which reads without a network:"))
    screen.line(f"  {place.page_of(address)}")
    if place.home is None:
        bucket = address.removesuffix("/index.html")
        screen.line(f"  aws s3 sync {bucket} reports   # {tr('brings it to this machine: open reports/index.html')}")


def _in_short(status: IndexStatus) -> dict[str, Any]:
    newest = status.newest_published
    return {"index": status.index, "latest": newest and str(newest), "sessions": status.counts}


def _line(item: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count} {tr(state)}" for state, count in item["sessions"].items() if count)
    return tr("{}; latest published {}").format(counts, item["latest"] or tr("none"))
