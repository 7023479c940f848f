"""Gate 1 against the nearest sessions of the index: what no header's total shows.

Between rebalancings quantities, classes, levels, names and sectors of a share stay, but for corporate events, and weights move
every day. So a quantity that was cut to 32 bits, two shares that exchanged theirs, and one session's figures under another's
date are seen beside a neighbour. A neighbour may itself be the wrong one: what speaks against every neighbour is refused, what
speaks against one of them is a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.b3_texts import TYPE_CLASS_WIDTH, TYPE_FLAGS_WIDTH
from expectations.gates.gate import CRITICAL, WARNING, Check

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

FEW_CHANGES = 3  # quantities that may change without a flag: singly they do (SBSP3 on 2024-07-31)
ALL, SOME, NONE = "all neighbours", "one of the neighbours", "none"

_WRAP = 2**32
_LEVEL_AT = TYPE_CLASS_WIDTH + TYPE_FLAGS_WIDTH
_MOST = 0.5  # of the shares, whose classes or levels do not all change in one night


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A published session of the same index.

    Attributes:
        rows: its raw rows, with the contract's raw columns.
        rebalanced: whether the index was rebalanced between the two sessions, so that quantities are not comparable.
    """

    session: date
    rows: pd.DataFrame
    rebalanced: bool


Against = Callable[["pd.DataFrame"], "pd.Series[bool]"]


def neighbour_checks(rows: pd.DataFrame, neighbours: Sequence[Neighbour]) -> list[Check]:
    """The checks of a session's raw rows against its nearest published sessions; none where there are no such.

    Args:
        rows: the session's raw rows, with the contract's raw columns.
        neighbours: the published sessions before and after it.
    """
    if not neighbours or rows.empty:
        return []
    comparable = [neighbour for neighbour in neighbours if not neighbour.rebalanced]
    frame = rows[["codigo", "qtde_teorica", "tipo", "acao", "setor"]].assign(
        corte_32_bits=_spoken(rows, neighbours, _is_cut),
        troca_quantidade=_spoken(rows, comparable, _has_exchanged("qtde_teorica")),
        troca_setor=_spoken(rows, neighbours, _has_exchanged("setor")),
        outra_classe_ou_nivel=_spoken(rows, neighbours, _has_other_kind),
        outro_nome=_spoken(rows, neighbours, _has_other("acao")),
        outro_setor=_spoken(rows, neighbours, _has_other("setor")),
    )
    return [
        Check("raw.neighbours", _summaries(rows, neighbours), _summary_expectations(), ("vizinho",)),
        Check("raw.against-neighbours", frame, _row_expectations(), ("codigo",)),
    ]


# --- what each share's row says against a neighbour's ----------------------------------------------------------------------


def beside(rows: pd.DataFrame, neighbour: Neighbour) -> pd.DataFrame:
    """The session's rows in their order, with the neighbour's cells beside them (`…_vizinho`); missing for a new share."""
    there = neighbour.rows.drop_duplicates("codigo").set_index("codigo")[["qtde_teorica", "tipo", "acao", "setor"]]
    return rows.join(there.add_suffix("_vizinho"), on="codigo")


def _spoken(rows: pd.DataFrame, neighbours: Sequence[Neighbour], against: Against) -> pd.Series[str]:
    """By row: whether it speaks against all of the neighbours that have the share, some of them, or none."""
    import pandas as pd  # noqa: PLC0415 - not at import: the Glue job imports this package's contract

    compared = [beside(rows, neighbour) for neighbour in neighbours]
    there = pd.DataFrame({number: item["qtde_teorica_vizinho"].notna() for number, item in enumerate(compared)})
    found = pd.DataFrame({number: against(item).astype(bool) for number, item in enumerate(compared)})
    spoken = pd.Series(NONE, index=rows.index, dtype=object)
    if compared:
        spoken[found.any(axis=1)] = SOME
        spoken[found.any(axis=1) & (found.sum(axis=1) == there.sum(axis=1))] = ALL
    return spoken


def _is_cut(compared: pd.DataFrame) -> pd.Series[bool]:
    difference = compared["qtde_teorica"] - compared["qtde_teorica_vizinho"]
    return (difference.notna()) & (difference != 0) & (difference % _WRAP == 0)


