"""`bovespa run` as a user runs it: the recorded sample, the whole way, and what it leaves."""

from __future__ import annotations

import io
import json
import re
import shutil
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow.parquet as pq
import pytest
from lxml import html

from expectations.contract.tables import REFINED_COLUMNS
from expectations.queries.views import VIEWS, View
from flows.site.figures import figures_by_session, figures_of
from local.b3 import sample
from tests.end_to_end.commands import Done, bovespa, by_itself

if TYPE_CHECKING:
    from local.account.client import Account
    from local.b3.standin import StandIn
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def finished(account: Account) -> Done:
    return by_itself(account.home, "run", "--json")


@pytest.fixture(scope="module")
def result(finished: Done) -> dict[str, Any]:
    assert finished.returncode == 0, finished.stderr
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


def test_it_says_plainly_that_the_sample_is_a_recorded_one(finished: Done, result: dict[str, Any]) -> None:
    assert result["sample"] is True
    assert "recorded sample: B3's real portfolios of 2025-06-30 and 2025-07-01" in finished.stderr


def test_both_sessions_are_published_and_passed_both_gates(result: dict[str, Any]) -> None:
    sessions = result["sessions"]
    assert [(item["session"], item["outcome"], item["rows"]) for item in sessions] == [
        ("2025-06-30", "published", 84),
        ("2025-07-01", "published", 84),
    ]
    assert [[(gate["gate"], gate["passed"]) for gate in item["gates"]] for item in sessions] == [
        [("gate-1-raw", True), ("gate-2-refined", True)]
    ] * 2


def test_the_three_queries_show_the_session_of_2025_06_30(result: dict[str, Any]) -> None:
    portfolio, by_type, by_session = result["queries"]
    assert len(portfolio["rows"]) == 84
    assert sum(row["quantidade_teorica_acoes"] for row in portfolio["rows"]) == 91_922_324_686
    assert round(sum(row["percentual_participacao_ibov"] for row in portfolio["rows"]), 9) == 100
    assert sum(row["total_acoes"] for row in by_type["rows"]) == 84
    assert [(row["data_pregao"], row["total_acoes"]) for row in by_session["rows"]] == [("2025-06-30", 84)]
    assert round(by_session["rows"][0]["participacao_total"], 9) == 100


@pytest.mark.parametrize("session", sample.SESSIONS, ids=str)
def test_every_published_cell_equals_what_b3_stated(result: dict[str, Any], operator: Operator, session: date) -> None:
    assert result
    stated = {h.codigo: h for h in sample.recorded(session).holdings}
    published = {row[0]: row for row in operator.published(session)}
    assert published.keys() == stated.keys()
    for ticker, (_, codigo, name, tipo, flags, sector, quantity, share) in published.items():
        holding = stated[str(ticker)]
        assert (codigo, name) == (holding.codigo, holding.acao)
        assert f"{tipo} {flags or ''}".split() == [
            *holding.tipo[:4].split(),
            *holding.tipo[8:].split(),
            *holding.tipo[4:8].split(),
        ]
        assert (sector is None) == (holding.setor is None)
        assert float(str(quantity)) == holding.qtde_teorica
        assert float(str(share)) == float(holding.participacao_pct)


def test_each_run_leaves_a_summary_its_gates_findings_and_data_docs(result: dict[str, Any], operator: Operator) -> None:
    bucket, key = result["sessions"][0]["links"]["summary"].removeprefix("s3://").split("/", 1)
    folder = key.rsplit("/", 1)[0]
    listed = operator.pipeline.lake.raw.client.list_objects_v2(Bucket=bucket, Prefix=folder)["Contents"]
    names = {item["Key"].removeprefix(f"{folder}/") for item in listed}
    assert {"summary.html", "summary.md", "summary.json", "gate-1-raw.json", "gate-2-refined.json"} <= names
    assert {name.split("/")[2:4] == ["raw", "rows"] for name in names if name.startswith("data-docs/")} == {True, False}


