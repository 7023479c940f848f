"""The command line, `bovespa`: everything a user can do, on the account on the laptop or in AWS."""

from __future__ import annotations

import atexit
import gc
import signal
from typing import Annotated, NoReturn

import typer

from flows.cli.commands import LazyGroup
from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.options import EXPECTED_ERRORS, Stopped, examples

# What a command imports stays to its end: to look through it every 700 objects, Python's own way, takes a twentieth of its time.
_COLLECTED = (20_000, 20, 20)

app = typer.Typer(
    name="bovespa",
    cls=LazyGroup,
    help=tr("Collect the Ibovespa's portfolio of the day from B3, refine it, check it, publish it, query it."),
    epilog=examples(
        "bovespa run",
        'bovespa query "SELECT * FROM bovespa_concentracao"',
        "bovespa report",
        "bovespa run --live --aws",
    ),
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer's callback of a flag
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - no other command needs it

        Screen(as_json=False).line(f"bovespa {version('pipeline-bovespa')}")
        raise typer.Exit


@app.callback()
def _every_command(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Nothing is done before every command."""


def _stop(number: int, _: object) -> NoReturn:
    raise Stopped(128 + number)


def main() -> None:
    """Run the command line; a user's mistake ends in one line and exit code 1, not in a traceback."""
    gc.set_threshold(*_COLLECTED)
    # Or Python would look through all that was imported once more before it ends: a second of a run.
    atexit.register(gc.freeze)
    # Python itself would end without giving back a lease, or the account.
    signal.signal(signal.SIGTERM, _stop)
    try:
        app()
    except EXPECTED_ERRORS as error:
        Screen(as_json=False).fail(str(error))
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
