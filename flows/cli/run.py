"""The command `bovespa run`: the recorded sample, or what B3 shows now, taken the whole way."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Thread
from typing import Annotated, Any

import typer
from urllib3.exceptions import DependencyWarning

from expectations.contract.names import DEFAULT_INDEX
from expectations.contract.outcomes import Outcome
from flows.cli.advice import after_run, typed
from flows.cli.console import Screen
from flows.cli.indices import index_code
from flows.cli.language import counted, tr, written
from flows.cli.options import Command, InAws, Json, examples, group
from flows.cli.place import Need, Place, before_prefect, open_place
from flows.cli.states import reason
from flows.errors import SettingsError
from flows.lake.reach import check_reach
from flows.settings import load_settings

app = group()

IMPORTED_BY_A_RUN = (
    "expectations.gates",
    "great_expectations.expectations",
    "pyarrow.parquet",
    "flows.cli.collecting",
    # Prefect imports these with its first run.
    "prefect.flow_engine",
    "prefect.task_engine",
    "fastapi.encoders",
)
"""What takes a run seconds to import."""

Indices = Annotated[
    list[str] | None,
    typer.Option(
        "--index",
        parser=index_code,
        metavar="CODE",
        help="Index code that B3 publishes, such as IBOV or IBXX; may be given several times. By default BOVESPA_INDICES.",
    ),
]


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
    screen, live, codes = Screen(as_json=as_json), live or aws, index or []
    if not live and (collected_at or set(codes) - {DEFAULT_INDEX}):
        raise SettingsError(
            tr("the recorded sample is of IBOV at its own instants: --index and --collected-at need --live")
        )
    settings = load_settings()
    if aws:
        check_reach(settings)
    else:
        before_prefect(settings)
    _warm_up_aside()
    with open_place(screen, aws=aws, as_flow=True, need=Need.FLOWS) as place:
        from flows.cli import collecting  # noqa: PLC0415 - Prefect and the gates' library, which `_warm_up` has imported

        collecting.say_once(with_links=aws)
        checks = None
        with collecting.settings_taken(with_heartbeats=aws):
            if live:
                attempts = collecting.collect_live(codes, force=force, collected_at=collected_at, screen=screen)
                answered = collecting.ask_queries(place, attempts)
            else:
                attempts, checks, answered = collecting.collect_sample(force=force, screen=screen, place=place)
        body: dict[str, Any] = {
            "sample": not live,
            "sessions": attempts,
            "queries": collecting.show_queries(screen, answered),
        }
        _show_attempts(screen, place, attempts)
        if checks:
            checks.show(screen)
            body |= checks.to_dict()
    screen.result(body)
    screen.say("\n" + tr("Next: {}").format(" · ".join(after_run(attempts, live=live, aws=aws))))
    if any(attempt["failed"] or attempt["outcome"] == Outcome.STALE for attempt in attempts):
        raise typer.Exit(1)


def _warm_up_aside() -> None:
    """Import what every run needs while the account starts."""
    # requests leaves it out, too, but not where another thread is at work on the filters.
    warnings.simplefilter("ignore", DependencyWarning)
    Thread(target=_warm_up, daemon=True).start()


def _warm_up() -> None:
    for name in IMPORTED_BY_A_RUN:
        importlib.import_module(name)


def _show_attempts(screen: Screen, place: Place, attempts: Sequence[Mapping[str, Any]]) -> None:
    for attempt in attempts:
        name = " ".join(str(part) for part in (attempt["index"], attempt["session"]) if part)
        screen.heading(f"{name}: {tr(str(attempt['outcome']))}")
        if attempt["failed"]:
            screen.fail(reason(attempt["reason"]))
        elif attempt["reason"]:
            screen.line(reason(attempt["reason"]))
        if number := attempt["changes"]:
            asked = typed("changes", "--index", attempt["index"])
            screen.line(f"  {counted(number, 'change')} {tr('of composition')}: {asked}")
        steps = ", ".join(f"{tr(step)} {written(f'{seconds:.1f}')} s" for step, seconds in attempt["steps"].items())
        screen.pairs(
            [(tr(name), place.page_of(address)) for name, address in attempt["links"].items()] + [(tr("steps"), steps)]
        )
