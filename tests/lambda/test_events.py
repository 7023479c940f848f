"""S3 event notifications: every record read, keys decoded, nothing taken on trust."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trigger_glue_job.events import EventError, ObjectVersion, new_raw_versions

Event = dict[str, Any]
ReadEvent = Callable[[str], Event]

BUCKET = "bovespa-raw-data-bucket"
KEY = "raw-data/year=2025/month=06/day=30/ibov_carteira_20250630.parquet"
VERSION = "aVlKd3yqFBmG4oQmEmqZ0Ls0eZ9n4u1x"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_a_key_is_read_as_it_was_before_s3_encoded_it(event: ReadEvent) -> None:
    assert new_raw_versions(event("put")) == [ObjectVersion(BUCKET, KEY, VERSION)]


def test_every_record_is_read_in_the_events_order(event: ReadEvent) -> None:
    keys = [version.key.rpartition("/")[2] for version in new_raw_versions(event("several"))]
    assert keys == [
        "ibov_carteira_20250630.parquet",
        "ibov_carteira_20250701.parquet",
        "ibxx_carteira_20250630.parquet",
    ]


def test_a_version_that_is_reported_twice_counts_once(event: ReadEvent) -> None:
    assert len(event("duplicate")["Records"]) == 2
    assert new_raw_versions(event("duplicate")) == [ObjectVersion(BUCKET, KEY, VERSION)]


def test_two_versions_of_one_key_are_two(event: ReadEvent) -> None:
    found = new_raw_versions(event("new_version"))
    assert [version.key for version in found] == [KEY, KEY]
    assert len({version.version_id for version in found}) == 2


def test_what_is_no_new_raw_file_is_passed_over(event: ReadEvent) -> None:
    assert len(event("not_raw")["Records"]) == 5
    assert new_raw_versions(event("not_raw")) == []


def test_s3s_test_event_reports_nothing(event: ReadEvent) -> None:
    assert new_raw_versions(event("test")) == []


@pytest.mark.parametrize(
    "name",
    [
        "ObjectCreated:Put",
        "ObjectCreated:Post",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
    ],
)
def test_an_object_may_be_created_in_any_way(event: ReadEvent, name: str) -> None:
    found = event("put")
    found["Records"][0]["eventName"] = name
    assert len(new_raw_versions(found)) == 1


def test_a_file_that_is_none_of_ours_need_not_have_a_version(event: ReadEvent) -> None:
    found = event("not_raw")
    for record in found["Records"]:
        del record["s3"]["object"]["versionId"]
    assert new_raw_versions(found) == []


MISSING = object()


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        pytest.param(["Records"], MISSING, "event.Records: None", id="no records"),
        pytest.param(["Records"], {}, "event.Records: {}", id="records are no list"),
        pytest.param(["Records", 0], "text", "Records[0]: 'text'", id="a record is text"),
        pytest.param(["Records", 0, "eventName"], MISSING, "Records[0].eventName: None", id="no name"),
        pytest.param(["Records", 0, "eventName"], 1, "Records[0].eventName: 1", id="a name that is a number"),
        pytest.param(["Records", 0, "s3"], MISSING, "Records[0].s3: None", id="not of S3"),
        pytest.param(["Records", 0, "s3", "object"], [], "Records[0].s3.object: []", id="object is a list"),
        pytest.param(["Records", 0, "s3", "object", "key"], MISSING, "Records[0].s3.object.key: None", id="no key"),
        pytest.param(["Records", 0, "s3", "object", "key"], "", "Records[0].s3.object.key: ''", id="empty key"),
        pytest.param(
            ["Records", 0, "s3", "object", "versionId"],
            MISSING,
            "Records[0].s3.object.versionId: None",
            id="bucket without versions",
        ),
        pytest.param(["Records", 0, "s3", "bucket"], None, "Records[0].s3.bucket: None", id="no bucket"),
        pytest.param(
            ["Records", 0, "s3", "bucket", "name"], 5, "Records[0].s3.bucket.name: 5", id="bucket is a number"
        ),
    ],
)
def test_an_event_of_another_form_is_refused_by_the_fields_name(
    event: ReadEvent, path: list[str | int], value: object, reason: str
) -> None:
    with pytest.raises(EventError) as caught:
        new_raw_versions(changed(event("put"), path, value))
    assert str(caught.value).startswith(reason)


def test_the_record_that_is_wrong_is_named_by_its_number(event: ReadEvent) -> None:
    with pytest.raises(EventError, match=r"^Records\[2\]\.s3\.bucket\.name: "):
        new_raw_versions(changed(event("several"), ["Records", 2, "s3", "bucket", "name"], ""))


@given(st.dictionaries(st.sampled_from(["Records", "Event", "Service"]) | st.text(), JSON))
def test_any_json_object_is_read_or_refused(event: Event) -> None:
    _read_or_refused(event)


@given(st.data())
def test_an_event_with_anything_in_any_place_is_read_or_refused(event: ReadEvent, data: st.DataObject) -> None:
    found = event("several")
    path = data.draw(st.sampled_from(sorted(places(found), key=str)))
    _read_or_refused(changed(found, path, data.draw(JSON | st.just(MISSING))))


def _read_or_refused(event: Event) -> None:
    try:
        found = new_raw_versions(event)
    except EventError:
        return
    for version in found:
        assert version.bucket
        assert version.version_id
        assert version.key.startswith("raw-data/")
        assert version.key.endswith(".parquet")


def changed(event: Event, path: list[str | int], value: object) -> Event:
    """The event with another value, or none, at a place."""
    found = json.loads(json.dumps(event))
    parent = found
    for step in path[:-1]:
        parent = parent[step]
    if value is MISSING:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return dict(found)


def places(value: object) -> Iterator[list[str | int]]:
    """The path of everything that an event holds."""
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for name, inner in items:
        yield [name]
        yield from ([name, *path] for path in places(inner))


@pytest.mark.parametrize("event", [[], "x", 1, None])
def test_json_that_is_no_object_is_refused(event: Any) -> None:  # noqa: ANN401
    with pytest.raises(EventError, match="where an object was expected"):
        new_raw_versions(event)
