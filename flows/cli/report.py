"""The command `bovespa report`: the data-quality site, made again from what all runs left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.options import Command, InAws, Json, examples, group
from flows.cli.pipeline import open_pipeline
from flows.cli.place import Place
from flows.site.figures import figures_query, read_figures
from flows.site.history import History
from flows.site.publish import Rebuilt, Site

app = group()


@app.command(cls=Command, epilog=examples("bovespa report", "bovespa report --aws"))
def report(*, aws: InAws = False, as_json: Json = False) -> None:
    """Make the data-quality site again, and say where it is: every session, what the gates found, trends.

    Each run of the flow adds itself; this reads what all of them left, and what was imported.
    """
    screen = Screen(as_json=as_json)
    with open_pipeline(screen, aws=aws) as (place, pipeline), screen.busy(tr("Reading what the runs left")):
        site = Site(pipeline.aws.s3, place.settings.artifacts_bucket, place.settings.refined_bucket)
        rebuilt = site.rebuild(lambda index, sessions: read_figures(place.query(figures_query(index, sessions))))
    _show(screen, place, site.address, rebuilt)


def _show(screen: Screen, place: Place, address: str, rebuilt: Rebuilt) -> None:
    where = place.shown(address)
    for problem in rebuilt.problems:
        screen.say(tr("left out: {}").format(problem))
    indices = [_in_short(history) for history in rebuilt.histories]
    screen.result({"report": where, "indices": indices, "left_out": list(rebuilt.problems)})
    screen.pairs([(item["index"], _line(item)) for item in indices])
    screen.heading(tr("The data-quality site, which reads without a network:"))
    screen.line(f"  {where}")
    if place.home is None:
        bucket = address.removesuffix("/index.html")
        screen.line(f"  aws s3 sync {bucket} reports   # {tr('brings it to this machine: open reports/index.html')}")


def _in_short(history: History) -> dict[str, Any]:
    counts = {str(state): count for state, count in history.counts.items()}
    return {"index": history.index, "latest": history.latest and str(history.latest), "sessions": counts}


def _line(item: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count} {tr(state)}" for state, count in item["sessions"].items() if count)
    return tr("{}; latest published {}").format(counts, item["latest"] or tr("none"))
