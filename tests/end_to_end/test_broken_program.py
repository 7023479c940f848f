"""What the Pulumi program gets wrong breaks the run on the laptop, as it would in AWS."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from flows.errors import EtlError
from flows.lake.connect import connect
from flows.session.pipeline import Pipeline
from flows.settings import load_settings
from local.account.client import PROGRAM, running_account
from local.account.stages import Stage
from local.b3 import sample
from local.b3 import standin as b3_standin

pytestmark = pytest.mark.account

OTHER_SUFFIX = "import infrastructure.trigger; infrastructure.trigger.RAW_SUFFIX = '.csv'"
OTHER_ARGUMENT = """
import pulumi_aws as aws
job = aws.glue.Job
def renamed(*args, default_arguments, **kwargs):
    arguments = {name.replace('--database', '--databse'): value for name, value in default_arguments.items()}
    return job(*args, default_arguments=arguments, **kwargs)
aws.glue.Job = renamed
"""
COLUMN_LOST = """
import pulumi_aws as aws
table = aws.glue.CatalogTable
def shortened(*args, storage_descriptor, **kwargs):
    storage_descriptor.columns.pop()
    return table(*args, storage_descriptor=storage_descriptor, **kwargs)
aws.glue.CatalogTable = shortened
"""


@pytest.mark.parametrize(
    ("mistake", "reason"),
    [
        pytest.param(OTHER_SUFFIX, "no Glue run of bovespa-etl-job", id="the event's suffix"),
        pytest.param(OTHER_ARGUMENT, "arguments are required: --database", id="a job argument"),
        pytest.param(COLUMN_LOST, "its columns are not those that it was declared with", id="a table's column"),
    ],
)
def test_a_mistake_in_the_program_fails_the_run_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: str, reason: str
) -> None:
    program = tmp_path / "broken.py"
    program.write_text(f"import runpy\n{mistake}\nrunpy.run_path({str(PROGRAM)!r}, run_name='__main__')\n")
    up = running_account(tmp_path / "home", program=program, stage=Stage.WORK)
    with up as account, b3_standin.serving() as stand_in:
        for name, value in account.environment().items():
            monkeypatch.setenv(name, value)
        # The one whose run never comes is waited for in vain.
        patience = "4" if mistake == OTHER_SUFFIX else "120"
        settings = load_settings({"B3_BASE_URL": stand_in.url, "BOVESPA_ETL_START_TIMEOUT": patience})
        pipeline = Pipeline(settings, connect(settings))
        session = date(2025, 6, 30)
        stand_in.show(sample.recorded(session))
        collected = pipeline.collect("IBOV", sample.collected_at(session))
        version = pipeline.upload(collected, force=False)
        with pytest.raises(EtlError, match=reason):
            pipeline.refine(version)
