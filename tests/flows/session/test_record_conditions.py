"""The record of a publication is put only over the one that was read under the lease."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from expectations.contract.keys import ContractError, published_key, raw_key
from flows.errors import WriteConflict
from flows.lake.s3 import Bucket
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import (
    Publication,
    find_publication,
    find_raw,
    read_publication,
    read_raw,
    write_publication,
)
from tests.flows.history.published import COLLECTED_AT, two

SESSION = date(2025, 6, 30)
FIRST = Publication("IBOV", "2025-06-30", "2025-06-30T11:05:00+00:00", "f", True, "v1", "jr_1", 84, 30)  # noqa: FBT003
SECOND, THIRD = replace(FIRST, raw_version_id="v2"), replace(FIRST, raw_version_id="v3")


def etag(refined: Bucket) -> str:
    found = find_publication(refined, "IBOV", SESSION)
    assert found
    return found[1]


def test_where_there_was_none_none_may_have_come(refined: Bucket) -> None:
    write_publication(refined, FIRST, over=None)
    with pytest.raises(WriteConflict):
        write_publication(refined, SECOND, over=None)
    assert read_publication(refined, "IBOV", SESSION) == FIRST


def test_over_another_than_was_read_it_is_not_put(refined: Bucket) -> None:
    write_publication(refined, FIRST, over=None)
    read = etag(refined)
    write_publication(refined, SECOND, over=read)
    with pytest.raises(WriteConflict):
        write_publication(refined, THIRD, over=read)
    assert read_publication(refined, "IBOV", SESSION) == SECOND


def test_one_that_was_put_without_an_answer_is_put(refined: Bucket) -> None:
    write_publication(refined, FIRST, over=None)
    write_publication(refined, FIRST, over=None)
    read = etag(refined)
    write_publication(refined, SECOND, over=read)
    write_publication(refined, SECOND, over=read)
    assert read_publication(refined, "IBOV", SESSION) == SECOND


@pytest.mark.parametrize(("index", "session"), [("IBXX", SESSION), ("IBOV", date(2025, 6, 27))])
def test_another_session_s_record_is_none_of_this_one(refined: Bucket, index: str, session: date) -> None:
    write_publication(refined, FIRST)
    refined.put(published_key(index, session), refined.read(published_key("IBOV", SESSION)))
    with pytest.raises(ContractError, match=r"the record of IBOV 2025-06-30; bovespa reconcile"):
        read_publication(refined, index, session)


@pytest.mark.parametrize(("index", "session"), [("IBXX", SESSION), ("IBOV", date(2025, 6, 27))])
def test_another_session_s_raw_file_is_none_of_this_one(raw: Bucket, index: str, session: date) -> None:
    stated = two(SESSION, index="IBOV")
    raw.put(raw_key(index, session), encode(stated, RawFacts.of(stated, COLLECTED_AT, [])))
    version = find_raw(raw, index, session)
    assert version
    with pytest.raises(ContractError, match=r"the raw file of IBOV 2025-06-30; bovespa reconcile"):
        read_raw(raw, version)