def _has_exchanged(column: str) -> Against:
    """Whether another share has the neighbour's cell of this one, and this one the neighbour's of that one."""
    import pandas as pd  # noqa: PLC0415

    def against(compared: pd.DataFrame) -> pd.Series[bool]:
        here, there = compared[column], compared[f"{column}_vizinho"]
        moved = here.notna() & there.notna() & (here != there)
        pairs = set(zip(here[moved], there[moved], strict=True))
        back = pd.Series([(was, now) in pairs for now, was in zip(here, there, strict=True)], index=compared.index)
        return moved & back

    return against


def _has_other(column: str) -> Against:
    def against(compared: pd.DataFrame) -> pd.Series[bool]:
        here, there = compared[column], compared[f"{column}_vizinho"]
        return here.notna() & there.notna() & (here != there)

    return against


def _has_other_kind(compared: pd.DataFrame) -> pd.Series[bool]:
    here, there = _kind(compared["tipo"]), _kind(compared["tipo_vizinho"])
    return there.notna() & (here != there)


def _kind(tipo: pd.Series[str]) -> pd.Series[str]:
    """Class and level, which stay; the event flags between them come and go."""
    return tipo.str[:TYPE_CLASS_WIDTH].str.rstrip() + "|" + tipo.str[_LEVEL_AT:]


def _row_expectations() -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415 - 2 s to import

    refused = {
        "corte_32_bits": "no quantity differs from {} by a multiple of 2^32",
        "troca_quantidade": "no two shares have exchanged their quantities of {}",
        "troca_setor": "no two shares have exchanged their sectors of {}",
    }
    warned = {
        "outra_classe_ou_nivel": "every share has its class and level of {}",
        "outro_nome": "every share has its name of {}",
        "outro_setor": "every share has its sector of {}",
    }
    demands = [
        *((column, text, [ALL], CRITICAL) for column, text in refused.items()),
        *((column, text, [SOME], WARNING) for column, text in refused.items()),
        *((column, text, [ALL, SOME], WARNING) for column, text in warned.items()),
    ]
    return [
        gxe.ExpectColumnValuesToNotBeInSet(
            column=column,
            value_set=values,
            severity=severity,
            notes=text.format("the neighbours" if ALL in values else "one of the neighbours"),
        )
        for column, text, values, severity in demands
    ]


# --- what the whole session says against a neighbour -----------------------------------------------------------------------


def _summaries(rows: pd.DataFrame, neighbours: Sequence[Neighbour]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame([_summary(rows, neighbour) for neighbour in neighbours])


def _summary(rows: pd.DataFrame, neighbour: Neighbour) -> dict[str, object]:
    compared = beside(rows, neighbour)
    common = int(compared["qtde_teorica_vizinho"].notna().sum())
    other_kinds = int(_has_other_kind(compared).sum())
    return {
        "vizinho": neighbour.session.isoformat(),
        "mesmos_pesos": _weights(rows) == _weights(neighbour.rows),
        "entraram_ou_sairam": _entered_or_left(rows, neighbour),
        "mudancas_sem_evento": 0 if neighbour.rebalanced else _changed_without_event(compared),
        "outras_classes_ou_niveis": bool(common) and other_kinds > _MOST * common,
    }


def _weights(rows: pd.DataFrame) -> list[tuple[str, float]]:
    return sorted(zip(rows["codigo"], rows["participacao_pct"].round(3), strict=True))


def _entered_or_left(rows: pd.DataFrame, neighbour: Neighbour) -> str:
    """The tickers that only one of the two has; none over a rebalancing, when many enter and leave."""
    return "" if neighbour.rebalanced else ", ".join(sorted(set(rows["codigo"]) ^ set(neighbour.rows["codigo"])))


def _changed_without_event(compared: pd.DataFrame) -> int:
    changed = compared["qtde_teorica_vizinho"].notna() & (compared["qtde_teorica"] != compared["qtde_teorica_vizinho"])
    flagged = compared["tipo"].str[TYPE_CLASS_WIDTH:_LEVEL_AT].str.strip() != ""
    return int((changed & ~flagged).sum())


def _summary_expectations() -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="mesmos_pesos",
            value_set=[False],
            severity=CRITICAL,
            notes="the weights are not those of another session, each of them: two sessions never have the same",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="outras_classes_ou_niveis",
            value_set=[False],
            severity=CRITICAL,
            notes="most shares have the class and level of the neighbours",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="entraram_ou_sairam",
            value_set=[""],
            severity=WARNING,
            notes="no share entered or left outside a rebalancing",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="mudancas_sem_evento",
            max_value=FEW_CHANGES,
            severity=WARNING,
            notes=f"at most {FEW_CHANGES} quantities changed without an event flag, outside a rebalancing",
        ),
    ]
