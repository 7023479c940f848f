"""What the flows keep in S3: payloads that are never overwritten, raw versions, and publication records."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest

from expectations.contract.keys import ContractError, published_key, raw_key
from expectations.contract.names import RAW_BUCKET
from flows.b3.payload import Payload
from flows.b3.portfolio import Portfolio
from flows.errors import AwsError
from flows.lake.s3 import Bucket
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import (
    Publication,
    find_raw,
    land,
    read_publication,
    read_raw,
    upload_raw,
    write_publication,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SESSION = date(2025, 6, 30)
PUBLICATION = Publication(
    index="IBOV",
    session="2025-06-30",
    published_at="2025-06-30T11:05:00+00:00",
    fingerprint="f",
    has_sectors=True,
    raw_version_id="v1",
    run_id="jr_1",
    rows=84,
    summary_rows=30,
)


@pytest.fixture
def facts(small: Portfolio, eight_o_clock: datetime) -> RawFacts:
    return RawFacts.of(small, eight_o_clock, ["landing/a"])


class TestLanding:
    @pytest.fixture
    def payload(self, eight_o_clock: datetime) -> Payload:
        return Payload("IBOV", "json", 1, b"what B3 sent", eight_o_clock, "http://b3")

    def test_keeps_the_bytes_as_received(self, s3: S3Client, raw: Bucket, payload: Payload) -> None:
        key = land(raw, payload)
        stored = s3.get_object(Bucket=RAW_BUCKET, Key=key)
        assert key == payload.key()
        assert gzip.decompress(stored["Body"].read()) == b"what B3 sent"
        assert stored["Metadata"] == {"collected-at": "2025-06-30T11:00:00+00:00"}

    def test_never_overwrites(self, s3: S3Client, raw: Bucket, payload: Payload) -> None:
        assert land(raw, payload) == land(raw, payload)
        assert len(s3.list_object_versions(Bucket=RAW_BUCKET)["Versions"]) == 1

    def test_that_fails_names_the_payload(self, raw: Bucket, payload: Payload) -> None:
        with pytest.raises(AwsError, match=r"writing s3://no-such-bucket/landing/undated/.*NoSuchBucket"):
            land(replace(raw, name="no-such-bucket"), payload)


class TestRaw:
    def test_version_that_was_uploaded_is_found_again(self, raw: Bucket, small: Portfolio, facts: RawFacts) -> None:
        uploaded = upload_raw(raw, encode(small, facts), facts)
        assert find_raw(raw, "IBOV", SESSION) == uploaded
        assert (uploaded.key, uploaded.fingerprint, uploaded.has_sectors) == (
            raw_key("IBOV", SESSION),
            small.fingerprint(),
            True,
        )

    @pytest.mark.parametrize(("of_batch", "stated"), [(True, "batch"), (False, None)])
    def test_version_of_a_batch_says_so_in_its_metadata(
        self,
        s3: S3Client,
        raw: Bucket,
        small: Portfolio,
        facts: RawFacts,
        of_batch: bool,  # noqa: FBT001
        stated: str | None,
    ) -> None:
        version = upload_raw(raw, encode(small, facts), facts, of_batch=of_batch)
        head = s3.head_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)
        assert head["Metadata"].get("etl") == stated
        assert find_raw(raw, facts.index, facts.session) == version

    def test_session_that_was_never_uploaded_has_none(self, raw: Bucket) -> None:
        assert find_raw(raw, "IBOV", SESSION) is None

    def test_version_is_a_new_one_with_every_upload(self, raw: Bucket, small: Portfolio, facts: RawFacts) -> None:
        content = encode(small, facts)
        first, second = (upload_raw(raw, content, facts) for _ in range(2))
        assert first.version_id != second.version_id
        assert find_raw(raw, "IBOV", SESSION) == second

    def test_file_is_read_of_exactly_the_version_that_is_asked_for(
        self, raw: Bucket, small: Portfolio, facts: RawFacts
    ) -> None:
        other = small.restated(divisor=small.statement.divisor + 1)
        first = upload_raw(raw, encode(small, facts), facts)
        upload_raw(raw, encode(other, facts), RawFacts.of(other, facts.collected_at, []))
        assert read_raw(raw, first).facts == facts

    def test_object_of_somebody_else_covers_nothing(self, raw: Bucket, facts: RawFacts) -> None:
        raw.put(raw_key("IBOV", SESSION), b"x")
        found = find_raw(raw, "IBOV", SESSION)
        assert found is not None
        assert not found.covers(facts)

    def test_object_that_is_no_raw_file_is_refused(self, raw: Bucket, facts: RawFacts) -> None:
        version = upload_raw(raw, b"x", facts)
        with pytest.raises(ContractError, match="raw file: not Parquet"):
            read_raw(raw, version)

    def test_version_covers_the_same_figures_and_no_fewer_sectors(
        self, raw: Bucket, small: Portfolio, facts: RawFacts
    ) -> None:
        plain = replace(facts, has_sectors=False)
        version = upload_raw(raw, encode(small, facts), facts)
        assert version.covers(facts)
        assert version.covers(plain)
        assert not upload_raw(raw, encode(small, plain), plain).covers(facts)

    def test_version_covers_no_other_figures(self, raw: Bucket, small: Portfolio, facts: RawFacts) -> None:
        version = upload_raw(raw, encode(small, facts), facts)
        assert not version.covers(replace(facts, fingerprint="another"))

    def test_upload_that_fails_names_the_object(self, raw: Bucket, facts: RawFacts) -> None:
        with pytest.raises(AwsError, match=r"writing s3://no-such-bucket/raw-data/.*NoSuchBucket"):
            upload_raw(replace(raw, name="no-such-bucket"), b"x", facts)

    def test_question_that_fails_is_not_taken_for_an_absence(self, raw: Bucket) -> None:
        with pytest.raises(AwsError, match=r"looking for s3://no-such-bucket/raw-data/"):
            find_raw(replace(raw, name="no-such-bucket"), "IBOV", SESSION)


class TestPublication:
    def test_reads_back_as_it_was_written(self, refined: Bucket) -> None:
        write_publication(refined, PUBLICATION)
        assert read_publication(refined, "IBOV", SESSION) == PUBLICATION

    def test_that_replaces_another_tells_which_raw_versions_were_published_before(self, refined: Bucket) -> None:
        second = replace(PUBLICATION, raw_version_id="v2", history=PUBLICATION.history_before("v2"))
        third = replace(second, raw_version_id="v3", history=second.history_before("v3"))
        write_publication(refined, third)
        found = read_publication(refined, "IBOV", SESSION)
        assert found == third
        assert [item.raw_version_id for item in third.versions] == ["v3", "v2", "v1"]
        assert third.history[-1].published_at == PUBLICATION.published_at

    def test_of_the_same_raw_version_again_adds_nothing_to_the_history(self) -> None:
        assert PUBLICATION.history_before("v1") == ()

    def test_that_was_written_without_a_history_has_none(self, refined: Bucket) -> None:
        body = {name: getattr(PUBLICATION, name) for name in PUBLICATION.__slots__ if name != "history"}
        refined.put(published_key("IBOV", SESSION), json.dumps(body).encode())
        assert read_publication(refined, "IBOV", SESSION) == PUBLICATION

    def test_of_a_session_that_is_not_published_is_none(self, refined: Bucket) -> None:
        write_publication(refined, PUBLICATION)
        assert read_publication(refined, "IBOV", date(2025, 7, 1)) is None
        assert read_publication(refined, "IBXX", SESSION) is None

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"history": 1}', b'{"index": "IBOV"}', b"\xff"])
    def test_that_cannot_be_read_is_refused(self, refined: Bucket, body: bytes) -> None:
        refined.put(published_key("IBOV", SESSION), body)
        with pytest.raises(ContractError, match="not a publication record"):
            read_publication(refined, "IBOV", SESSION)

    def test_covers_the_same_figures_and_no_fewer_sectors(self, facts: RawFacts) -> None:
        plain = replace(PUBLICATION, fingerprint=facts.fingerprint, has_sectors=False)
        assert not plain.covers(facts)
        assert plain.covers(replace(facts, has_sectors=False))
        assert replace(plain, has_sectors=True).covers(facts)
        assert not PUBLICATION.covers(facts)

    def test_that_cannot_be_written_names_the_record(self, refined: Bucket) -> None:
        with pytest.raises(AwsError, match="writing s3://no-such-bucket/published/ibov/"):
            write_publication(replace(refined, name="no-such-bucket"), PUBLICATION)
