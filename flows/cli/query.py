"""The command `bovespa query`: SQL, as Athena runs it."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.answers import Wanted, give
from flows.cli.basis import asks_ledger, now, of_query
from flows.cli.options import Command, Format, InAws, Json, Limit, Output, examples, group
from flows.cli.place import open_place

app = group()


@app.command(
    cls=Command,
    epilog=examples(
        'bovespa query "SELECT codigo, percentual_participacao_ibov FROM bovespa_refined_data WHERE year = 2025"',
        'bovespa query "SELECT * FROM bovespa_composicao WHERE data = CURRENT_DATE" --output composicao.xlsx',
        'bovespa query "SELECT * FROM bovespa_setores" --format csv --limit 20',
    ),
)
def query(
    sql: Annotated[str, typer.Argument(help="A SELECT statement, in Athena's SQL.")],
    *,
    form: Format = None,
    output: Output = None,
    limit: Limit = None,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Run a query in Athena and show its rows, and which published sessions they rest on."""
    wanted = Wanted.of(form, output, limit, as_json=as_json)
    screen = wanted.screen
    with open_place(screen, aws=aws) as place:
        result = place.query(sql)
        attempts = place.attempts() if asks_ledger(sql) else None
        basis = of_query(sql, place.published(), now(), attempts)
    give(screen, wanted, sql, result, basis)
