"""Keys in order: whatever comes and goes, a listing shows what moto's own way would."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from local.account.moto_inside import FakeDeleteMarker, FakeKey
from local.s3.key_store import KeyStore

KEYS = st.text(alphabet="ab/é", min_size=1, max_size=4)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "replace", "hide", "remove"]), KEYS), max_size=30)


def version(name: str) -> FakeKey:
    return FakeKey(name=name, value=b"x", account_id="123456789012", region_name="aws", bucket_name="b")


def apply(store: Any, action: str, key: str) -> None:  # noqa: ANN401 - moto's or ours
    if action == "add":
        store[key] = version(key)
    elif action == "replace":
        store.setlist(key, [version(key)])
    elif action == "hide" and key in store:
        store[key] = FakeDeleteMarker(key=store[key])
    elif action == "remove" and key in store:
        # Where there are versions, moto takes one after the other away before the key goes.
        if any(isinstance(item, FakeDeleteMarker) for item in store.getlist(key)):
            store.setlist(key, [])
        store.pop(key)


@example(steps=[("add", "a"), ("hide", "a"), ("remove", "a")], prefix="", after="")
@given(steps=STEPS, prefix=st.text(alphabet="ab/é", max_size=2), after=st.text(alphabet="ab/é", max_size=3))
def test_names_are_the_keys_below_the_prefix_in_order(steps: list[tuple[str, str]], prefix: str, after: str) -> None:
    store = KeyStore()
    for action, key in steps:
        apply(store, action, key)
    wanted = sorted(key for key in dict(store) if key.startswith(prefix) and key > after)
    assert list(store.names(prefix, after)) == wanted
    visible = [key for key in wanted if not isinstance(store[key], FakeDeleteMarker)]
    assert list(dict(store.shown(prefix, after))) == visible
    assert list(dict(store.shown(prefix, after, 2))) == visible[:2]


def test_a_key_that_is_gone_comes_again_once() -> None:
    store = KeyStore()
    for action in ("add", "add", "remove", "add"):
        apply(store, action, "a")
    assert list(store.names("")) == ["a"]
