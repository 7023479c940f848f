"""Killed at any step and run again, run twice, run two at once, corrected: one published state, the right one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from local.b3 import sample

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

# Real session days of 2025 that the recorded sample does not use; each test takes its own.
_DAYS = (date(2025, 7, day) for day in (2, 3, 4, 7, 8, 10, 11, 14, 15, 16, 17, 18))


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the pipeline may catch it."""


@pytest.fixture
def portfolio() -> Portfolio:
    return sample.as_of(next(_DAYS), sample.recorded(date(2025, 6, 30)))


def figures(portfolio: Portfolio) -> dict[str, tuple[float, float]]:
    return {h.codigo: (float(h.qtde_teorica), float(h.participacao_pct)) for h in portfolio.holdings}


def visible_figures(operator: Operator, session: date) -> dict[str, tuple[float, float]]:
    rows = operator.published(session)
    assert all(row[0] == row[1] for row in rows)
    return {str(row[0]): (float(str(row[6])), float(str(row[7]))) for row in rows}


def test_a_run_killed_after_any_step_and_run_again_ends_in_the_published_state_with_one_glue_run(
    operator: Operator, portfolio: Portfolio
) -> None:
    for step in ("collect", "upload", "refine", "audit"):

        def kill(done: str, step: str = step) -> None:
            if done == step:
                raise Killed

        with pytest.raises(Killed):
            operator.run(portfolio, after=kill)
        assert visible_figures(operator, portfolio.session) == {}
    publication = operator.run(portfolio)
    assert publication.rows == len(portfolio.holdings)
    assert visible_figures(operator, portfolio.session) == figures(portfolio)
    runs = operator.pipeline.lake.job.client.get_job_runs(JobName="bovespa-etl-job")["JobRuns"]
    stamp = f"{portfolio.session:%Y%m%d}"
    assert [run["JobRunState"] for run in runs if stamp in run["Arguments"].get("--raw_key", "")] == ["SUCCEEDED"]


def test_two_runs_at_once_end_in_one_published_state(operator: Operator, portfolio: Portfolio) -> None:
    with ThreadPoolExecutor(2) as pool:
        publications = [future.result() for future in [pool.submit(operator.run, portfolio) for _ in range(2)]]
    assert publications[0] == publications[1]
    assert visible_figures(operator, portfolio.session) == figures(portfolio)


def test_a_session_is_published_once_until_a_correction_replaces_it_whole(
    operator: Operator, portfolio: Portfolio
) -> None:
    first = operator.run(portfolio)
    assert operator.run(portfolio) == first
    gone, heir, *rest = portfolio.holdings
    heir = replace(
        heir,
        qtde_teorica=heir.qtde_teorica + gone.qtde_teorica,
        participacao_pct=heir.participacao_pct + gone.participacao_pct,
    )
    corrected = replace(portfolio.restated(total_records=len(portfolio.holdings) - 1), holdings=(heir, *rest))
    publication = operator.run(corrected)
    assert publication.run_id != first.run_id
    assert publication.rows == len(corrected.holdings)
    assert [item.raw_version_id for item in publication.history] == [first.raw_version_id]
    assert visible_figures(operator, portfolio.session) == figures(corrected)
    prefix = f"refined-data/year=2025/month=07/day={portfolio.session:%d}/acao={gone.codigo}/"
    listed = operator.pipeline.lake.raw.client.list_objects_v2(Bucket="bovespa-refined-data-bucket", Prefix=prefix)
    assert listed["KeyCount"] == 0
    versions = operator.pipeline.lake.raw.client.list_object_versions(
        Bucket="bovespa-raw-data-bucket", Prefix=f"raw-data/year=2025/month=07/day={portfolio.session:%d}/"
    )
    assert len(versions["Versions"]) == 2


def test_another_index_has_its_own_table_and_leaves_the_ibovespas_alone(
    operator: Operator, portfolio: Portfolio
) -> None:
    other = portfolio.restated(index="IBXX")
    assert operator.run(other).rows == len(other.holdings)
    assert visible_figures(operator, portfolio.session) == {}
    result = operator.query(
        "SELECT indice, count(*), sum(percentual_participacao_ibov) FROM bovespa_refined_indices "
        f"WHERE year = 2025 AND month = 7 AND day = {portfolio.session.day} GROUP BY indice"
    )
    assert [(row[0], row[1]) for row in result.rows] == [("IBXX", str(len(other.holdings)))]
    assert Decimal(str(result.rows[0][2])).quantize(Decimal("0.001")) == Decimal("100.000")


def test_force_makes_a_new_raw_version_of_a_session_that_has_one(operator: Operator, portfolio: Portfolio) -> None:
    operator.stand_in.show(portfolio)
    collected = operator.pipeline.collect("IBOV", sample.collected_at(portfolio.session))
    first = operator.pipeline.upload(collected, force=False)
    assert operator.pipeline.upload(collected, force=False) == first
    assert operator.pipeline.upload(collected, force=True).version_id != first.version_id
