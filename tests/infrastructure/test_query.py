"""Athena: a workgroup that nobody can talk out of its limits, and the saved queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
    assert sorted(item.inputs["query"] for item in saved) == sorted(QUERIES)


def test_saved_queries_say_what_they_answer_and_belong_to_the_workgroup(deployed: Deployment) -> None:
    for item in deployed.all("athena/namedQuery:NamedQuery"):
        assert item.inputs["workgroup"] == "bovespa"
        assert item.inputs["database"] == "default"
        assert item.inputs["description"]
