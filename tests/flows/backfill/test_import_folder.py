"""What becomes of each file of a folder, before anything is refined: nothing is written in a dry run."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

import boto3
import pytest

from expectations.contract.names import ARTIFACTS_BUCKET, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from flows.backfill.import_folder import FolderImport
from flows.backfill.importing.files import noon
from flows.errors import SettingsError
from flows.lake.connect import Lake
from flows.lake.s3 import Bucket
from flows.record.attempt import Attempt
from flows.session import storage
from flows.session.pipeline import Pipeline
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import Publication
from flows.settings import load_settings
from local.b3.formats import csv_download, html_page, json_page
from local.b3.sample import as_of

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio

SETTINGS = load_settings({})

NAME = "IBOVDia_30-06-25.csv"


@pytest.fixture
def pipeline(s3: S3Client) -> Pipeline:
    """An account without a catalog, whose Athena must not be asked."""
    athena, cloudwatch = cast("AthenaClient", None), cast("CloudWatchClient", None)
    return Pipeline(SETTINGS, Lake.of(SETTINGS, s3, boto3.client("glue"), athena, cloudwatch))


@pytest.fixture
def undamaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is recorded as published lies there; that it is looked for is the business of test_pipeline."""
    monkeypatch.setattr("flows.session.pipeline.session_damage", lambda *_, **__: "")


def csv_of(portfolio: Portfolio) -> bytes:
    return base64.b64decode(csv_download(portfolio))


def tried(pipeline: Pipeline, folder: Path, *, replaces: bool = False) -> list[Attempt]:
    return FolderImport(pipeline, replaces=replaces, dry_run=True).run(folder)


def outcomes(attempts: list[Attempt]) -> dict[str, str]:
    return {", ".join(attempt.files): attempt.outcome.value for attempt in attempts}


def keys(s3: S3Client, bucket: str = RAW_BUCKET) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def other_figures(portfolio: Portfolio) -> Portfolio:
    first, second, *rest = portfolio.holdings
    first, second = (
        replace(first, participacao_pct=first.participacao_pct + Decimal("0.001")),
        replace(second, participacao_pct=second.participacao_pct - Decimal("0.001")),
    )
    return replace(portfolio, holdings=(first, second, *rest))


def upload(s3: S3Client, portfolio: Portfolio, *, publish: bool) -> None:
    facts = RawFacts.of(portfolio, noon(portfolio.session), [])
    version = storage.upload_raw(Bucket(s3, RAW_BUCKET), encode(portfolio, facts), facts)
    if publish:
        record = Publication(
            portfolio.index,
            portfolio.session.isoformat(),
            "2025-06-30T11:05:00+00:00",
            facts.fingerprint,
            facts.has_sectors,
            version.version_id,
            "jr_1",
            84,
            30,
        )
        storage.write_publication(Bucket(s3, REFINED_BUCKET), record)


def test_a_folder_that_is_none_is_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not a folder"):
        tried(pipeline, tmp_path / "nowhere")


