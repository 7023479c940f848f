"""dbt with dbt-athena, in a virtual environment of its own: debug, test, show, docs generate; its models are refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expectations.contract.names import DATABASE

if TYPE_CHECKING:
    from tests.clients.conftest import Lake

DBT = os.environ.get("BOVESPA_DBT") or shutil.which("dbt")
pytestmark = pytest.mark.skipif(not DBT, reason="dbt is not installed: `make clients` installs it beside the others")

PROJECT = """\
name: lake
version: "1.0"
profile: lake
flags: {send_anonymous_usage_stats: false}
"""
SOURCES = f"""\
sources:
  - name: {DATABASE}
    tables:
      - name: bovespa_historico
        columns:
          - name: acao
            data_tests: [not_null, unique]
          - name: indice
            data_tests: [{{accepted_values: {{arguments: {{values: [IBOV]}}}}}}]
      - name: bovespa_refined_data
        columns: [{{name: setor, data_tests: [not_null]}}]
      - name: bovespa_dez_maiores
"""
MODEL = f"SELECT acao FROM {{{{ source('{DATABASE}', 'bovespa_historico') }}}}"


@pytest.fixture(scope="module")
def project(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dbt")
    (folder / "models").mkdir()
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "models" / "sources.yml").write_text(SOURCES)
    (folder / "models" / "shares.sql").write_text(MODEL)
    profile = {
        "type": "athena",
        "database": "awsdatacatalog",
        "schema": DATABASE,
        "region_name": lake.account.region,
        "work_group": lake.settings.workgroup,
        "s3_staging_dir": lake.url("athena/"),
        "poll_interval": 0.1,
        "threads": 1,
    }
    profiles = {"lake": {"target": "laptop", "outputs": {"laptop": profile}}}
    (folder / "profiles.yml").write_text(json.dumps(profiles))
    return folder


def dbt(project: Path, *words: str) -> tuple[int, str]:
    """A command's exit code and what it said."""
    assert DBT
    done = subprocess.run(
        [DBT, "--no-use-colors", *words], cwd=project, capture_output=True, text=True, check=False, timeout=240
    )
    return done.returncode, done.stdout + done.stderr


def test_debug_finds_the_account(project: Path) -> None:
    code, said = dbt(project, "debug")

    assert (code, "Connection test: [OK connection ok]" in said) == (0, True), said


def test_tests_pass_and_fail_by_the_rows(project: Path) -> None:
    code, said = dbt(project, "test", "--select", "source:*")

    assert (code, "PASS=3" in said, "ERROR=1" in said) == (1, True, True), said


def test_show_gives_the_rows(project: Path) -> None:
    inline = (
        f"SELECT acao, percentual_participacao_ibov FROM {{{{ source('{DATABASE}', 'bovespa_historico') }}}} ORDER BY 1"
    )
    code, said = dbt(project, "show", "--quiet", "--output", "json", "--inline", inline)

    assert code == 0, said
    assert [row["acao"] for row in json.loads(said)["show"]] == ["ITUB4", "PETR4", "VALE3"]


def test_docs_describe_the_sources(project: Path) -> None:
    code, said = dbt(project, "docs", "generate")

    assert code == 0, said
    catalog = json.loads((project / "target" / "catalog.json").read_text())["sources"]
    described = catalog[f"source.lake.{DATABASE}.bovespa_historico"]["columns"]
    assert (described["acao"]["type"], described["data_pregao"]["type"]) == ("string", "date")


def test_a_model_is_refused_in_clear_words(project: Path) -> None:
    code, said = dbt(project, "run")

    assert (code, "CREATE is refused, Athena has it" in said) == (1, True), said
