"""Gate 1: the raw file is what B3 stated, before it is uploaded.

B3's own totals catch nearly every way in which public copies of this data got damaged: a page or a row lost, separators
misread, a quantity cut to 32 bits, two tickers merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from expectations.contract import tables
from expectations.contract.statement import Statement
from expectations.gates.gate import CRITICAL, WARNING, Check
from expectations.gates.raw_texts import lacks_levels, text_expectations, with_texts

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

GATE = "gate-1-raw"
THOUSANDTHS = "participacao_milesimos"

# Rows recorded from 2021 to 2026, and a quarter more to either side; indices that are not named may have 5 to 500.
PLAUSIBLE_ROWS = {
    "IBOV": (57, 115),
    "IBRA": (111, 224),
    "IBXX": (72, 129),
    "IBXL": (35, 67),
    "IDIV": (33, 67),
    "SMLL": (81, 150),
    "IFIX": (79, 147),
    "IBBR": (67, 115),
    "IBLV": (21, 35),
    "IBHB": (20, 35),
}
PLAUSIBLE_ROWS_ELSEWHERE = (5, 500)
FULL_SHARE = Decimal("100.000")

_MOST_32_BITS = 2**31 - 1  # what a quantity that was cut to 32 bits often is; 9 of 84 recorded ones exceed them


@dataclass(frozen=True, slots=True)
class RawContext:
    """What B3 states once for the whole portfolio, and what may be at the time of collection.

    Attributes:
        statement: B3's header.
        possible_sessions: the sessions that may be taken from an answer at the time of collection.
        current_sessions: those of them that B3 should be showing; the others are stale.
        in_calendar: whether the trading calendar has the session.
    """

    statement: Statement
    possible_sessions: Sequence[date]
    current_sessions: Sequence[date]
    in_calendar: bool


def raw_checks(
    frame: pd.DataFrame, schema: Sequence[str], expected_schema: Sequence[str], context: RawContext
) -> list[Check]:
    """The checks of gate 1.

    Args:
        frame: the raw file's rows, with the contract's raw columns.
        schema: the raw file's columns in order, each as `name: type`.
        expected_schema: what `schema` must be.
        context: what B3 states of the whole portfolio, and what may be at the time of collection.
    """
    import pandas as pd  # noqa: PLC0415 - not at import: the Glue job imports this package's contract

    stated = context.statement
    header = pd.DataFrame(
        {
            "session": [stated.session.isoformat()],
            "in_calendar": [context.in_calendar],
            "total_share": [str(stated.total_share)],
            "total_quantity": [stated.total_quantity],
            "lacks_levels": [lacks_levels(frame["tipo"])],
            "divisor": [None if stated.divisor is None else float(stated.divisor)],
        }
    )
    columns = pd.DataFrame({"column": [f"{number} {text}" for number, text in enumerate(schema)]})
    rows = with_texts(frame).assign(
        data_pregao=frame["data_pregao"].astype(str),
        timestamp_coleta=frame["timestamp_coleta"].astype(str),
        **{THOUSANDTHS: thousandths(frame["participacao_pct"])},
    )
    return [
        Check("raw.schema", columns, schema_expectations(expected_schema), ("column",)),
        Check("raw.header", header, _header_expectations(context), ("session",)),
        Check("raw.rows", rows, [*_row_expectations(stated), *_total_expectations(stated)], ("codigo",)),
    ]


def thousandths(percent: pd.Series[float]) -> pd.Series[int]:
    """Shares in percent as whole thousandths, so that their sum is exact; null where a share has more decimals."""
    scaled = percent * 1000
    whole = scaled.round()
    return whole.where((scaled - whole).abs() < 1e-6).astype("Int64")  # noqa: PLR2004 - far below one, far above rounding


def schema_expectations(expected: Sequence[str]) -> list[Expectation]:
    """The columns, their order and their types are the contract's, for a frame with the one column `column`."""
    import great_expectations.expectations as gxe  # noqa: PLC0415 - 2 s to import

    return [
        gxe.ExpectTableRowCountToEqual(
            value=len(expected), severity=CRITICAL, notes=f"the file has the contract's {len(expected)} columns"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="column",
            value_set=[f"{number} {text}" for number, text in enumerate(expected)],
            severity=CRITICAL,
            notes="every column has the contract's position, name and type",
        ),
    ]


