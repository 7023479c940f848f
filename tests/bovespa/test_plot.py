"""The figures: what they show, of which session, and what they are refused for."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING

import pytest

from bovespa import plot
from flows.errors import NotPublishedError
from flows.language import PORTUGUESE
from tests.bovespa.test_bovespa import SECOND, WEIGHTS, bucket, publish

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["bucket"]


def title(figure: plot.Figure) -> str:
    return str(figure.axes[0].get_title(loc="left"))


def test_the_heaviest_are_bars_with_their_weights_and_the_session_is_said(bucket: Path) -> None:
    assert bucket
    figure = plot.weights("ibov", on="2025-07-05", top=1)
    assert title(figure) == f"IBOV: the 1 heaviest of 2 shares, session {SECOND}"
    assert [bar.get_width() for bar in figure.axes[0].patches] == [max(WEIGHTS[SECOND].values())]
    assert [text.get_text() for text in figure.axes[0].texts] == ["59.000"]


def test_sectors_add_up_and_how_many_shares_each_has_is_said(bucket: Path) -> None:
    assert bucket
    figure = plot.sectors()
    assert [bar.get_width() for bar in figure.axes[0].patches] == [100.0]
    assert [text.get_text() for text in figure.axes[0].texts] == ["100.000 (2 shares)"]


def test_the_line_of_concentration_begins_at_zero_and_ends_at_the_whole(bucket: Path) -> None:
    assert bucket
    figure = plot.concentration()
    assert [*figure.axes[0].lines[0].get_ydata()] == [0.0, 59.0, 100.0]
    assert [text.get_text() for text in figure.axes[0].texts] == ["half of the index: 1 share"]


def test_moves_are_against_the_session_before_on_an_axis_that_marks_zero(bucket: Path) -> None:
    assert bucket
    figure = plot.moves()
    assert [round(bar.get_width(), 6) for bar in figure.axes[0].patches] == [-1.0, 1.0]
    assert title(figure).endswith("session 2025-07-01 against 2025-06-30")
    with pytest.raises(NotPublishedError, match="2025-06-30 is the first published session"):
        plot.moves(on="2025-06-30")


def test_an_evolution_begins_its_axis_at_zero_and_names_a_share_that_is_not_there(bucket: Path) -> None:
    assert bucket
    figure = plot.evolution(shares=["vale3"])
    assert figure.axes[0].get_ylim()[0] == 0
    assert [*figure.axes[0].lines[0].get_ydata()] == [60.0, 59.0]
    with pytest.raises(NotPublishedError, match="XXXX3 is in none"):
        plot.evolution(shares=["XXXX3"])


@pytest.mark.parametrize("kind", plot.KINDS)
@pytest.mark.parametrize(("form", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_every_figure_can_be_written(bucket: Path, kind: str, form: str, begins: bytes) -> None:
    assert bucket
    target = io.BytesIO()
    plot.KINDS[kind]().savefig(target, format=form)
    assert target.getvalue().startswith(begins)


def test_where_nothing_is_published_there_is_no_figure(bucket: Path) -> None:
    publish(bucket, date(2025, 7, 1), "IBXX")
    with pytest.raises(NotPublishedError, match="no session is published"):
        plot.weights("IFIX")


def ticks(figure: plot.Figure) -> set[str]:
    figure.canvas.draw()
    axes = figure.axes[0]
    return {label.get_text() for axis in (axes.xaxis, axes.yaxis) for label in axis.get_ticklabels()}


@pytest.mark.parametrize("name", ["weights", "sectors", "concentration", "moves", "evolution"])
def test_the_axes_numbers_are_written_as_the_user_s_language_has_it(
    bucket: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bucket
    english = ticks(plot.KINDS[name]())
    monkeypatch.setattr(plot, "written", PORTUGUESE.written)
    portuguese = ticks(plot.KINDS[name]())
    assert portuguese - {"VALE3", "PETR4"} == {PORTUGUESE.written(text) for text in english} - {"VALE3", "PETR4"}
    assert not [text for text in portuguese if "." in text]
