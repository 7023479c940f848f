"""What changed in an index, for people: in one line, and as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from expectations.contract.changes import COMPOSITION
from flows.history.changes import Change
from flows.record.markdown import escaped

_HEADING = ("Mudança", "Ação", "Nome", "Quantidade antes", "Quantidade", "Participação antes (%)", "Participação (%)")

_NONE = ""


def of_composition(changes: Sequence[Change]) -> list[Change]:
    """The changes of the portfolio itself, without those of weights only."""
    return [change for change in changes if change.mudanca in COMPOSITION]


def changes_headline(index: str, session: date, changes: Sequence[Change]) -> str:
    """The changes of a session's composition in one line."""
    counts = Counter(change.mudanca for change in of_composition(changes))
    counted = ", ".join(f"{counts[kind]} {kind}" for kind in COMPOSITION if counts[kind])
    rebalanced = " (rebalanceamento)" if any(change.rebalanceamento for change in changes) else ""
    return f"{index} {session}{rebalanced}: {counted or 'composition unchanged'}"


def changes_markdown(index: str, session: date, changes: Sequence[Change]) -> str:
    """The changes of a session's composition as Markdown."""
    before = changes[0].pregao_anterior if changes else None
    lines = [f"# {escaped(changes_headline(index, session, changes))}", "", f"Against the session of {before}.", ""]
    lines += [f"| {' | '.join(_HEADING)} |", f"| {' | '.join('---' for _ in _HEADING)} |"]
    lines += [f"| {' | '.join(escaped(cell) for cell in _cells(change))} |" for change in of_composition(changes)]
    return "\n".join(lines) + "\n"


def _cells(change: Change) -> tuple[str, ...]:
    ticker = f"{change.acao_anterior} → {change.acao}" if change.acao_anterior else change.acao
    quantities = (change.quantidade_anterior, change.quantidade_atual)
    weights = (change.participacao_anterior, change.participacao_atual)
    return (
        *(change.mudanca, ticker, change.nome_acao),
        *(_NONE if value is None else f"{value:,.0f}" for value in quantities),
        *(_NONE if value is None else f"{value:.3f}" for value in weights),
    )
