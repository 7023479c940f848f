"""Keys and paths: what is made of its parts is read back the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import keys, names, partitions, tables
from expectations.contract.keys import ContractError, SessionName
from expectations.contract.outcomes import Outcome, Verdict
from tests.strategies import INDICES, SESSIONS

MONDAY = date(2025, 6, 30)
VERDICTS = st.none() | st.sampled_from(Verdict)
MAYBE_SESSIONS = st.none() | SESSIONS
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
SOURCES = st.sampled_from(["json", "csv", "html", "parquet"])
DIGESTS = st.text("0123456789abcdef", min_size=12, max_size=64)

READERS: dict[str, Callable[[str], object]] = {
    "raw": keys.read_raw_key,
    "landing": keys.read_landing_key,
    "published": keys.read_published_key,
    "attempt": keys.read_attempt_key,
}
COLLECTED = datetime(2025, 6, 30, 11, 0, 5, tzinfo=UTC)
ENDED = datetime(2025, 7, 1, 3, 1, 5, 250, tzinfo=UTC)
KEYS = {
    "raw": keys.raw_key("IBOV", MONDAY),
    "landing": keys.landing_key("IBOV", MONDAY, COLLECTED, "json", 2, "abcdef0123456789"),
    "published": keys.published_key("IBOV", MONDAY),
    "attempt": keys.attempt_key("IBOV", MONDAY, Outcome.ALREADY_PUBLISHED, COLLECTED, ENDED, "abc123", warnings=2),
}
MADE = st.sampled_from(
    [
        *KEYS.values(),
        keys.landing_key("IBXX", None, COLLECTED, "html", 1, "0" * 64),
        keys.attempt_key("IBXX", None, Outcome.FAILED, COLLECTED, ENDED, "0f"),
    ]
)
CHARACTERS = st.sampled_from([*"0123456789abcdefwIpT_-/=.% \n", "٢", "", "é"])


def read(key: str) -> dict[str, object]:
    """What the readers that take a text for a key make of it, by the kind of key."""
    return {kind: found for kind, reader in READERS.items() if (found := reader(key)) is not None}


def made_again(kind: str, key: str, found: Any) -> str:  # noqa: ANN401 - what a reader gives
    """The key of what was read; the parts that a reader passes over are the text's own."""
    last = key.rpartition("_")[2]
    if kind == "landing":
        return keys.landing_key(
            found.index, found.session, found.collected_at, found.source, found.page, last.partition(".")[0]
        )
    if kind == "attempt":
        folder, unique = key.rpartition("/")[0], last.partition(".")[0]
        made = keys.attempt_key(
            found.index, found.session, found.outcome, COLLECTED, found.ended_at, unique, warnings=found.warnings
        )
        return f"{folder}/{made.rpartition('/')[2]}"
    return {"raw": keys.raw_key, "published": keys.published_key}[kind](found.index, found.session)