OF_THE_SAMPLE = "indice = 'IBOV' AND data_pregao IN (DATE '2025-06-30', DATE '2025-07-01')"


def test_the_history_holds_exactly_the_published_rows(result: dict[str, Any], operator: Operator) -> None:
    columns = ", ".join(column.name for column in REFINED_COLUMNS)
    published = operator.query(
        f"SELECT acao, day, {columns} FROM bovespa_refined_data WHERE {OF_THE_SAMPLE.partition('AND ')[2]}"
    )
    history = operator.query(f"SELECT acao, day, {columns} FROM bovespa_historico WHERE {OF_THE_SAMPLE}")
    assert sorted(history.rows, key=str) == sorted(published.rows, key=str)
    assert len(history.rows) == 168
    divisors = operator.query(f"SELECT DISTINCT data_pregao, redutor FROM bovespa_historico WHERE {OF_THE_SAMPLE}")
    assert {(date.fromisoformat(str(day)), float(str(divisor))) for day, divisor in divisors.rows} == {
        (day, float(sample.DIVISORS[day])) for day in sample.SESSIONS
    }


def test_changes_are_shown_as_a_table_and_equal_what_b3_stated(result: dict[str, Any], account: Account) -> None:
    done = bovespa(account.home, "changes", "--since", "2025-07-01", "--until", "2025-07-01", "--weights", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    found = {row["acao"]: (row["mudanca"], round(row["variacao_participacao"] * 1000)) for row in answer["rows"]}
    assert answer["basis"]["sessions"] == [
        {"index": "IBOV", "since": "2025-07-01", "until": "2025-07-01", "published": 1, "expected": 1}
    ]
    first, second = (
        {holding.codigo: holding for holding in sample.recorded(session).holdings} for session in sample.SESSIONS
    )
    moved = {code: second[code].participacao_pct - first[code].participacao_pct for code in first}
    assert found == {code: ("participacao", int(by * 1000)) for code, by in moved.items() if by}
    # The level at the close of 2025-06-30, of which a share's points are its weight, but for those that are ex from then on.
    assert {row["nivel_anterior"] for row in answer["rows"]} == {138854.25}
    points = {row["acao"]: row["contribuicao_pontos"] for row in answer["rows"]}
    stated = {code: float(second[code].participacao_pct) for code in points if second[code].tipo == first[code].tipo}
    assert len(stated) > 50
    a_percent = sum(points[code] for code in stated) / sum(stated.values())
    assert {code: points[code] / a_percent for code in stated} == pytest.approx(stated, abs=0.001)


def test_each_run_adds_itself_to_the_site_whose_links_all_lead_somewhere(
    result: dict[str, Any], account: Account
) -> None:
    site = account.home / "s3" / result["sessions"][1]["links"]["all_sessions"].removeprefix("s3://")
    assert site.exists()
    # Others of the account's sessions are published by steps that leave the site to its next refresh.
    own = ("month=06/day=30", "month=07/day=01")
    to_year = links_of(site.parent / "ibov/year=2025/index.html")
    to_sessions = [path for path in to_year if path.parent.as_posix().endswith(own)]
    assert {path.parent.name for path in to_sessions} == {"day=30", "day=01"}
    to_runs = [path for page in to_sessions for path in links_of(page)]
    assert {"summary.html", "index.html"} <= {path.name for path in to_runs}
    assert [path for path in (*to_sessions, *to_runs) if not path.exists()] == []


def links_of(page: Path) -> list[Path]:
    links = html.document_fromstring(page.read_text(encoding="utf-8")).xpath("//a/@href")
    return [(page.parent / link.partition("#")[0]).resolve() for link in links if not link.startswith("#")]


def test_the_site_made_again_shows_both_sessions(result: dict[str, Any], account: Account) -> None:
    assert result
    made = json.loads(bovespa(account.home, "report", "--json").stdout)
    (ibov,) = (item for item in made["indices"] if item["index"] == "IBOV")
    assert (made["left_out"], ibov["sessions"]["published"] >= 2) == ([], True)
    page = html.parse(made["report"].removeprefix("file://"))
    assert "IBOV" in page.getroot().text_content()


def test_the_figures_of_the_history_s_files_are_those_of_the_portfolio(
    result: dict[str, Any], operator: Operator
) -> None:
    assert result
    found = {}
    for month in ("06", "07"):
        key = f"historico/indice=IBOV/year=2025/month={month}/part-00000.parquet"
        kept = operator.pipeline.lake.refined.find(key)
        assert kept, key
        found |= figures_by_session(pq.read_table(io.BytesIO(kept.body)))
    for session in sample.SESSIONS:
        weights = [float(holding.participacao_pct) for holding in sample.recorded(session).holdings]
        assert asdict(found[session]) == pytest.approx(asdict(figures_of(weights)))


def documented() -> dict[str, str]:
    """The queries that the documents show, by where they stand."""
    found = {}
    for name in ("README.md", "docs/how-to.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        blocks = re.findall(r"^```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        commands = re.findall(r'(?:bovespa query(?: --json)? |SQL=)"(SELECT [^"…]+)"', text)
        found |= {f"{name} {number}": sql for number, sql in enumerate((*blocks, *commands))}
    return found


@pytest.mark.parametrize("where", documented())
def test_every_query_of_the_documents_runs(result: dict[str, Any], operator: Operator, where: str) -> None:
    assert result
    assert operator.query(documented()[where]).columns


def test_views_answer_typed_rows_of_the_sample(result: dict[str, Any], operator: Operator) -> None:
    first, second = (sample.recorded(session).holdings for session in sample.SESSIONS)

    tops = operator.query(
        "SELECT acao, percentual_participacao_ibov FROM default.bovespa_dez_maiores WHERE indice = 'IBOV'"
    )
    assert len(tops.rows) == 10
    assert tops.types == ("varchar", "double")

    moves = operator.query(
        "SELECT COUNT(*), COUNT(variacao), ROUND(SUM(variacao), 6) FROM bovespa_evolucao_participacao "
        "WHERE indice = 'IBOV' AND data_pregao = DATE '2025-07-01'"
    )
    assert [float(str(value)) for value in moves.rows[0]] == [84, 84, 0]

    sectors = operator.query(
        "SELECT data_pregao, SUM(total_acoes), SUM(participacao_total) FROM bovespa_setores "
        f"WHERE {OF_THE_SAMPLE} GROUP BY 1"
    )
    assert {(day, count, round(float(str(share)), 6)) for day, count, share in sectors.rows} == {
        ("2025-06-30", "84", 100.0),
        ("2025-07-01", "84", 100.0),
    }

    moved = operator.query(f"SELECT * FROM bovespa_entradas_e_saidas WHERE {OF_THE_SAMPLE}")
    assert moved.rows == ()

    where = "WHERE indice = 'IBOV' AND data_pregao = DATE '2025-06-30'"
    (found,) = operator.query(f"SELECT hhi, cinco_maiores, dez_maiores FROM bovespa_concentracao {where}").rows
    ordered = sorted((float(holding.participacao_pct) for holding in first), reverse=True)
    expected = [sum(share * share for share in ordered), sum(ordered[:5]), sum(ordered[:10])]
    assert [round(float(str(value)), 6) for value in found] == [round(value, 6) for value in expected]

    as_of = operator.query(
        "SELECT data_pregao, acao, quantidade_teorica_acoes FROM bovespa_composicao "
        "WHERE indice = 'IBOV' AND data = DATE '2025-07-01'"
    )
    assert {(day, code, float(str(quantity))) for day, code, quantity in as_of.rows} == {
        ("2025-07-01", holding.codigo, holding.qtde_teorica) for holding in second
    }

    age = operator.query(f"SELECT dias_desde_coleta FROM bovespa_dias_desde_coleta {where}")
    today = datetime.now(sample.collected_at(sample.SESSIONS[0]).tzinfo).date()
    assert age.rows == ((str((today - date(2025, 6, 30)).days),),)
    assert age.types == ("bigint",)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_saved_query_of_a_view_runs(result: dict[str, Any], operator: Operator, view: View) -> None:
    assert operator.query(f"{view.sql};").columns == tuple(name for name, _ in view.columns)


def test_each_run_tells_cloudwatch_how_it_went(result: dict[str, Any], account: Account) -> None:
    session: Any = boto3.Session(*account.keys(), region_name=account.region)
    cloudwatch = session.client("cloudwatch", endpoint_url=account.endpoint_url)
    now = datetime.now(UTC)

    def maximum(name: str) -> float:
        (point,) = cloudwatch.get_metric_statistics(
            Namespace="Bovespa",
            MetricName=name,
            Dimensions=[{"Name": "Indice", "Value": "IBOV"}],
            StartTime=now - timedelta(hours=12),
            EndTime=now + timedelta(hours=12),
            Period=24 * 3600,
            Statistics=["Maximum"],
        )["Datapoints"]
        return float(point["Maximum"])

    assert (maximum("Rows"), maximum("FreshSession"), maximum("Runs")) == (84, 1, 1)
    assert maximum("DurationSeconds") > 1
    assert maximum("Bytes") > 1000


def test_a_second_run_is_a_quick_no_op_that_says_so(result: dict[str, Any], account: Account) -> None:
    assert result
    again = json.loads(bovespa(account.home, "run", "--json").stdout)
    assert [item["outcome"] for item in again["sessions"]] == ["already published"] * 2
    assert again["queries"][0]["rows"]


def test_an_answer_that_shows_an_older_session_than_it_should_is_stale_and_stored_under_no_other_date(
    result: dict[str, Any], account: Account, stand_in: StandIn
) -> None:
    stand_in.show(sample.recorded(date(2025, 7, 1)))
    at = sample.collected_at(date(2025, 7, 2)).isoformat()
    stale = bovespa(account.home, "run", "--live", "--json", "--collected-at", at, B3_BASE_URL=stand_in.url)
    assert stale.returncode == 1
    (session,) = json.loads(stale.stdout)["sessions"]
    assert (session["session"], session["outcome"]) == ("2025-07-01", "stale")
    assert session["reason"] == (
        "B3 still shows 2025-07-01, 2025-07-02 expected; tried again on the schedule (2025-07-01 is published)"
    )
    assert "Stale" in stale.stderr


def test_every_attempt_is_a_row_of_the_ledger(result: dict[str, Any], operator: Operator) -> None:
    rows = operator.query(
        "SELECT estado, linhas, portoes_aprovados, execucao_glue, dpu_segundos, custo_usd, impressao_digital "
        "FROM bovespa_execucoes WHERE fluxo = 'daily' AND indice = 'IBOV' AND data_pregao = DATE '2025-07-01' ORDER BY inicio"
    ).rows
    published, *others = rows
    assert published[:3] == ("published", "84", "gate-1-raw,gate-2-refined")
    assert published[3] == result["sessions"][1]["run_id"]
    assert float(str(published[4])) > 0
    assert float(str(published[5])) > 0
    assert {row[0] for row in others} == {"already published", "stale"}
    assert {(row[4], row[5], row[6]) for row in others} == {(None, None, published[6])}


def test_the_status_names_what_is_published_and_what_is_missing(result: dict[str, Any], account: Account) -> None:
    assert result
    days = ("--index", "IBOV", "--since", "2025-06-30", "--until")
    whole = bovespa(account.home, "status", *days, "2025-07-01")
    assert whole.returncode == 0, whole.stderr
    lacking = bovespa(account.home, "status", "--json", *days, "2025-07-02")
    assert lacking.returncode == 1
    body = json.loads(lacking.stdout)
    assert body["indices"][0]["counts"] == {"published": 2, "missing": 1}


def test_a_query_is_answered_as_a_table_and_athenas_reason_ends_a_wrong_one(account: Account) -> None:
    table = by_itself(account.home, "query", "SELECT 1 AS um, 'x' AS letra")
    assert (table.returncode, "letra" in table.stdout) == (0, True)
    assert "1 row; " in table.stdout
    wrong = bovespa(account.home, "query", "SELECT * FROM nowhere")
    assert wrong.returncode == 1
    assert "TABLE_NOT_FOUND" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_an_account_that_was_down_answers_as_before_and_finds_everything_as_it_was_published(
    result: dict[str, Any], account: Account, tmp_path: Path
) -> None:
    assert result["sessions"]
    home = shutil.copytree(account.home, tmp_path / "home", ignore=shutil.ignore_patterns("*.sock", "tmp"))
    first = by_itself(home, "query", "--json", "SELECT count(*) AS n FROM bovespa_refined_data", BOVESPA_KEEP_UP="0")
    assert first.returncode == 0, first.stdout
    assert json.loads(first.stdout)["rows"] == [{"n": 168}]
    looked = by_itself(home, "verify", "--json", BOVESPA_KEEP_UP="0")
    assert (looked.returncode, json.loads(looked.stdout)["damaged"]) == (0, [])


def test_no_data_is_not_taken_for_no_change(result: dict[str, Any], account: Account) -> None:
    assert result
    done = bovespa(account.home, "changes", "--json", "--since", "2025-05-01", "--until", "2025-05-31")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "NotPublishedError"
    assert "none of the 21 sessions from 2025-05-01 to 2025-05-31 is published" in error["message"]


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (["run", "--index", "IBXX"], {}, "--index and --collected-at need --live"),
        (["query", "SELECT 1"], {"BOVESPA_HOEM": "x"}, "BOVESPA_HOEM: no such setting"),
        (["query", "SELECT 1"], {"BOVESPA_QUERY_TIMEOUT": "soon"}, "BOVESPA_QUERY_TIMEOUT = 'soon'"),
    ],
)
def test_a_users_mistake_ends_in_one_line_and_exit_code_1(
    account: Account, arguments: list[str], environment: dict[str, str], reason: str
) -> None:
    failed = bovespa(account.home, *arguments, **environment)
    assert failed.returncode == 1
    assert reason in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_failed_collection_ends_in_exit_code_1_and_says_why(account: Account, operator: Operator) -> None:
    failed = bovespa(account.home, "run", "--live", "--json", B3_BASE_URL="http://127.0.0.1:9", BOVESPA_B3_ATTEMPTS="1")
    assert failed.returncode == 1
    (session,) = json.loads(failed.stdout)["sessions"]
    assert session["outcome"] == "failed"
    assert "B3 could not be had" in session["reason"]
    assert failed.stderr.count("B3 could not be had") == 1
    rows = operator.query(
        "SELECT data_pregao, motivo FROM bovespa_execucoes WHERE estado = 'failed' AND linhas = 0"
    ).rows
    assert (None, session["reason"]) in rows
    assert "Traceback" not in failed.stderr


def test_what_the_runs_would_have_cost_is_reckoned_from_what_the_services_remember(
    account: Account, result: dict[str, Any]
) -> None:
    assert result["sessions"]
    done = bovespa(account.home, "cost", "--json", "--region", "us-east-1")
    assert done.returncode == 0, done.stderr
    bill = json.loads(done.stdout)
    assert {line["service"] for line in bill["lines"] if line["usd"] > 0} == {"Glue", "Lambda", "S3", "Athena"}
    (invocations,) = [line["quantity"] for line in bill["lines"] if line["what"] == "invocations"]
    assert invocations >= len(result["sessions"])
    assert bill["usd"] == pytest.approx(sum(service["usd"] for service in bill["services"]))
    assert bill["estimate_usd"] == 1.63
