"""Keys that listings are read by: seals, leases, files of prices, rows of the ledger, and the sessions of published files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import keys, names, tables
from expectations.contract.keys import ContractError, QuotesLandingKey, SessionName
from expectations.contract.outcomes import Outcome
from expectations.contract.partitions import index_prefix, ledger_values, partition_prefix, session_of_key
from tests.strategies import INDICES, SESSIONS

MONDAY = date(2025, 6, 30)
NIGHT = datetime(2025, 6, 30, 22, 30, 5, tzinfo=timezone(timedelta(hours=-3)))  # of July 1st in UTC
DIGEST = "0123456789ab" + "c" * 52
SEAL = "published/ibov/year=2025/month=06/day=30/seal"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time is not UTC."""
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
def test_instants_in_keys_are_of_utc_wherever_the_machine_is() -> None:
    assert keys.landing_key("IBOV", None, NIGHT, "json", 1, DIGEST) == (
        "landing/undated/ibov_20250701T013005Z_p001_0123456789ab.json.gz"
    )
    assert keys.report_prefix("IBOV", MONDAY, NIGHT) == (
        "reports/ibov/year=2025/month=06/day=30/20250701T013005000000Z/"
    )
    assert keys.ledger_prefix(NIGHT) == "execucoes-data/year=2025/month=07/"
    assert ledger_values(NIGHT) == ("2025", "7")


class TestSealsAndLeases:
    def test_are_the_documented_ones(self) -> None:
        assert keys.seal_key("IBOV", MONDAY) == SEAL
        assert keys.lease_key("IBOV", MONDAY) == "leases/ibov/year=2025/month=06/day=30/lease"
        assert keys.monthly_lease_key("IBOV") == "leases/ibov/monthly"

    @pytest.mark.parametrize("made", [lambda index: keys.seal_key(index, MONDAY), keys.monthly_lease_key])
    def test_are_of_codes_only(self, made: object) -> None:
        with pytest.raises(ContractError):
            made("../x")  # type: ignore[operator]

    @given(INDICES, SESSIONS)
    def test_a_seal_is_read_back_as_its_session(self, index: str, session: date) -> None:
        assert keys.read_seal_key(keys.seal_key(index, session)) == SessionName(index, session)

    @pytest.mark.parametrize(
        "key", ["", f"{SEAL}ed", f"x{SEAL}", SEAL.replace("day=30", "day=31"), SEAL.replace("ibov", "IBOV")]
    )
    def test_what_is_no_seal_is_none(self, key: str) -> None:
        assert keys.read_seal_key(key) is None


class TestFilesOfPrices:
    @pytest.mark.parametrize(
        ("code", "kind", "key"),
        [
            ("A2025", "zip", "landing/cotahist/A2025/0123456789ab.zip"),
            ("M062025", "txt", "landing/cotahist/M062025/0123456789ab.txt.gz"),
            ("D30062025", "html", "landing/cotahist/D30062025/0123456789ab.html"),
            (None, "html", "landing/cotahist/undated/0123456789ab.html"),
        ],
    )
    def test_have_the_documented_keys_and_are_read_back(self, code: str | None, kind: str, key: str) -> None:
        assert keys.quotes_landing_key(code, DIGEST, kind) == key
        assert keys.read_quotes_landing_key(key) == QuotesLandingKey(code, "0123456789ab", kind, key)

    @pytest.mark.parametrize(
        "key",
        [
            "landing/cotahist/A2025/0123456789ab.txt",
            "landing/cotahist/A2025/0123456789ab.zip.gz",
            "landing/cotahist/A2025/0123456789ab.html.gz",
            "landing/cotahist/A25/0123456789ab.zip",
            "landing/cotahist/A2025/0123456789AB.zip",
            "landing/cotahist/A2025/0123456789ab.csv",
            "xlanding/cotahist/A2025/0123456789ab.zip",
        ],
    )
    def test_what_is_none_of_them_is_none(self, key: str) -> None:
        assert keys.read_quotes_landing_key(key) is None


