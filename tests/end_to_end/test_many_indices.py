"""Every index of B3 by the same command: each a run of its own, none stopped by another, the Ibovespa's tables untouched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests

from flows.b3.portfolio import Holding, Portfolio
from local.b3 import sample
from local.b3 import standin as b3_standin
from tests.end_to_end.commands import bovespa

if TYPE_CHECKING:
    from local.account.client import Account
    from local.b3.standin import StandIn
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

SESSION = date(2025, 6, 30)


def of(index: str, *holdings: Holding) -> Portfolio:
    total = sum(holding.qtde_teorica for holding in holdings)
    stated = sample.recorded(SESSION).restated(index=index, total_records=len(holdings), total_quantity=total)
    return replace(stated, holdings=holdings)


def ibra() -> Portfolio:
    """As many rows as B3's broad index had at most: two pages of B3's answers."""
    shares = [
        Holding(f"X{number:03d}3", f"X{number:03d}", "ON      NM", "Diversos", 1000 + number, Decimal("0.500"))
        for number in range(178)
    ]
    return of("IBRA", Holding("VALE3", "VALE", "ON      NM", "Diversos", 10**10, Decimal("11.000")), *shares)


def ifix() -> Portfolio:
    """Real estate funds: of the class CI, without sectors; one with an event."""
    funds = [
        Holding(f"F{number:03d}11", f"FII F{number:03d}", "CI", None, 4_836_324 + number, Decimal("0.800"))
        for number in range(109)
    ]
    return of("IFIX", Holding("KNRI11", "FII KINEA", "CI  ER", None, 28_204_684, Decimal("12.800")), *funds)


@pytest.fixture(scope="module")
def result(account: Account) -> dict[str, Any]:
    """SMLL is asked for, but B3 does not answer."""
    with b3_standin.serving() as site:
        site.show(ibra())
        site.show(ifix())
        at = sample.collected_at(SESSION).isoformat()
        done = bovespa(
            account.home,
            *("run", "--live", "--collected-at", at, "--json"),
            B3_BASE_URL=site.url,
            BOVESPA_INDICES="SMLL, ifix,IBRA",
            BOVESPA_B3_ATTEMPTS="1",
        )
        asked(site)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def asked(site: StandIn) -> None:
    assert len(site.requests) >= 4  # two pages of IBRA
    # Whatever is done for all indices before the run that they share, and then for each.
    assert len(site.requests) == len(set(map(str, site.requests)))


def test_an_index_that_fails_stops_none_of_the_others(result: dict[str, Any]) -> None:
    assert [(item["index"], item["outcome"], item.get("rows")) for item in result["sessions"]] == [
        ("SMLL", "failed", 0),
        ("IFIX", "published", 110),
        ("IBRA", "published", 179),
    ]


def test_the_indices_of_a_day_share_one_glue_run_and_its_cost(result: dict[str, Any], operator: Operator) -> None:
    _, ifix_run, ibra_run = result["sessions"]
    assert ifix_run["run_id"] == ibra_run["run_id"]
    runs = operator.pipeline.lake.job.runs(datetime(2020, 1, 1, tzinfo=UTC))
    (run,) = (run for run in runs if run.run_id == ifix_run["run_id"])
    assert ifix_run["dpu_seconds"] == ibra_run["dpu_seconds"] == pytest.approx(run.dpu_seconds / 2)


@pytest.mark.parametrize("portfolio", [ibra(), ifix()], ids=lambda portfolio: portfolio.index)
def test_what_is_published_of_an_index_is_what_b3_stated(
    result: dict[str, Any], operator: Operator, portfolio: Portfolio
) -> None:
    stated = {
        (item.codigo, item.tipo[:4].strip(), float(item.qtde_teorica), float(item.participacao_pct))
        for item in portfolio.holdings
    }
    for table in ("bovespa_refined_indices", "bovespa_historico"):
        found = operator.query(
            f"SELECT codigo, classe, quantidade_teorica_acoes, percentual_participacao_ibov FROM {table} "
            f"WHERE indice = '{portfolio.index}' AND data_pregao = DATE '{SESSION}'"
        )
        assert {
            (code, kind, float(str(quantity)), float(str(share))) for code, kind, quantity, share in found.rows
        } == stated
        assert len(found.rows) == len(stated)


def test_the_ibovespas_own_tables_hold_nothing_of_them(result: dict[str, Any], operator: Operator) -> None:
    for table in ("bovespa_refined_data", "bovespa_resumo_setor"):
        columns = operator.query(f"SELECT * FROM {table} WHERE year = 2025 AND month = 6 AND day = 30").columns
        assert "indice" not in columns
    strangers = operator.query("SELECT COUNT(*) FROM bovespa_refined_data WHERE codigo IN ('KNRI11', 'X0003')")
    assert strangers.rows == (("0",),)


NEXT = date(2025, 7, 1)


@pytest.fixture(scope="module")
def changed(result: dict[str, Any], account: Account) -> dict[str, Any]:
    """The day after, a fund has left IFIX, and another has taken its weight and got new shares."""
    _, second, *rest = ifix().holdings
    grown = replace(second, qtde_teorica=second.qtde_teorica + 1000, participacao_pct=Decimal("13.600"))
    with b3_standin.serving() as site:
        site.show(of("IFIX", grown, *rest).restated(session=NEXT))
        at = sample.collected_at(NEXT).isoformat()
        done = bovespa(
            account.home,
            *("run", "--live", "--index", "IFIX", "--collected-at", at, "--json"),
            B3_BASE_URL=site.url,
        )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_changed_composition_is_told_by_the_run_by_an_artifact_and_to_cloudwatch(
    changed: dict[str, Any], account: Account
) -> None:
    (summary,) = changed["sessions"]
    assert summary["changes"] == 2
    wanted = {"artifacts": {"key": {"any_": ["changes-ifix"]}}}
    (artifact,) = requests.post(
        f"{account.prefect_api_url}/artifacts/latest/filter",
        json=wanted,
        auth=tuple(account.prefect_auth.split(":")),
        timeout=30,
    ).json()
    assert "IFIX 2025-07-01: 1 saiu, 1 quantidade" in artifact["data"]
    session: Any = boto3.Session(*account.keys(), region_name=account.region)
    cloudwatch = session.client("cloudwatch", endpoint_url=account.endpoint_url)
    now = datetime.now(UTC)
    (point,) = cloudwatch.get_metric_statistics(
        Namespace="Bovespa",
        MetricName="CompositionChanges",
        Dimensions=[{"Name": "Indice", "Value": "IFIX"}],
        StartTime=now - timedelta(hours=12),
        EndTime=now + timedelta(hours=12),
        Period=24 * 3600,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert point["Maximum"] == 2


def test_the_command_shows_the_latest_changes_of_composition(changed: dict[str, Any], account: Account) -> None:
    done = bovespa(account.home, "changes", "--index", "IFIX", "--json")
    answer = json.loads(done.stdout)
    columns = ["mudanca", "acao", "quantidade_anterior", "quantidade_atual"]
    listed = [[row[name] for name in columns] for row in answer["rows"]]
    assert listed == [["saiu", "KNRI11", 28_204_684.0, None], ["quantidade", "F00011", 4_836_324.0, 4_837_324.0]]
    table = bovespa(account.home, "changes", "--index", "IFIX")
    assert "IFIX: 2 changes of composition" in table.stdout
    assert "KNRI11" in table.stdout
