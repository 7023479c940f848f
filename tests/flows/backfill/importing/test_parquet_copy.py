"""Raw Parquet of similar pipelines: read without loss, or refused for what it may have lost."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.b3.portfolio import same_figures
from flows.backfill.importing.files import NO_HINTS, Found, Hints, ImportConflict, ImportProblem, SourceFile
from flows.backfill.importing.parquet_copy import read_parquet
from flows.errors import PayloadError
from flows.session.raw_file import RawFacts, encode
from local.b3.formats import pt_br

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio

Columns = dict[str, Any]
NAME = "ibov_20250630.parquet"


def columns_of(portfolio: Portfolio) -> Columns:
    """A portfolio as another pipeline keeps it."""
    holdings = portfolio.holdings
    return {
        "cod": [h.codigo for h in holdings],
        "asset": [h.acao for h in holdings],
        "type": [h.tipo for h in holdings],
        "theoricalQty": [h.qtde_teorica for h in holdings],
        "part": [float(h.participacao_pct) for h in holdings],
    }


def parquet(columns: Columns, name: str = NAME) -> SourceFile:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return SourceFile(name, target.getvalue())


def only(file: SourceFile, hints: Hints = NO_HINTS) -> Found:
    (found,) = read_parquet(file, hints)
    return found


class TestReading:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda columns: columns, id="numbers"),
            pytest.param(
                lambda columns: (
                    columns
                    | {
                        "theoricalQty": [pt_br(value) for value in columns["theoricalQty"]],
                        "part": [f"{value:.3f}".replace(".", ",") for value in columns["part"]],
                    }
                ),
                id="B3's texts",
            ),
            pytest.param(
                lambda columns: (
                    columns
                    | {
                        "theoricalQty": [float(value) for value in columns["theoricalQty"]],
                        "part": [Decimal(str(value)) for value in columns["part"]],
                    }
                ),
                id="doubles and decimals",
            ),
            pytest.param(
                lambda columns: columns | {"type": [" ".join(value.split()) for value in columns["type"]]},
                id="one blank where B3 has several",
            ),
        ],
    )
    def test_tells_the_same_portfolio_however_its_cells_are_typed(
        self, sample: Portfolio, change: Callable[[Columns], Columns]
    ) -> None:
        found = only(parquet(change(columns_of(sample))))
        assert same_figures(found.portfolio, sample)
        assert (found.portfolio.statement.divisor, found.collected_at, found.b3_states_session) == (None, None, False)

    @pytest.mark.parametrize(
        "value", [date(2025, 6, 30), datetime(2025, 6, 30, tzinfo=UTC), "2025-06-30", "30/06/25"], ids=str
    )
    def test_takes_the_session_from_its_column(self, sample: Portfolio, value: object) -> None:
        columns = columns_of(sample) | {"data_pregao": [value] * len(sample.holdings)}
        assert only(parquet(columns, "ibov.parquet")).portfolio.session == date(2025, 6, 30)

    def test_whose_column_and_name_contradict_each_other_is_a_conflict_that_its_owner_decides(
        self, sample: Portfolio
    ) -> None:
        file = parquet(columns_of(sample) | {"data": ["2025-06-30"] * len(sample.holdings)}, "ibov_20250701.parquet")
        with pytest.raises(ImportConflict, match=r"name says 2025-07-01, its content is of session 2025-06-30"):
            only(file)
        found = only(file, Hints(session=date(2025, 6, 30)))
        assert (found.portfolio.session, found.insisted) == (date(2025, 6, 30), True)

    def test_named_by_a_day_without_trading_when_b3_showed_the_next_session_is_no_contradiction(
        self, sample: Portfolio
    ) -> None:
        columns = columns_of(sample) | {"data": ["2025-06-30"] * len(sample.holdings)}
        assert only(parquet(columns, "ibov_2025-06-28.parquet")).portfolio.session == date(2025, 6, 30)

    @pytest.mark.parametrize(
        "name",
        ["date=2025-06-30/ibov.parquet", "2025-06-30/ibov.parquet", "ibov_30-06-25.parquet", "ibov 30.06.2025.parquet"],
    )
    def test_takes_the_session_from_its_folder_or_its_name(self, sample: Portfolio, name: str) -> None:
        found = only(parquet(columns_of(sample), name))
        assert (found.portfolio.session, found.b3_states_session) == (date(2025, 6, 30), False)

    def test_takes_b3s_header_for_the_session_before_any_other_date(self, sample: Portfolio) -> None:
        size = len(sample.holdings)
        columns = columns_of(sample) | {"date": ["2025-06-28"] * size, "header_date": ["30/06/25"] * size}
        assert only(parquet(columns, "ibov.parquet")).portfolio.session == date(2025, 6, 30)

    def test_takes_the_session_that_its_owner_says_where_nothing_else_does(self, sample: Portfolio) -> None:
        found = only(parquet(columns_of(sample), "ibov.parquet"), Hints(session=date(2025, 6, 30)))
        assert (found.portfolio.session, found.insisted) == (date(2025, 6, 30), True)

    def test_reads_a_type_whose_widths_were_lost_by_its_meaning(self, sample: Portfolio) -> None:
        columns = columns_of(sample)
        columns["type"] = [" ".join(tipo.split()) for tipo in columns["type"]]
        assert same_figures(only(parquet(columns)).portfolio, sample)

    @pytest.mark.parametrize("divisor", [15453473.1480, 15453473.0, 15453473.15])
    def test_of_a_divisor_that_was_cut_is_refused(self, sample: Portfolio, divisor: float) -> None:
        with pytest.raises(PayloadError, match="lost some of B3's eight decimals"):
            only(parquet(columns_of(sample) | {"redutor": [divisor] * len(sample.holdings)}))

    def test_of_a_divisor_that_a_double_cannot_hold_has_none(self, sample: Portfolio) -> None:
        columns = columns_of(sample) | {"redutor": [446877653.55717026] * len(sample.holdings)}
        assert only(parquet(columns)).portfolio.statement.divisor is None

    def test_of_several_sessions_is_several_portfolios(self, sample: Portfolio) -> None:
        size = len(sample.holdings)
        columns = {name: values * 2 for name, values in columns_of(sample).items()}
        columns["data"] = [date(2025, 6, 30)] * size + [date(2025, 7, 1)] * size
        found = list(read_parquet(parquet(columns, "two.ibov.parquet"), NO_HINTS))
        assert [item.portfolio.session for item in found] == [date(2025, 6, 30), date(2025, 7, 1)]
        assert [len(item.portfolio.holdings) for item in found] == [size, size]

    def test_tells_the_instant_of_the_collection_by_the_earliest_of_its_rows(self, sample: Portfolio) -> None:
        instants = [
            datetime(2025, 6, 30, 11, 0, second % 60, 5, tzinfo=UTC) for second, _ in enumerate(sample.holdings)
        ]
        found = only(parquet(columns_of(sample) | {"timestamp_coleta": instants}))
        assert found.collected_at == datetime(2025, 6, 30, 11, tzinfo=UTC)

    def test_takes_b3s_totals_where_its_rows_repeat_them(self, sample: Portfolio) -> None:
        size = len(sample.holdings)
        totals = {"redutor": ["15.453.473,14801835"] * size, "quantidade_teorica_total": [1] * size}
        stated = only(parquet(columns_of(sample) | totals)).portfolio.statement
        assert (stated.divisor, stated.total_quantity) == (sample.statement.divisor, 1)

    def test_of_this_pipeline_has_all_that_b3_stated(self, sample: Portfolio, eight_o_clock: datetime) -> None:
        facts = RawFacts.of(sample, eight_o_clock, [])
        found = only(SourceFile("any.parquet", encode(sample, facts)))
        assert found.portfolio.fingerprint() == sample.fingerprint()
        assert (found.portfolio.statement.total_records, found.collected_at) == (84, eight_o_clock)
        assert found.b3_states_session

    def test_of_this_pipeline_and_another_index_is_refused(self, sample: Portfolio, eight_o_clock: datetime) -> None:
        content = encode(sample, RawFacts.of(sample, eight_o_clock, []))
        with pytest.raises(ImportConflict, match="of IBOV, IBXX"):
            only(SourceFile("any.parquet", content), Hints("IBXX"))


class TestDamage:
    """What public copies of this data suffered, as far as a file shows it by itself; gate 1 sees the rest."""

    @pytest.mark.parametrize(
        ("column", "values", "reason"),
        [
            pytest.param("theoricalQty", pa.int32(), "quantities exceed 32 bits", id="quantities cut to 32 bits"),
            pytest.param("part", pa.float32(), "may have been rounded", id="shares in single precision"),
        ],
    )
    def test_of_a_lossy_type_is_refused(self, sample: Portfolio, column: str, values: pa.DataType, reason: str) -> None:
        columns = columns_of(sample)
        columns[column] = pa.array([1] * len(sample.holdings), values)
        with pytest.raises(ImportProblem, match=reason):
            only(parquet(columns))

    @pytest.mark.parametrize(
        ("column", "value", "reason"),
        [
            pytest.param("theoricalQty", None, "qtde_teorica", id="a quantity is null"),
            pytest.param("theoricalQty", 0.5, "not a whole number", id="half a share"),
            pytest.param("theoricalQty", float("inf"), "no number", id="an endless quantity"),
            pytest.param("theoricalQty", 1e300, "no number", id="a gigantic quantity"),
            pytest.param("part", 2.66612, "more than three decimals", id="a computed share"),
            pytest.param("part", float("nan"), "no number", id="a share that is no number"),
            pytest.param("cod", None, "codigo", id="a code is null"),
            pytest.param("asset", "x" * 200, "acao", id="an endless name"),
        ],
    )
    def test_in_a_cell_is_refused_with_its_row(
        self, sample: Portfolio, column: str, value: object, reason: str
    ) -> None:
        columns = columns_of(sample)
        if column == "theoricalQty":
            columns[column] = [float(number) for number in columns[column]]
        columns[column][3] = value
        with pytest.raises(PayloadError, match=f"row 4.*{reason}"):
            only(parquet(columns))

    @pytest.mark.parametrize("text", ["0.620", "2,666,1", "620"])
    def test_in_a_text_of_a_share_is_refused(self, sample: Portfolio, text: str) -> None:
        columns = columns_of(sample) | {"part": [text] * len(sample.holdings)}
        with pytest.raises(PayloadError, match="participacao_pct"):
            only(parquet(columns))

    def test_without_any_session_is_refused(self, sample: Portfolio) -> None:
        with pytest.raises(ImportProblem, match="tells the session"):
            only(parquet(columns_of(sample), "ibov.parquet"))

    @pytest.mark.parametrize(
        "session", [date(1, 1, 1), date(1999, 12, 31), date(2069, 1, 1), date(9999, 12, 31)], ids=str
    )
    def test_of_another_century_is_refused(self, sample: Portfolio, session: date) -> None:
        size = len(sample.holdings)
        with pytest.raises(PayloadError, match="not of this century"):
            only(parquet(columns_of(sample) | {"data": [session] * size}))
        instant = datetime(session.year, session.month, session.day)  # noqa: DTZ001 - as a file without zones has it
        with pytest.raises(PayloadError, match="not of this century"):
            only(parquet(columns_of(sample) | {"timestamp_coleta": [instant] * size}))

    @pytest.mark.parametrize("column", ["cod", "redutor", "theoricalQty"])
    def test_of_lists_for_cells_is_refused(self, sample: Portfolio, column: str) -> None:
        with pytest.raises(ImportProblem, match="plain cells"):
            only(parquet(columns_of(sample) | {column: [["x"]] * len(sample.holdings)}))

    def test_of_an_instant_that_python_cannot_hold_is_refused(self, sample: Portfolio) -> None:
        instants = pa.array([2**62] * len(sample.holdings), pa.timestamp("us"))
        with pytest.raises(ImportProblem, match="cannot hold"):
            only(parquet(columns_of(sample) | {"timestamp_coleta": instants}))

    def test_without_rows_is_refused(self) -> None:
        empty = {name: pa.array([], pa.string()) for name in ("cod", "asset", "type", "theoricalQty", "part")}
        with pytest.raises(ImportProblem, match="no rows"):
            only(parquet(empty))

    def test_of_two_totals_is_refused(self, sample: Portfolio) -> None:
        columns = columns_of(sample) | {"redutor": [float(number) for number, _ in enumerate(sample.holdings)]}
        with pytest.raises(ImportProblem, match="divisor: 84 values"):
            only(parquet(columns))

    @pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 100, b"codigo;acao"])
    def test_of_the_whole_file_is_refused(self, content: bytes) -> None:
        with pytest.raises(ImportProblem, match="not Parquet"):
            only(SourceFile(NAME, content))
