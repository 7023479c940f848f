"""The AWS CLI: what there is, a query and its rows."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from expectations.contract.names import DATABASE

if TYPE_CHECKING:
    from tests.clients.conftest import Lake

pytest.importorskip("awscli")


def aws(*words: str) -> Any:  # noqa: ANN401 - AWS's JSON
    code = "import sys; from awscli.clidriver import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--output", "json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_a_query_is_started_awaited_and_read(lake: Lake, eventually: Any) -> None:  # noqa: ANN401
    sql = "SELECT count(*) FROM bovespa_historico"
    context = f"Database={DATABASE}"
    workgroup = ("--work-group", lake.settings.workgroup)
    started = aws(
        "athena", "start-query-execution", "--query-string", sql, *workgroup, "--query-execution-context", context
    )
    query = started["QueryExecutionId"]

    def ended() -> bool:
        found = lake.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return found["Status"]["State"] == "SUCCEEDED"

    eventually(ended)

    rows = aws("athena", "get-query-results", "--query-execution-id", query)["ResultSet"]["Rows"]

    assert [row["Data"][0]["VarCharValue"] for row in rows] == ["_col0", "3"]


def test_tables_are_listed(lake: Lake) -> None:
    found = aws("athena", "list-table-metadata", "--catalog-name", "AwsDataCatalog", "--database-name", DATABASE)

    assert "bovespa_historico" in [table["Name"] for table in found["TableMetadataList"]]


def test_what_is_not_offered_is_said(lake: Lake) -> None:
    (file,) = lake.files("historico/")
    key = file.split("/", 3)[3]
    formats = {"InputSerialization": {"Parquet": {}}, "OutputSerialization": {"JSON": {}}}

    with pytest.raises(ClientError, match="SelectObjectContent is not offered by the account on the laptop"):
        lake.s3.select_object_content(
            Bucket=lake.settings.refined_bucket, Key=key, Expression="SELECT 1", ExpressionType="SQL", **formats
        )
