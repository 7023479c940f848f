"""The columns and tables that every part of the pipeline shares, written once.

Arrow schemas, Spark schemas, catalog tables and Great Expectations suites are all made from this module. It imports only
the standard library, so that it runs unchanged in a flow, on a Glue cluster and in the Pulumi program.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from expectations.contract.names import DEFAULT_INDEX


class ColumnType(StrEnum):
    """A column's type by its Hive name, which is also how Athena and the Glue Data Catalog spell it."""

    STRING = "string"
    BIGINT = "bigint"
    INT = "int"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type, whether it may be null, and what it means to an analyst."""

    name: str
    type: ColumnType
    nullable: bool
    description: str


RAW_COLUMNS = (
    Column("codigo", ColumnType.STRING, False, "Ticker, as B3 states it"),
    Column("acao", ColumnType.STRING, False, "Company's trading name, as B3 states it"),
    Column("tipo", ColumnType.STRING, False, "Class, event flags and listing level, verbatim, fixed width 4 + 4 + 2"),
    Column("setor", ColumnType.STRING, True, "Sector string, verbatim; null where the source has none"),
    Column("qtde_teorica", ColumnType.BIGINT, False, "Theoretical quantity, in shares"),
    Column("participacao_pct", ColumnType.DOUBLE, False, "Share of the index, in percent, three decimals"),
    Column("data_pregao", ColumnType.DATE, False, "Session, as B3's header states it"),
    Column("timestamp_coleta", ColumnType.TIMESTAMP, False, "Instant of collection, UTC"),
)

REBUILT = "reconstruida"
"""The origin of a session that B3 did not state: computed from its neighbours and prices."""

ORIGIN = (
    "Where the session's portfolio came from: `json` or `csv`, B3's own answer; `copy of json`, `copy of csv`, `copy of html`, "
    f"`copy of parquet`, an imported file; `{REBUILT}`, computed from the sessions beside it and B3's closing prices: "
    "not B3's words"
)
ORIGIN_COLUMN = Column("origem", ColumnType.STRING, False, ORIGIN)

PORTFOLIO_COLUMNS = (
    Column("codigo", ColumnType.STRING, False, "Ticker"),
    Column("nome_acao", ColumnType.STRING, False, "Company's trading name (the raw column `acao`)"),
    Column("tipo", ColumnType.STRING, False, "Class and listing level, such as `ON NM`; event flags moved out"),
    Column("classe", ColumnType.STRING, False, "Class of share: ON, PN, PNA, UNT, CI, …"),
    Column("segmento_listagem", ColumnType.STRING, True, "Listing level: NM, N1, N2; null for the traditional one"),
    Column("eventos", ColumnType.STRING, True, "Corporate-event flags of the session, such as `EDJ`; null for none"),
    Column("setor", ColumnType.STRING, True, "Sector, spelt one way; null where the source has none"),
    Column("subsetor", ColumnType.STRING, True, "Subsector, spelt one way; null where the sector has none"),
    Column("quantidade_teorica_acoes", ColumnType.DOUBLE, False, "Theoretical quantity, in shares"),
    Column("percentual_participacao_ibov", ColumnType.DOUBLE, False, "Share of the index, in percent"),
    Column("data_pregao", ColumnType.DATE, False, "Session"),
    Column("timestamp_coleta", ColumnType.TIMESTAMP, False, "Instant of collection, UTC"),
    Column("dias_desde_coleta", ColumnType.INT, False, "Whole days from the collection to the reference date"),
)
"""What the refined tables and the history say of a share in a session."""

# A file whose raw version was uploaded without an origin beside it says none; columns are added at the end only, for Athena
# compares a partition's columns with its table's by position.
REFINED_COLUMNS = (
    *PORTFOLIO_COLUMNS,
    Column(
        ORIGIN_COLUMN.name,
        ORIGIN_COLUMN.type,
        True,
        f"Where the session's portfolio came from: B3's own answer (`json`, `csv`), a `copy of` it, or `{REBUILT}`, computed and "
        "not B3's words; null in sessions that were refined before this was kept",
    ),
)

SUMMARY_COLUMNS = (
    Column("setor", ColumnType.STRING, True, "Sector; null for shares whose source had none"),
    Column("classe", ColumnType.STRING, False, "Class of share"),
    Column("quantidade_teorica_total", ColumnType.DOUBLE, False, "Sum of the theoretical quantities, in shares"),
    Column("participacao_media", ColumnType.DOUBLE, False, "Mean share of the index, in percent"),
    Column("participacao_total", ColumnType.DOUBLE, False, "Sum of the shares of the index, in percent"),
    Column("total_acoes", ColumnType.BIGINT, False, "Number of shares in the group"),
    Column("data_pregao", ColumnType.DATE, False, "Session"),
)

SESSION_PARTITIONS = (
    Column("year", ColumnType.INT, False, "Year of the session"),
    Column("month", ColumnType.INT, False, "Month of the session"),
    Column("day", ColumnType.INT, False, "Day of the session"),
)
MONTH_PARTITIONS = SESSION_PARTITIONS[:2]
INDEX_PARTITION = Column("indice", ColumnType.STRING, False, "Index code, such as IBXX")
TICKER_PARTITION = Column("acao", ColumnType.STRING, False, "Ticker (the same as `codigo`)")

# A table with one file a month has as columns what the tables with one file a session or share have as partitions.
_DAY = Column("day", ColumnType.INT, False, "Day of the session")

HISTORY_COLUMNS = (
    TICKER_PARTITION,
    *PORTFOLIO_COLUMNS,
    Column("redutor", ColumnType.DOUBLE, True, "B3's divisor of the session; null where the source has none"),
    ORIGIN_COLUMN,
    _DAY,
)

CHANGES_COLUMNS = (
    Column("acao", ColumnType.STRING, False, "Ticker; of a share that left, the one that it had"),
    Column("nome_acao", ColumnType.STRING, False, "Company's trading name"),
    Column("classe", ColumnType.STRING, False, "Class of share"),
    Column("setor", ColumnType.STRING, True, "Sector; null where the source has none"),
    Column(
        "mudanca", ColumnType.STRING, False, "entrou, saiu, renomeada, quantidade, participacao: the first that holds"
    ),
    Column("acao_anterior", ColumnType.STRING, True, "Ticker before; null but for a share that was renamed"),
    Column(
        "quantidade_anterior", ColumnType.DOUBLE, True, "Theoretical quantity before; null for a share that entered"
    ),
    Column("quantidade_atual", ColumnType.DOUBLE, True, "Theoretical quantity; null for a share that left"),
    Column(
        "participacao_anterior", ColumnType.DOUBLE, True, "Share of the index before, in percent; null if it entered"
    ),
    Column("participacao_atual", ColumnType.DOUBLE, True, "Share of the index, in percent; null if it left"),
    Column("variacao_participacao", ColumnType.DOUBLE, False, "Change of the share, in percentage points"),
    Column("rebalanceamento", ColumnType.BOOLEAN, False, "Whether the index was rebalanced between the two sessions"),
    Column("pregao_anterior", ColumnType.DATE, False, "The published session before"),
    Column("data_pregao", ColumnType.DATE, False, "Session"),
    _DAY,
)

QUOTES_COLUMNS = (
    Column("acao", ColumnType.STRING, False, "Ticker"),
    Column("isin", ColumnType.STRING, False, "ISIN of the paper"),
    Column("nome_acao", ColumnType.STRING, False, "Company's short name"),
    Column(
        "especificacao",
        ColumnType.STRING,
        False,
        "Class, event flags and listing level (COTAHIST's ESPECI), as the raw column `tipo`",
    ),
    Column(
        "preco_fechamento",
        ColumnType.DOUBLE,
        False,
        "Price of the session's last trade (PREULT), in reais per `fator_cotacao` units, not adjusted for events",
    ),
    Column("fator_cotacao", ColumnType.INT, False, "Units that the price is for (FATCOT): 1, rarely 1000"),
    Column(
        "numero_distribuicao", ColumnType.INT, False, "Number of the distribution (DISMES); rises by one on an ex-day"
    ),
    Column("data_pregao", ColumnType.DATE, False, "Session"),
    _DAY,
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the catalog: its name, the key prefix below which its files lie, its columns and its partition columns."""

    name: str
    prefix: str
    columns: tuple[Column, ...]
    partitions: tuple[Column, ...]
    description: str


