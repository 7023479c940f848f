"""The Glue job's transformations as Spark SQL expressions, written once.

The job's script applies them to data frames; in the job's visual form each step is a node with the step's query. Standard
library only.

A. by sector and class, per index and session: sums, mean and count (`SUMMARY`).
B. `qtde_teorica` and `participacao_pct` get their refined names, and the company's name gets out of the way of the partition
   column `acao` (`RENAMED`).
C. `dias_desde_coleta`, whole days from the collection to the reference date, both as dates in São Paulo; a reference date
   before the collection counts as its day, so that the age is never negative (`REFINED`).

The dates are those of São Paulo where the session's time zone is UTC, which the job sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from expectations.contract.b3_texts import (
    SECTOR_SPELLINGS,
    SECTOR_WITH_COMMA,
    TYPE_CLASS_WIDTH,
    TYPE_FLAGS_WIDTH,
    TYPE_LEVEL_WIDTH,
)
from expectations.contract.names import B3_TIME_ZONE
from expectations.contract.tables import INDEX_PARTITION, ORIGIN_COLUMN, RAW_COLUMNS, REFINED_COLUMNS, SUMMARY_COLUMNS

INDEX = INDEX_PARTITION.name
SESSION = "data_pregao"
REFERENCE_DATE = "reference_date"
ORIGIN = ORIGIN_COLUMN.name


INPUT = "raw"
INPUT_COLUMNS = (*(column.name for column in RAW_COLUMNS), INDEX, REFERENCE_DATE, ORIGIN)
"""The rows that a run begins with: the raw columns, and the three that the job's input folders state."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: columns made of the columns of other rows.

    Attributes:
        name: what the step's rows are called.
        title: what the step does, in a few words.
        reads: what the rows that it is made of are called.
        made: the columns that it makes, each by its expression, all of them of what it reads.
        columns: every column of its rows, in order.
        groups: the columns in which the rows of a group are alike; none where each row stays one.
    """

    name: str
    title: str
    reads: str
    made: Mapping[str, str] = field(hash=False)
    columns: tuple[str, ...]
    groups: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The step as a query."""
        listed = ",\n  ".join(f"{self.made[name]} AS {name}" if name in self.made else name for name in self.columns)
        query = f"SELECT\n  {listed}\nFROM {self.reads}"
        return f"{query}\nGROUP BY {', '.join(self.groups)}" if self.groups else query


def _literal(text: str) -> str:
    # Without escapes: Glue pastes a query into a Python text, and neither says how it would treat a backslash in it.
    return f"'{text}'"


def _or_null(text: str) -> str:
    return f"NULLIF({text}, '')"


# --- B -------------------------------------------------------------------------------------------------------------------

_NEW_NAMES = {
    "acao": "nome_acao",
    "qtde_teorica": "quantidade_teorica_acoes",
    "participacao_pct": "percentual_participacao_ibov",
}
RENAMED = Step(
    name="renamed",
    title="B: refined names",
    reads=INPUT,
    made={
        "nome_acao": "acao",
        "quantidade_teorica_acoes": "CAST(qtde_teorica AS DOUBLE)",
        "percentual_participacao_ibov": "participacao_pct",
    },
    columns=tuple(_NEW_NAMES.get(name, name) for name in INPUT_COLUMNS),
)

# --- B3's texts ----------------------------------------------------------------------------------------------------------


def _part(position: int, width: int) -> str:
    return _or_null(f"TRIM(SUBSTRING(tipo, {position}, {width}))")


_CLASS = _part(1, TYPE_CLASS_WIDTH)
_LEVEL = _part(1 + TYPE_CLASS_WIDTH + TYPE_FLAGS_WIDTH, TYPE_LEVEL_WIDTH)

# Event flags come and go from day to day; grouping by the raw text would make groups come and go with them.
TYPES = Step(
    name="types",
    title="Type by its widths",
    reads=RENAMED.name,
    made={
        "classe": _CLASS,
        "eventos": _part(1 + TYPE_CLASS_WIDTH, TYPE_FLAGS_WIDTH),
        "segmento_listagem": _LEVEL,
        "tipo": f"CONCAT_WS(' ', {_CLASS}, {_LEVEL})",
    },
    columns=(*RENAMED.columns, "classe", "eventos", "segmento_listagem"),
)


_SPACES = "CONCAT('[ ', CHAR(9), CHAR(10), CHAR(11), CHAR(12), CHAR(13), ']+')"
"""As a regular expression: a space or one of the white characters by its number, once or more."""


def _sector_text() -> str:
    pattern, with_comma = SECTOR_WITH_COMMA
    one_space = f"REGEXP_REPLACE(TRIM(setor), {_SPACES}, ' ')"
    return f"REGEXP_REPLACE({one_space}, {_literal(pattern)}, {_literal(with_comma)})"


def _extract(pattern: str) -> str:
    return f"TRIM(REGEXP_EXTRACT({_sector_text()}, {_literal(pattern)}, 1))"


def _one_spelling(text: str) -> str:
    cases = " ".join(f"WHEN {_literal(loose)} THEN {_literal(one)}" for loose, one in SECTOR_SPELLINGS.items())
    return f"CASE {text} {cases} ELSE {text} END"


SECTORS = Step(
    name="sectors",
    title="Sector and subsector, spelt one way",
    reads=TYPES.name,
    made={
        "setor": _or_null(_one_spelling(_extract("^([^/]*)"))),
        "subsetor": _or_null(_extract("^[^/]*/(.*)$")),
    },
    columns=(*TYPES.columns, "subsetor"),
)

# --- C -------------------------------------------------------------------------------------------------------------------

_COLLECTED_ON = f"TO_DATE(FROM_UTC_TIMESTAMP(timestamp_coleta, {_literal(B3_TIME_ZONE)}))"
REFINED = Step(
    name="refined",
    title="C: days since the collection",
    reads=SECTORS.name,
    made={"dias_desde_coleta": f"CAST(GREATEST(DATEDIFF({REFERENCE_DATE}, {_COLLECTED_ON}), 0) AS INT)"},
    columns=(INDEX, *(column.name for column in REFINED_COLUMNS)),
)

# --- A -------------------------------------------------------------------------------------------------------------------

SUMMARY = Step(
    name="summary",
    title="A: by sector and class",
    reads=REFINED.name,
    made={
        "quantidade_teorica_total": "SUM(quantidade_teorica_acoes)",
        "participacao_media": "AVG(percentual_participacao_ibov)",
        "participacao_total": "SUM(percentual_participacao_ibov)",
        "total_acoes": "COUNT(*)",
    },
    columns=(INDEX, *(column.name for column in SUMMARY_COLUMNS)),
    groups=(INDEX, SESSION, "setor", "classe"),
)

STEPS = (RENAMED, TYPES, SECTORS, REFINED, SUMMARY)
"""In the order in which they are applied."""
