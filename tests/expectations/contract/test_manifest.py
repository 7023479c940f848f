"""The manifest: written by the Glue run, read by the flow, the same on both sides."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.keys import ContractError
from expectations.contract.manifest import Manifest, RawSource, SessionCounts, StagedFile

SESSION = date(2025, 6, 30)
MANIFEST = Manifest(
    run_id="jr_1",
    sources=(RawSource("raw", "raw-data/x.parquet", "v1", "IBOV", SESSION, date(2025, 7, 1)),),
    sessions=(SessionCounts("IBOV", SESSION, 84, 30),),
    files=(
        StagedFile("bovespa_refined_data", "IBOV", SESSION, "VALE3", "staging/jr_1/a.parquet", 10),
        StagedFile("bovespa_resumo_setor", "IBOV", SESSION, None, "staging/jr_1/b.parquet", 20),
    ),
)
TEXTS = st.text(max_size=20)
FILES = st.builds(
    StagedFile,
    table=TEXTS,
    index=TEXTS,
    session=st.dates(),
    ticker=st.none() | TEXTS,
    key=TEXTS,
    size=st.integers(min_value=0),
)


def damaged(**changes: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(json.loads(MANIFEST.to_json()) | changes)


def without(name: str) -> str:
    body = json.loads(MANIFEST.to_json())
    del body[name]
    return json.dumps(body)


def test_reads_back_as_it_was_written() -> None:
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST


@given(TEXTS, st.lists(FILES, max_size=3))
def test_any_manifest_reads_back_as_it_was_written(run_id: str, files: list[StagedFile]) -> None:
    manifest = replace(MANIFEST, run_id=run_id, files=tuple(files))
    assert Manifest.from_json(manifest.to_json().encode()) == manifest


def test_the_same_manifest_is_the_same_text() -> None:
    assert MANIFEST.to_json() == Manifest.from_json(MANIFEST.to_json()).to_json()


def test_taken_apart_each_session_is_a_manifest_of_its_own_and_nothing_is_lost() -> None:
    other = StagedFile("bovespa_refined_indices", "IBXX", SESSION, None, "staging/jr_1/c.parquet", 30)
    parts = replace(MANIFEST, files=(*MANIFEST.files, other)).by_session()
    assert parts == {
        ("IBOV", SESSION): MANIFEST,
        ("IBXX", SESSION): Manifest("jr_1", (), (), (other,)),
    }


def test_dates_are_written_as_iso_texts() -> None:
    assert json.loads(MANIFEST.to_json())["sources"][0]["reference_date"] == "2025-07-01"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            damaged(manifest_version=2), "manifest_version 2: this code reads version 1", id="another version"
        ),
        pytest.param(without("manifest_version"), "manifest_version", id="no version"),
        pytest.param(without("files"), "files", id="no files"),
        pytest.param(damaged(sessions=None), "TypeError", id="sessions null"),
        pytest.param(damaged(sessions=[{"index": "IBOV", "session": "2025-06-30"}]), "rows", id="a field missing"),
        pytest.param(
            damaged(sessions=[{"index": "IBOV", "session": "2025-06-30", "rows": 1, "summary_rows": 1, "x": 1}]),
            "'x'",
            id="a field unknown",
        ),
        pytest.param(
            damaged(sessions=[{"index": "IBOV", "session": "30/06/25", "rows": 1, "summary_rows": 1}]),
            "30/06/25",
            id="a date of another form",
        ),
        pytest.param("[]", "TypeError", id="not an object"),
        pytest.param("", "JSONDecodeError", id="empty"),
        pytest.param(MANIFEST.to_json()[:-5], "JSONDecodeError", id="cut short"),
    ],
)
def test_what_is_no_manifest_is_refused_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(ContractError) as refused:
        Manifest.from_json(text)
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ContractError, match="manifest: not readable"):
        Manifest.from_json(b"\xff\xfe\x00")
