"""A published home of which files are cut, emptied, deleted, or another's: each is told in a line, nothing wrong is answered, and
the named command brings the sample back to published.

Files of one kind are spoilt together, each kind in a copy of the home of its own. In the normal suite the modules that judge the
files have tests of their own: `tests/flows/session/test_intact.py`, `tests/flows/backfill/test_verification.py`,
`tests/local/account/test_condition.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.account, pytest.mark.whole_matrix, pytest.mark.timeout(1500)]

SESSIONS = ("2025-06-30", "2025-07-01")
DAYS = ("--since", SESSIONS[0], "--until", SESSIONS[1])
QUERIES = {
    "SELECT count(*), count(DISTINCT codigo) FROM bovespa_refined_data": [168, 84],
    "SELECT count(*), count(DISTINCT data_pregao) FROM bovespa_historico": [168, 2],
}

KEEP_UP = "120"  # seconds that the account stays for the next command; who has spoilt a home begins without one

KINDS = {
    "published files": ("refined-data/year=2025/month=06/day=30/acao=VALE3/*", "resumo-data/year=2025/month=06/*/*"),
    "the record": ("published/ibov/year=2025/month=06/*/publication.json",),
    "the seal": ("published/ibov/year=2025/month=06/*/seal",),
    "the months' files": ("historico/*/year=2025/month=06/*", "mudancas/*/year=2025/month=07/*"),
    "the raw file": ("raw-data/year=2025/month=06/*/*",),
    "a payload": ("landing/year=2025/month=06/*/*",),
    "the ledger": ("execucoes-data/*/*/*",),
    "what Glue left": ("staging/*/manifest.json",),
    "reports": ("reports/ibov/*/*/*/*/summary.json", "reports/ibov/*/*/*/*/gate-1-raw.json", "reports/index.html"),
    "the account's script": ("scripts/*",),
    "the account's state": ("state.db",),
    "Prefect's database": ("prefect/prefect.db", "prefect/port", "prefect/memo_store.toml"),
    "the account's own files": ("secret", "provisioned*", "keep*", "logs/calls.jsonl", "runtime/code/*/*/*/handler.py"),
}
"""Patterns of a home's files, or of keys in its buckets."""


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def deleted(file: Path) -> None:
    file.unlink()


def anothers(file: Path) -> None:
    """The content of a file of the same kind where there is one, otherwise of no kind."""
    other = Path(str(file).replace("month=06/day=30", "month=07/day=01").replace("20250630", "20250701"))
    file.write_bytes(other.read_bytes() if other != file and other.is_file() else bytes(range(256)) * 100)


DAMAGES = (cut, emptied, deleted, anothers)


@dataclass(frozen=True)
class Home:
    """A home, and the command line on it."""

    root: Path

    def files(self, patterns: Iterable[str]) -> list[Path]:
        found = [
            path for pattern in patterns for path in (*self.root.glob(pattern), *self.root.glob(f"s3/*/{pattern}"))
        ]
        return sorted(path for path in found if path.is_file())

    def bovespa(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Exit code and JSON of a command, which must not end in a traceback."""
        variables = {**os.environ, "BOVESPA_HOME": str(self.root), "BOVESPA_KEEP_UP": KEEP_UP}
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli.main", *arguments, "--json"],
            env=variables, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        body: dict[str, Any] = json.loads(done.stdout)
        if "error" in body:
            assert "\n" not in body["error"]["message"]
        return done.returncode, body

    def states(self) -> dict[str, tuple[str, str]]:
        """State and reason of each session; of none where the account does not start."""
        _, body = self.bovespa("status", *DAYS)
        found = body.get("indices", [])
        return {item["session"]: (item["state"], item["reason"]) for index in found for item in index["sessions"]}

    def answer(self, sql: str) -> list[int] | None:
        """The first row of a query; None where it was refused."""
        code, body = self.bovespa("query", sql)
        return None if code else [int(value) for value in body["rows"][0].values()]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("published") / "home")
    code, _ = home.bovespa("run")
    assert code == 0
    home.bovespa("down")
    return home


@pytest.fixture
def home(published: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of the published home, for one kind of damage."""
    found = Home(tmp_path / "home")
    shutil.copytree(published.root, found.root, symlinks=True)
    yield found
    found.bovespa("down")
    shutil.rmtree(found.root)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_spoilt_is_told_answers_nothing_wrong_and_is_mended(
    home: Home, kind: str, damage: Callable[[Path], None]
) -> None:
    spoilt = home.files(KINDS[kind])
    assert spoilt
    for file in spoilt:
        damage(file)

    told = home.states()
    right = {sql: home.answer(sql) in (None, expected) for sql, expected in QUERIES.items()}
    assert all(right.values()), right
    for state, reason in told.values():
        assert state == "published" or reason
    home.bovespa("verify", "--from", SESSIONS[0], "--to", SESSIONS[1])

    code, body = home.bovespa("reconcile", "--at-once", *DAYS)
    assert code == 0, body
    assert {session: state for session, (state, _) in home.states().items()} == dict.fromkeys(SESSIONS, "published")
    assert {sql: home.answer(sql) for sql in QUERIES} == QUERIES
    code, body = home.bovespa("verify", "--from", SESSIONS[0], "--to", SESSIONS[1])
    assert (code, body["intact"]) == (0, True), body
