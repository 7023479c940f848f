"""The job's arguments: what Glue passes on the command line, and the list of raw versions."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue.arguments import RawObjectVersion, read_arguments, read_raw_list
from glue.errors import JobError

ALWAYS = {"--JOB_RUN_ID": "jr_1", "--refined_bucket": "refined", "--database": "default"}
ONE = {"--raw_bucket": "raw", "--raw_key": "raw-data/x.parquet", "--raw_version_id": "v1"}
MANY = {"--raw_list": "s3://raw/lists/x.json"}
# What Glue puts on the command line of every Python job besides.
GLUES_OWN = {
    "--JOB_NAME": "bovespa-etl-job",
    "--job-language": "python",
    "--extra-py-files": "s3://artifacts/modules.zip",
    "--enable-metrics": "true",
    "--enable-continuous-cloudwatch-log": "true",
    "--TempDir": "s3://x/tmp",
    "--job-bookmark-option": "job-bookmark-disable",
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["bucket", "key", "version_id", "x"]), inner, max_size=4)
    ),
    max_leaves=6,
)


def argv(*groups: dict[str, str]) -> list[str]:
    return [text for group in groups for pair in group.items() for text in pair]


def test_one_version_is_read_as_the_lambda_passes_it() -> None:
    found = read_arguments(argv(ALWAYS, ONE))
    assert found.version == RawObjectVersion("raw", "raw-data/x.parquet", "v1")
    assert (found.run_id, found.refined_bucket, found.database) == ("jr_1", "refined", "default")
    assert (found.raw_list, found.reference_date) == (None, None)


def test_a_list_of_versions_is_read_as_its_address() -> None:
    found = read_arguments(argv(ALWAYS, MANY))
    assert (found.version, found.raw_list) == (None, "s3://raw/lists/x.json")


def test_a_reference_date_is_read_as_a_date() -> None:
    assert read_arguments(argv(ALWAYS, ONE, {"--reference_date": "2025-07-01"})).reference_date == date(2025, 7, 1)


def test_glues_own_arguments_are_passed_over_wherever_they_stand() -> None:
    expected = read_arguments(argv(ALWAYS, ONE))
    assert read_arguments(argv(GLUES_OWN, ALWAYS, ONE)) == expected
    assert read_arguments(argv(ONE, ALWAYS, GLUES_OWN)) == expected


def test_an_argument_that_begins_like_one_of_ours_is_not_taken_for_it() -> None:
    assert read_arguments(argv(ALWAYS, ONE, {"--raw": "x", "--data": "y"})) == read_arguments(argv(ALWAYS, ONE))


@pytest.mark.parametrize("name", ALWAYS)
def test_an_argument_that_is_always_needed_is_named_where_it_is_missing(name: str) -> None:
    rest = {other: value for other, value in ALWAYS.items() if other != name}
    with pytest.raises(JobError, match=f"^job arguments: .*{name}"):
        read_arguments(argv(rest, ONE))


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param((), id="neither"),
        pytest.param((ONE, MANY), id="both"),
        *(
            pytest.param(({other: value for other, value in ONE.items() if other != name},), id=f"without {name}")
            for name in ONE
        ),
        pytest.param(({**ONE, "--raw_version_id": ""},), id="an empty version"),
        pytest.param((MANY, {"--raw_bucket": "raw"}), id="a list and half a version"),
    ],
)
def test_either_one_version_or_a_list_is_needed(groups: tuple[dict[str, str], ...]) -> None:
    with pytest.raises(JobError, match="either --raw_list, or --raw_bucket with --raw_key and --raw_version_id"):
        read_arguments(argv(ALWAYS, *groups))


@pytest.mark.parametrize("text", ["2025-13-01", "30/06/2025", "yesterday", "2025-6-30"])
def test_a_reference_date_that_is_none_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(JobError, match=f"^--reference_date '{text}': expected YYYY-MM-DD$"):
        read_arguments(argv(ALWAYS, ONE, {"--reference_date": text}))


@given(st.lists(st.sampled_from([*ALWAYS, *ONE, *MANY, *GLUES_OWN, "--reference_date"]) | st.text(max_size=12)))
def test_any_command_line_is_read_or_refused(words: list[str]) -> None:
    try:
        found = read_arguments(words)
    except JobError:
        return
    assert (found.version is None) != (found.raw_list is None)


# --- the list ------------------------------------------------------------------------------------------------------------


VERSION = {"bucket": "raw", "key": "raw-data/x.parquet", "version_id": "v1"}


def test_a_list_holds_the_versions_in_its_order() -> None:
    text = json.dumps([VERSION, {**VERSION, "version_id": "v2"}])
    assert read_raw_list(text) == [
        RawObjectVersion("raw", "raw-data/x.parquet", "v1"),
        RawObjectVersion("raw", "raw-data/x.parquet", "v2"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "not a JSON list", id="nothing"),
        pytest.param("{", "not a JSON list", id="half an object"),
        pytest.param(b"\xff\xfe\xfd", "not a JSON list", id="no text"),
        pytest.param("7", "not a JSON list", id="a number"),
        pytest.param('[{"bucket": "raw", "key": "k"}]', "version_id", id="a version without its id"),
        pytest.param(json.dumps([{**VERSION, "size": 1}]), "size", id="a field too many"),
        pytest.param('["raw-data/x.parquet"]', "not a JSON list", id="a list of keys"),
        pytest.param("[]", "^raw list: empty$", id="an empty list"),
    ],
)
def test_what_is_no_list_of_versions_is_refused(text: str | bytes, reason: str) -> None:
    with pytest.raises(JobError, match=reason) as caught:
        read_raw_list(text)
    assert str(caught.value).startswith("raw list: ")


@given(JSON)
def test_any_json_is_a_list_of_versions_or_refused(value: Any) -> None:  # noqa: ANN401 - any JSON
    try:
        found = read_raw_list(json.dumps(value))
    except JobError:
        return
    assert len(found) == len(value) > 0


@pytest.mark.parametrize("text", ["20250630", "2025-W27-1", "2025-6-30"])
def test_a_reference_date_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(JobError, match="expected YYYY-MM-DD"):
        read_arguments(
            [
                *("--JOB_RUN_ID", "jr_1", "--refined_bucket", "b", "--database", "default"),
                *("--raw_list", "s3://b/list.json", "--reference_date", text),
            ]
        )


def test_a_raw_list_of_other_things_than_texts_is_refused() -> None:
    with pytest.raises(JobError, match="must be texts"):
        read_raw_list('[{"bucket": 1, "key": null, "version_id": []}]')
