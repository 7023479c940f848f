"""The ledger: one row for each attempt of a flow at a session, as a table beside the sessions' tables.

Rows are only ever added, each in a file of its own whose name says what most questions ask, so that no two flows ever write the
same object and a listing tells how each session's last attempt ended. Standard library only.
"""

from __future__ import annotations

from expectations.contract.names import LEDGER_PREFIX
from expectations.contract.tables import ORIGIN, Column, ColumnType, Table

_TEXT, _COUNT, _FIGURE, _INSTANT = ColumnType.STRING, ColumnType.BIGINT, ColumnType.DOUBLE, ColumnType.TIMESTAMP


LEDGER_COLUMNS = (
    Column("execucao", _TEXT, False, "Id of the flow run, Prefect's where Prefect ran it; one for all of its sessions"),
    Column(
        "fluxo",
        _TEXT,
        False,
        "Flow: daily, import, replay, reconcile, rebuild, prices, verify; or acknowledge, where a person said something",
    ),
    Column("indice", _TEXT, False, "Index code, such as IBOV"),
    Column("data_pregao", ColumnType.DATE, True, "Session; null where the attempt ended before it was known"),
    Column("inicio", _INSTANT, False, "Instant at which the attempt began, UTC"),
    Column("fim", _INSTANT, False, "Instant at which it ended, UTC"),
    Column(
        "estado",
        _TEXT,
        False,
        "published, rebuilt (computed, not B3's words), already published, stale (an older session is shown), quarantined, "
        "failed, acknowledged (its loss); damaged or intact, where it was verified; judged by prices, where they were asked",
    ),
    Column("motivo", _TEXT, True, "Why, in one line; null where the session was published"),
    Column("impressao_digital", _TEXT, True, "SHA-256 of what B3 stated: the same figures have the same one"),
    Column("versao_raw", _TEXT, True, "Version id of the raw object"),
    Column("linhas", _COUNT, False, "Rows that are published"),
    Column("portoes_aprovados", _TEXT, True, "Gates that let the session pass, separated by commas"),
    Column("portao_recusado", _TEXT, True, "Gate that refused it; `withdrawal` where a person did"),
    Column("expectativas_recusadas", _TEXT, True, "What that gate demanded and did not find, separated by ` | `"),
    Column("execucao_glue", _TEXT, True, "Glue run that the attempt waited for, or whose output it took"),
    Column("duracao_segundos", _FIGURE, False, "Seconds from begin to end"),
    Column("dpu_segundos", _FIGURE, True, "DPU-seconds of the Glue run; of a run for many sessions, this one's part"),
    Column("custo_usd", _FIGURE, True, "List price of the Glue run in US dollars; of a run for many, this one's part"),
    Column("relatorio", _TEXT, True, "S3 address of the run's report"),
    Column("avisos", _COUNT, True, "Demands of the gates that were not met without being critical"),
    Column("etapas", _TEXT, True, "Seconds of each step, as a JSON object"),
    Column("coleta", _INSTANT, True, "Instant at which B3's answer counts as collected, UTC; null where none was had"),
    Column("origem", _TEXT, True, ORIGIN),
    Column(
        "verificacao",
        _TEXT,
        True,
        "What B3's closing prices say of what is published: verificada, verificada com eventos (shares went ex), divergente, "
        "sem precos; null where the attempt did not ask them",
    ),
    Column(
        "verificacao_detalhes", _TEXT, True, "How many weights follow from the prices, and which do not, in one line"
    ),
    Column(
        "nivel_anterior",
        _FIGURE,
        True,
        "The index's closing level of the session before, in points, computed from quantities, closes and divisor",
    ),
)

LEDGER_TABLE = Table(
    "bovespa_execucoes",
    LEDGER_PREFIX,
    LEDGER_COLUMNS,
    (
        Column("year", ColumnType.INT, False, "Year in which the attempt began, UTC"),
        Column("month", ColumnType.INT, False, "Month in which the attempt began, UTC"),
    ),
    "What the flows did: one row for each attempt at a session",
)
