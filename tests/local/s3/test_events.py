from __future__ import annotations

import json
from urllib.parse import unquote_plus

from local.account.home import Home
from local.account.state import AccountState
from local.s3.events import Event, ObjectChange, Outbox, event_body


def change(key: str = "raw-data/year=2025/a b+ç.parquet", version_id: str | None = "v1") -> ObjectChange:
    return ObjectChange("s3:ObjectCreated:Put", "bucket", key, 7, "abc", version_id)


def test_an_event_states_the_version_and_encodes_the_key_as_s3_does() -> None:
    (record,) = json.loads(event_body(change(), "id", "sa-east-1"))["Records"]

    assert record["eventSource"] == "aws:s3"
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["awsRegion"] == "sa-east-1"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::bucket"
    stated = record["s3"]["object"]
    assert stated["key"] == "raw-data/year%3D2025/a+b%2B%C3%A7.parquet"
    assert unquote_plus(stated["key"]) == change().key
    assert (stated["versionId"], stated["eTag"], stated["size"]) == ("v1", "abc", 7)


def test_an_object_without_versions_has_none_in_its_event() -> None:
    (record,) = json.loads(event_body(change(version_id=None), "id", "sa-east-1"))["Records"]

    assert "versionId" not in record["s3"]["object"]


def test_sequencers_order_the_events_of_a_key() -> None:
    sequencers = [
        json.loads(event_body(change(), "id", "sa-east-1"))["Records"][0]["s3"]["object"]["sequencer"]
        for _ in range(50)
    ]

    assert sequencers == sorted(sequencers)


def test_an_event_is_handed_over_once(state: AccountState) -> None:
    outbox, delivered = Outbox(state), list[Event]()
    outbox.start(delivered.append)

    outbox.post(Event("function", "bucket", "{}"))
    outbox.wake()

    assert [(event.function_arn, event.body) for event in delivered] == [("function", "{}")]


def test_events_wait_until_somebody_delivers(state: AccountState) -> None:
    outbox, delivered = Outbox(state), list[Event]()
    outbox.post(Event("function", "bucket", "1"))
    outbox.post(Event("function", "bucket", "2"))

    outbox.start(delivered.append)

    assert [event.body for event in delivered] == ["1", "2"]


def test_an_event_that_no_function_has_had_is_delivered_by_the_next_process(home: Home, state: AccountState) -> None:
    outbox, delivered = Outbox(state), list[Event]()
    outbox.post(Event("function", "bucket", "had"))
    outbox.post(Event("function", "bucket", "not had"))
    outbox.start(delivered.append)
    outbox.done(delivered[0])

    again = list[Event]()
    Outbox(AccountState(home.state)).start(again.append)

    assert [event.body for event in again] == ["not had"]
