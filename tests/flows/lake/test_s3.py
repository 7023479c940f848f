"""A bucket: what is there is told from what is not and from what could not be asked, and conditions hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.contract.names import REFINED_BUCKET
from flows.errors import AwsError, WriteConflict
from flows.lake.s3 import Bucket, ObjectInfo, StoredObject, Written, etag_of
from tests.flows import in_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

NOWHERE = "no-such-bucket"


def refusal(code: str, operation: str = "PutObject") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "as told"}}, operation)


class Changed:
    """S3 but for one operation, which answers (or refuses) as it is told to, call by call."""

    def __init__(self, s3: S3Client, operation: str, *answers: Exception | dict[str, Any] | None) -> None:
        self._s3, self._operation, self._answers = s3, operation, [*answers]
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a client's
        return self._answer if name == self._operation else getattr(self._s3, name)

    def _answer(self, **request: Any) -> Any:  # noqa: ANN401 - boto3's
        self.calls.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if answer is not None else getattr(self._s3, self._operation)(**request)

    def bucket(self, name: str) -> Bucket:
        return Bucket(cast("S3Client", self), name)


class TestListing:
    def test_brings_every_object_below_the_prefix_by_key(self, refined: Bucket) -> None:
        for key in ("a/2", "a/1", "ab/1", "b/1"):
            refined.put(key, key.encode())
        found = list(refined.objects("a/"))
        assert [item.key for item in found] == ["a/1", "a/2"]
        assert [item.size for item in found] == [3, 3]
        assert [item.etag for item in found] == [refined.look(key).etag for key in ("a/1", "a/2")]  # type: ignore[union-attr]
        assert all(item.stored_at.tzinfo for item in found)

    def test_goes_on_over_all_pages(self, s3: S3Client, refined: Bucket) -> None:
        class Paged(Changed):
            def get_paginator(self, name: str) -> Any:  # noqa: ANN401 - boto3's
                pages = s3.get_paginator(name)  # type: ignore[call-overload]
                paginate = pages.paginate
                pages.paginate = lambda **request: paginate(**request, PaginationConfig={"PageSize": 2})
                return pages

        keys = [f"x/{number}/y" for number in range(5)]
        for key in keys:
            refined.put(key, b"")
        paged = Paged(s3, "none").bucket(refined.name)
        assert [item.key for item in paged.objects("x/")] == keys
        assert paged.folders("x/") == ["0", "1", "2", "3", "4"]

    def test_of_several_prefixes_keeps_their_order(self, refined: Bucket) -> None:
        for key in ("a/1", "b/1", "c/1"):
            refined.put(key, b"")
        assert [item.key for item in refined.objects_below(["c/", "a/", "d/"])] == ["c/1", "a/1"]

    def test_of_folders_tells_their_names_and_no_objects(self, refined: Bucket) -> None:
        for key in ("p/year=2024/a", "p/year=2025/a", "p/year=2025/b", "p/file"):
            refined.put(key, b"")
        assert refined.folders("p/") == ["year=2024", "year=2025"]

    @pytest.mark.parametrize("ask", [lambda bucket: [*bucket.objects("a/")], lambda bucket: bucket.folders("a/")])
    def test_that_fails_is_an_error_of_aws_that_names_the_prefix(
        self, raw: Bucket, ask: Callable[[Bucket], object]
    ) -> None:
        with pytest.raises(AwsError, match=rf"listing s3://{NOWHERE}/a/: .*NoSuchBucket"):
            ask(replace(raw, name=NOWHERE))


class TestReading:
    @given(st.binary(max_size=300), st.dictionaries(st.sampled_from(["a", "b-c"]), st.sampled_from(["", "x", "true"])))
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_brings_back_what_was_put(self, raw: Bucket, body: bytes, metadata: dict[str, str]) -> None:
        written = raw.put("x", body, kind="text/plain", metadata=metadata)
        found = raw.find("x")
        assert found is not None
        assert (found.body, dict(found.info.metadata)) == (body, metadata)
        assert Written(found.info.etag, found.info.version_id) == written
        assert raw.look("x") == found.info
        assert raw.read("x") == body

    def test_is_of_exactly_the_version_that_is_asked_for(self, raw: Bucket) -> None:
        first, second = raw.put("x", b"first"), raw.put("x", b"second")
        assert raw.read("x", first.version_id) == b"first"
        assert raw.read("x") == b"second"
        assert [raw.look("x", item.version_id).etag for item in (first, second)] == [first.etag, second.etag]  # type: ignore[union-attr]

    def test_of_a_bucket_without_versions_is_of_its_one_version(self, refined: Bucket) -> None:
        assert refined.put("x", b"x").version_id == "null"
        found = refined.look("x")
        assert found is not None
        assert found.version_id == "null"

    def test_tells_when_s3_stored_it(self, raw: Bucket) -> None:
        raw.put("x", b"")
        found = raw.look("x")
        assert found is not None
        assert abs((found.stored_at - datetime.now(UTC)).total_seconds()) < 60

    def test_of_what_is_not_there_is_none(self, raw: Bucket) -> None:
        raw.put("xy", b"")
        assert raw.find("x") is None
        assert raw.look("x") is None

    def test_of_what_must_be_there_names_what_is_not(self, raw: Bucket) -> None:
        with pytest.raises(AwsError, match=rf"reading s3://{raw.name}/x: it is not there"):
            raw.read("x")

    @pytest.mark.parametrize(("method", "operation"), [("find", "get_object"), ("look", "head_object")])
    @pytest.mark.parametrize("code", ["403", "AccessDenied", "Forbidden"])
    def test_that_is_denied_is_decided_by_the_listing(
        self, s3: S3Client, raw: Bucket, method: str, operation: str, code: str
    ) -> None:
        """For a missing key S3 answers 403 where the caller may not list the bucket; a policy may deny the key itself."""
        raw.put("xy", b"")
        denied = Changed(s3, operation, refusal(code, "GetObject")).bucket(raw.name)
        assert getattr(denied, method)("x") is None
        raw.put("x", b"")
        with pytest.raises(AwsError, match=f"s3://{raw.name}/x: .*{code}"):
            getattr(denied, method)("x")

    @pytest.mark.parametrize(("method", "operation"), [("find", "get_object"), ("look", "head_object")])
    def test_that_is_denied_like_the_listing_is_an_error_and_no_absence(
        self, s3: S3Client, raw: Bucket, method: str, operation: str
    ) -> None:
        shut = Changed(
            cast("S3Client", Changed(s3, operation, refusal("403"))), "list_objects_v2", refusal("AccessDenied")
        )
        with pytest.raises(AwsError, match=f"s3://{raw.name}/x: .*AccessDenied"):
            getattr(shut.bucket(raw.name), method)("x")

    def test_of_bytes_that_are_not_those_of_s3_s_checksum_brings_none_back(self, refined: Bucket) -> None:
        etag = refined.put("key", b"as put").etag
        found = refined.find("key")
        assert found
        assert (found.body, found.is_whole) == (b"as put", True)
        in_memory.rot(REFINED_BUCKET, "key", b"as rot")
        spoilt = refined.find("key")
        assert spoilt
        assert (spoilt.body, spoilt.is_whole, spoilt.info.etag) == (b"", False, etag)

    @pytest.mark.parametrize(
        ("etag", "whole"), [("13d5e2ba5d82bb54dfd80d7eb0e0d5c6", False), ("13d5e2ba5d82bb54dfd80d7eb0e0d5c6-2", True)]
    )
    def test_of_an_upload_in_parts_has_an_etag_that_tells_nothing_of_its_bytes(
        self,
        etag: str,
        whole: bool,  # noqa: FBT001
    ) -> None:
        assert StoredObject(b"bytes", ObjectInfo(f'"{etag}"', "null", datetime.now(UTC))).is_whole is whole

    @pytest.mark.parametrize(
        "error",
        [refusal("InternalError"), refusal("503"), EndpointConnectionError(endpoint_url="http://127.0.0.1:1")],
        ids=["failed", "busy", "not to be had"],
    )
    def test_that_fails_is_no_absence(self, s3: S3Client, raw: Bucket, error: Exception) -> None:
        with pytest.raises(AwsError, match=f"reading s3://{raw.name}/x: "):
            Changed(s3, "get_object", error).bucket(raw.name).find("x")
        with pytest.raises(AwsError, match=f"looking for s3://{raw.name}/x: "):
            Changed(s3, "head_object", error).bucket(raw.name).look("x")


class TestPutting:
    def test_keeps_the_kind_of_the_content(self, s3: S3Client, raw: Bucket) -> None:
        raw.put("x", b"{}", kind="application/json")
        assert s3.head_object(Bucket=raw.name, Key="x")["ContentType"] == "application/json"

    def test_without_a_condition_replaces_what_is_there(self, refined: Bucket) -> None:
        refined.put("x", b"first")
        refined.put("x", b"second")
        assert refined.read("x") == b"second"

    def test_only_where_there_is_none_never_overwrites(self, refined: Bucket) -> None:
        refined.put("x", b"first", if_absent=True)
        with pytest.raises(WriteConflict, match=rf"s3://{refined.name}/x: somebody else has written it"):
            refined.put("x", b"second", if_absent=True)
        assert refined.read("x") == b"first"

    def test_only_over_what_was_read_replaces_it_once(self, refined: Bucket) -> None:
        read = refined.put("x", b"first")
        refined.put("x", b"second", if_etag=read.etag)
        with pytest.raises(WriteConflict):
            refined.put("x", b"third", if_etag=read.etag)
        assert refined.read("x") == b"second"

    def test_only_over_what_was_read_makes_nothing_anew_where_it_is_gone(self, refined: Bucket) -> None:
        read = refined.put("x", b"first")
        refined.delete_all(["x"])
        with pytest.raises(WriteConflict):
            refined.put("x", b"second", if_etag=read.etag)
        assert refined.find("x") is None

    def test_states_the_condition_to_s3_itself(self, s3: S3Client, refined: Bucket) -> None:
        seen = Changed(s3, "put_object", {"ETag": '"1"'})
        bucket = seen.bucket(refined.name)
        bucket.put("x", b"")
        bucket.put("x", b"", if_absent=True)
        bucket.put("x", b"", if_etag='"0"')
        conditions = [{name: call[name] for name in ("IfNoneMatch", "IfMatch") if name in call} for call in seen.calls]
        assert conditions == [{}, {"IfNoneMatch": "*"}, {"IfMatch": '"0"'}]

    @pytest.mark.parametrize("code", ["ConditionalRequestConflict", "409"])
    @pytest.mark.parametrize("condition", [{"if_absent": True}, {"if_etag": '"0"'}], ids=str)
    def test_is_tried_again_when_another_write_is_under_way_whose_end_is_unknown(
        self, s3: S3Client, refined: Bucket, code: str, condition: dict[str, Any]
    ) -> None:
        # 409, unlike 412, does not say that the object is there: S3 asks for another upload (API reference, PutObject).
        busy = Changed(s3, "put_object", refusal(code), refusal(code), {"ETag": '"1"'})
        assert busy.bucket(refined.name).put("x", b"mine", **condition).etag == '"1"'
        assert [call["Body"] for call in busy.calls] == [b"mine"] * 3

    def test_ends_as_a_conflict_where_the_other_write_goes_on(self, s3: S3Client, refined: Bucket) -> None:
        busy = Changed(s3, "put_object", refusal("409"))
        with pytest.raises(WriteConflict):
            busy.bucket(refined.name).put("x", b"mine", if_absent=True)
        assert len(busy.calls) > 1

    @pytest.mark.parametrize("code", ["412", "PreconditionFailed"])
    def test_whose_condition_does_not_hold_is_not_tried_again(self, s3: S3Client, refined: Bucket, code: str) -> None:
        there = Changed(s3, "put_object", refusal(code))
        with pytest.raises(WriteConflict):
            there.bucket(refined.name).put("x", b"mine", if_absent=True)
        assert len(there.calls) == 1

    @pytest.mark.parametrize("code", ["412", "NoSuchKey", "409"])
    def test_without_a_condition_is_never_a_conflict(self, s3: S3Client, refined: Bucket, code: str) -> None:
        with pytest.raises(AwsError, match=f"writing s3://{refined.name}/x: .*{code}") as failed:
            Changed(s3, "put_object", refusal(code)).bucket(refined.name).put("x", b"")
        assert not isinstance(failed.value, WriteConflict)

    @pytest.mark.parametrize("condition", [{}, {"if_absent": True}, {"if_etag": '"0"'}], ids=str)
    def test_that_fails_otherwise_is_an_error_of_aws_and_no_conflict(
        self, refined: Bucket, condition: dict[str, Any]
    ) -> None:
        with pytest.raises(AwsError, match=rf"writing s3://{NOWHERE}/x: .*NoSuchBucket") as failed:
            replace(refined, name=NOWHERE).put("x", b"", **condition)
        assert not isinstance(failed.value, WriteConflict)


class TestCopying:
    def test_leaves_both(self, refined: Bucket) -> None:
        refined.put("a", b"x")
        refined.copy("a", "b")
        assert (refined.read("a"), refined.read("b")) == (b"x", b"x")

    def test_says_which_content_is_there_now(self, refined: Bucket) -> None:
        refined.put("a", b"x")
        assert refined.copy("a", "b", if_absent=True) == f'"{etag_of(b"x")}"'

    def test_whose_answer_was_lost_says_it_too(self, refined: Bucket) -> None:
        refined.put("a", b"x")
        refined.copy("a", "b")
        assert refined.copy("a", "b", if_absent=True) == f'"{etag_of(b"x")}"'

    def test_of_what_is_not_there_names_both_keys(self, refined: Bucket) -> None:
        with pytest.raises(AwsError, match=rf"copying s3://{refined.name}/a to s3://{refined.name}/b: .*NoSuchKey"):
            refined.copy("a", "b")


class TestDeleting:
    def test_takes_what_has_the_etag(self, refined: Bucket) -> None:
        refined.delete("x", if_etag=refined.put("x", b"x").etag)
        assert refined.find("x") is None

    def test_leaves_what_somebody_else_has_written(self, refined: Bucket) -> None:
        old = refined.put("x", b"old")
        refined.put("x", b"new")
        with pytest.raises(WriteConflict):
            refined.delete("x", if_etag=old.etag)
        found = refined.find("x")
        assert isinstance(found, StoredObject)
        assert found.body == b"new"

    @pytest.mark.parametrize("code", ["NoSuchKey", "404", "412"])
    def test_of_what_is_gone_is_a_conflict(self, s3: S3Client, refined: Bucket, code: str) -> None:
        with pytest.raises(WriteConflict):
            Changed(s3, "delete_object", refusal(code)).bucket(refined.name).delete("x", if_etag='"0"')

    def test_is_tried_again_beside_another_write(self, s3: S3Client, refined: Bucket) -> None:
        etag = refined.put("x", b"x").etag
        busy = Changed(s3, "delete_object", refusal("409"), None)
        busy.bucket(refined.name).delete("x", if_etag=etag)
        assert [call["IfMatch"] for call in busy.calls] == [etag, etag]
        assert refined.find("x") is None

    def test_that_is_refused_names_the_object(self, s3: S3Client, refined: Bucket) -> None:
        with pytest.raises(AwsError, match=rf"deleting s3://{refined.name}/x: .*AccessDenied") as failed:
            Changed(s3, "delete_object", refusal("AccessDenied")).bucket(refined.name).delete("x", if_etag='"0"')
        assert not isinstance(failed.value, WriteConflict)


class TestDeletingMany:
    def test_takes_exactly_the_keys_and_minds_none_that_is_gone(self, refined: Bucket) -> None:
        for key in ("a", "b", "c"):
            refined.put(key, b"")
        refined.delete_all(["a", "c", "gone"])
        assert [item.key for item in refined.objects("")] == ["b"]

    def test_of_nothing_asks_nothing(self, s3: S3Client, refined: Bucket) -> None:
        seen = Changed(s3, "delete_objects", None)
        seen.bucket(refined.name).delete_all([])
        assert seen.calls == []

    def test_takes_a_thousand_by_a_call(self, s3: S3Client, refined: Bucket) -> None:
        seen = Changed(s3, "delete_objects", {})
        seen.bucket(refined.name).delete_all([f"k{number}" for number in range(2001)])
        assert [len(call["Delete"]["Objects"]) for call in seen.calls] == [1000, 1000, 1]

    def test_that_s3_refuses_in_part_is_an_error_that_counts_and_shows_the_first(
        self, s3: S3Client, refined: Bucket
    ) -> None:
        answer = {"Errors": [{"Key": "b", "Code": "InternalError"}, {"Key": "c", "Code": "InternalError"}]}
        with pytest.raises(AwsError, match=rf"s3://{refined.name}/a: 2 refused, the first .*'b'.*InternalError"):
            Changed(s3, "delete_objects", answer).bucket(refined.name).delete_all(["a", "b", "c"])

    def test_that_fails_is_an_error_of_aws(self, refined: Bucket) -> None:
        with pytest.raises(AwsError, match=rf"deleting 1 objects of s3://{NOWHERE}/a: .*NoSuchBucket"):
            replace(refined, name=NOWHERE).delete_all(["a"])
