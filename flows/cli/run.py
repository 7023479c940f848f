"""The command `bovespa run`: the recorded sample, or what B3 shows now, taken the whole way."""

from __future__ import annotations

import importlib
import os
from datetime import datetime
from threading import Thread
from typing import Annotated, Any

import typer

from expectations.contract.keys import check_index
from expectations.contract.names import DEFAULT_INDEX
from expectations.queries.saved import QUERIES
from flows.cli.console import Screen
from flows.cli.files import query_body
from flows.cli.options import Command, InAws, Json, examples, group
from flows.cli.place import Place, open_place
from flows.errors import SettingsError
from flows.settings import load_settings

app = group()

Indices = Annotated[
    list[str] | None,
    typer.Option(
        "--index",
        help="Index code that B3 publishes, such as IBOV or IBXX; may be given several times. By default BOVESPA_INDICES.",
    ),
]

_SAMPLE_NOTE = (
    "recorded sample: B3's real portfolios of 2025-06-30 and 2025-07-01, served by a stand-in on this machine"
)
_NEXT = '\nNext: bovespa query "SELECT …" · bovespa up (the account with Prefect\'s UI) · bovespa run --live'


@app.command(
    cls=Command,
    epilog=examples(
        "bovespa run", "bovespa run --live", "bovespa run --live --index IBXX --index IFIX", "bovespa run --live --aws"
    ),
)
def run(
    *,
    live: Annotated[bool, typer.Option("--live", help="Ask B3 itself (B3_BASE_URL), not the recorded sample.")] = False,
    aws: InAws = False,
    index: Indices = None,
    force: Annotated[bool, typer.Option("--force", help="Repeat sessions that are already published.")] = False,
    collected_at: Annotated[
        datetime | None,
        typer.Option(help="Instant at which the answer was recorded, where B3_BASE_URL serves a recorded one."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Collect, refine, check and publish; then show the three queries of the published table.

    Without --live the recorded sample is collected: two real sessions, offline.
    """
    screen = Screen(as_json=as_json)
    codes = [check_index(code) for code in index or ()]
    if not (live or aws) and (collected_at or set(codes) - {DEFAULT_INDEX}):
        raise SettingsError(
            "the recorded sample is of IBOV at its own instants: --index and --collected-at need --live"
        )
    Thread(target=_warm_up, daemon=True).start()
    with open_place(screen, aws=aws, as_flow=True) as place:
        if live or aws:
            summaries = _collect_live(codes, force=force, collected_at=collected_at, screen=screen)
        else:
            summaries = _collect_sample(force=force, screen=screen)
        body: dict[str, Any] = {"sample": not (live or aws), "sessions": summaries, "queries": []}
        if all(summary["outcome"] != "failed" for summary in summaries):
            _show_queries(screen, place, body)
        _show_summaries(screen, place, summaries)
        screen.result(body)
        screen.say(_NEXT)
    if any(summary["outcome"] in ("failed", "stale") for summary in summaries):
        raise typer.Exit(1)


def _warm_up() -> None:
    """Import what every run needs while the account starts; Prefect reads the account's environment, so it must wait."""
    for name in ("great_expectations.expectations", "pyarrow.parquet", "exchange_calendars", "botocore.session"):
        importlib.import_module(name)


def _collect_live(
    codes: list[str], *, force: bool, collected_at: datetime | None, screen: Screen
) -> list[dict[str, Any]]:
    from flows.daily_indices import daily_indices, run_daily  # noqa: PLC0415 - Prefect reads its settings when imported

    settings = load_settings()
    chosen = codes or list(settings.indices)
    screen.say(f"collecting {', '.join(chosen)} from {settings.b3_base_url}")
    if len(chosen) == 1:
        return [run_daily(chosen[0], force=force, collected_at=collected_at)]
    state: Any = daily_indices(chosen, force=force, collected_at=collected_at, return_state=True)
    summaries: list[dict[str, Any]] = state.result(raise_on_failure=False)
    return summaries


def _collect_sample(*, force: bool, screen: Screen) -> list[dict[str, Any]]:
    from flows.daily_indices import run_daily  # noqa: PLC0415 - Prefect reads its settings when imported
    from local.door import recorded_sample  # noqa: PLC0415 - absent where only the flows are installed

    screen.say(_SAMPLE_NOTE)
    summaries = []
    with recorded_sample() as sample:
        os.environ["B3_BASE_URL"] = sample.url
        for session, collected_at in sample.sessions:
            sample.show(session)
            summaries.append(run_daily(sample.index, force=force, collected_at=collected_at))
    return summaries


def _show_queries(screen: Screen, place: Place, body: dict[str, Any]) -> None:
    for named in QUERIES:
        result = place.query(named.sql)
        screen.heading(named.description)
        screen.line(named.sql)
        screen.rows(result)
        body["queries"].append({"name": named.name, **query_body(named.sql, result)})


def _show_summaries(screen: Screen, place: Place, summaries: list[dict[str, Any]]) -> None:
    for summary in summaries:
        screen.heading(f"{summary['index']} {summary['session'] or ''}: {summary['outcome']}")
        if summary["outcome"] == "failed":
            screen.fail(summary["error"])
        if note := summary.get("note"):
            screen.line(note)
        if summary.get("changes"):
            screen.line(f"  {summary['changes']} changes of composition: bovespa changes --index {summary['index']}")
        steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in summary["seconds"].items())
        screen.pairs([(name, place.shown(address)) for name, address in summary["links"].items()] + [("steps", steps)])
