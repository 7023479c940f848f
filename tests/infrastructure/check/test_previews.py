"""One executor runs the program again and again, as if each time another had been started."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infrastructure.check import previews
from infrastructure.check.engine import engine
from infrastructure.check.previews import Executor, executor

PROGRAM = """\
import os, sys
import pulumi

seen = getattr(pulumi, "seen", 0)
pulumi.seen = seen + 1
sys.path.append("left behind")
said = os.environ["SAYS"]
if said == "dies":
    sys.stderr.write("out of memory\\n")
    sys.stderr.flush()
    os._exit(3)
if said == "hangs":
    import time
    time.sleep(60)
raise ValueError(f"{said}: {seen} before, {'left behind' in sys.path[:-1]}")
"""

Preview = Callable[[str], tuple[int, str, list[str]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("project")
    (made / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    return made


@pytest.fixture
def started(folder: Path) -> Iterator[Executor]:
    with executor(Path(sys.executable), folder, {"PATH": "/usr/bin:/bin"}) as found:
        yield found


@pytest.fixture
def preview(started: Executor, folder: Path) -> Preview:
    """Runs the program, which says something; the exit code, the last line of standard error, and what the engine was told."""

    def run(says: str) -> tuple[int, str, list[str]]:
        with engine() as (address, seen):
            given = {"project": "p", "stack": "s", "parallel": "4", "dry_run": "true", "pwd": str(folder)}
            told = [f"--{name}={value}" for name, value in (given | {"monitor": address, "engine": address}).items()]
            code, errors = started.run([*told, "."], {"SAYS": says})
        return code, errors.strip().rpartition("\n")[2], [text.strip().rpartition("\n")[2] for text in seen.errors]

    return run


def test_a_run_finds_nothing_of_the_run_before(preview: Preview) -> None:
    for says in ("first", "second"):
        code, _, errors = preview(says)
        assert (code, errors) == (1, [f"ValueError: {says}: 0 before, False"])


def test_a_program_that_ends_the_process_leaves_its_code_and_its_last_words_and_the_next_run_is_as_good(
    preview: Preview,
) -> None:
    assert preview("dies") == (3, "out of memory", [])
    assert preview("next")[0] == 1


def test_a_run_that_takes_too_long_is_given_up(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "SECONDS", 5)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="not previewed within 5 s"):
        preview("hangs")
    assert time.monotonic() - began < 30, "it was waited for to its end"
    assert preview("next") == (-9, "", [])


def test_an_interpreter_without_pulumi_says_so(folder: Path, tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    with executor(bare, folder, {"PATH": "/usr/bin:/bin"}) as found:
        code, errors = found.run(["."], {})
        assert code == 1
        assert "ModuleNotFoundError: No module named 'pulumi'" in errors
        assert found.run(["."], {}) == (1, "")
