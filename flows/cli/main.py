"""The command line, `bovespa`: everything a user can do, on the account on the laptop or in AWS."""

from __future__ import annotations

import os
import signal
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from expectations.contract.keys import ContractError, check_index
from expectations.contract.names import DEFAULT_INDEX
from expectations.queries.saved import QUERIES
from flows.cli import batches as cli_batches
from flows.cli import changes as cli_changes
from flows.cli import cost as cli_cost
from flows.cli import deploy as cli_deploy
from flows.cli import report as cli_report
from flows.cli import status as cli_status
from flows.cli.console import Screen, query_body
from flows.cli.help import arrange
from flows.cli.place import InAws, Json, Place, open_place
from flows.errors import BovespaError, SettingsError
from flows.settings import Settings, load_settings

if TYPE_CHECKING:
    from flows.lake.athena import QueryResult

app = typer.Typer(
    name="bovespa",
    help="Collect the Ibovespa's portfolio of the day from B3, refine it, check it, publish it, query it.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

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


@app.command()
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

    Examples: bovespa run · bovespa run --live · bovespa run --live --index IBXX --index IFIX · bovespa run --live --aws
    """
    screen = Screen(as_json=as_json)
    codes = [check_index(code) for code in index or ()]
    if not (live or aws) and (collected_at or set(codes) - {DEFAULT_INDEX}):
        raise SettingsError(
            "the recorded sample is of IBOV at its own instants: --index and --collected-at need --live"
        )
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
        screen.say(
            '\nNext: bovespa query "SELECT …" · bovespa up (the account with Prefect\'s UI) · bovespa run --live'
        )
    if any(summary["outcome"] in ("failed", "stale") for summary in summaries):
        raise typer.Exit(1)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="A SELECT statement, in Athena's SQL.")],
    *,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Run a query in Athena and show its rows.

    Example: bovespa query "SELECT codigo, percentual_participacao_ibov FROM bovespa_refined_data WHERE year = 2025"
    """
    screen = Screen(as_json=as_json)
    with open_place(screen, aws=aws) as place:
        result = _query(place.settings, sql)
        screen.rows(result, limit=None)
        screen.result(query_body(sql, result))


@app.command()
def up(*, as_json: Json = False) -> None:
    """Keep the account on the laptop up until Ctrl-C, and say how to reach it.

    Examples: bovespa up · bovespa up --json
    """
    screen = Screen(as_json=as_json)
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with open_place(screen, aws=False) as place:
        screen.heading("The account is up. In another terminal:")
        screen.pairs(place.links)
        screen.result(dict(place.links))
        screen.say("Ctrl-C stops it; what it holds stays in its folder.")
        stopped.wait()
    screen.say("The account is down.")


def main() -> None:
    """Run the command line; a user's mistake ends in one line and exit code 1, not in a traceback."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - 0.2 s, not for --help

    try:
        app()
    except (BovespaError, ContractError, BotoCoreError) as error:
        Screen(as_json=False).fail(str(error))
        raise SystemExit(1) from error


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
    from flows.daily_indices import run_daily  # noqa: PLC0415
    from local.door import recorded_sample  # noqa: PLC0415 - absent where only the flows are installed

    screen.say(_SAMPLE_NOTE)
    summaries = []
    with recorded_sample() as sample:
        os.environ["B3_BASE_URL"] = sample.url
        for session, collected_at in sample.sessions:
            sample.show(session)
            summaries.append(run_daily(sample.index, force=force, collected_at=collected_at))
    return summaries


def _query(settings: Settings, sql: str) -> QueryResult:
    from flows.lake import athena  # noqa: PLC0415
    from flows.lake.clients import connect  # noqa: PLC0415

    return athena.query(connect().athena, settings, sql)


def _show_queries(screen: Screen, place: Place, body: dict[str, Any]) -> None:
    for named in QUERIES:
        result = _query(place.settings, named.sql)
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


for _commands in (cli_batches, cli_changes, cli_cost, cli_deploy, cli_report, cli_status):
    _commands.register(app, open_place)
arrange(app)

if __name__ == "__main__":
    main()
