"""A folder of CSV downloads in people's ways: one Glue run, every session as its file says, stopped and resumed anywhere."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expectations.contract.outcomes import Outcome
from flows.backfill.import_folder import FolderImport
from local.b3 import sample
from local.b3.formats import csv_download

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio
    from flows.record.attempt import Attempt
    from local.account.client import Account
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

DAYS = (date(2025, 9, 1), date(2025, 9, 2), date(2025, 9, 3), date(2025, 9, 4))


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the import may catch it."""


def portfolio(session: date) -> Portfolio:
    """A portfolio of the session's own: two weights moved by as many thousandths as its day."""
    recorded = sample.recorded(date(2025, 6, 30))
    first, second, *rest = recorded.holdings
    moved = Decimal(session.day) / 1000
    first = replace(first, participacao_pct=first.participacao_pct + moved)
    second = replace(second, participacao_pct=second.participacao_pct - moved)
    return replace(recorded.restated(session=session), holdings=(first, second, *rest))


def write(folder: Path, found: Portfolio, change: Callable[[bytes], bytes] = lambda content: content) -> str:
    content = change(base64.b64decode(csv_download(found)))
    name = f"IBOVDia_{found.session:%d-%m-%y}.csv"
    (folder / name).write_bytes(content)
    return name


def killing(step: str, at: int) -> Callable[[str, int], Callable[[], None]]:
    """Progress that kills the import at a count of one of its steps."""

    def begin(what: str, _: int) -> Callable[[], None]:
        counted = []

        def advance() -> None:
            counted.append(1)
            if what == step and len(counted) == at:
                raise Killed

        return advance

    return begin


def counts(attempts: list[Attempt]) -> dict[str, int]:
    return dict(Counter(attempt.outcome.value for attempt in attempts))


def figures(found: Portfolio) -> dict[str, tuple[float, float]]:
    return {h.codigo: (float(h.qtde_teorica), float(h.participacao_pct)) for h in found.holdings}


def visible_figures(operator: Operator, session: date) -> dict[str, tuple[float, float]]:
    return {str(row[0]): (float(str(row[6])), float(str(row[7]))) for row in operator.published(session)}


def glue_runs(operator: Operator) -> int:
    return len(operator.pipeline.lake.job.client.get_job_runs(JobName="bovespa-etl-job")["JobRuns"])


def libraries_of(account: Account) -> str:
    """What the account's process has loaded of compiled libraries."""
    commands = ((path, path.read_bytes()) for path in Path("/proc").glob("[0-9]*/cmdline"))
    (process,) = (
        path.parent for path, command in commands if b"local.account.server\0%b\0" % bytes(account.home) in command
    )
    return (process / "maps").read_text(encoding="utf-8")


def test_a_folder_is_one_glue_run_and_published_as_its_files_say_however_often_it_is_killed(
    operator: Operator, account: Account, tmp_path: Path
) -> None:
    before = glue_runs(operator)
    changes: list[Callable[[bytes], bytes]] = [
        lambda content: content,
        lambda content: content.replace(b"\r\n", b"\n"),
        lambda content: content.decode("latin-1").encode(),
        lambda content: content.split(b"\r\n", 1)[1],
    ]
    for day, change in zip(DAYS, changes, strict=True):
        write(tmp_path, portfolio(day), change)
    write(tmp_path, portfolio(date(2025, 9, 5)), lambda content: content[:2000])
    (tmp_path / "readme.txt").write_text("not a portfolio")

    for step, at in (("checking", 2), ("uploading", 2), ("refining and publishing", 1)):
        with pytest.raises(Killed):
            FolderImport(operator.pipeline, progress=killing(step, at)).run(tmp_path)
    attempts = FolderImport(operator.pipeline).run(tmp_path)

    assert glue_runs(operator) - before == 1
    refused = {attempt.files: attempt.outcome for attempt in attempts if attempt.failed}
    assert refused == {("IBOVDia_05-09-25.csv",): Outcome.QUARANTINED, ("readme.txt",): Outcome.REJECTED}
    for day in DAYS:
        assert visible_figures(operator, day) == figures(portfolio(day))
    assert counts(FolderImport(operator.pipeline).run(tmp_path)) == {
        "already published": 4,
        "quarantined": 1,
        "rejected": 1,
    }
    assert glue_runs(operator) - before == 1
    landed = {key.rpartition("/")[2][:5] for key in operator.landing() if "month=09" in key}
    assert landed == {"ibov_"}

    # Other figures than the published ones are a conflict, until they are taken as a correction.
    corrected = sample.as_of(DAYS[0], portfolio(DAYS[0])).restated(divisor=Decimal("15453473.15"))
    write(tmp_path, corrected)
    conflict = FolderImport(operator.pipeline).run(tmp_path)
    assert counts(conflict) == {"already published": 3, "quarantined": 1, "rejected": 1, "conflicting": 1}
    assert visible_figures(operator, DAYS[0]) == figures(portfolio(DAYS[0]))
    assert counts(FolderImport(operator.pipeline, replaces=True).run(tmp_path))["published"] == 1
    assert visible_figures(operator, DAYS[0]) == figures(corrected)
    assert glue_runs(operator) - before == 2

    # The account reads more files than DuckDB reads fast, and holds no pandas for it.
    assert operator.query("SELECT COUNT(codigo) FROM bovespa_refined_data").rows == (("336",),)
    libraries = libraries_of(account)
    assert ("libarrow" in libraries, "/pandas/" in libraries) == (True, False)
