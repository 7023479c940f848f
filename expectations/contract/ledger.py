"""The ledger: one row for each attempt of a flow at a session, as a table beside the sessions' tables.

Rows are only ever added, each in a file of its own whose name says what most questions ask, so that no two flows ever write the
same object and a listing tells how each session's last attempt ended. Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from expectations.contract.keys import ContractError, check_index
from expectations.contract.names import RAW_SUFFIX
from expectations.contract.tables import Column, ColumnType, Table

_TEXT, _COUNT, _FIGURE, _INSTANT = ColumnType.STRING, ColumnType.BIGINT, ColumnType.DOUBLE, ColumnType.TIMESTAMP


class AttemptState(StrEnum):
    """How an attempt ended."""

    PUBLISHED = "published"
    ALREADY_PUBLISHED = "already published"
    STALE = "stale"
    QUARANTINED = "quarantined"
    FAILED = "failed"


LEDGER_COLUMNS = (
    Column("execucao", _TEXT, False, "Id of the flow run, Prefect's where Prefect ran it; one for all of its sessions"),
    Column("fluxo", _TEXT, False, "Flow: daily, import, replay, reconcile"),
    Column("indice", _TEXT, False, "Index code, such as IBOV"),
    Column("data_pregao", ColumnType.DATE, True, "Session; null where the attempt ended before it was known"),
    Column("inicio", _INSTANT, False, "Instant at which the attempt began, UTC"),
    Column("fim", _INSTANT, False, "Instant at which it ended, UTC"),
    Column(
        "estado", _TEXT, False, "published, already published, stale (an older session is shown), quarantined, failed"
    ),
    Column("motivo", _TEXT, True, "Why, in one line; null where the session was published"),
    Column("impressao_digital", _TEXT, True, "SHA-256 of what B3 stated: the same figures have the same one"),
    Column("versao_raw", _TEXT, True, "Version id of the raw object"),
    Column("linhas", _COUNT, False, "Rows that are published"),
    Column("portoes_aprovados", _TEXT, True, "Gates that let the session pass, separated by commas"),
    Column("portao_recusado", _TEXT, True, "Gate that refused it"),
    Column("expectativas_recusadas", _TEXT, True, "What that gate demanded and did not find, separated by ` | `"),
    Column("execucao_glue", _TEXT, True, "Glue run that the attempt waited for, or whose output it took"),
    Column("duracao_segundos", _FIGURE, False, "Seconds from begin to end"),
    Column("dpu_segundos", _FIGURE, True, "DPU-seconds of the Glue run; of a run for many sessions, this one's part"),
    Column("custo_usd", _FIGURE, True, "List price of the Glue run in US dollars; of a run for many, this one's part"),
    Column("relatorio", _TEXT, True, "S3 address of the run's report"),
)

LEDGER_TABLE = Table(
    "bovespa_execucoes",
    "execucoes-data/",
    LEDGER_COLUMNS,
    (
        Column("year", ColumnType.INT, False, "Year in which the attempt began, UTC"),
        Column("month", ColumnType.INT, False, "Month in which the attempt began, UTC"),
    ),
    "What the flows did: one row for each attempt at a session",
)


def month_prefix(instant: datetime) -> str:
    """The key prefix of the partition in which attempts of that month lie: `execucoes-data/year=2025/month=06/`."""
    return f"{LEDGER_TABLE.prefix}{instant.astimezone(UTC):year=%Y/month=%m/}"


def month_values(instant: datetime) -> tuple[str, str]:
    """That partition's values as the catalog holds them, in canonical numbers."""
    month = instant.astimezone(UTC)
    return str(month.year), str(month.month)


_UNKNOWN = "undated"
_STAMP = "%Y%m%dT%H%M%S%fZ"
_KEY = re.compile(
    rf"{LEDGER_TABLE.prefix}year=\d{{4}}/month=\d\d/([a-z][a-z0-9]{{3}})_(\d{{8}}|{_UNKNOWN})_([a-z-]+)_(\d{{8}}T\d{{12}}Z)_"
    rf"[0-9a-f]+\{RAW_SUFFIX}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class AttemptKey:
    """What the key of a row says."""

    index: str
    session: date | None
    state: AttemptState
    ended_at: datetime
    key: str


def attempt_key(
    index: str, session: date | None, state: AttemptState, started_at: datetime, ended_at: datetime, unique: str
) -> str:
    """The key of one row.

    Args:
        started_at: tells the partition.
        unique: hexadecimal digits that no other row has.
    """
    of_session = f"{session:%Y%m%d}" if session else _UNKNOWN
    stamp = ended_at.astimezone(UTC).strftime(_STAMP)
    name = f"{check_index(index).lower()}_{of_session}_{state.replace(' ', '-')}_{stamp}_{unique}{RAW_SUFFIX}"
    return month_prefix(started_at) + name


def parse_attempt_key(key: str) -> AttemptKey:
    """Read a row's key back; the inverse of `attempt_key`.

    Raises:
        ContractError: the key is not of that form.
    """
    found = _KEY.fullmatch(key)
    if not found:
        raise ContractError(f"ledger key {key!r}: not of the contract's form")
    index, session, state, stamp = found.groups()
    try:
        return AttemptKey(
            index.upper(),
            None if session == _UNKNOWN else datetime.strptime(session, "%Y%m%d").replace(tzinfo=UTC).date(),
            AttemptState(state.replace("-", " ")),
            datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC),
            key,
        )
    except ValueError as error:
        raise ContractError(f"ledger key {key!r}: {error}") from error
