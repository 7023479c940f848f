"""One session of a Glue run's output: told by the manifest, read back as it lies in S3."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.contract.manifest import Manifest, RawSource, SessionCounts, StagedFile
from flows.errors import AwsError, StagingError
from flows.lake.s3 import Bucket
from flows.session.staging import StagedSession, read_staged, staged_session

SESSION, OTHER = date(2025, 6, 30), date(2025, 7, 1)


def refined_file(ticker: str, session: date = SESSION) -> StagedFile:
    return StagedFile("bovespa_refined_data", "IBOV", session, ticker, f"staging/jr_1/{session}/{ticker}.parquet", 0)


def summary_file(session: date = SESSION) -> StagedFile:
    return StagedFile("bovespa_resumo_setor", "IBOV", session, None, f"staging/jr_1/{session}/summary.parquet", 0)


def source(session: date = SESSION, version: str = "v1") -> RawSource:
    return RawSource("raw", f"raw-data/{session}", version, "IBOV", session, date(2025, 7, 2))


MANIFEST = Manifest(
    run_id="jr_1",
    sources=(source(), source(OTHER, "v2")),
    sessions=(SessionCounts("IBOV", SESSION, 2, 1), SessionCounts("IBOV", OTHER, 1, 1)),
    files=(
        *(refined_file("ALOS3"), refined_file("ABEV3"), summary_file()),
        *(refined_file("ALOS3", OTHER), summary_file(OTHER)),
    ),
)


class TestManifest:
    def test_tells_one_session_of_several(self) -> None:
        assert staged_session(MANIFEST, "IBOV", SESSION, "v1") == StagedSession(
            index="IBOV",
            session=SESSION,
            run_id="jr_1",
            reference_date=date(2025, 7, 2),
            rows=2,
            summary_rows=1,
            refined=(refined_file("ALOS3"), refined_file("ABEV3")),
            summary=(summary_file(),),
        )

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            pytest.param(lambda m: replace(m, sources=m.sources[1:]), "0 sources and 1 counts", id="session not read"),
            pytest.param(lambda m: replace(m, sources=(source(), source())), "2 sources and 1 counts", id="session read twice"),
            pytest.param(lambda m: replace(m, sessions=m.sessions[1:]), "1 sources and 0 counts", id="session not counted"),
            pytest.param(lambda m: replace(m, sources=(source(version="v9"),)), "raw version v9, not v1", id="other version"),
            pytest.param(lambda m: replace(m, files=(summary_file(),)), "0 refined and 1 summary files", id="no refined file"),
            pytest.param(lambda m: replace(m, files=m.files[:2]), "2 refined and 0 summary files of 2", id="no summary"),
            pytest.param(
                lambda m: replace(m, files=(*m.files, replace(summary_file(), table="other"))),
                "2 refined and 1 summary files of 4",
                id="a file of another table",
            ),
        ],
    )  # fmt: skip
    def test_that_does_not_have_the_session_whole_and_once_is_refused(
        self, change: Callable[[Manifest], Manifest], message: str
    ) -> None:
        with pytest.raises(StagingError) as refused:
            staged_session(change(MANIFEST), "IBOV", SESSION, "v1")
        assert message in str(refused.value)
        assert str(refused.value).startswith("manifest of Glue run jr_1: IBOV 2025-06-30: ")


def parquet(**columns: list[object]) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


class TestReading:
    @pytest.fixture
    def stage(self, refined: Bucket) -> Callable[..., StagedSession]:
        """Puts the contents of two refined files and the summary, and tells the session as the manifest would."""

        def stage(*contents: bytes) -> StagedSession:
            files = (refined_file("ALOS3"), refined_file("ABEV3"), summary_file())
            sized = []
            for file, content in zip(files, contents, strict=True):
                refined.put(file.key, content)
                sized.append(replace(file, size=len(content)))
            return StagedSession("IBOV", SESSION, "jr_1", OTHER, 2, 1, tuple(sized[:2]), tuple(sized[2:]))

        return stage

    RIGHT = (
        parquet(codigo=["ALOS3"], quantity=[1.0]),
        parquet(codigo=["ABEV3"], quantity=[2.0]),
        parquet(setor=["x"], total=[3]),
    )

    def test_brings_all_rows_and_the_ticker_that_each_file_is_for(
        self, refined: Bucket, stage: Callable[..., StagedSession]
    ) -> None:
        output = read_staged(refined, stage(*self.RIGHT))
        assert output.refined.to_dict("records") == [
            {"codigo": "ALOS3", "quantity": 1.0, "file_ticker": "ALOS3"},
            {"codigo": "ABEV3", "quantity": 2.0, "file_ticker": "ABEV3"},
        ]
        assert output.summary.to_dict("records") == [{"setor": "x", "total": 3}]
        # A column that is a piece for each file takes a megabyte a session, and gate 2 four times as long.
        assert pa.Table.from_pandas(output.refined)["codigo"].num_chunks == 1

    def test_tells_each_file_s_table_and_physical_schema(
        self, refined: Bucket, stage: Callable[..., StagedSession]
    ) -> None:
        staged = stage(*self.RIGHT)
        output = read_staged(refined, staged)
        key = staged.refined[0].key
        assert output.tables[key] == "bovespa_refined_data"
        assert output.schemas[key] == ["codigo: BYTE_ARRAY/STRING", "quantity: DOUBLE/NONE"]

    @pytest.mark.parametrize(
        "odd",
        [
            pytest.param(parquet(codigo=["ABEV3"]), id="a column lost"),
            pytest.param(parquet(codigo=["ABEV3"], quantity=[2.0], more=[1]), id="a column more"),
            pytest.param(parquet(codigo=["ABEV3"], quantity=[2]), id="a whole number for a double"),
            pytest.param(parquet(codigo=["ABEV3"], quantity=["2"]), id="a text for a double"),
            pytest.param(parquet(codigo=[], quantity=[]), id="no rows"),
        ],
    )
    def test_leaves_a_file_of_another_schema_to_gate_2(
        self, refined: Bucket, stage: Callable[..., StagedSession], odd: bytes
    ) -> None:
        staged = stage(self.RIGHT[0], odd, self.RIGHT[2])
        schemas = read_staged(refined, staged).schemas
        assert schemas[staged.refined[0].key] != schemas[staged.refined[1].key]

    def test_refuses_a_file_that_is_not_of_the_stated_size(
        self, refined: Bucket, stage: Callable[..., StagedSession]
    ) -> None:
        staged = stage(*self.RIGHT)
        refined.put(staged.refined[1].key, self.RIGHT[1] + b"x")
        with pytest.raises(StagingError, match=r"ABEV3\.parquet: \d+ bytes where the manifest states \d+"):
            read_staged(refined, staged)

    @pytest.mark.parametrize(
        "odd",
        [b"", b"not parquet", RIGHT[1][:-6], b"PAR1" + b"\0" * 40 + b"PAR1"],
        ids=["empty", "text", "cut", "zeros"],
    )
    def test_refuses_a_file_that_is_no_parquet(
        self, refined: Bucket, stage: Callable[..., StagedSession], odd: bytes
    ) -> None:
        with pytest.raises(StagingError, match=r"ABEV3\.parquet: not Parquet"):
            read_staged(refined, stage(self.RIGHT[0], odd, self.RIGHT[2]))

    def test_is_an_error_of_aws_when_a_file_is_not_there(
        self, refined: Bucket, stage: Callable[..., StagedSession]
    ) -> None:
        staged = stage(*self.RIGHT)
        refined.delete_all([staged.summary[0].key])
        with pytest.raises(AwsError, match=r"summary\.parquet: it is not there"):
            read_staged(refined, staged)