REFINED_TABLE = Table(
    "bovespa_refined_data",
    "refined-data/",
    REFINED_COLUMNS,
    (*SESSION_PARTITIONS, TICKER_PARTITION),
    "The Ibovespa's portfolio, one row a share and session",
)
SUMMARY_TABLE = Table(
    "bovespa_resumo_setor",
    "resumo-data/",
    SUMMARY_COLUMNS,
    SESSION_PARTITIONS,
    "The Ibovespa by sector and class, per session",
)
INDICES_REFINED_TABLE = Table(
    "bovespa_refined_indices",
    "refined-indices/",
    REFINED_COLUMNS,
    (INDEX_PARTITION, *SESSION_PARTITIONS),
    "The portfolios of B3's other indices, one row a share and session; the share is that of the index in `indice`",
)
INDICES_SUMMARY_TABLE = Table(
    "bovespa_resumo_setor_indices",
    "resumo-indices/",
    SUMMARY_COLUMNS,
    (INDEX_PARTITION, *SESSION_PARTITIONS),
    "B3's other indices by sector and class, per session",
)
HISTORY_TABLE = Table(
    "bovespa_historico",
    "historico/",
    HISTORY_COLUMNS,
    (INDEX_PARTITION, *MONTH_PARTITIONS),
    "All published sessions of all indices, one file a month and index; the share is that of the index in `indice`",
)
CHANGES_TABLE = Table(
    "bovespa_mudancas",
    "mudancas/",
    CHANGES_COLUMNS,
    (INDEX_PARTITION, *MONTH_PARTITIONS),
    "What changed in an index against its published session before, one row a share that did",
)
QUOTES_TABLE = Table(
    "bovespa_cotacoes",
    "cotacoes/",
    QUOTES_COLUMNS,
    MONTH_PARTITIONS,
    "B3's own closing prices (COTAHIST) of the indices' shares, one row a share that traded and session, one file a month",
)
JOB_TABLES = (REFINED_TABLE, SUMMARY_TABLE, INDICES_REFINED_TABLE, INDICES_SUMMARY_TABLE)
"""What the Glue job writes, and the flows publish."""

MONTHLY_TABLES = (HISTORY_TABLE, CHANGES_TABLE, QUOTES_TABLE)
"""What the flows themselves write, of what is published and of B3's prices."""

TABLES = (*JOB_TABLES, *MONTHLY_TABLES)


def refined_table(index: str) -> Table:
    """The table that holds the index's shares: the Ibovespa has its own, the other indices share one."""
    return REFINED_TABLE if index == DEFAULT_INDEX else INDICES_REFINED_TABLE


def summary_table(index: str) -> Table:
    """The table that holds the index's summary by sector and class."""
    return SUMMARY_TABLE if index == DEFAULT_INDEX else INDICES_SUMMARY_TABLE
