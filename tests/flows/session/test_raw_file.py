"""A portfolio as the raw Parquet file, and back."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.keys import ContractError
from expectations.contract.statement import Statement
from expectations.contract.tables import RAW_COLUMNS
from flows.b3.portfolio import MAX_RECORDS, Portfolio
from flows.session.raw_file import METADATA_KEY, RAW_SCHEMA, RawFacts, decode, encode

SAO_PAULO = timezone(timedelta(hours=-3))


@pytest.fixture
def facts(small: Portfolio, eight_o_clock: datetime) -> RawFacts:
    return RawFacts.of(small, eight_o_clock, ["landing/a.json.gz", "landing/b.json.gz"])


def test_the_rows_come_back_as_b3_stated_them(small: Portfolio, facts: RawFacts) -> None:
    rows = decode(encode(small, facts)).table.to_pylist()
    assert rows[0] == {
        "codigo": "ALOS3",
        "acao": "ALLOS",
        "tipo": "ON  ED  NM",
        "setor": "Financ e Outros / Explor Imóveis",
        "qtde_teorica": 476_976_044,
        "participacao_pct": 0.509,
        "data_pregao": date(2025, 6, 30),
        "timestamp_coleta": datetime(2025, 6, 30, 11, tzinfo=UTC),
    }
    assert rows[2]["setor"] is None
    assert [row["codigo"] for row in rows] == ["ALOS3", "ABEV3", "BPAC11"]


def test_the_facts_come_back_as_they_were(small: Portfolio, facts: RawFacts) -> None:
    assert decode(encode(small, facts)).facts == facts


def test_quantities_beyond_32_bits_stay_exact(small: Portfolio, facts: RawFacts) -> None:
    large = replace(small, holdings=(replace(small.holdings[0], qtde_teorica=2**62 + 1),))
    assert decode(encode(large, facts)).table["qtde_teorica"].to_pylist() == [2**62 + 1]


def test_the_schema_is_the_contract_s_columns(small: Portfolio, facts: RawFacts) -> None:
    table = decode(encode(small, facts)).table
    assert table.schema == RAW_SCHEMA
    assert RAW_SCHEMA.names == [column.name for column in RAW_COLUMNS]
    assert [field.nullable for field in RAW_SCHEMA] == [column.nullable for column in RAW_COLUMNS]


def test_the_physical_types_are_those_of_a_parquet_reader_s_choice(small: Portfolio, facts: RawFacts) -> None:
    schema = pq.ParquetFile(io.BytesIO(encode(small, facts))).schema
    types = {schema.column(n).name: schema.column(n).physical_type for n in range(len(schema))}
    assert (types["qtde_teorica"], types["participacao_pct"]) == ("INT64", "DOUBLE")
    assert (types["data_pregao"], types["timestamp_coleta"]) == ("INT32", "INT64")


def test_the_same_input_is_the_same_bytes(sample: Portfolio, eight_o_clock: datetime) -> None:
    files = {
        encode(sample, RawFacts.of(sample, instant, []))
        for instant in (eight_o_clock, eight_o_clock.astimezone(SAO_PAULO))
    }
    assert len(files) == 1


def test_another_instant_of_collection_is_another_file(sample: Portfolio, eight_o_clock: datetime) -> None:
    later = eight_o_clock + timedelta(seconds=1)
    assert encode(sample, RawFacts.of(sample, eight_o_clock, [])) != encode(sample, RawFacts.of(sample, later, []))


def test_the_facts_are_the_portfolio_s(small: Portfolio, facts: RawFacts) -> None:
    assert (facts.fingerprint, facts.has_sectors) == (small.fingerprint(), True)
    assert facts.statement == small.statement
    assert facts.payloads == ("landing/a.json.gz", "landing/b.json.gz")


class TestFacts:
    @given(
        st.dates(),
        st.datetimes(timezones=st.just(UTC)),
        st.none() | st.integers(1, MAX_RECORDS),
        st.decimals(min_value=0, max_value=10**9, places=8),
        st.lists(st.text(), max_size=3),
    )
    def test_read_back_as_they_were_written(
        self, session: date, collected_at: datetime, records: int | None, divisor: Decimal, payloads: list[str]
    ) -> None:
        statement = Statement("IBOV", session, records, 10**12, Decimal("100.000"), divisor)
        facts = RawFacts(statement, "json", collected_at, "f" * 64, has_sectors=False, payloads=tuple(payloads))
        assert RawFacts.from_json(facts.to_json()) == facts

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"session": "30/06/25"}, id="a date of another form"),
            pytest.param({"divisor": "x"}, id="a divisor that is no number"),
            pytest.param({"collected_at": None}, id="no instant"),
            pytest.param({"unknown": 1}, id="a fact more"),
        ],
    )
    def test_that_cannot_be_read_are_refused_in_one_line(self, facts: RawFacts, change: dict[str, object]) -> None:
        with pytest.raises(ContractError, match="raw metadata: not readable") as refused:
            RawFacts.from_json(json.dumps(json.loads(facts.to_json()) | change))
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("text", ["", "[]", "{}", "null", '"text"', "1", b"\xff"])
    def test_that_are_none_are_refused(self, text: str | bytes) -> None:
        with pytest.raises(ContractError, match="raw metadata: not readable"):
            RawFacts.from_json(text)


class TestDecoding:
    @pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 100, b"PAR1" + b"\0" * 50 + b"PAR1"])
    def test_what_is_no_parquet_is_refused(self, content: bytes) -> None:
        with pytest.raises(ContractError, match="raw file: not Parquet"):
            decode(content)

    def test_a_file_that_was_cut_short_is_refused(self, small: Portfolio, facts: RawFacts) -> None:
        with pytest.raises(ContractError, match="raw file: not Parquet"):
            decode(encode(small, facts)[:-10])

    @pytest.mark.parametrize("metadata", [{}, {b"other": b"{}"}])
    def test_a_parquet_file_of_somebody_else_is_refused(self, metadata: dict[bytes, bytes]) -> None:
        target = io.BytesIO()
        pq.write_table(pa.table({"a": [1]}).replace_schema_metadata(metadata), target)
        with pytest.raises(ContractError, match="its metadata lacks 'bovespa'"):
            decode(target.getvalue())

    def test_facts_that_cannot_be_read_are_refused(self) -> None:
        target = io.BytesIO()
        pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({METADATA_KEY: b"no"}), target)
        with pytest.raises(ContractError, match="raw metadata: not readable"):
            decode(target.getvalue())
