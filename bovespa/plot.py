"""Figures of what is published, as `matplotlib.figure.Figure`: `import bovespa.plot`; `pip install 'pipeline-bovespa[plot]'`.

    >>> bovespa.plot.weights("IBOV", on="2025-07-05").savefig("weights.png")

Each reads with the functions of `bovespa`, so that on the laptop files suffice, and says in its title which session it shows.
Titles are in the language of the command line (`BOVESPA_LANG`). `bovespa chart` writes the same figures to PNG or SVG.

Every function raises what `bovespa.portfolio` does, and SettingsError where matplotlib is not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import bovespa
from bovespa.source import Day
from expectations.contract.names import DEFAULT_INDEX
from flows.cli.language import counted, tr, written
from flows.errors import NotPublishedError, SettingsError

if TYPE_CHECKING:
    import pandas as pd

Figure: TypeAlias = Any
"""A `matplotlib.figure.Figure`."""

BLUE, GREY, RED = "#3451d1", "#6b7482", "#b3261e"
_STYLE: Any = {
    "figure.dpi": 120,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.axisbelow": True,
    "svg.fonttype": "none",  # texts stay texts: small, searchable, read aloud
}
_WEIGHT = "percentual_participacao_ibov"
_HALF = 50  # percent
_FEW_SESSIONS = 8  # so many have a mark of their own each


def weights(index: str = DEFAULT_INDEX, on: Day | None = None, *, top: int = 15, aws: bool = False) -> Figure:
    """The heaviest shares of an index as of a day, in percent.

    Args:
        index, on: as of `bovespa.portfolio`.
        top: how many.
    """
    rows = bovespa.portfolio(index, on, aws=aws)
    largest = rows.head(top).iloc[::-1]
    figure, axes = _empty(0.28 * len(largest) + 1.2)
    _bars(axes, largest["acao"], largest[_WEIGHT], [f"{value:.3f}" for value in largest[_WEIGHT]])
    _title(
        axes, tr("{}: the {} heaviest of {}, session {}").format(index.upper(), len(largest), _shares(rows), _day(rows))
    )
    axes.set_xlabel(tr("weight, %"))
    return figure


def sectors(index: str = DEFAULT_INDEX, on: Day | None = None, *, aws: bool = False) -> Figure:
    """The weight of each sector of an index as of a day, in percent; shares whose source has no sector are shown as such.

    Args:
        index, on: as of `bovespa.portfolio`.
    """
    rows = bovespa.portfolio(index, on, aws=aws)
    none = tr("no sector")
    found = rows.groupby(rows["setor"].fillna(none))[_WEIGHT].agg(["sum", "count"]).sort_values("sum")
    figure, axes = _empty(0.32 * len(found) + 1.2)
    labels = [f"{total:.3f} ({counted(int(count), 'share')})" for total, count in found.itertuples(index=False)]
    colors = [GREY if name == none else BLUE for name in found.index]
    _bars(axes, found.index, found["sum"], labels, colors)
    _title(axes, tr("{}: weight by sector, session {}").format(index.upper(), _day(rows)))
    axes.set_xlabel(tr("weight, %"))
    return figure


def concentration(index: str = DEFAULT_INDEX, on: Day | None = None, *, aws: bool = False) -> Figure:
    """The shares of an index added up from the heaviest, as of a day; an index of equals would be the straight line.

    Args:
        index, on: as of `bovespa.portfolio`.
    """
    rows = bovespa.portfolio(index, on, aws=aws)
    added = [0.0, *rows[_WEIGHT].cumsum()]
    half = next(number for number, total in enumerate(added) if total >= _HALF)
    figure, axes = _empty(3.8)
    axes.plot(range(len(added)), added, color=BLUE)
    axes.plot([0, len(rows)], [0, 100], color=GREY, linestyle="--", linewidth=1)
    axes.axvline(half, color=RED, linewidth=1)
    axes.annotate(tr("half of the index: {}").format(counted(half, "share")), (half, 30), (half + 1, 30), color=RED)
    axes.set(xlim=(0, None), ylim=(0, 101), xlabel=tr("shares, the heaviest first"), ylabel=tr("weight, %"))
    _numbers(axes.xaxis, axes.yaxis)
    _title(axes, tr("{}: weight of the heaviest shares together, session {}").format(index.upper(), _day(rows)))
    return figure


def moves(index: str = DEFAULT_INDEX, on: Day | None = None, *, top: int = 12, aws: bool = False) -> Figure:
    """The largest changes of weight of an index from the published session before to that of a day, in percentage points.

    Args:
        index, on: as of `bovespa.portfolio`.
        top: how many.

    Raises:
        NotPublishedError: also where no earlier session is published to compare with.
    """
    rows = bovespa.portfolio(index, on, aws=aws)
    days = bovespa.sessions(index, aws=aws)["data_pregao"]
    earlier = days[days < rows["data_pregao"].iloc[0]]
    if earlier.empty:
        raise NotPublishedError(
            tr("{}: {} is the first published session, there is none before it to compare it with").format(
                index.upper(), _day(rows)
            )
        )
    before = bovespa.portfolio(index, earlier.iloc[-1].date(), aws=aws)
    change = (rows.set_index("acao")[_WEIGHT] - before.set_index("acao")[_WEIGHT]).dropna()
    largest = change.reindex(change.abs().sort_values(ascending=False).index).head(top).sort_values()
    figure, axes = _empty(0.3 * len(largest) + 1.2)
    colors = [BLUE if value > 0 else RED for value in largest]
    _bars(axes, largest.index, largest, [f"{value:+.3f}" for value in largest], colors)
    axes.margins(x=0.18)
    axes.axvline(0, color=GREY, linewidth=1)
    _title(
        axes, tr("{}: largest changes of weight, session {} against {}").format(index.upper(), _day(rows), _day(before))
    )
    axes.set_xlabel(tr("percentage points"))
    return figure


def evolution(
    index: str = DEFAULT_INDEX,
    shares: Sequence[str] = (),
    since: Day | None = None,
    until: Day | None = None,
    *,
    aws: bool = False,
) -> Figure:
    """The weights of some shares of an index, session by session, in percent; the axis begins at zero.

    Args:
        index, since, until: as of `bovespa.history`.
        shares: tickers; by default the five heaviest of the last session.

    Raises:
        NotPublishedError: also where none of the sessions has one of the shares; it is named.
    """
    rows = bovespa.history(index, since, until, aws=aws)
    newest = rows[rows["data_pregao"] == rows["data_pregao"].max()].sort_values(_WEIGHT, ascending=False)
    figure, axes = _empty(3.8)
    for share in [code.upper() for code in shares] or newest["acao"].head(5):
        line = rows[rows["acao"] == share]
        if line.empty:
            raise NotPublishedError(tr("{}: {} is in none of the published sessions").format(index.upper(), share))
        axes.plot(line["data_pregao"], line[_WEIGHT], marker="o", markersize=3, label=share)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(tr("weight, %"))
    _numbers(axes.yaxis)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    days = sorted(rows["data_pregao"].unique())
    if len(days) <= _FEW_SESSIONS:
        axes.set_xticks(days, [f"{day:%Y-%m-%d}" for day in days])
    first = f"{rows['data_pregao'].min():%Y-%m-%d}"
    _title(axes, tr("{}: weights, sessions {} to {}").format(index.upper(), first, _day(newest)))
    return figure


KINDS: dict[str, Callable[..., Figure]] = {
    "weights": weights,
    "sectors": sectors,
    "concentration": concentration,
    "moves": moves,
    "evolution": evolution,
}
"""The figures by name."""


def _empty(height: float) -> tuple[Figure, Any]:
    try:
        from matplotlib import rc_context  # noqa: PLC0415 - an extra, and half a second
        from matplotlib.figure import Figure as Drawn  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError("figures need matplotlib: pip install 'pipeline-bovespa[plot]'") from error
    with rc_context(_STYLE):
        figure = Drawn(figsize=(8, height), layout="constrained")
        return figure, figure.add_subplot()


def _title(axes: Any, text: str) -> None:  # noqa: ANN401 - matplotlib's, which may be missing
    axes.set_title(text, loc="left", fontweight="bold")


def _bars(
    axes: Any,  # noqa: ANN401 - matplotlib's, which may be missing
    names: Sequence[str],
    values: Sequence[float],
    labels: Sequence[str],
    colors: Sequence[str] | str = BLUE,
) -> None:
    bars = axes.barh(list(names), list(values), color=colors)
    axes.bar_label(bars, labels=[written(label) for label in labels], padding=3, fontsize=8)
    axes.margins(x=0.15, y=0.02)
    _numbers(axes.xaxis)
    axes.grid(axis="y", visible=False)


def _numbers(*axes: Any) -> None:  # noqa: ANN401 - matplotlib's, which may be missing
    """The axes' numbers as the user's language writes them."""
    for axis in axes:
        axis.set_major_formatter(lambda value, _: written(f"{value:,g}"))


def _shares(rows: pd.DataFrame) -> str:
    return counted(len(rows), "share")


def _day(rows: pd.DataFrame) -> str:
    return f"{rows['data_pregao'].iloc[0]:%Y-%m-%d}"
