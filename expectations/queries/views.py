"""The views that analysts query, each a saved query too; columns typed as Athena answers them.

They are of all indices, by `indice`, and read the history: a few files a year, where the published shares are 20,000. One, the
dictionary, is of none, and reads nothing.

An Athena view is a table of the Glue Data Catalog whose text is a comment with Presto's JSON in base64, as CREATE VIEW leaves
it. Standard library only.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import Self

from expectations.contract.meanings import MEANINGS
from expectations.contract.names import DATABASE
from expectations.contract.tables import ColumnType
from expectations.queries.saved import in_database

VIEW_TYPE = "VIRTUAL_VIEW"
VIEW_PARAMETERS = {"presto_view": "true", "comment": "Presto View"}
EXPANDED_TEXT = "/* Presto View */"

_PRESTO_TYPES = {ColumnType.STRING: "varchar", ColumnType.INT: "integer"}
_TEXT, _COUNT, _FIGURE, _DAY = ColumnType.STRING, ColumnType.BIGINT, ColumnType.DOUBLE, ColumnType.DATE
_TRUTH = ColumnType.BOOLEAN


@dataclass(frozen=True, slots=True)
class View:
    """A view: its name, what it answers, its columns in order with their types, its text, and the database it lies in."""

    name: str
    description: str
    columns: tuple[tuple[str, ColumnType], ...]
    sql: str
    database: str = DATABASE

    def in_database(self, database: str) -> Self:
        """The same view of another database's tables."""
        return replace(self, sql=in_database(self.sql, database), database=database)

    @property
    def query_name(self) -> str:
        """The name of the saved query of the same text."""
        return self.name.replace("_", "-")

    @property
    def original_text(self) -> str:
        """The view as the catalog's ViewOriginalText."""
        columns = [{"name": name, "type": _PRESTO_TYPES.get(kind, kind.value)} for name, kind in self.columns]
        definition = {"originalSql": self.sql, "catalog": "awsdatacatalog", "schema": self.database, "columns": columns}
        return f"/* Presto View: {base64.b64encode(json.dumps(definition).encode()).decode()} */"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_VALUES = ",\n".join(
    f"  ({', '.join(map(_quoted, (item.column, item.value, item.portuguese, item.english)))})" for item in MEANINGS
)

