"""What changed in an index: `bovespa changes`."""

from __future__ import annotations

from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Annotated

import typer

from expectations.contract.changes import KINDS, WEIGHT
from expectations.contract.keys import check_index
from expectations.contract.names import DEFAULT_INDEX
from expectations.contract.tables import CHANGES_TABLE
from flows.cli.answers import Wanted, give
from flows.cli.basis import now, of_changes
from flows.cli.console import Screen, left_out
from flows.cli.indices import Index
from flows.cli.language import counted, tr, written
from flows.cli.options import DAY, Command, Form, Format, InAws, Json, Limit, Output, examples, group
from flows.cli.place import open_place
from flows.errors import SettingsError
from flows.lake.athena import QueryResult

app = group()

_COLUMNS = (
    *("data_pregao", "mudanca", "acao", "acao_anterior", "nome_acao", "quantidade_anterior", "quantidade_atual"),
    *("participacao_anterior", "participacao_atual", "variacao_participacao", "rebalanceamento", "pregao_anterior"),
)
_POINTS = ("contribuicao_pontos", "nivel_anterior")
_COMPUTED = "bovespa_indice_calculado"
_OF_A_SESSION = ("data_pregao", "pregao_anterior", "rebalanceamento", "nivel_anterior")
_HEADINGS = {
    **{name: name for name in ("acao", "mudanca", "nome_acao", "acao_anterior")},
    **{name: name for name in ("quantidade_anterior", "quantidade_atual")},
    "participacao_anterior": "peso_anterior",
    "participacao_atual": "peso_atual",
    "variacao_participacao": "variacao",
    "contribuicao_pontos": "pontos",
}
"""The columns of a session's table, each with the heading that leaves room for all numbers in 80 characters."""


def changes_query(index: str, since: date | None, until: date | None, *, weights: bool) -> str:
    """The query for an index's changes; without a day, for those of its latest session that has any.

    Beside a change stand the index's computed level at the close before, and the points that the share gave to it, where the
    prices of that close are known.
    """
    where = [f"indice = '{check_index(index)}'"]
    if not weights:
        where.append(f"mudanca <> '{WEIGHT}'")
    table = CHANGES_TABLE.name
    if since:
        # What the catalog can tell by itself, for Athena to open no other month.
        where += [f"year * 100 + month >= {since:%Y%m}", f"data_pregao >= DATE '{since}'"]
    if until:
        where += [f"year * 100 + month <= {until:%Y%m}", f"data_pregao <= DATE '{until}'"]
    if not (since or until):
        where.append(f"data_pregao = (SELECT MAX(data_pregao) FROM {table} WHERE {' AND '.join(where)})")  # noqa: S608
    order = " ".join(f"WHEN '{kind}' THEN {number}" for number, kind in enumerate(KINDS))
    changed = f"SELECT {', '.join(_COLUMNS)} FROM {table} WHERE {' AND '.join(where)}"  # noqa: S608 - index and days are of their form
    computed = f"FROM {_COMPUTED} WHERE indice = '{check_index(index)}'"
    return (
        "SELECT item.*, ROUND(ponto.contribuicao_pontos, 3) AS contribuicao_pontos, nivel.nivel_anterior "  # noqa: S608 - as above
        f"FROM ({changed}) AS item "
        f"LEFT JOIN (SELECT data_pregao, acao, contribuicao_pontos {computed}) AS ponto "
        "ON ponto.data_pregao = item.data_pregao AND ponto.acao = COALESCE(item.acao_anterior, item.acao) "
        f"LEFT JOIN (SELECT DISTINCT data_pregao, ROUND(nivel_anterior, 2) AS nivel_anterior {computed}) AS nivel "
        "ON nivel.data_pregao = item.data_pregao "
        f"ORDER BY item.data_pregao, CASE item.mudanca {order} END, ABS(item.variacao_participacao) DESC, item.acao"
    )


@app.command(
    cls=Command,
    epilog=examples(
        "bovespa changes",
        "bovespa changes --since 2025-05-01 --until 2025-05-31",
        "bovespa changes --weights --json",
        "bovespa changes --since 2025-01-01 --output mudancas.xlsx",
    ),
)
def changes(
    *,
    since: Annotated[
        datetime | None,
        typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="First session; by default the latest with changes only."),
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="Last session.")] = None,
    index: Index = DEFAULT_INDEX,
    weights: Annotated[
        bool, typer.Option("--weights", help="Changes of weight too, which most shares have every session.")
    ] = False,
    form: Format = None,
    output: Output = None,
    limit: Limit = None,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Show what entered the index, left it, was renamed, or has another quantity.

    The exit code is 1 where no session of the days is published, for then nothing is known of changes.
    """
    wanted = Wanted.of(form, output, limit, as_json=as_json)
    screen = wanted.screen
    if since and until and until < since:
        raise SettingsError(tr("--since {} is after --until {}").format(f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}"))
    first, last = since.date() if since else None, until.date() if until else None
    sql = changes_query(index, first, last, weights=weights)
    with open_place(screen, aws=aws) as place:
        basis = of_changes(index, place.published(index).get(index, ()), first, last, now())
        try:
            begun = place.lake.athena.start(sql)
        finally:
            # While Athena is at it; also where it did not begin, for what is damaged says more than Athena does.
            place.refuse_damaged(index, basis.sessions[0].published, monthly=True)
        result = place.lake.athena.answer(begun)
    if wanted.form is Form.TABLE:
        what = "" if weights else f" {tr('of composition')}"
        _show(screen, f"{index}: {counted(len(result.rows), 'change')}{what}", result, wanted.limit)
        screen.line(f"  {basis.line}")
    else:
        give(screen, wanted, sql, result, basis)


def _show(screen: Screen, headline: str, result: QueryResult, limit: int | None) -> None:
    """Show changes session by session; what the heading of a session says stands in no column."""
    screen.heading(headline)
    place = {name: number for number, name in enumerate((*_COLUMNS, *_POINTS))}
    rows = result.rows[:limit]
    with screen.paged(len(rows)):
        for (day, before, rebalanced, level), members in groupby(
            rows, itemgetter(*(place[name] for name in _OF_A_SESSION))
        ):
            note = tr(", rebalanced") if rebalanced == "true" else ""
            if level:
                note += tr(", level at that close {}").format(written(f"{float(level):,.2f}"))
            screen.heading(tr("{}, against {}").format(day, before) + note)
            shown = [name for name in _HEADINGS if level or name not in _POINTS]
            positions = [place[name] for name in shown]
            screen.grid(
                [_HEADINGS[name] for name in shown],
                [result.types[number] for number in positions],
                [[row[number] for number in positions] for row in members],
            )
        if left := left_out(len(result.rows) - len(rows)):
            screen.line(f"  {left}")
