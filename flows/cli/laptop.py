"""The commands of the account on the laptop: `bovespa up`, which keeps it up for other programs, and `bovespa down`."""

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
from flows.cli.place import Need, Place, end_laptop, open_place

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
    with (
        open_place(screen, aws=False, as_flow=True, need=Need.FLOWS) as place,
        _deployments(screen, place, scheduled=schedule) as check,
    ):
        screen.heading(tr("The account is up. In another terminal:"))
        screen.pairs([(tr(name), value) for name, value in place.links])
        screen.result({name.lower(): value for name, value in place.links})
        if schedule:
            screen.say(tr("The deployments run on their schedules; Prefect's UI has their runs."))
        screen.say(tr("Ctrl-C stops it; what it holds stays in its folder."))
        while not stopped.wait(_CHECK_SECONDS):
            check()
    _say_whether(screen, is_down=end_laptop())


@app.command(cls=Command, epilog=examples("bovespa down"))
def down(*, as_json: Json = False) -> None:
    """End the account on the laptop, which stays for some minutes after its last command (BOVESPA_KEEP_UP, in seconds)."""
    screen = Screen(as_json=as_json)
    is_down = end_laptop()
    screen.result({"down": is_down})
    _say_whether(screen, is_down=is_down)


def _say_whether(screen: Screen, *, is_down: bool) -> None:
    if is_down:
        screen.say(tr("The account is down."))
    else:
        screen.say(tr("Another command uses the account: it ends when that one has ended."))


@contextmanager
def _deployments(screen: Screen, place: Place, *, scheduled: bool) -> Iterator[Callable[[], None]]:
    from local.door import deployments  # noqa: PLC0415 - absent where only the flows are installed

    assert place.home is not None
    screen.say(tr("Telling Prefect of the deployments"))
    with deployments(place.home, os.environ, scheduled=scheduled) as check:
        yield check
