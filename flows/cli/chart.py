"""The command `bovespa chart`: the figures of `bovespa.plot`, as PNG or SVG."""

from __future__ import annotations

import io
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bovespa import plot
from expectations.contract.names import DEFAULT_INDEX
from flows.cli.console import Screen
from flows.cli.indices import Index
from flows.cli.language import tr
from flows.cli.options import DAY, Command, InAws, Json, examples, group
from flows.cli.place import environment_errors
from flows.errors import SettingsError

app = group()

_SUFFIXES = (".png", ".svg")
_OF_A_DAY = ("weights", "sectors", "concentration", "moves")


class Kind(StrEnum):
    """What a figure shows."""

    WEIGHTS = "weights"
    SECTORS = "sectors"
    CONCENTRATION = "concentration"
    MOVES = "moves"
    EVOLUTION = "evolution"


@app.command(
    cls=Command,
    epilog=examples(
        "bovespa chart weights --output weights.png",
        "bovespa chart sectors --on 2025-07-01 --output sectors.svg",
        "bovespa chart evolution --share VALE3 --share PETR4 --output evolution.svg",
    ),
)
def chart(
    kind: Annotated[
        Kind,
        typer.Argument(
            metavar="weights|sectors|concentration|moves|evolution",
            help="The heaviest shares; sectors; how few make half; largest changes of weight; weights over time.",
        ),
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File to write: .png or .svg.")],
    on: Annotated[
        datetime | None,
        typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="As of which day; by default the newest session."),
    ] = None,
    share: Annotated[
        list[str] | None,
        typer.Option(metavar="TICKER", help="Of evolution: a share; may be given again. By default the five heaviest."),
    ] = None,
    index: Index = DEFAULT_INDEX,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Draw a figure of the published data into a file: on the laptop from files, without starting the account.

    The exit code is 1 where nothing is published that it could show.
    """
    screen = Screen(as_json=as_json)
    if output.suffix.lower() not in _SUFFIXES:
        raise SettingsError(tr("--output {}: end its name in .png or .svg").format(output))
    if (kind in _OF_A_DAY and share) or (kind not in _OF_A_DAY and on):
        raise SettingsError(tr("--share is for evolution, --on for the others"))
    with environment_errors():
        figure = (
            plot.evolution(index, share or (), aws=aws)
            if kind not in _OF_A_DAY
            else _of_a_day(kind, index, on, aws=aws)
        )
    target = io.BytesIO()
    figure.savefig(target, format=output.suffix[1:].lower())
    try:
        output.write_bytes(target.getvalue())
    except OSError as error:
        raise SettingsError(f"--output {output}: {error.strerror}") from error
    title = figure.axes[0].get_title(loc="left")
    screen.result({"output": str(output), "title": title})
    screen.line(f"{output}: {title}")


def _of_a_day(kind: Kind, index: str, on: datetime | None, *, aws: bool) -> Any:  # noqa: ANN401 - matplotlib's figure
    return plot.KINDS[kind](index, on.date() if on else None, aws=aws)
