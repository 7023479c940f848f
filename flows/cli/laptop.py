"""The commands of the account on the laptop: `bovespa up`, which keeps it up for other programs, and `bovespa down`."""

from __future__ import annotations

import signal
from threading import Event

from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.options import Command, Json, examples, group
from flows.cli.place import Need, end_laptop, open_place

app = group()


@app.command(cls=Command, epilog=examples("bovespa up", "bovespa up --json"))
def up(*, as_json: Json = False) -> None:
    """Keep the account on the laptop up until Ctrl-C, and say how to reach it."""
    screen = Screen(as_json=as_json)
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with open_place(screen, aws=False, need=Need.FLOWS) as place:
        screen.heading(tr("The account is up. In another terminal:"))
        screen.pairs([(tr(name), value) for name, value in place.links])
        screen.result({name.lower(): value for name, value in place.links})
        screen.say(tr("Ctrl-C stops it; what it holds stays in its folder."))
        stopped.wait()
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