def test_a_dry_run_says_what_would_be_imported_and_writes_nothing(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / NAME).write_bytes(csv_of(sample))
    (tmp_path / "IBOVDia_01-07-25.csv").write_bytes(b"IBOV - Carteira do Dia 01/07/25\n")
    assert outcomes(tried(pipeline, tmp_path)) == {f"a/{NAME}": "planned", "IBOVDia_01-07-25.csv": "rejected"}
    assert keys(s3) == []


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        pytest.param(lambda rows: rows[1:], "sum to the header's", id="the first row lost"),
        pytest.param(lambda rows: rows[:20], "sum to the header's", id="page 1 only"),
        pytest.param(lambda rows: [*rows, rows[0]], "codigo", id="a row twice"),
        pytest.param(
            lambda rows: [replace(rows[0], participacao_pct=rows[0].participacao_pct * 1000), *rows[1:]],
            "every share",
            id="a share without its comma",
        ),
        pytest.param(
            lambda rows: [replace(row, qtde_teorica=row.qtde_teorica % 2**31) for row in rows],
            "quantities sum",
            id="quantities cut to 32 bits",
        ),
        pytest.param(
            lambda rows: [replace(row, codigo="PETROBRAS") for row in rows[:1]] + rows[1:],
            "codigo",
            id="a name for a code",
        ),
    ],
)
@pytest.mark.parametrize(
    ("name", "written"),
    [(NAME, csv_of), ("IBOV.html", html_page), ("IBOV.json", lambda found: json_page(found, 1, 120, by_sector=False))],
)
def test_a_damaged_copy_is_rejected_with_what_gate_1_found_and_kept(  # noqa: PLR0913, PLR0917 - fixtures and cases
    pipeline: Pipeline,
    s3: S3Client,
    sample: Portfolio,
    tmp_path: Path,
    damage: Callable[[list[object]], list[object]],
    reason: str,
    name: str,
    written: Callable[[Portfolio], bytes],
) -> None:
    damaged = replace(sample.restated(total_records=None), holdings=tuple(damage(list(sample.holdings))))  # type: ignore[arg-type]
    (tmp_path / name).write_bytes(written(damaged))
    (attempt,) = FolderImport(pipeline).run(tmp_path)
    assert (attempt.outcome, attempt.session) == (Outcome.QUARANTINED, sample.session)
    assert "gate-1-raw refused" in attempt.reason
    assert reason in attempt.reason
    (key,) = keys(s3)
    assert key.startswith("landing/year=2025/month=06/day=30/ibov_20250630T150000Z_p001_")
    report = attempt.report.removeprefix(f"s3://{ARTIFACTS_BUCKET}/").removesuffix("summary.html")
    found = s3.get_object(Bucket=ARTIFACTS_BUCKET, Key=f"{report}gate-1-raw.json")["Body"].read()
    assert reason.encode() in found


def test_what_cannot_be_read_is_kept_where_its_index_is_known(pipeline: Pipeline, s3: S3Client, tmp_path: Path) -> None:
    for name in ("IBOVDia_30-06-25.csv", "IBOV.html", "page.html"):
        (tmp_path / name).write_bytes(b"odd " + name.encode())
    attempts = FolderImport(pipeline).run(tmp_path)
    assert {attempt.outcome for attempt in attempts} == {Outcome.REJECTED}
    folders = sorted(key.rpartition("/")[0] for key in keys(s3))
    assert folders == ["landing/undated", "landing/year=2025/month=06/day=30"]


def test_a_kept_file_s_name_is_beside_its_bytes(pipeline: Pipeline, s3: S3Client, tmp_path: Path) -> None:
    (tmp_path / "IBOV Ação.html").write_bytes(b"odd")
    FolderImport(pipeline).run(tmp_path)
    (key,) = keys(s3)
    assert s3.head_object(Bucket=RAW_BUCKET, Key=key)["Metadata"]["file-name"] == "IBOV%20A%C3%A7%C3%A3o.html"


def test_a_file_that_is_too_large_is_not_read(pipeline: Pipeline, tmp_path: Path) -> None:
    with (tmp_path / NAME).open("wb") as file:
        file.truncate(6 * 1024 * 1024)
    (attempt,) = tried(pipeline, tmp_path)
    assert "too large" in attempt.reason


def test_a_name_that_is_no_text_is_shown_as_one(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"IBOV\xff.html")).write_bytes(b"odd")
    (attempt,) = FolderImport(pipeline).run(tmp_path)
    assert attempt.files == ("IBOV?.html",)


