"""What the flows keep in S3: payloads that are never overwritten, raw versions, and publication records."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from expectations.contract.keys import ContractError, published_key, raw_key
from expectations.contract.names import RAW_BUCKET, REFINED_BUCKET
from flows.b3.payload import Payload
from flows.b3.portfolio import Portfolio
from flows.errors import AwsError
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import (
    Publication,
    find_raw,
    land,
    read_bytes,
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

    def test_keeps_the_bytes_as_received(self, s3: S3Client, payload: Payload) -> None:
        key = land(s3, RAW_BUCKET, payload)
        stored = s3.get_object(Bucket=RAW_BUCKET, Key=key)
        assert key == payload.key()
        assert gzip.decompress(stored["Body"].read()) == b"what B3 sent"
        assert stored["Metadata"] == {"collected-at": "2025-06-30T11:00:00+00:00"}

    def test_never_overwrites(self, s3: S3Client, payload: Payload) -> None:
        assert land(s3, RAW_BUCKET, payload) == land(s3, RAW_BUCKET, payload)
        assert len(s3.list_object_versions(Bucket=RAW_BUCKET)["Versions"]) == 1

    def test_that_fails_names_the_payload(self, s3: S3Client, payload: Payload) -> None:
        with pytest.raises(AwsError, match=r"keeping the payload s3://no-such-bucket/landing/undated/.*NoSuchBucket"):
            land(s3, "no-such-bucket", payload)

    def test_tries_again_when_another_write_is_under_way_whose_end_is_unknown(self, payload: Payload) -> None:
        # 409, unlike 412, does not say that the object is there: S3 asks for another upload (API reference, PutObject).
        busy = Busy()
        land(busy, RAW_BUCKET, payload)
        assert busy.stored == [payload.packed()]


class Busy:
    """S3 that is busy with the key at the first attempt, and stores at the second."""

    def __init__(self) -> None:
        self.attempts = 0
        self.stored: list[bytes] = []

    def put_object(self, *, Body: bytes, **_: object) -> None:  # noqa: N803 - AWS's name
        self.attempts += 1
        if self.attempts == 1:
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict", "Message": "busy"}}, "PutObject")
        self.stored.append(Body)


class TestRaw:
    def test_version_that_was_uploaded_is_found_again(self, s3: S3Client, small: Portfolio, facts: RawFacts) -> None:
        uploaded = upload_raw(s3, RAW_BUCKET, encode(small, facts), facts)
        assert find_raw(s3, RAW_BUCKET, "IBOV", SESSION) == uploaded
        assert (uploaded.key, uploaded.fingerprint, uploaded.has_sectors) == (
            raw_key("IBOV", SESSION),
            small.fingerprint(),
            True,
        )

    @pytest.mark.parametrize(("of_batch", "stated"), [(True, "batch"), (False, None)])
    def test_version_of_a_batch_says_so_in_its_metadata(
        self,
        s3: S3Client,
        small: Portfolio,
        facts: RawFacts,
        of_batch: bool,  # noqa: FBT001
        stated: str | None,
    ) -> None:
        version = upload_raw(s3, RAW_BUCKET, encode(small, facts), facts, of_batch=of_batch)
        head = s3.head_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)
        assert head["Metadata"].get("etl") == stated
        assert find_raw(s3, RAW_BUCKET, facts.index, facts.session) == version

    def test_session_that_was_never_uploaded_has_none(self, s3: S3Client) -> None:
        assert find_raw(s3, RAW_BUCKET, "IBOV", SESSION) is None

    def test_version_is_a_new_one_with_every_upload(self, s3: S3Client, small: Portfolio, facts: RawFacts) -> None:
        content = encode(small, facts)
        first, second = (upload_raw(s3, RAW_BUCKET, content, facts) for _ in range(2))
        assert first.version_id != second.version_id
        assert find_raw(s3, RAW_BUCKET, "IBOV", SESSION) == second

    def test_file_is_read_of_exactly_the_version_that_is_asked_for(
        self, s3: S3Client, small: Portfolio, facts: RawFacts
    ) -> None:
        other = small.restated(divisor=small.statement.divisor + 1)
        first = upload_raw(s3, RAW_BUCKET, encode(small, facts), facts)
        upload_raw(s3, RAW_BUCKET, encode(other, facts), RawFacts.of(other, facts.collected_at, []))
        assert read_raw(s3, first).facts == facts

    def test_object_of_somebody_else_covers_nothing(self, s3: S3Client, facts: RawFacts) -> None:
        s3.put_object(Bucket=RAW_BUCKET, Key=raw_key("IBOV", SESSION), Body=b"x")
        found = find_raw(s3, RAW_BUCKET, "IBOV", SESSION)
        assert found is not None
        assert not found.covers(facts)

    def test_object_that_is_no_raw_file_is_refused(self, s3: S3Client, facts: RawFacts) -> None:
        version = upload_raw(s3, RAW_BUCKET, b"x", facts)
        with pytest.raises(ContractError, match="raw file: not Parquet"):
            read_raw(s3, version)

    def test_version_covers_the_same_figures_and_no_fewer_sectors(
        self, s3: S3Client, small: Portfolio, facts: RawFacts
    ) -> None:
        plain = replace(facts, has_sectors=False)
        version = upload_raw(s3, RAW_BUCKET, encode(small, facts), facts)
        assert version.covers(facts)
        assert version.covers(plain)
        assert not upload_raw(s3, RAW_BUCKET, encode(small, plain), plain).covers(facts)

    def test_version_covers_no_other_figures(self, s3: S3Client, small: Portfolio, facts: RawFacts) -> None:
        version = upload_raw(s3, RAW_BUCKET, encode(small, facts), facts)
        assert not version.covers(replace(facts, fingerprint="another"))

    def test_upload_that_fails_names_the_object(self, s3: S3Client, facts: RawFacts) -> None:
        with pytest.raises(AwsError, match=r"uploading s3://no-such-bucket/raw-data/.*NoSuchBucket"):
            upload_raw(s3, "no-such-bucket", b"x", facts)

    def test_question_that_fails_is_not_taken_for_an_absence(self, s3: S3Client) -> None:
        s3.put_object(Bucket=RAW_BUCKET, Key="x", Body=b"x")
        with pytest.raises(AwsError, match="reading s3://"):
            read_bytes(s3, RAW_BUCKET, "absent")


class TestPublication:
    def test_reads_back_as_it_was_written(self, s3: S3Client) -> None:
        write_publication(s3, REFINED_BUCKET, PUBLICATION)
        assert read_publication(s3, REFINED_BUCKET, "IBOV", SESSION) == PUBLICATION

    def test_that_replaces_another_tells_which_raw_versions_were_published_before(self, s3: S3Client) -> None:
        second = replace(PUBLICATION, raw_version_id="v2", history=PUBLICATION.history_before("v2"))
        third = replace(second, raw_version_id="v3", history=second.history_before("v3"))
        write_publication(s3, REFINED_BUCKET, third)
        found = read_publication(s3, REFINED_BUCKET, "IBOV", SESSION)
        assert found == third
        assert [item.raw_version_id for item in third.versions] == ["v3", "v2", "v1"]
        assert third.history[-1].published_at == PUBLICATION.published_at

    def test_of_the_same_raw_version_again_adds_nothing_to_the_history(self) -> None:
        assert PUBLICATION.history_before("v1") == ()

    def test_that_was_written_without_a_history_has_none(self, s3: S3Client) -> None:
        body = {name: getattr(PUBLICATION, name) for name in PUBLICATION.__slots__ if name != "history"}
        s3.put_object(Bucket=REFINED_BUCKET, Key=published_key("IBOV", SESSION), Body=json.dumps(body).encode())
        assert read_publication(s3, REFINED_BUCKET, "IBOV", SESSION) == PUBLICATION

    def test_of_a_session_that_is_not_published_is_none(self, s3: S3Client) -> None:
        write_publication(s3, REFINED_BUCKET, PUBLICATION)
        assert read_publication(s3, REFINED_BUCKET, "IBOV", date(2025, 7, 1)) is None
        assert read_publication(s3, REFINED_BUCKET, "IBXX", SESSION) is None

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"history": 1}', b'{"index": "IBOV"}', b"\xff"])
    def test_that_cannot_be_read_is_refused(self, s3: S3Client, body: bytes) -> None:
        s3.put_object(Bucket=REFINED_BUCKET, Key=published_key("IBOV", SESSION), Body=body)
        with pytest.raises(ContractError, match="not a publication record"):
            read_publication(s3, REFINED_BUCKET, "IBOV", SESSION)

    def test_covers_the_same_figures_and_no_fewer_sectors(self, facts: RawFacts) -> None:
        plain = replace(PUBLICATION, fingerprint=facts.fingerprint, has_sectors=False)
        assert not plain.covers(facts)
        assert plain.covers(replace(facts, has_sectors=False))
        assert replace(plain, has_sectors=True).covers(facts)
        assert not PUBLICATION.covers(facts)

    def test_that_cannot_be_written_names_the_record(self, s3: S3Client) -> None:
        with pytest.raises(AwsError, match="recording s3://no-such-bucket/published/ibov/"):
            write_publication(s3, "no-such-bucket", PUBLICATION)