@pytest.mark.parametrize(
    ("key", "digest", "same"),
    [
        (f"landing/undated/ibov_20250701T013005Z_p001_{DIGEST[:12]}.json.gz", DIGEST, True),
        (f"landing/undated/ibov_20250701T013005Z_p001_{DIGEST[:12]}.json.gz", DIGEST[1:] + "0", False),
        (f"landing/_{DIGEST[:12]}./ibov_20250701T013005Z_p001_ba9876543210.json.gz", DIGEST, False),
        (f"landing/undated/ibov_20250701T013005Z_p001_x{DIGEST[:12]}.json.gz", DIGEST, False),
    ],
    ids=["its own", "another's", "of the folder", "of a longer name"],
)
def test_a_payload_s_key_is_of_the_bytes_whose_digest_its_name_has(
    key: str,
    digest: str,
    same: bool,  # noqa: FBT001
) -> None:
    assert keys.is_landing_digest(key, digest) is same


def test_a_row_without_warnings_says_none() -> None:
    started = datetime(2025, 6, 30, 11, tzinfo=UTC)
    key = keys.attempt_key("IBOV", MONDAY, Outcome.PUBLISHED, started, started, "0a")
    assert "-w" not in key
    found = keys.read_attempt_key(key)
    assert found
    assert found.warnings == 0


@pytest.mark.usefixtures("elsewhere")
def test_a_row_s_instant_is_of_utc_whatever_the_machine_s_clock_shows() -> None:
    ended, day = datetime(2025, 10, 30, 11, 0, 5, tzinfo=UTC), date(2025, 10, 30)
    key = keys.attempt_key("IBOV", day, Outcome.PUBLISHED, ended, ended, "0a")
    assert "_20251030T110005" in key
    found = keys.read_attempt_key(key)
    assert found
    assert (found.session, found.ended_at) == (day, ended)


class TestClaims:
    def test_of_the_longest_version_that_a_key_holds_is_taken_and_of_a_longer_one_refused(self) -> None:
        longest = "v" * (1024 - len(names.CLAIMS_PREFIX))
        assert len(keys.claim_key(longest)) == 1024
        with pytest.raises(ContractError):
            keys.claim_key(f"{longest}v")

    def test_of_letters_that_look_like_quoting_is_quoted(self) -> None:
        assert keys.claim_key("X/%") == f"{names.CLAIMS_PREFIX}X%2F%25"

    def test_outside_its_prefix_is_none(self) -> None:
        assert keys.claimed_version("v1") is None
        assert keys.claimed_version(f"other/{names.CLAIMS_PREFIX}v1") is None


class TestSessionsOfFiles:
    def test_lie_below_the_table_s_folder_or_the_index_s(self) -> None:
        assert index_prefix(tables.REFINED_TABLE, "IBOV") == "refined-data/"
        assert index_prefix(tables.INDICES_REFINED_TABLE, "IBXX").endswith("/indice=IBXX/")
        with pytest.raises(ContractError):
            index_prefix(tables.INDICES_REFINED_TABLE, None)

    @given(st.sampled_from(["IBOV", "IBXX"]), SESSIONS)
    def test_a_file_is_of_the_session_in_whose_folder_it_lies(self, index: str, session: date) -> None:
        table = tables.refined_table(index)
        key = partition_prefix(table, index, session) + "part-00000.parquet"
        assert session_of_key(table, index, key) == session
        assert session_of_key(tables.summary_table(index), index, key) is None
        assert session_of_key(table, index, f"x{key}") is None
        assert session_of_key(table, index, f"x{key[1:]}") is None
        assert session_of_key(table, index, key.replace("day=", "day=x")) is None

    def test_of_a_day_that_is_none_it_is_of_no_session(self) -> None:
        assert (
            session_of_key(tables.REFINED_TABLE, "IBOV", "refined-data/year=2025/month=06/day=31/part.parquet") is None
        )
