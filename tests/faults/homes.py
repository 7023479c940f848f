"""A home of the sample, the command line on it, and what may become of its files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SESSIONS = ("2025-06-30", "2025-07-01")
DAYS = ("--since", SESSIONS[0], "--until", SESSIONS[1])
QUERIES = {
    "SELECT count(*), count(DISTINCT codigo) FROM bovespa_refined_data": [168, 84],
    "SELECT count(*), count(DISTINCT data_pregao) FROM bovespa_historico": [168, 2],
}

COMMAND = (sys.executable, "-m", "flows.cli.main")
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
    """A home, and the command line on it.

    Attributes:
        variables: of a command's environment, beside this process's.
    """

    root: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def with_the_sample(self) -> Home:
        """Publish both sessions of the sample, and end the account."""
        code, body = self.bovespa("run")
        assert code == 0, body
        self.bovespa("down")
        return self

    def files(self, patterns: Iterable[str]) -> list[Path]:
        """The files that there are of these patterns."""
        found = [
            path for pattern in patterns for path in (*self.root.glob(pattern), *self.root.glob(f"s3/*/{pattern}"))
        ]
        return sorted(path for path in found if path.is_file())

    @property
    def environment(self) -> dict[str, str]:
        """A command's environment."""
        return {**os.environ, "BOVESPA_HOME": str(self.root), "BOVESPA_KEEP_UP": KEEP_UP, **self.variables}

    def bovespa(self, *arguments: str, before: Sequence[str] = ()) -> tuple[int, dict[str, Any]]:
        """Exit code and JSON of a command, which must not end in a traceback.

        Args:
            before: what stands before the command, such as `env`.
        """
        done = subprocess.run(
            [*before, *COMMAND, *arguments, "--json"],
            env=self.environment, capture_output=True, text=True, timeout=600, check=False,
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

    def tells_nothing_wrong(self) -> None:
        """Queries are answered rightly or refused, and each session that is not published has its reason."""
        told = self.states()
        right = {sql: self.answer(sql) in (None, expected) for sql, expected in QUERIES.items()}
        assert all(right.values()), right
        for state, reason in told.values():
            assert state == "published" or reason
        self.bovespa("verify", "--from", SESSIONS[0], "--to", SESSIONS[1])

    def is_mended(self) -> None:
        """The command that is named publishes both sessions again, to the last file."""
        code, body = self.bovespa("reconcile", "--at-once", *DAYS)
        assert code == 0, body
        assert {session: state for session, (state, _) in self.states().items()} == dict.fromkeys(SESSIONS, "published")
        assert {sql: self.answer(sql) for sql in QUERIES} == QUERIES
        code, body = self.bovespa("verify", "--from", SESSIONS[0], "--to", SESSIONS[1])
        assert (code, body["intact"]) == (0, True), body
