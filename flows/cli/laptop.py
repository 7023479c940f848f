"""The command `bovespa up`: the account on the laptop, kept up for other programs."""

from __future__ import annotations

import signal
from threading import Event

from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.options import Command, Json, examples, group
from flows.cli.place import open_place

app = group()


@app.command(cls=Command, epilog=examples("bovespa up", "bovespa up --json"))
def up(*, as_json: Json = False) -> None:
    """Keep the account on the laptop up until Ctrl-C, and say how to reach it."""
    screen = Screen(as_json=as_json)
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with open_place(screen, aws=False) as place:
        screen.heading(tr("The account is up. In another terminal:"))
        screen.pairs([(tr(name), value) for name, value in place.links])
        screen.result({name.lower(): value for name, value in place.links})
        screen.say(tr("Ctrl-C stops it; what it holds stays in its folder."))
        stopped.wait()
    screen.say(tr("The account is down."))
