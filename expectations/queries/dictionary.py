"""The data dictionary: every table and view with its columns, as Markdown, from the contract and the views themselves.

`python -m expectations.queries.dictionary` prints it, with `pt` in Portuguese; `make dictionary` writes `docs/data-dictionary.md`
and `docs/data-dictionary.pt.md`. Standard library only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.names import LANDING_PREFIX, STAGING_PREFIX
from expectations.contract.tables import RAW_COLUMNS, REFINED_TABLE, TABLES, Column, Table
from expectations.queries.portuguese import PORTUGUESE
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

_HEADS = {
    "en": """\
# Data dictionary

<!-- Made by `make dictionary` from expectations/contract/tables.py and expectations/queries/views.py: edit those. -->

[Português](data-dictionary.pt.md)

All tables and views are in the database `default`. Columns are named in Portuguese, as B3 names things; every date is the
session that B3's own header states, every timestamp is UTC. What classes, flags, levels, sectors and states mean, value by
value, is in the view `bovespa_dicionario`.

!!! note "`acao` is the ticker"
    Hive and Athena refuse a column and a partition of one name, so `acao` is the ticker, as a partition, and the company's
    trading name is `nome_acao`. With `year`, `month` and `day` in the `WHERE` clause Athena reads those sessions only.
""",
    "pt": """\
# Dicionário de dados

<!-- Made by `make dictionary` from expectations/contract/tables.py, queries/views.py and queries/portuguese.py: edit those. -->

[English](data-dictionary.md)

Todas as tabelas e views estão no banco `default`. Toda data é a do pregão que o cabeçalho da própria B3 diz, todo instante
está em UTC. O que querem dizer classes, flags, segmentos, setores e estados, valor por valor, está na view `bovespa_dicionario`.

!!! note "`acao` é o código de negociação"
    Hive e Athena recusam uma coluna e uma partição de mesmo nome; por isso `acao` é o código (ticker), como partição, e o
    nome de pregão da empresa é `nome_acao`. Com `year`, `month` e `day` no `WHERE` o Athena lê só esses pregões.
""",
}
_RAW = {
    "en": (
        f"One Parquet file a session in the raw bucket, versioned, as B3 states the portfolio. Athena does not read it; the Glue "
        f"job makes `{REFINED_TABLE.name}` of it below `{STAGING_PREFIX}`. What B3 states once for the whole portfolio (divisor, "
        f"total quantity, index code, source, keys of the payloads in `{LANDING_PREFIX}`) is the file's own metadata."
    ),
    "pt": (
        f"Um arquivo Parquet por pregão no bucket bruto, com versões, como a B3 diz a carteira. O Athena não o lê; o job do "
        f"Glue faz dele `{REFINED_TABLE.name}` abaixo de `{STAGING_PREFIX}`. O que a B3 diz uma vez para a carteira toda "
        f"(redutor, quantidade total, código do índice, origem, chaves das respostas em `{LANDING_PREFIX}`) está nos "
        f"metadados do próprio arquivo."
    ),
}


def dictionary(language: str = "en") -> str:
    """The whole page.

    Args:
        language: `en` or `pt`.
    """
    return _Page(language).text()


@dataclass(frozen=True, slots=True)
class _Page:
    """The page in a language."""

    language: str

    def text(self) -> str:
        parts = [_HEADS[self.language], f"## {self._say('Tables')}\n", *map(self._table, (*TABLES, LEDGER_TABLE))]
        return "\n".join([*parts, f"## {self._say('Views')}\n", *map(self._view, VIEWS), self._raw()])

    def _say(self, text: str) -> str:
        return PORTUGUESE[text] if self.language == "pt" else text

    def _table(self, table: Table) -> str:
        where = f"{self._say('Files')}: `s3://<refined bucket>/{table.prefix}{_folders(table)}`."
        rows = [
            *(self._column(column) for column in table.columns),
            *(self._column(column, self._say("partition")) for column in table.partitions),
        ]
        return "\n".join(
            [f"### {table.name}\n", f"{self._say(table.description)}. {where}\n", *self._columns(rows), ""]
        )

    def _columns(self, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
        return _lines(tuple(map(self._say, ("Column", "Type", "Null", "Meaning"))), rows)

    def _column(self, column: Column, null: str = "") -> tuple[str, ...]:
        nullable = null or self._say("yes" if column.nullable else "no")
        return f"`{column.name}`", column.type.value, nullable, self._say(column.description)

    def _view(self, view: View) -> str:
        rows = [(f"`{name}`", kind.value, self._say(meaning(view, name))) for name, kind in view.columns]
        text = f"```sql\n{view.sql}\n```"
        details = [
            f'??? note "{self._say("Its text")}"',
            "",
            *(f"    {line}" if line else "" for line in text.splitlines()),
        ]
        heading = tuple(map(self._say, ("Column", "Type", "Meaning")))
        about = f"{self._say(view.description)}.\n"
        return "\n".join([f"### {view.name}\n", about, *_lines(heading, rows), "", *details, ""])

    def _raw(self) -> str:
        columns = self._columns([self._column(column) for column in RAW_COLUMNS])
        return "\n".join([f"## {self._say('The raw file')}\n", f"{_RAW[self.language]}\n", *columns, ""])


def _folders(table: Table) -> str:
    return "".join(f"{column.name}=…/" for column in table.partitions)


def meaning(view: View, name: str) -> str:
    """What a column of a view means.

    Raises:
        KeyError: no table has it, and `COMPUTED` does not say it.
    """
    known = {column.name: column.description for table in TABLES for column in (*table.columns, *table.partitions)}
    return COMPUTED.get(f"{view.name}.{name}") or COMPUTED.get(name) or known[name]


def _lines(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (heading, ("---",) * len(heading), *rows):
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    sys.stdout.write(dictionary(*sys.argv[1:]))
