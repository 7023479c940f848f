"""Athena: a workgroup that nobody can talk out of its limits, and the saved queries."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

import pytest

from expectations.queries.views import VIEWS, View

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

# To the letter as the user wrote them.
QUERIES = [
    """\
SELECT * FROM default.bovespa_refined_data WHERE year = 2025 AND month = 6 AND day = 30;""",
    """\
SELECT tipo, COUNT(*) AS total_acoes, SUM(quantidade_teorica_acoes) AS total_quantidade,
       AVG(percentual_participacao_ibov) AS participacao_media
FROM default.bovespa_refined_data WHERE year = 2025 AND month = 6 GROUP BY tipo ORDER BY total_quantidade DESC;""",
    """\
SELECT data_pregao, COUNT(*) AS total_acoes, SUM(percentual_participacao_ibov) AS participacao_total
FROM default.bovespa_refined_data WHERE year = 2025 AND month = 6 GROUP BY data_pregao ORDER BY data_pregao;""",
]


def test_the_workgroup_cannot_be_overridden_by_who_asks(deployed: Deployment) -> None:
    workgroup = deployed.one("athena/workgroup:Workgroup").inputs
    assert workgroup["name"] == "bovespa"
    assert workgroup["configuration"]["enforceWorkgroupConfiguration"] is True


def test_results_are_encrypted_and_lie_in_the_results_bucket(deployed: Deployment) -> None:
    assert deployed.one("athena/workgroup:Workgroup").inputs["configuration"]["resultConfiguration"] == {
        "outputLocation": "s3://bovespa-query-results-bucket/results/",
        "encryptionConfiguration": {"encryptionOption": "SSE_S3"},
    }


def test_queries_run_on_engine_version_3(deployed: Deployment) -> None:
    version = deployed.one("athena/workgroup:Workgroup").inputs["configuration"]["engineVersion"]
    assert version == {"selectedEngineVersion": "Athena engine version 3"}


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        pytest.param({}, 1024 * 1024 * 1024, id="a gigabyte unless the stack says otherwise"),
        pytest.param({"scanLimitMegabytes": "10"}, 10 * 1024 * 1024, id="what the stack says"),
    ],
)
def test_what_one_query_may_read_is_bounded(deploy: Deploy, settings: dict[str, str], limit: int) -> None:
    configuration = deploy(**settings).one("athena/workgroup:Workgroup").inputs["configuration"]
    assert configuration["bytesScannedCutoffPerQuery"] == limit


def test_a_workgroup_with_a_history_can_be_destroyed(deployed: Deployment) -> None:
    assert deployed.one("athena/workgroup:Workgroup").inputs["forceDestroy"] is True


def test_the_users_three_queries_are_saved_verbatim(deployed: Deployment) -> None:
    saved = deployed.all("athena/namedQuery:NamedQuery")
    assert {item.inputs["query"] for item in saved} >= set(QUERIES)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_is_saved_as_a_query_too(deployed: Deployment, view: View) -> None:
    saved = deployed.one("athena/namedQuery:NamedQuery", view.query_name).inputs
    assert saved["query"] == f"{view.sql};"


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_lies_in_the_catalog_as_athena_itself_would_leave_it(deployed: Deployment, view: View) -> None:
    declared = deployed.one("glue/catalogTable:CatalogTable", view.name).inputs
    assert declared["tableType"] == "VIRTUAL_VIEW"
    assert declared["parameters"]["presto_view"] == "true"
    assert declared["viewExpandedText"] == "/* Presto View */"
    columns = declared["storageDescriptor"]["columns"]
    assert [(column["name"], column["type"]) for column in columns] == list(view.columns)
    # Athena's own has an empty one, and a view without is refused; the provider sends none that is wholly empty.
    assert declared["storageDescriptor"]["serDeInfo"] == {"name": view.name}
    found = re.fullmatch(r"/\* Presto View: (\S+) \*/", declared["viewOriginalText"])
    assert found is not None
    text = json.loads(base64.b64decode(found[1]))
    assert (text["originalSql"], text["catalog"], text["schema"]) == (view.sql, "awsdatacatalog", "default")
    assert [column["name"] for column in text["columns"]] == [name for name, _ in view.columns]


def test_saved_queries_say_what_they_answer_and_belong_to_the_workgroup(deployed: Deployment) -> None:
    for item in deployed.all("athena/namedQuery:NamedQuery"):
        assert item.inputs["workgroup"] == "bovespa"
        assert item.inputs["database"] == "default"
        assert item.inputs["description"]