VIEWS = (
    View(
        "bovespa_dez_maiores",
        "The ten largest shares of the latest session of each index",
        (
            *(("indice", _TEXT), ("data_pregao", _DAY), ("acao", _TEXT), ("nome_acao", _TEXT), ("setor", _TEXT)),
            *(("quantidade_teorica_acoes", _FIGURE), ("percentual_participacao_ibov", _FIGURE)),
        ),
        """\
SELECT indice, data_pregao, acao, nome_acao, setor, quantidade_teorica_acoes, percentual_participacao_ibov
FROM (
  SELECT indice, data_pregao, acao, nome_acao, setor, quantidade_teorica_acoes, percentual_participacao_ibov,
         ROW_NUMBER() OVER (
           PARTITION BY indice, data_pregao ORDER BY percentual_participacao_ibov DESC, acao
         ) AS posicao,
         MAX(data_pregao) OVER (PARTITION BY indice) AS ultimo
  FROM default.bovespa_historico
) AS ordenadas
WHERE data_pregao = ultimo AND posicao <= 10""",
    ),
    View(
        "bovespa_evolucao_participacao",
        "Each share of each index from session to session, and by how much it changed, in percentage points",
        (
            *(("indice", _TEXT), ("acao", _TEXT), ("nome_acao", _TEXT), ("data_pregao", _DAY)),
            *(("percentual_participacao_ibov", _FIGURE), ("variacao", _FIGURE), ("quantidade_teorica_acoes", _FIGURE)),
        ),
        """\
SELECT indice, acao, nome_acao, data_pregao, percentual_participacao_ibov,
       percentual_participacao_ibov
         - LAG(percentual_participacao_ibov) OVER (PARTITION BY indice, acao ORDER BY data_pregao) AS variacao,
       quantidade_teorica_acoes
FROM default.bovespa_historico""",
    ),
    View(
        "bovespa_setores",
        "The weight of each sector of each index, session by session",
        (
            *(("indice", _TEXT), ("data_pregao", _DAY), ("setor", _TEXT)),
            *(("total_acoes", _COUNT), ("participacao_total", _FIGURE)),
        ),
        """\
SELECT indice, data_pregao, COALESCE(setor, 'sem setor') AS setor, COUNT(*) AS total_acoes,
       SUM(percentual_participacao_ibov) AS participacao_total
FROM default.bovespa_historico
GROUP BY indice, data_pregao, COALESCE(setor, 'sem setor')""",
    ),
    View(
        "bovespa_entradas_e_saidas",
        "What entered each index, left it, or only got another ticker, against the session before",
        (
            *(("indice", _TEXT), ("data_pregao", _DAY), ("movimento", _TEXT), ("acao", _TEXT)),
            *(("acao_anterior", _TEXT), ("nome_acao", _TEXT), ("rebalanceamento", _TRUTH)),
        ),
        """\
SELECT indice, data_pregao, mudanca AS movimento, acao, acao_anterior, nome_acao, rebalanceamento
FROM default.bovespa_mudancas
WHERE mudanca IN ('entrou', 'saiu', 'renomeada')""",
    ),
    View(
        "bovespa_concentracao",
        "How concentrated each index is, per session: Herfindahl-Hirschman index (0 to 10,000), five and ten largest",
        (
            *(("indice", _TEXT), ("data_pregao", _DAY), ("total_acoes", _COUNT), ("hhi", _FIGURE)),
            *(("cinco_maiores", _FIGURE), ("dez_maiores", _FIGURE)),
        ),
        """\
SELECT indice, data_pregao, COUNT(*) AS total_acoes, SUM(participacao * participacao) AS hhi,
       SUM(CASE WHEN posicao <= 5 THEN participacao ELSE 0 END) AS cinco_maiores,
       SUM(CASE WHEN posicao <= 10 THEN participacao ELSE 0 END) AS dez_maiores
FROM (
  SELECT indice, data_pregao, percentual_participacao_ibov AS participacao,
         ROW_NUMBER() OVER (
           PARTITION BY indice, data_pregao ORDER BY percentual_participacao_ibov DESC, acao
         ) AS posicao
  FROM default.bovespa_historico
) AS ordenadas
GROUP BY indice, data_pregao""",
    ),
    View(
        "bovespa_composicao",
        "Each index as of each day, today included: that of the last session on the day or before it; use WHERE data = DATE '…'",
        (
            *(("indice", _TEXT), ("data", _DAY), ("data_pregao", _DAY), ("acao", _TEXT), ("nome_acao", _TEXT)),
            *(("tipo", _TEXT), ("classe", _TEXT), ("setor", _TEXT), ("subsetor", _TEXT)),
            *(("quantidade_teorica_acoes", _FIGURE), ("percentual_participacao_ibov", _FIGURE), ("redutor", _FIGURE)),
        ),
        """\
WITH sessoes AS (
       SELECT indice, data_pregao,
              LEAD(data_pregao) OVER (PARTITION BY indice ORDER BY data_pregao) AS seguinte
       FROM (SELECT DISTINCT indice, data_pregao FROM default.bovespa_historico) AS publicadas
     ),
     dias AS (
       SELECT sessoes.indice, sessoes.data_pregao, CAST(dia.data AS DATE) AS data
       FROM sessoes
       CROSS JOIN UNNEST(SEQUENCE(
         sessoes.data_pregao,
         GREATEST(
           sessoes.data_pregao,
           COALESCE(
             DATE_ADD('day', -1, sessoes.seguinte),
             CAST(CURRENT_TIMESTAMP AT TIME ZONE 'America/Sao_Paulo' AS DATE)
           )
         ),
         INTERVAL '1' DAY
       )) AS dia (data)
     )
SELECT dias.indice, dias.data, dias.data_pregao, carteira.acao, carteira.nome_acao, carteira.tipo, carteira.classe,
       carteira.setor, carteira.subsetor, carteira.quantidade_teorica_acoes, carteira.percentual_participacao_ibov,
       carteira.redutor
FROM dias
JOIN default.bovespa_historico AS carteira
  ON carteira.indice = dias.indice AND carteira.data_pregao = dias.data_pregao""",
    ),
    View(
        "bovespa_indice_calculado",
        "Each index's closing level of the session before, computed of B3's quantities, closes and divisor; each share's points",
        (
            *(("indice", _TEXT), ("data_pregao", _DAY), ("pregao_anterior", _DAY), ("acao", _TEXT)),
            *(("quantidade_teorica_acoes", _FIGURE), ("preco_fechamento", _FIGURE), ("redutor", _FIGURE)),
            *(("contribuicao_pontos", _FIGURE), ("nivel_anterior", _FIGURE)),
        ),
        """\
WITH sessoes AS (
       SELECT indice, data_pregao AS pregao_anterior,
              LEAD(data_pregao) OVER (PARTITION BY indice ORDER BY data_pregao) AS data_pregao
       FROM (SELECT DISTINCT indice, data_pregao FROM default.bovespa_historico) AS publicadas
     ),
     cotadas AS (SELECT DISTINCT data_pregao FROM default.bovespa_cotacoes),
     fechamentos AS (
       SELECT sessoes.indice, sessoes.data_pregao, sessoes.pregao_anterior, carteira.acao,
              carteira.quantidade_teorica_acoes, carteira.redutor,
              MAX_BY(cotacao.preco_fechamento / cotacao.fator_cotacao, cotacao.data_pregao) AS preco_fechamento
       FROM sessoes
       JOIN cotadas ON cotadas.data_pregao = sessoes.pregao_anterior
       JOIN default.bovespa_historico AS carteira
         ON carteira.indice = sessoes.indice AND carteira.data_pregao = sessoes.pregao_anterior
       LEFT JOIN default.bovespa_cotacoes AS cotacao
         ON cotacao.acao = carteira.acao
        AND cotacao.data_pregao BETWEEN DATE_ADD('day', -30, sessoes.pregao_anterior) AND sessoes.pregao_anterior
       WHERE sessoes.data_pregao IS NOT NULL
       GROUP BY sessoes.indice, sessoes.data_pregao, sessoes.pregao_anterior, carteira.acao,
                carteira.quantidade_teorica_acoes, carteira.redutor
     ),
     niveis AS (
       SELECT indice, data_pregao, pregao_anterior, acao, quantidade_teorica_acoes, preco_fechamento, redutor,
              quantidade_teorica_acoes * preco_fechamento / redutor AS contribuicao_pontos,
              SUM(quantidade_teorica_acoes * preco_fechamento / redutor)
                OVER (PARTITION BY indice, data_pregao) AS nivel_anterior,
              SUM(CASE WHEN preco_fechamento IS NULL OR redutor IS NULL THEN 1 ELSE 0 END)
                OVER (PARTITION BY indice, data_pregao) AS sem_preco
       FROM fechamentos
     )
SELECT indice, data_pregao, pregao_anterior, acao, quantidade_teorica_acoes, preco_fechamento, redutor,
       contribuicao_pontos, nivel_anterior
FROM niveis
WHERE sem_preco = 0""",
    ),
    View(
        "bovespa_dias_desde_coleta",
        "How many days ago each session was collected, counted to today, both as dates in São Paulo",
        (
            *(("indice", _TEXT), ("data_pregao", _DAY), ("timestamp_coleta", ColumnType.TIMESTAMP)),
            *(("total_acoes", _COUNT), ("dias_desde_coleta", _COUNT)),
        ),
        """\
SELECT indice, data_pregao, MAX(timestamp_coleta) AS timestamp_coleta, COUNT(*) AS total_acoes,
       DATE_DIFF(
         'day',
         CAST((MAX(timestamp_coleta) AT TIME ZONE 'UTC') AT TIME ZONE 'America/Sao_Paulo' AS DATE),
         CAST(CURRENT_TIMESTAMP AT TIME ZONE 'America/Sao_Paulo' AS DATE)
       ) AS dias_desde_coleta
FROM default.bovespa_historico
GROUP BY indice, data_pregao""",
    ),
    View(
        "bovespa_dicionario",
        "What the short texts in the tables mean: classes, event flags, listing levels, abbreviated sectors, changes, states",
        (("coluna", _TEXT), ("valor", _TEXT), ("significado", _TEXT), ("em_ingles", _TEXT)),
        f"""\
SELECT coluna, valor, significado, em_ingles
FROM (VALUES
{_VALUES}
) AS dicionario (coluna, valor, significado, em_ingles)""",  # noqa: S608 - texts of the contract
    ),
)
