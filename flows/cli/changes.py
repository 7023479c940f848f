"""What changed in an index: `bovespa changes`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from expectations.contract.changes import KINDS, WEIGHT
from expectations.contract.keys import check_index
from expectations.contract.names import DEFAULT_INDEX
from expectations.contract.tables import CHANGES_TABLE
from flows.cli.console import Screen, query_body
from flows.cli.options import DAY, InAws, Json, examples, group
from flows.cli.place import open_place
from flows.errors import SettingsError

app = group()

_COLUMNS = (
    *("data_pregao", "mudanca", "acao", "acao_anterior", "nome_acao", "quantidade_anterior", "quantidade_atual"),
    *("participacao_anterior", "participacao_atual", "variacao_participacao", "rebalanceamento", "pregao_anterior"),
)


def changes_query(index: str, since: date | None, until: date | None, *, weights: bool) -> str:
    """The query for an index's changes; without a day, for those of its latest session that has any."""
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
    return (
        f"SELECT {', '.join(_COLUMNS)} FROM {table} WHERE {' AND '.join(where)} "  # noqa: S608 - index and days are of their form
        f"ORDER BY data_pregao, CASE mudanca {order} END, ABS(variacao_participacao) DESC, acao"
    )


@app.command(
    epilog=examples(
        "bovespa changes",
        "bovespa changes --since 2025-05-01 --until 2025-05-31",
        "bovespa changes --weights --json",
    )
)
def changes(
    *,
    since: Annotated[
        datetime | None, typer.Option(formats=DAY, help="First session; by default the latest with changes only.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY, help="Last session.")] = None,
    index: Annotated[str, typer.Option(help="Index code that B3 publishes, such as IBOV.")] = DEFAULT_INDEX,
    weights: Annotated[
        bool, typer.Option("--weights", help="Changes of weight too, which most shares have every session.")
    ] = False,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Show what entered the index, left it, was renamed, or has another quantity."""
    screen = Screen(as_json=as_json)
    check_index(index)
    if since and until and until < since:
        raise SettingsError(f"--since {since:%Y-%m-%d} is after --until {until:%Y-%m-%d}")
    sql = changes_query(index, since.date() if since else None, until.date() if until else None, weights=weights)
    with open_place(screen, aws=aws) as place:
        result = place.query(sql)
    screen.heading(f"{index}: {len(result.rows)} changes{'' if weights else ' of composition'}")
    screen.rows(result, limit=None)
    screen.result(query_body(sql, result))
