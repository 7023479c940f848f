"""The data dictionary: every table and view with its columns, as Markdown, from the contract and the views themselves.

`python -m expectations.queries.dictionary` prints it; `make dictionary` writes `docs/data-dictionary.md`. Standard library only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.names import LANDING_PREFIX, STAGING_PREFIX
from expectations.contract.tables import RAW_COLUMNS, REFINED_TABLE, TABLES, Column, Table
from expectations.queries.views import VIEWS, View

COMPUTED = {
    "coluna": "Column of the tables in which the value stands",
    "contribuicao_pontos": "The share's part of the index's level, in points: quantity times close over the divisor",
    "bovespa_indice_calculado.preco_fechamento": "Price of one share at the close before, in reais; the last one of thirty days",
    "bovespa_indice_calculado.pregao_anterior": "The published session before, of whose close the level is, by its own portfolio",
    "bovespa_indice_calculado.redutor": "B3's divisor of the session before",
    "bovespa_indice_calculado.quantidade_teorica_acoes": "Theoretical quantity in the session before, in shares",
    "nivel_anterior": "The index's closing level of the session before, in points, computed; only where every share has a price",
    "data": "Day, of which the composition is asked",
    "bovespa_dias_desde_coleta.dias_desde_coleta": "Whole days from the collection to today, both as dates in São Paulo",
    "cinco_maiores": "Sum of the five largest shares of the index, in percent",
    "dez_maiores": "Sum of the ten largest shares of the index, in percent",
    "em_ingles": "What it means, in English",
    "hhi": "Herfindahl-Hirschman index: sum of the squared shares in percent, 0 to 10,000",
    "movimento": "`entrou` (entered the index), `saiu` (left it) or `renomeada` (got another ticker)",
    "significado": "What it means, in Portuguese",
    "total_acoes": "Number of shares",
    "valor": "As it stands there; `eventos` may have several flags in one",
    "variacao": "Change of the share's weight since the session before, in percentage points",
}
"""What the columns mean that a view makes and no table has; with the view's name, where a table's column means something else."""

_HEAD = """\
# Data dictionary

<!-- Made by `make dictionary` from expectations/contract/tables.py and expectations/queries/views.py: edit those. -->

All tables and views are in the database `default`. Columns are named in Portuguese, as B3 names things; every date is the
session that B3's own header states, every timestamp is UTC.

!!! note "`acao` is the ticker"
    Hive and Athena refuse a column and a partition of one name, so `acao` is the ticker, as a partition, and the company's
    trading name is `nome_acao`. With `year`, `month` and `day` in the `WHERE` clause Athena reads those sessions only.
"""


def dictionary() -> str:
    """The whole page."""
    parts = [_HEAD, "## Tables\n", *(_table(table) for table in (*TABLES, LEDGER_TABLE))]
    parts += ["## Views\n", *(_view(view) for view in VIEWS), _raw()]
    return "\n".join(parts)


def _table(table: Table) -> str:
    where = f"Files: `s3://<refined bucket>/{table.prefix}{_folders(table)}`."
    rows = [
        *(_column(column) for column in table.columns),
        *(_column(column, "partition") for column in table.partitions),
    ]
    heading = ("Column", "Type", "Null", "Meaning")
    return "\n".join([f"### {table.name}\n", f"{table.description}. {where}\n", *_lines(heading, rows), ""])


def _folders(table: Table) -> str:
    return "".join(f"{column.name}=…/" for column in table.partitions)


def _column(column: Column, null: str = "") -> tuple[str, ...]:
    nullable = null or ("yes" if column.nullable else "no")
    return f"`{column.name}`", column.type.value, nullable, column.description


def _view(view: View) -> str:
    rows = [(f"`{name}`", kind.value, meaning(view, name)) for name, kind in view.columns]
    text = ["```sql", view.sql, "```"]
    details = ['??? note "Its text"', "", *(f"    {line}" if line else "" for line in "\n".join(text).splitlines())]
    return "\n".join(
        [f"### {view.name}\n", f"{view.description}.\n", *_lines(("Column", "Type", "Meaning"), rows), "", *details, ""]
    )


def meaning(view: View, name: str) -> str:
    """What a column of a view means.

    Raises:
        KeyError: no table has it, and `COMPUTED` does not say it.
    """
    known = {column.name: column.description for table in TABLES for column in (*table.columns, *table.partitions)}
    return COMPUTED.get(f"{view.name}.{name}") or COMPUTED.get(name) or known[name]


def _raw() -> str:
    rows = [_column(column) for column in RAW_COLUMNS]
    text = (
        f"One Parquet file a session in the raw bucket, versioned, as B3 states the portfolio. Athena does not read it; the Glue "
        f"job makes `{REFINED_TABLE.name}` of it below `{STAGING_PREFIX}`. What B3 states once for the whole portfolio (divisor, "
        f"total quantity, index code, source, keys of the payloads in `{LANDING_PREFIX}`) is the file's own metadata."
    )
    return "\n".join(["## The raw file\n", f"{text}\n", *_lines(("Column", "Type", "Null", "Meaning"), rows), ""])


def _lines(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (heading, ("---",) * len(heading), *rows):
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    sys.stdout.write(dictionary())