class TestRawKey:
    def test_is_the_documented_key(self) -> None:
        expected = "raw-data/year=2025/month=06/day=30/ibov_carteira_20250630.parquet"
        assert keys.raw_key("IBOV", MONDAY) == expected

    @given(INDICES, SESSIONS)
    def test_reads_back_as_the_index_and_session_it_was_made_of(self, index: str, session: date) -> None:
        assert keys.parse_raw_key(keys.raw_key(index, session)) == SessionName(index, session)

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
                "with one date in folder and name",
                id="folder and name disagree",
            ),
            pytest.param(
                "raw-data/year=2025/month=02/day=30/ibov_carteira_20250230.parquet",
                "expected raw-data/",
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
        assert str(refused.value).endswith("ibov_carteira_YYYYMMDD.parquet, with one date in folder and name")


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
            lambda: partitions.partition_prefix(tables.INDICES_REFINED_TABLE, index, MONDAY),
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


class TestRunKeys:
    def test_a_run_s_manifest_lies_in_its_own_staging_folder(self) -> None:
        assert keys.manifest_key("jr_1") == "staging/jr_1/manifest.json"
        assert keys.manifest_key("jr_1").startswith(keys.staging_prefix("jr_1"))

    def test_no_run_s_staging_folder_holds_another_s(self) -> None:
        assert not keys.staging_prefix("jr_12").startswith(keys.staging_prefix("jr_1"))

    def test_a_publication_record_lies_outside_every_table(self) -> None:
        key = keys.published_key("IBOV", MONDAY)
        assert key == "published/ibov/year=2025/month=06/day=30/publication.json"


class TestTimePrefixes:
    @pytest.mark.parametrize(
        ("since", "until", "expected"),
        [
            (date(2025, 6, 1), date(2025, 6, 30), ["p/year=2025/month=06/"]),
            (date(2025, 6, 30), date(2025, 7, 1), ["p/year=2025/month=06/", "p/year=2025/month=07/"]),
            (date(2024, 12, 31), date(2025, 1, 1), ["p/year=2024/month=12/", "p/year=2025/month=01/"]),
            (date(2024, 12, 31), date(2025, 12, 1), ["p/year=2024/", "p/year=2025/"]),
            (date(2025, 7, 1), date(2025, 6, 30), []),
        ],
    )
    def test_are_one_a_month_and_one_a_year_where_the_months_are_many(
        self, since: date, until: date, expected: list[str]
    ) -> None:
        assert keys.time_prefixes("p/", since, until) == expected

    def test_of_a_year_are_twelve(self) -> None:
        assert len(keys.time_prefixes("p/", date(2025, 1, 1), date(2025, 12, 31))) == 12

    @given(SESSIONS, INDICES)
    def test_hold_the_keys_of_their_sessions(self, session: date, index: str) -> None:
        (prefix,) = keys.time_prefixes("raw-data/", session, session)
        assert keys.raw_key(index, session).startswith(prefix)

    @given(SESSIONS, SESSIONS, SESSIONS)
    def test_hold_every_day_between_once_and_no_day_of_another_year(self, one: date, two: date, three: date) -> None:
        since, between, until = sorted((one, two, three))
        prefixes = keys.time_prefixes("raw-data/", since, until)
        of_day = [prefix for prefix in prefixes if keys.raw_key("IBOV", between).startswith(prefix)]
        assert len(of_day) == 1
        assert len(prefixes) == len(set(prefixes))
        assert {int(prefix.split("year=")[1][:4]) for prefix in prefixes} <= set(range(since.year, until.year + 1))


class TestReadingBack:
    """Whatever a key is made of is read back from it, by the reader of its kind alone; anything else is no key."""

    @given(INDICES, SESSIONS)
    def test_of_a_raw_key(self, index: str, session: date) -> None:
        key = keys.raw_key(index, session)
        assert read(key) == {"raw": SessionName(index, session)}

    @given(INDICES, SESSIONS)
    def test_of_a_publication_s_key(self, index: str, session: date) -> None:
        key = keys.published_key(index, session)
        assert read(key) == {"published": SessionName(index, session)}
        assert key.startswith(keys.published_prefix(index))

    @given(INDICES, MAYBE_SESSIONS, INSTANTS, SOURCES, st.integers(1, 999), DIGESTS)
    def test_of_a_payload_s_key(
        self, index: str, session: date | None, collected_at: datetime, source: str, page: int, digest: str
    ) -> None:
        key = keys.landing_key(index, session, collected_at, source, page, digest)
        whole = collected_at.replace(microsecond=0)
        assert read(key) == {"landing": keys.LandingKey(whole, source, page, key, index, session)}

    @given(
        INDICES, MAYBE_SESSIONS, st.sampled_from(Outcome), INSTANTS, INSTANTS, DIGESTS, st.integers(0, 10_000), VERDICTS
    )
    def test_of_an_attempt_s_key(  # noqa: PLR0913, PLR0917 - parts of the key
        self,
        index: str,
        session: date | None,
        outcome: Outcome,
        began: datetime,
        ended: datetime,
        unique: str,
        warnings: int,
        verdict: Verdict | None,
    ) -> None:
        key = keys.attempt_key(index, session, outcome, began, ended, unique, warnings=warnings, verdict=verdict)
        assert read(key) == {"attempt": keys.AttemptKey(index, session, outcome, ended, warnings, key, verdict)}
        assert key.startswith(keys.ledger_prefix(began))

    @given(INDICES, SESSIONS, INSTANTS, DIGESTS)
    def test_of_the_keys_that_nobody_reads_back_gives_none(
        self, index: str, session: date, instant: datetime, digest: str
    ) -> None:
        for key in (
            keys.lease_key(index, session),
            keys.batch_key(digest),
            keys.manifest_key(digest),
            keys.report_prefix(index, session, instant),
            keys.report_prefix(index, None, instant) + "summary.json",
            partitions.partition_prefix(tables.REFINED_TABLE, index, session, "VALE3") + names.PART_NAME,
            *(partitions.month_key(table, index, session) for table in tables.MONTHLY_TABLES),
        ):
            assert read(key) == {}, key

    @given(st.text() | st.from_regex(r"(raw-data|landing|published|execucoes-data)/.*"))
    def test_of_any_text_raises_nothing(self, text: str) -> None:
        assert set(read(text)) <= set(READERS)

    @given(MADE, st.data())
    def test_of_a_key_with_one_character_changed_is_none_or_that_other_key_itself(
        self, key: str, data: st.DataObject
    ) -> None:
        """What is read is what makes exactly that text again: no key is read two ways, and no text is nearly a key."""
        place = data.draw(st.integers(0, len(key)))
        other = key[:place] + data.draw(CHARACTERS) + key[place + data.draw(st.integers(0, 1)) :]
        for kind, found in read(other).items():
            assert made_again(kind, other, found) == other

    @pytest.mark.parametrize("kind", READERS)
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param("month=06", "month=13", id="a month of 13"),
            pytest.param("month=06", "month=00", id="a month of 0"),
            pytest.param("month=06", "month=6", id="a month unpadded"),
            pytest.param("year=2025", "year=0000", id="a year of 0"),
            pytest.param("year=2025", "year=٢٠٢٥", id="digits of another script"),
            pytest.param("2025063", "２０２５063", id="digits of full width"),  # noqa: RUF001 - meant
            pytest.param("ibov", "IBOV", id="capitals"),
            pytest.param("ibov", "1bov", id="no code"),
            pytest.param("ibov", "ib/v", id="a path"),
            pytest.param("year", "x/year", id="deeper"),
            pytest.param("year=2025/", "", id="a folder less"),
            pytest.param("/year=", "%2Fyear%3D", id="still URL-encoded"),
            pytest.param("-data", "-datas", id="another prefix"),
        ],
    )
    def test_of_what_is_nearly_a_key_is_none(self, kind: str, old: str, new: str) -> None:
        if old in KEYS[kind]:
            assert READERS[kind](KEYS[kind].replace(old, new)) is None

    @pytest.mark.parametrize("kind", READERS)
    @pytest.mark.parametrize(
        ("before", "after"), [("/", ""), ("x/", ""), (" ", ""), ("", "/"), ("", "\n"), ("", ".bak")]
    )
    def test_of_a_key_with_something_around_it_is_none(self, kind: str, before: str, after: str) -> None:
        assert READERS[kind](KEYS[kind]) is not None
        assert READERS[kind](before + KEYS[kind] + after) is None

    @pytest.mark.parametrize(
        "key",
        [
            pytest.param(KEYS["raw"].replace("day=30", "day=27"), id="raw: folder and name disagree"),
            pytest.param(
                KEYS["raw"].replace("month=06/day=30", "month=02/day=30").replace("0630", "0230"), id="raw: no day"
            ),
            pytest.param(KEYS["raw"].replace("parquet", "csv"), id="raw: another suffix"),
            pytest.param(KEYS["published"].replace("day=30", "day=31"), id="published: no day"),
            pytest.param(KEYS["published"].replace("/day=30", ""), id="published: no day's folder"),
            pytest.param(KEYS["landing"].replace("day=30", "day=31"), id="landing: no day"),
            pytest.param(KEYS["landing"].replace("T110005Z", "T250005Z"), id="landing: no hour"),
            pytest.param(KEYS["landing"].replace("_p002", "_p2"), id="landing: page unpadded"),
            pytest.param(KEYS["landing"].replace("abcdef012345", "ABCDEF012345"), id="landing: digest in capitals"),
            pytest.param(KEYS["attempt"].replace("_20250630_", "_20250631_"), id="attempt: no day"),
            pytest.param(KEYS["attempt"].replace("already-published", "lost"), id="attempt: no outcome"),
            pytest.param(KEYS["attempt"].replace("-w2", "-w"), id="attempt: no number of warnings"),
            pytest.param(KEYS["attempt"].replace("-w2", "-w02"), id="attempt: warnings padded"),
            pytest.param(KEYS["attempt"].replace("-w2", "-w0"), id="attempt: warnings that are none"),
            pytest.param(KEYS["attempt"].replace("T030105", "T250105"), id="attempt: no hour"),
            pytest.param(KEYS["attempt"].replace("abc123", "../abc"), id="attempt: a path"),
        ],
    )
    def test_of_what_says_what_cannot_be_is_none(self, key: str) -> None:
        assert key not in KEYS.values()
        assert read(key) == {}


class TestReports:
    def test_an_attempt_s_report_lies_below_its_session_and_its_beginning(self) -> None:
        began = datetime(2025, 6, 30, 8, 0, 1, 250_000, tzinfo=timezone(timedelta(hours=-3)))
        prefix = keys.report_prefix("IBOV", MONDAY, began)
        assert prefix == "reports/ibov/year=2025/month=06/day=30/20250630T110001250000Z/"
        assert keys.report_prefix("IBOV", None, began) == "reports/ibov/undated/20250630T110001250000Z/"

    def test_an_index_that_is_no_code_names_no_folder(self) -> None:
        with pytest.raises(ContractError):
            keys.report_prefix("../x", MONDAY, datetime(2025, 6, 30, tzinfo=UTC))

    def test_a_batch_s_list_is_named_by_its_digest(self) -> None:
        assert keys.batch_key("ab12") == "batches/ab12.json"


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
