"""The command `bovespa up`: the account on the laptop, kept up for other programs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Annotated

import typer

from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.options import Command, Json, examples, group
from flows.cli.place import Place, open_place

app = group()

_CHECK_SECONDS = 5.0


@app.command(cls=Command, epilog=examples("bovespa up", "bovespa up --schedule", "bovespa up --json"))
def up(
    *,
    schedule: Annotated[
        bool,
        typer.Option("--schedule", help="Collect every day: run the deployments of prefect.yaml on their schedules."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Keep the account on the laptop up until Ctrl-C, and say how to reach it.

    Prefect's UI lists the deployments; with --schedule they run, with B3 itself as their source, the first try at once.
    """
    screen = Screen(as_json=as_json)
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with open_place(screen, aws=False, as_flow=True) as place, _deployments(screen, place, scheduled=schedule) as check:
        screen.heading(tr("The account is up. In another terminal:"))
        screen.pairs([(tr(name), value) for name, value in place.links])
        screen.result({name.lower(): value for name, value in place.links})
        if schedule:
            screen.say(tr("The deployments run on their schedules; Prefect's UI has their runs."))
        screen.say(tr("Ctrl-C stops it; what it holds stays in its folder."))
        while not stopped.wait(_CHECK_SECONDS):
            check()
    screen.say(tr("The account is down."))


@contextmanager
def _deployments(screen: Screen, place: Place, *, scheduled: bool) -> Iterator[Callable[[], None]]:
    from local.door import deployments  # noqa: PLC0415 - absent where only the flows are installed

    assert place.home is not None
    screen.say(tr("Telling Prefect of the deployments"))
    with deployments(place.home, os.environ, scheduled=scheduled) as check:
        yield check
