"""The record of a publication is put only over the one that was read under the lease."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from flows.errors import WriteConflict
from flows.lake.s3 import Bucket
from flows.session.storage import Publication, find_publication, read_publication, write_publication

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
