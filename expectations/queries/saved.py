"""The queries that analysts start from: saved in Athena by the Pulumi program, shown by the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

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


def queries_of(session: date) -> tuple[NamedQuery, ...]:
    """The queries, each of a session of the Ibovespa or of the session's month."""
    month = f"year = {session.year} AND month = {session.month}"
    return (
        NamedQuery(
            "bovespa-carteira-do-dia",
            "The portfolio of one session",
            f"SELECT * FROM default.bovespa_refined_data WHERE {month} AND day = {session.day};",  # noqa: S608 - numbers
        ),
        NamedQuery(
            "bovespa-resumo-por-tipo",
            "A month's portfolios by class and listing level",
            "SELECT tipo, COUNT(*) AS total_acoes, SUM(quantidade_teorica_acoes) AS total_quantidade,\n"
            "       AVG(percentual_participacao_ibov) AS participacao_media\n"
            f"FROM default.bovespa_refined_data WHERE {month} GROUP BY tipo ORDER BY total_quantidade DESC;",
        ),
        NamedQuery(
            "bovespa-evolucao-diaria",
            "The sessions of a month, with their rows and total share",
            "SELECT data_pregao, COUNT(*) AS total_acoes, SUM(percentual_participacao_ibov) AS participacao_total\n"
            f"FROM default.bovespa_refined_data WHERE {month} GROUP BY data_pregao ORDER BY data_pregao;",
        ),
    )


QUERIES = queries_of(date(2025, 6, 30))
"""As they are saved in Athena: of the recorded sample's first session."""