def _header_expectations(context: RawContext) -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    possible = [session.isoformat() for session in context.possible_sessions]
    current = [session.isoformat() for session in context.current_sessions]
    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="session",
            value_set=possible,
            severity=CRITICAL,
            notes=f"the session is one that B3 may show at the time of collection ({' or '.join(current)}; a week late at most)",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="session",
            value_set=current,
            severity=WARNING,
            notes=f"the answer is not stale: its session is {' or '.join(current)}",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="in_calendar",
            value_set=[True],
            severity=WARNING,
            notes="the trading calendar has the session",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="lacks_levels", value_set=[False], severity=CRITICAL, notes="shares have their listing levels"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="total_share",
            value_set=[str(FULL_SHARE)],
            severity=CRITICAL,
            notes=f"the header's share is {FULL_SHARE}",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="total_quantity", min_value=1, severity=CRITICAL, notes="the header's quantity is positive"
        ),
        *_divisor_expectations(context.statement),
    ]


def _divisor_expectations(stated: Statement) -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    if stated.divisor is None:
        return []
    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="divisor", min_value=0, strict_min=True, severity=CRITICAL, notes="the divisor is positive"
        )
    ]


def _row_expectations(stated: Statement) -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    required = [column.name for column in tables.RAW_COLUMNS if not column.nullable]
    return [
        *(
            gxe.ExpectColumnValuesToNotBeNull(column=name, severity=CRITICAL, notes=f"no {name} is null")
            for name in [*required, THOUSANDTHS]
        ),
        gxe.ExpectColumnValuesToBeUnique(column="codigo", severity=CRITICAL, notes="no codigo stands twice"),
        *text_expectations(),
        gxe.ExpectColumnValuesToBeBetween(
            column="qtde_teorica", min_value=1, severity=CRITICAL, notes="every quantity is positive"
        ),
        gxe.ExpectColumnValuesToNotBeInSet(
            column="qtde_teorica", value_set=[_MOST_32_BITS], severity=CRITICAL, notes="no quantity was cut to 32 bits"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="participacao_pct", min_value=0, max_value=100, severity=CRITICAL, notes="every share is 0 to 100"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="data_pregao",
            value_set=[stated.session.isoformat()],
            severity=CRITICAL,
            notes="every data_pregao is the header's session",
        ),
        gxe.ExpectColumnUniqueValueCountToBeBetween(
            column="timestamp_coleta", min_value=1, max_value=1, severity=CRITICAL, notes="one timestamp_coleta"
        ),
    ]


def _total_expectations(stated: Statement) -> list[Expectation]:
    import great_expectations.expectations as gxe  # noqa: PLC0415

    least, most = PLAUSIBLE_ROWS.get(stated.index, PLAUSIBLE_ROWS_ELSEWHERE)
    share = int(stated.total_share * 1000)
    counted = (
        [
            gxe.ExpectTableRowCountToEqual(
                value=stated.total_records,
                severity=CRITICAL,
                notes=f"rows are B3's totalRecords, {stated.total_records}",
            )
        ]
        if stated.total_records is not None
        else []
    )
    return [
        *counted,
        gxe.ExpectTableRowCountToBeBetween(
            min_value=least,
            max_value=most,
            severity=CRITICAL,
            notes=f"the row count is plausible for {stated.index} ({least} to {most})",
        ),
        gxe.ExpectColumnSumToBeBetween(
            column="qtde_teorica",
            min_value=stated.total_quantity,
            max_value=stated.total_quantity,
            severity=CRITICAL,
            notes=f"quantities sum to the header's {stated.total_quantity}",
        ),
        gxe.ExpectColumnSumToBeBetween(
            column=THOUSANDTHS,
            min_value=share,
            max_value=share,
            severity=CRITICAL,
            notes=f"shares, in thousandths of a percent, sum to the header's {share}",
        ),
    ]
