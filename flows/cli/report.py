"""The command `bovespa report`: the data-quality site, made again from what all runs left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import typer

from flows.cli.console import Screen
from flows.cli.place import InAws, Json, OpenPlace

if TYPE_CHECKING:
    from flows.session.pipeline import Pipeline
    from flows.site.figures import Figures
    from flows.site.history import History


def register(app: typer.Typer, open_place: OpenPlace) -> None:
    """Add the command.

    Args:
        open_place: the account to work on, within a block, by a screen, `aws` and `as_flow`.
    """

    @app.command("report")
    def report(*, aws: InAws = False, as_json: Json = False) -> None:
        """Make the data-quality site again, and say where it is: every session, what the gates found, trends.

        Each run of the flow adds itself; this reads what all of them left, and what was imported.

        Examples: bovespa report · bovespa report --aws
        """
        from flows.lake.clients import connect  # noqa: PLC0415
        from flows.session.pipeline import Pipeline  # noqa: PLC0415 - pandas and pyarrow, not for --help
        from flows.site.publish import Site  # noqa: PLC0415

        screen = Screen(as_json=as_json)
        with open_place(screen, aws=aws, as_flow=True) as place, screen.busy("Reading what the runs left"):
            pipeline = Pipeline(place.settings, connect())
            site = Site(pipeline.aws.s3, place.settings.artifacts_bucket, place.settings.refined_bucket)
            rebuilt = site.rebuild(lambda index, sessions: _figures(pipeline, index, sessions))
            where = place.shown(site.address)
        for problem in rebuilt.problems:
            screen.say(f"left out: {problem}")
        indices = [_in_short(history) for history in rebuilt.histories]
        screen.result({"report": where, "indices": indices, "left_out": list(rebuilt.problems)})
        screen.pairs([(item["index"], _line(item)) for item in indices])
        screen.heading("The data-quality site, which reads without a network:")
        screen.line(f"  {where}")
        if aws:
            bucket = site.address.removesuffix("/index.html")
            screen.line(f"  aws s3 sync {bucket} reports   # brings it to this machine: open reports/index.html")


def _in_short(history: History) -> dict[str, Any]:
    counts = {str(state): count for state, count in history.counts.items()}
    return {"index": history.index, "latest": history.latest and str(history.latest), "sessions": counts}


def _line(item: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in item["sessions"].items() if count)
    return f"{counts}; latest published {item['latest'] or 'none'}"


def _figures(pipeline: Pipeline, index: str, sessions: Sequence[date]) -> dict[date, Figures]:
    from flows.lake.athena import query  # noqa: PLC0415
    from flows.site.figures import figures_query, read_figures  # noqa: PLC0415

    sql = figures_query(index, sessions, pipeline.settings.database)
    return read_figures(query(pipeline.aws.athena, pipeline.settings, sql))
