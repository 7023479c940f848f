"""The views that analysts query, each a saved query too; columns typed as Athena answers them.

An Athena view is a table of the Glue Data Catalog whose text is a comment with Presto's JSON in base64, as CREATE VIEW leaves
it. Standard library only.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from expectations.contract import DATABASE, ColumnType

VIEW_TYPE = "VIRTUAL_VIEW"
VIEW_PARAMETERS = {"presto_view": "true", "comment": "Presto View"}
EXPANDED_TEXT = "/* Presto View */"

_PRESTO_TYPES = {ColumnType.STRING: "varchar", ColumnType.INT: "integer"}
_TEXT, _COUNT, _FIGURE, _DAY = ColumnType.STRING, ColumnType.BIGINT, ColumnType.DOUBLE, ColumnType.DATE


@dataclass(frozen=True, slots=True)
class View:
    """A view: its name, what it answers, its columns in order with their types, and its text."""

    name: str
    description: str
    columns: tuple[tuple[str, ColumnType], ...]
    sql: str

    @property
    def query_name(self) -> str:
        """The name of the saved query of the same text."""
        return self.name.replace("_", "-")

    @property
    def original_text(self) -> str:
        """The view as the catalog's ViewOriginalText."""
        columns = [{"name": name, "type": _PRESTO_TYPES.get(kind, kind.value)} for name, kind in self.columns]
        definition = {"originalSql": self.sql, "catalog": "awsdatacatalog", "schema": DATABASE, "columns": columns}
        return f"/* Presto View: {base64.b64encode(json.dumps(definition).encode()).decode()} */"


VIEWS = (
    View(
        "bovespa_dez_maiores",
        "The ten largest shares of the latest session",
        (
            *(("data_pregao", _DAY), ("acao", _TEXT), ("nome_acao", _TEXT), ("setor", _TEXT)),
            *(("quantidade_teorica_acoes", _FIGURE), ("percentual_participacao_ibov", _FIGURE)),
        ),
        """\
SELECT data_pregao, acao, nome_acao, setor, quantidade_teorica_acoes, percentual_participacao_ibov
FROM default.bovespa_refined_data
WHERE data_pregao = (SELECT MAX(data_pregao) FROM default.bovespa_resumo_setor)
ORDER BY percentual_participacao_ibov DESC, acao
LIMIT 10""",
    ),
    View(
        "bovespa_evolucao_participacao",
        "Each share of the index from session to session, and by how much it changed, in percentage points",
        (
            *(("acao", _TEXT), ("nome_acao", _TEXT), ("data_pregao", _DAY)),
            *(("percentual_participacao_ibov", _FIGURE), ("variacao", _FIGURE), ("quantidade_teorica_acoes", _FIGURE)),
        ),
        """\
SELECT acao, nome_acao, data_pregao, percentual_participacao_ibov,
       percentual_participacao_ibov
         - LAG(percentual_participacao_ibov) OVER (PARTITION BY acao ORDER BY data_pregao) AS variacao,
       quantidade_teorica_acoes
FROM default.bovespa_refined_data""",
    ),
    View(
        "bovespa_setores",
        "The weight of each sector, session by session",
        (("data_pregao", _DAY), ("setor", _TEXT), ("total_acoes", _COUNT), ("participacao_total", _FIGURE)),
        """\
SELECT data_pregao, COALESCE(setor, 'sem setor') AS setor, SUM(total_acoes) AS total_acoes,
       SUM(participacao_total) AS participacao_total
FROM default.bovespa_resumo_setor
GROUP BY data_pregao, COALESCE(setor, 'sem setor')""",
    ),
    View(
        "bovespa_entradas_e_saidas",
        "What entered the index and what left it, against the session before",
        (("data_pregao", _DAY), ("movimento", _TEXT), ("acao", _TEXT), ("nome_acao", _TEXT)),
        """\
WITH acoes AS (SELECT data_pregao, acao, nome_acao FROM default.bovespa_refined_data),
     sessoes AS (
       SELECT data_pregao, LAG(data_pregao) OVER (ORDER BY data_pregao) AS anterior
       FROM (SELECT DISTINCT data_pregao FROM default.bovespa_resumo_setor) AS publicadas
     )
SELECT sessoes.data_pregao, 'entrou' AS movimento, agora.acao, agora.nome_acao
FROM sessoes
JOIN acoes AS agora ON agora.data_pregao = sessoes.data_pregao
LEFT JOIN acoes AS antes ON antes.data_pregao = sessoes.anterior AND antes.acao = agora.acao
WHERE sessoes.anterior IS NOT NULL AND antes.acao IS NULL
UNION ALL
SELECT sessoes.data_pregao, 'saiu' AS movimento, antes.acao, antes.nome_acao
FROM sessoes
JOIN acoes AS antes ON antes.data_pregao = sessoes.anterior
LEFT JOIN acoes AS agora ON agora.data_pregao = sessoes.data_pregao AND agora.acao = antes.acao
WHERE agora.acao IS NULL""",
    ),
    View(
        "bovespa_concentracao",
        "How concentrated the index is, per session: Herfindahl-Hirschman index (0 to 10,000), five and ten largest",
        (
            *(("data_pregao", _DAY), ("total_acoes", _COUNT), ("hhi", _FIGURE)),
            *(("cinco_maiores", _FIGURE), ("dez_maiores", _FIGURE)),
        ),
        """\
SELECT data_pregao, COUNT(*) AS total_acoes, SUM(participacao * participacao) AS hhi,
       SUM(CASE WHEN posicao <= 5 THEN participacao ELSE 0 END) AS cinco_maiores,
       SUM(CASE WHEN posicao <= 10 THEN participacao ELSE 0 END) AS dez_maiores
FROM (
  SELECT data_pregao, percentual_participacao_ibov AS participacao,
         ROW_NUMBER() OVER (PARTITION BY data_pregao ORDER BY percentual_participacao_ibov DESC, acao) AS posicao
  FROM default.bovespa_refined_data
) AS ordenadas
GROUP BY data_pregao""",
    ),
)
