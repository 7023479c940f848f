"""The queries that analysts start from: saved in Athena by the Pulumi program, shown by the command line."""

from __future__ import annotations

from dataclasses import dataclass

from expectations.contract.names import DATABASE


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A saved query: its name in Athena, what it answers, and its text."""

    name: str
    description: str
    sql: str


def in_database(sql: str, database: str) -> str:
    """A query of the default environment's tables, asked of another database's."""
    return sql.replace(f"{DATABASE}.", f"{database}.")


QUERIES = (
    NamedQuery(
        "bovespa-carteira-do-dia",
        "The portfolio of one session",
        "SELECT * FROM default.bovespa_refined_data WHERE year = 2025 AND month = 6 AND day = 30;",
    ),
    NamedQuery(
        "bovespa-resumo-por-tipo",
        "A month's portfolios by class and listing level",
        "SELECT tipo, COUNT(*) AS total_acoes, SUM(quantidade_teorica_acoes) AS total_quantidade,\n"
        "       AVG(percentual_participacao_ibov) AS participacao_media\n"
        "FROM default.bovespa_refined_data WHERE year = 2025 AND month = 6 GROUP BY tipo ORDER BY total_quantidade DESC;",
    ),
    NamedQuery(
        "bovespa-evolucao-diaria",
        "The sessions of a month, with their rows and total share",
        "SELECT data_pregao, COUNT(*) AS total_acoes, SUM(percentual_participacao_ibov) AS participacao_total\n"
        "FROM default.bovespa_refined_data WHERE year = 2025 AND month = 6 GROUP BY data_pregao ORDER BY data_pregao;",
    ),
)
