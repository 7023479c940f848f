"""Whatever an event, a key or a stored file says: it is understood within the contract, or refused by a named error."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NoReturn
from urllib.parse import quote_plus

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from hostile import GIGANTIC, JSON, PATHS, TEXTS
from hypothesis import example, given
from hypothesis import strategies as st

from expectations.contract.keys import ContractError, check_index, parse_raw_key, raw_key
from expectations.contract.manifest import Manifest
from flows.b3.portfolio import MAX_RECORDS
from flows.session.raw_file import METADATA_KEY, RawFacts, decode, encode
from glue.arguments import read_raw_list
from glue.errors import JobError
from local.b3 import sample
from trigger_glue_job import handler
from trigger_glue_job.events import EventError

PORTFOLIO = sample.recorded(date(2025, 6, 30))
FACTS = RawFacts.of(PORTFOLIO, datetime(2025, 6, 30, 11, tzinfo=UTC), ["landing/x"])
DEEP = "[" * 100_000
KEYS = (
    st.sampled_from([f"raw-data/{path}.parquet" for path in PATHS]) | TEXTS | TEXTS.map(lambda text: f"raw-data/{text}")
)


@dataclass
class Aws:
    """S3 without objects, and a Glue without runs that starts whatever it is asked to."""

    started: list[dict[str, str]] = field(default_factory=list)

    def head_object(self, **_: str) -> NoReturn:
        raise ClientError({"Error": {"Code": "404"}}, "HeadObject")

    def get_paginator(self, _: str) -> Aws:
        return self

    def paginate(self, JobName: str) -> list[dict[str, Any]]:  # noqa: N803 - boto3's
        return [{"JobRuns": []}]

    def put_object(self, **_: str | bytes) -> dict[str, str]:
        return {"ETag": "etag"}

    def delete_object(self, **_: str) -> None:
        """The claim of a run that was refused."""

    def start_job_run(self, JobName: str, Arguments: dict[str, str], **_: bool) -> dict[str, str]:  # noqa: N803 - boto3's
        if len(Arguments["--raw_key"]) > 1024:
            raise ClientError({"Error": {"Code": "InvalidInputException"}}, "StartJobRun")
        self.started.append(Arguments)
        return {"JobRunId": f"jr_{len(self.started)}"}


@contextmanager
def deployed() -> Iterator[Aws]:
    """The handler in an account without objects and runs."""
    found = Aws()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLUE_JOB_NAME", "bovespa-etl-job")
        patch.setenv("CLAIMS_BUCKET", "claims")
        patch.setenv("JOB_RUN_QUEUING", "true")
        patch.setattr(handler, "_glue", lambda: found)
        patch.setattr(handler, "_glue_once", lambda: found)
        patch.setattr(handler, "_s3", lambda: found)
        yield found


def record(key: str, version: object = "v") -> dict[str, Any]:
    item = {"key": key, "versionId": version}
    return {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "bucket"}, "object": item}}


class TestLambda:
    @pytest.mark.parametrize("key", ["raw-data/\u202e.parquet", "raw-data/a%0Ab.parquet"])
    def test_starts_one_run_and_writes_one_line_of_ascii(
        self, capsysbinary: pytest.CaptureFixture[bytes], key: str
    ) -> None:
        with deployed() as aws:
            assert handler.handle({"Records": [record(key)]}, None) == {"started": ["jr_1"]}
        (line,) = capsysbinary.readouterr().out.splitlines()
        assert json.loads(line)["key"] == aws.started[0]["--raw_key"]
        assert line.isascii()

    @pytest.mark.parametrize("key", ["raw-data/\ud800.parquet", "raw-data/%41\udfff.parquet"])
    def test_refuses_half_a_character(self, key: str) -> None:
        with deployed() as aws, pytest.raises(EventError, match=r"Records\[0\]\.s3\.object\.key"):
            handler.handle({"Records": [record(key)]}, None)
        assert aws.started == []

    @given(KEYS | KEYS.map(lambda key: quote_plus(key, errors="replace")) | KEYS.map("{}.parquet".format), JSON)
    def test_starts_runs_for_keys_of_raw_files_only(self, key: str, version: object) -> None:
        with deployed() as aws:
            try:
                handler.handle({"Records": [record(key, version)]}, None)
            except (EventError, handler.TriggerError) as error:
                assert str(error)
        for run in aws.started:
            assert run["--raw_key"].startswith("raw-data/")
            assert run["--raw_key"].endswith(".parquet")


class TestKeys:
    @given(KEYS)
    @example("raw-data/year=2025/month=06/day=30/ibov_carteira_20250630.parquet\n")
    @example("raw-data/year=２０２５/month=06/day=30/ibov_carteira_20250630.parquet")
    def test_of_raw_files_are_the_contract_s_or_refused(self, key: str) -> None:
        try:
            found = parse_raw_key(key)
        except ContractError as error:
            assert str(error).isprintable()
        else:
            assert raw_key(found.index, found.session) == key

    @given(TEXTS)
    @example("IBOV\n")
    @example("ＩBOV")
    def test_of_an_index_hold_a_code_and_nothing_else(self, index: str) -> None:
        try:
            key = raw_key(check_index(index), date(2025, 6, 30))
        except ContractError as error:
            assert str(error).isprintable()
        else:
            assert parse_raw_key(key).index == index


class TestStoredTexts:
    @pytest.mark.parametrize(
        ("read", "refused"),
        [(RawFacts.from_json, ContractError), (Manifest.from_json, ContractError), (read_raw_list, JobError)],
        ids=["raw metadata", "manifest", "raw list"],
    )
    def test_of_any_form_are_read_or_refused(self, read: Callable[[str], object], refused: type[Exception]) -> None:
        @given(JSON.map(json.dumps) | TEXTS)
        @example(DEEP)
        @example('{"a":' * 100_000)
        def any_text(text: str) -> None:
            try:
                read(text)
            except refused as error:
                assert str(error)

        any_text()

    @given(st.sampled_from(sorted(json.loads(FACTS.to_json()))), JSON | st.sampled_from(GIGANTIC))
    @example("divisor", "1E+999999999")
    @example("divisor", None)
    @example("total_share", "sNaN")
    @example("total_quantity", 10**400)
    @example("total_records", "84")
    @example("has_sectors", "false")
    def test_with_anything_in_any_fact_are_read_within_bounds_or_refused(self, name: str, value: object) -> None:
        text = json.dumps(json.loads(FACTS.to_json()) | {name: value})
        try:
            facts = RawFacts.from_json(text)
        except ContractError as error:
            assert len(str(error)) < 400
        else:
            assert RawFacts.from_json(facts.to_json()) == facts
            assert 0 <= facts.statement.total_share <= 1000
            assert facts.statement.divisor is None or facts.statement.divisor.is_finite()


class TestRawFiles:
    def test_of_more_rows_than_any_portfolio_are_refused_before_they_are_read(self) -> None:
        target = io.BytesIO()
        column = pa.DictionaryArray.from_arrays(pa.array([0] * (MAX_RECORDS + 1), pa.int8()), pa.array(["x" * 100_000]))
        pq.write_table(pa.table({"a": column}), target)
        assert len(target.getvalue()) < 1_000_000
        with pytest.raises(ContractError, match=r"raw file: 10001 rows where at most 10000 were expected"):
            decode(target.getvalue())

    @given(st.integers(0, 4000), st.binary(min_size=1, max_size=40))
    def test_with_any_bytes_replaced_are_read_or_refused(self, at: int, noise: bytes) -> None:
        content = bytearray(encode(PORTFOLIO, FACTS))
        content[at : at + len(noise)] = noise
        try:
            decode(bytes(content))
        except ContractError as error:
            assert str(error)

    @pytest.mark.parametrize("metadata", [b"", b"\xff", DEEP.encode(), b"null"])
    def test_with_other_metadata_are_refused(self, metadata: bytes) -> None:
        target = io.BytesIO()
        pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({METADATA_KEY: metadata}), target)
        with pytest.raises(ContractError, match="raw metadata: not readable"):
            decode(target.getvalue())