def test_a_link_to_nowhere_is_passed_over(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to(tmp_path / "nowhere.csv")
    assert tried(pipeline, tmp_path) == []


def test_one_session_in_several_files_is_imported_from_the_one_that_tells_most(
    pipeline: Pipeline, sample: Portfolio, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(csv_of(sample))
    (tmp_path / "IBOV.json").write_bytes(json_page(sample, 1, 120, by_sector=True))
    (tmp_path / "IBOV.html").write_bytes(html_page(sample))
    found = outcomes(tried(pipeline, tmp_path))
    assert found == {"IBOV.json": "planned", "IBOV.html": "already published", NAME: "already published"}


def test_files_that_disagree_on_a_session_are_in_conflict_unless_gate_1_tells_them_apart(
    pipeline: Pipeline, sample: Portfolio, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(csv_of(sample))
    (tmp_path / "IBOV.html").write_bytes(html_page(replace(sample, holdings=sample.holdings[1:])))
    assert outcomes(tried(pipeline, tmp_path)) == {NAME: "planned", "IBOV.html": "quarantined"}
    (tmp_path / "IBOV.html").write_bytes(html_page(other_figures(sample)))
    assert outcomes(tried(pipeline, tmp_path)) == {NAME: "conflicting", "IBOV.html": "conflicting"}


@pytest.mark.parametrize("publish", [True, False])
def test_other_figures_than_what_is_there_are_a_conflict_unless_they_replace_it(
    pipeline: Pipeline,
    s3: S3Client,
    sample: Portfolio,
    tmp_path: Path,
    publish: bool,  # noqa: FBT001
) -> None:
    upload(s3, sample, publish=publish)
    (tmp_path / NAME).write_bytes(csv_of(other_figures(sample)))
    (attempt,) = tried(pipeline, tmp_path)
    assert attempt.outcome is Outcome.CONFLICTING
    assert ("published" if publish else "uploaded") in attempt.reason
    assert outcomes(tried(pipeline, tmp_path, replaces=True)) == {NAME: "planned"}


@pytest.mark.usefixtures("undamaged")
@pytest.mark.parametrize(("publish", "verdict"), [(True, "already published"), (False, "planned")])
def test_the_same_figures_are_present_once_they_are_published(
    pipeline: Pipeline,
    s3: S3Client,
    sample: Portfolio,
    tmp_path: Path,
    publish: bool,  # noqa: FBT001
    verdict: str,
) -> None:
    upload(s3, sample, publish=publish)
    (tmp_path / NAME).write_bytes(csv_of(sample))
    assert outcomes(tried(pipeline, tmp_path)) == {NAME: verdict}


@pytest.mark.usefixtures("undamaged")
def test_a_copy_without_totals_of_what_is_published_is_present(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio, tmp_path: Path
) -> None:
    upload(s3, sample, publish=True)
    copy = sample.restated(divisor=None)
    (tmp_path / "a.parquet").write_bytes(encode(copy, RawFacts.of(copy, noon(copy.session), [])))
    assert outcomes(tried(pipeline, tmp_path)) == {"a.parquet": "already published"}


def test_sectors_that_the_published_session_lacks_are_taken(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio, tmp_path: Path
) -> None:
    without = replace(sample, holdings=tuple(replace(item, setor=None) for item in sample.holdings))
    upload(s3, without, publish=True)
    (tmp_path / "IBOV.json").write_bytes(json_page(sample, 1, 120, by_sector=True))
    assert outcomes(tried(pipeline, tmp_path)) == {"IBOV.json": "planned"}


def test_one_session_s_figures_under_two_dates_are_neither_s(
    pipeline: Pipeline, sample: Portfolio, tmp_path: Path
) -> None:
    for day in (date(2025, 6, 30), date(2025, 7, 1)):
        (tmp_path / f"IBOVDia_{day:%d-%m-%y}.csv").write_bytes(csv_of(sample.restated(session=day)))
    attempts = tried(pipeline, tmp_path)
    assert set(outcomes(attempts).values()) == {"rejected"}
    assert all("the same weights under several sessions" in attempt.reason for attempt in attempts)


@pytest.mark.parametrize("title", ["16/03/99", "16/03/27", "03/03/25"])
def test_a_date_that_cannot_be_stops_no_other_file_s_import(
    pipeline: Pipeline, sample: Portfolio, tmp_path: Path, title: str
) -> None:
    (tmp_path / "odd.csv").write_bytes(csv_of(sample).replace(b"30/06/25", title.encode()))
    (tmp_path / NAME).write_bytes(csv_of(sample))
    assert outcomes(tried(pipeline, tmp_path)) == {NAME: "planned", "odd.csv": "rejected"}


def test_a_name_that_contradicts_the_title_is_a_conflict(pipeline: Pipeline, sample: Portfolio, tmp_path: Path) -> None:
    (tmp_path / "IBOVDia_01-07-25.csv").write_bytes(csv_of(sample))
    (attempt,) = tried(pipeline, tmp_path)
    assert attempt.outcome is Outcome.CONFLICTING
    assert "2025-07-01" in attempt.reason
    assert "2025-06-30" in attempt.reason


@pytest.mark.parametrize("publish", [True, False])
@pytest.mark.parametrize("name", ["IBOVDia_01-07-25.csv", "a.csv"])
def test_figures_that_another_session_has_already_are_refused_with_its_name(
    pipeline: Pipeline,
    s3: S3Client,
    sample: Portfolio,
    tmp_path: Path,
    name: str,
    publish: bool,  # noqa: FBT001
) -> None:
    upload(s3, sample, publish=publish)
    (tmp_path / name).write_bytes(csv_of(sample.restated(session=date(2025, 7, 1))))
    (attempt,) = tried(pipeline, tmp_path)
    assert attempt.outcome is Outcome.REJECTED
    assert "session 2025-06-30 has these weights already" in attempt.reason


def test_a_quantity_that_differs_from_the_published_neighbour_s_by_2_32_is_refused(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio, tmp_path: Path
) -> None:
    upload(s3, sample, publish=True)
    first, second, *rest = as_of(date(2025, 7, 1), sample).holdings
    cut = replace(second, qtde_teorica=second.qtde_teorica - 2**32)
    damaged = replace(sample, holdings=(first, cut, *rest))
    total = sample.statement.total_quantity - 2**32
    (tmp_path / "IBOVDia_01-07-25.csv").write_bytes(
        csv_of(damaged.restated(session=date(2025, 7, 1), total_quantity=total))
    )
    (attempt,) = tried(pipeline, tmp_path)
    assert attempt.outcome is Outcome.QUARANTINED
    assert "by a multiple of 2^32" in attempt.reason
    assert "ABEV3" in attempt.reason


def test_what_gate_1_only_warns_of_is_in_the_attempt(pipeline: Pipeline, sample: Portfolio, tmp_path: Path) -> None:
    first, *rest = sample.holdings
    new = replace(sample, holdings=(replace(first, setor="Mats Básicos / Embalagens"), *rest))
    (tmp_path / "IBOV.json").write_bytes(json_page(new, 1, 120, by_sector=True))
    (attempt,) = tried(pipeline, tmp_path)
    assert (attempt.outcome, attempt.warnings) == (Outcome.PLANNED, 1)
    (report,) = attempt.gates
    assert "Embalagens" in report.warnings[0].line()


def test_files_that_disagree_are_told_apart_by_their_cells_in_the_words_of_their_kind(
    pipeline: Pipeline, sample: Portfolio, tmp_path: Path
) -> None:
    first, *rest = sample.holdings
    flagged = replace(sample, holdings=(replace(first, tipo="ON      NM"), *rest))
    (tmp_path / NAME).write_bytes(csv_of(sample))
    (tmp_path / "IBOV.html").write_bytes(html_page(flagged))
    attempts = tried(pipeline, tmp_path)
    assert set(outcomes(attempts).values()) == {"conflicting"}
    assert attempts[0].reason == f"other types (ALOS3 tipo ON      NM here, ON  ED  NM there) than {NAME}"


def test_a_guessed_date_never_stands_against_b3s_own_file(
    pipeline: Pipeline, sample: Portfolio, tmp_path: Path
) -> None:
    guess = csv_of(other_figures(sample)).split(b"\r\n", 1)[1]
    (tmp_path / "ibov 2025-06-30.csv").write_bytes(guess)
    (tmp_path / NAME).write_bytes(csv_of(sample))
    assert outcomes(tried(pipeline, tmp_path)) == {NAME: "planned", "ibov 2025-06-30.csv": "conflicting"}


def test_a_holiday_is_imported_only_where_its_owner_insists(
    pipeline: Pipeline, sample: Portfolio, tmp_path: Path
) -> None:
    holiday = date(2025, 3, 3)
    (tmp_path / "IBOVDia_03-03-25.csv").write_bytes(csv_of(sample.restated(session=holiday)))
    assert outcomes(tried(pipeline, tmp_path)) == {"IBOVDia_03-03-25.csv": "rejected"}
    insisting = FolderImport(pipeline, session=holiday, dry_run=True)
    assert outcomes(insisting.run(tmp_path)) == {"IBOVDia_03-03-25.csv": "planned"}


def test_progress_is_told_of_each_step_and_each_of_its_files(
    pipeline: Pipeline, sample: Portfolio, tmp_path: Path
) -> None:
    next_day = other_figures(sample.restated(session=date(2025, 7, 1)))
    for portfolio in (sample, next_day):
        (tmp_path / f"IBOVDia_{portfolio.session:%d-%m-%y}.csv").write_bytes(csv_of(portfolio))
    told: list[str] = []

    def begin(what: str, total: int) -> Callable[[], None]:
        told.append(f"{what} {total}")
        return lambda: told.append(what)

    FolderImport(pipeline, dry_run=True, progress=begin).run(tmp_path)
    assert told == ["checking 2", "checking", "checking", "uploading 2", "uploading", "uploading"]
