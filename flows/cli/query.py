"""The command `bovespa query`: SQL, as Athena runs it."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.console import Screen, query_body
from flows.cli.options import InAws, Json, examples, group
from flows.cli.place import open_place

app = group()


@app.command(
    epilog=examples(
        'bovespa query "SELECT codigo, percentual_participacao_ibov FROM bovespa_refined_data WHERE year = 2025"'
    )
)
def query(
    sql: Annotated[str, typer.Argument(help="A SELECT statement, in Athena's SQL.")],
    *,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Run a query in Athena and show its rows."""
    screen = Screen(as_json=as_json)
    with open_place(screen, aws=aws) as place:
        result = place.query(sql)
    screen.rows(result, limit=None)
    screen.result(query_body(sql, result))
