"""Keys and paths: what is made of its parts is read back the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import keys, names, tables
from expectations.contract.keys import ContractError, RawObject

MONDAY = date(2025, 6, 30)
INDICES = st.from_regex(r"[A-Z][A-Z0-9]{3}", fullmatch=True)
SESSIONS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


class TestRawKey:
    def test_is_the_documented_key(self) -> None:
        expected = "raw-data/year=2025/month=06/day=30/ibov_carteira_20250630.parquet"
        assert keys.raw_key("IBOV", MONDAY) == expected

    @given(INDICES, SESSIONS)
    def test_reads_back_as_the_index_and_session_it_was_made_of(self, index: str, session: date) -> None:
        assert keys.parse_raw_key(keys.raw_key(index, session)) == RawObject(index, session)

    @given(INDICES, SESSIONS)
    def test_has_the_prefix_and_suffix_that_the_event_filters_on(self, index: str, session: date) -> None:
        key = keys.raw_key(index, session)
        assert key.startswith(names.RAW_PREFIX)
        assert key.endswith(names.RAW_SUFFIX)

    @pytest.mark.parametrize(
        ("key", "problem"),
        [
            pytest.param(
                "raw-data/year=2025/month=06/day=30/ibov_carteira_20250701.parquet",
                "the folder says 20250630, the file name 20250701",
                id="folder and name disagree",
            ),
            pytest.param(
                "raw-data/year=2025/month=02/day=30/ibov_carteira_20250230.parquet",
                "2025-02-30 is not a date",
                id="no day of the calendar",
            ),
            pytest.param(
                "landing/year=2025/month=06/day=30/ibov_carteira_20250630.parquet",
                "expected raw-data/",
                id="other prefix",
            ),
            pytest.param(
                "raw-data/year=2025/month=6/day=30/ibov_carteira_20250630.parquet",
                "expected raw-data/",
                id="month unpadded",
            ),
            pytest.param(
                "raw-data/year=2025/month=06/day=30/IBOV_carteira_20250630.parquet", "expected raw-data/", id="capitals"
            ),
            pytest.param(
                "raw-data/year=2025/month=06/day=30/ibov_carteira_20250630.csv", "expected raw-data/", id="other suffix"
            ),
            pytest.param(
                "raw-data/year%3D2025/month=06/day=30/ibov_carteira_20250630.parquet",
                "expected raw-data/",
                id="still URL-encoded",
            ),
            pytest.param(
                "raw-data/year=2025/month=06/day=30/x/ibov_carteira_20250630.parquet", "expected raw-data/", id="deeper"
            ),
            pytest.param(
                "raw-data/year=٢٠٢٥/month=06/day=30/ibov_carteira_20250630.parquet",
                "expected raw-data/",
                id="digits of another script",
            ),
            pytest.param("", "expected raw-data/", id="empty"),
        ],
    )
    def test_of_another_form_is_refused_by_name(self, key: str, problem: str) -> None:
        with pytest.raises(ContractError) as refused:
            keys.parse_raw_key(key)
        assert repr(key) in str(refused.value)
        assert problem in str(refused.value)


class TestIndexCode:
    @pytest.mark.parametrize("index", ["IBOV", "ICO2", "IBRA", "GPTW"])
    def test_of_a_code_s_form_is_returned_as_it_stands(self, index: str) -> None:
        assert keys.check_index(index) == index

    @pytest.mark.parametrize("index", ["ibov", "IBO", "IBOVX", "2BOV", "IB/V", "IBOV\n", "", "..%2"])
    def test_of_another_form_is_refused_wherever_a_key_is_made(self, index: str) -> None:
        for make in (
            lambda: keys.check_index(index),
            lambda: keys.raw_key(index, MONDAY),
            lambda: keys.published_key(index, MONDAY),
            lambda: keys.landing_key(index, MONDAY, datetime(2025, 6, 30, tzinfo=UTC), "json", 1, "0" * 64),
            lambda: keys.partition_prefix(tables.INDICES_REFINED_TABLE, index, MONDAY),
        ):
            with pytest.raises(ContractError, match="expected four capitals or digits"):
                make()


class TestLandingKey:
    COLLECTED = datetime(2025, 6, 30, 8, 0, 5, tzinfo=timezone(timedelta(hours=-3)))

    def test_names_the_session_the_instant_in_utc_the_page_the_digest_and_the_source(self) -> None:
        key = keys.landing_key("IBOV", MONDAY, self.COLLECTED, "json", 2, "abcdef0123456789")
        assert key == "landing/year=2025/month=06/day=30/ibov_20250630T110005Z_p002_abcdef012345.json.gz"

    def test_lies_below_undated_where_the_session_is_unknown(self) -> None:
        key = keys.landing_key("IBXX", None, self.COLLECTED, "html", 1, "abcdef0123456789")
        assert key == "landing/undated/ibxx_20250630T110005Z_p001_abcdef012345.html.gz"

    def test_never_starts_the_etl(self) -> None:
        key = keys.landing_key("IBOV", MONDAY, self.COLLECTED, "json", 1, "0" * 64)
        assert not key.startswith(names.RAW_PREFIX)


class TestPartition:
    def test_prefix_is_the_documented_folder(self) -> None:
        prefix = keys.partition_prefix(tables.REFINED_TABLE, "IBOV", MONDAY, "VALE3")
        assert prefix == "refined-data/year=2025/month=06/day=30/acao=VALE3/"

    def test_prefix_without_a_ticker_is_the_whole_session_s(self) -> None:
        whole = keys.partition_prefix(tables.REFINED_TABLE, "IBOV", MONDAY)
        assert whole == "refined-data/year=2025/month=06/day=30/"
        assert keys.partition_prefix(tables.REFINED_TABLE, "IBOV", MONDAY, "VALE3").startswith(whole)

    def test_prefix_names_the_index_in_the_tables_of_other_indices(self) -> None:
        prefix = keys.partition_prefix(tables.INDICES_SUMMARY_TABLE, "IBXX", MONDAY)
        assert prefix == "resumo-indices/indice=IBXX/year=2025/month=06/day=30/"

    def test_values_are_canonical_numbers_in_the_table_s_order(self) -> None:
        assert keys.partition_values(tables.REFINED_TABLE, "IBOV", MONDAY, "VALE3") == (
            "2025",
            "6",
            "30",
            "VALE3",
        )
        assert keys.partition_values(tables.INDICES_REFINED_TABLE, "IBXX", MONDAY) == ("IBXX", "2025", "6", "30")

    def test_values_without_the_ticker_that_the_table_needs_are_refused(self) -> None:
        with pytest.raises(ContractError, match="bovespa_refined_data: a partition needs a ticker"):
            keys.partition_values(tables.REFINED_TABLE, "IBOV", MONDAY)

    @given(INDICES, SESSIONS, st.from_regex(r"[A-Z0-9]{4}\d{1,2}", fullmatch=True))
    def test_prefix_and_values_say_the_same(self, index: str, session: date, ticker: str) -> None:
        for table in tables.TABLES:
            folders = keys.partition_prefix(table, index, session, ticker).removeprefix(table.prefix).split("/")[:-1]
            stated = dict(folder.split("=") for folder in folders)
            values = keys.partition_values(table, index, session, ticker)
            assert list(stated) == [column.name for column in table.partitions]
            assert [text.lstrip("0") for text in stated.values()] == [text.lstrip("0") for text in values]


class TestRunKeys:
    def test_a_run_s_manifest_lies_in_its_own_staging_folder(self) -> None:
        assert keys.manifest_key("jr_1") == "staging/jr_1/manifest.json"
        assert keys.manifest_key("jr_1").startswith(keys.staging_prefix("jr_1"))

    def test_no_run_s_staging_folder_holds_another_s(self) -> None:
        assert not keys.staging_prefix("jr_12").startswith(keys.staging_prefix("jr_1"))

    def test_a_publication_record_lies_outside_every_table(self) -> None:
        key = keys.published_key("IBOV", MONDAY)
        assert key == "published/ibov/year=2025/month=06/day=30/publication.json"


class TestPublicationKeys:
    @given(INDICES, SESSIONS)
    def test_a_records_key_tells_its_session(self, index: str, session: date) -> None:
        key = keys.published_key(index, session)
        assert key.startswith(keys.published_prefix(index))
        assert keys.published_session(key) == session

    @pytest.mark.parametrize(
        "key",
        [
            "published/ibov/year=2025/month=02/day=30/publication.json",
            "published/ibov/year=2025/month=06/day=30/publication.json.bak",
            "published/ibov/year=2025/month=06/publication.json",
            "other/ibov/year=2025/month=06/day=30/publication.json",
        ],
    )
    def test_another_key_tells_none(self, key: str) -> None:
        assert keys.published_session(key) is None

    def test_the_lease_of_the_monthly_tables_is_the_indexs(self) -> None:
        assert keys.monthly_lease_key("IBXX") == "leases/ibxx/monthly/lease"
        with pytest.raises(ContractError):
            keys.monthly_lease_key("../x")


class TestMonthPrefixes:
    @pytest.mark.parametrize(
        ("since", "until", "expected"),
        [
            (date(2025, 6, 1), date(2025, 6, 30), ["p/year=2025/month=06/"]),
            (date(2025, 6, 30), date(2025, 7, 1), ["p/year=2025/month=06/", "p/year=2025/month=07/"]),
            (date(2024, 12, 31), date(2025, 1, 1), ["p/year=2024/month=12/", "p/year=2025/month=01/"]),
        ],
    )
    def test_are_one_a_month(self, since: date, until: date, expected: list[str]) -> None:
        assert keys.month_prefixes("p/", since, until) == expected

    def test_of_a_year_are_twelve(self) -> None:
        assert len(keys.month_prefixes("p/", date(2025, 1, 1), date(2025, 12, 31))) == 12

    @given(SESSIONS, INDICES)
    def test_hold_the_keys_of_their_sessions(self, session: date, index: str) -> None:
        (prefix,) = keys.month_prefixes("raw-data/", session, session)
        assert keys.raw_key(index, session).startswith(prefix)


class TestClaimKey:
    def test_is_below_the_claims_prefix_and_has_no_further_folder(self) -> None:
        assert (
            keys.claim_key("3/L4kqtJlcpXrof3vjVBH40Nr8X8gdRQBpUMLUo")
            == "claims/3%2FL4kqtJlcpXrof3vjVBH40Nr8X8gdRQBpUMLUo"
        )

    @given(st.text(min_size=1, max_size=80).filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text)))
    def test_reads_back_as_the_version_it_was_made_of(self, version_id: str) -> None:
        key = keys.claim_key(version_id)
        assert keys.claimed_version(key) == version_id
        assert "/" not in key.removeprefix(names.CLAIMS_PREFIX)

    @given(st.text())
    def test_anything_else_is_no_claims_key(self, text: str) -> None:
        version_id = keys.claimed_version(text)
        assert version_id is None or keys.claim_key(version_id) == text

    @pytest.mark.parametrize(
        "key", ["", "claims/", "claims/a/b", "claims/%2", "claims/%ff", "raw-data/v1", "claims/a b"]
    )
    def test_a_key_that_no_version_has_is_none(self, key: str) -> None:
        assert keys.claimed_version(key) is None

    @pytest.mark.parametrize("version_id", ["", "\ud800", "v" * 1020])
    def test_an_id_that_s3_does_not_give_is_refused(self, version_id: str) -> None:
        with pytest.raises(ContractError, match="version id"):
            keys.claim_key(version_id)
