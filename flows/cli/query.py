"""The command `bovespa query`: SQL, as Athena runs it."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.answers import Wanted, give
from flows.cli.basis import Basis, asked_for, asks_ledger, now, of_query, rests_on_months, rests_on_sessions
from flows.cli.options import Command, Format, InAws, Json, Limit, Output, examples, group
from flows.cli.place import Place, open_place

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
        try:
            begun = place.lake.athena.start(sql)
        finally:
            # While Athena is at it; also where it did not begin, for what is damaged says more than Athena does.
            basis = _basis(place, sql)
            refuse_damaged(place, sql, basis)
        result = place.lake.athena.answer(begun)
    give(screen, wanted, sql, result, basis)


def _basis(place: Place, sql: str) -> Basis | None:
    attempts = place.attempts() if asks_ledger(sql) else None
    return of_query(sql, place.published(), now(), attempts)


def refuse_damaged(place: Place, sql: str, basis: Basis | None) -> None:
    """Make sure that what a query's answer rests on is as it was published.

    Raises:
        DamagedError: it is not; the message names the session.
        AwsError: AWS could not be asked.
    """
    for item in basis.sessions if basis else ():
        if rests_on_sessions(sql):
            place.refuse_damaged(item.index, asked_for(sql, item.published), monthly=False)
        if rests_on_months(sql):
            place.refuse_damaged(item.index, item.published, monthly=True)
