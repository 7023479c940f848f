"""`make mutants`: small faults put into the critical modules, one after the other, each of which a fast test has to notice.

mutmut makes the faults and runs the tests that come by them. Each part has a workspace of its own below `.mutants/`, a copy of
the project in which the Lambda's source root is called `src`, the one folder whose name mutmut leaves out of a module's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKSPACES = ROOT / ".mutants"
PACKAGES = ("expectations", "flows", "glue", "infrastructure", "local")
OTHERS = ("README.md", "constraints.txt", "prefect.yaml", "docs", "lambda")

PROPERTIES = "suppress_health_check=list(hypothesis.HealthCheck), max_examples=30"

CAUGHT = frozenset({"killed", "timeout", "segfault", "caught by type check"})


@dataclass(frozen=True)
class Part:
    """Modules, and the tests that have to notice what is wrong with them; files and folders of the project.

    Attributes:
        slow: of the tests those that take too long to be run for each fault.
    """

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    slow: tuple[str, ...] = ()


PARTS = {
    "lambda": Part(
        tuple(f"src/trigger_glue_job/{name}.py" for name in ("claims", "events", "handler")), ("tests/lambda",)
    ),
    "lease": Part(
        ("flows/lake/lease.py", "flows/lake/fence.py"),
        tuple(f"tests/flows/lake/test_{name}.py" for name in ("lease_limits", "lease", "fence")),
    ),
    "publish": Part(
        ("flows/session/publish.py", "flows/session/confirm.py", "flows/session/restore.py"),
        tuple(
            f"tests/flows/session/test_{name}.py" for name in ("publish", "confirm", "restore", "fenced_publication")
        ),
    ),
    "gate": Part(("expectations/gates/gate.py",), ("tests/expectations/gates/test_gate.py",)),
    "keys": Part(
        ("expectations/contract/keys.py", "expectations/contract/partitions.py"),
        tuple(
            f"tests/expectations/contract/test_{name}.py" for name in ("keys", "further_keys", "partitions", "ledger")
        ),
    ),
    "months": Part(
        ("flows/history/month_files.py", "flows/history/doubt.py"),
        tuple(f"tests/flows/history/test_{name}.py" for name in ("month_files", "month_conditions", "doubt", "former")),
        slow=tuple(
            f"tests/flows/history/test_former.py::test_{name}"
            for name in (
                "whoever_reads_sees_every_row_once_wherever_the_run_is_killed",
                "two_runs_at_once_put_it_in_order",
            )
        ),
    ),
    "refresh": Part(
        ("flows/history/refresh.py",),
        ("tests/flows/history/test_refresh.py",),
        slow=tuple(f"tests/flows/history/test_refresh.py::{name}" for name in ("TestKilled", "TestTwoFlowsAtOnce")),
    ),
}


def workspace(name: str, part: Part) -> Path:
    """A copy of the project, of which mutmut is to change the part's modules only."""
    place = WORKSPACES / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for item in (*PACKAGES, *OTHERS, "tests"):
        copy = shutil.copytree if (ROOT / item).is_dir() else shutil.copy
        copy(ROOT / item, place / ("src" if item == "lambda" else item))
    for conftest in (place / "tests").rglob("conftest.py"):
        # The tests are run several times in one process, and a property is to be quick.
        text = conftest.read_text(encoding="utf-8").replace("database=None)", f"database=None, {PROPERTIES})")
        conftest.write_text(text, encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").replace('"lambda", "tests/faults"', '"src"')
    settings = {
        "source_paths": [*PACKAGES, "src"],
        "only_mutate": [*part.modules],
        "pytest_add_cli_args_test_selection": [*part.tests],
        "pytest_add_cli_args": [
            *("-p", "no:cacheprovider", "-p", "no:xdist"),
            *(f"--deselect={test}" for test in part.slow),
        ],
        "also_copy": [item for item in OTHERS if item != "lambda"],
    }
    lines = [f"{key} = {value!r}" for key, value in settings.items()]
    (place / "pyproject.toml").write_text("\n".join([project, "[tool.mutmut]", *lines, ""]), encoding="utf-8")
    return place


def judge(name: str, children: int) -> bool:
    """Run a part and say what came of it; whether every fault was noticed."""
    place = workspace(name, PARTS[name])
    mutmut = Path(sys.executable).with_name("mutmut")
    subprocess.run([mutmut, "run", "--max-children", str(children)], cwd=place, check=True)
    found = subprocess.run(
        [mutmut, "results", "--all", "true"], cwd=place, check=True, capture_output=True, text=True
    ).stdout
    results = dict(line.strip().rsplit(": ", 1) for line in found.splitlines() if ": " in line)
    missed = [mutant for mutant, status in results.items() if status not in CAUGHT]
    for mutant in missed:
        shown = subprocess.run([mutmut, "show", mutant], cwd=place, check=True, capture_output=True, text=True).stdout
        print(f"\n{mutant}: {results[mutant]}\n{shown}")
    counts = ", ".join(f"{count} {status}" for status, count in Counter(results.values()).most_common())
    print(f"{name}: {len(results) - len(missed)} of {len(results)} noticed ({counts})\n")
    return not missed


def main() -> None:
    """Run the parts that are named, or all; `mutmut browse` in a part's workspace shows what is left."""
    children, *named = sys.argv[1:]
    for name in named or PARTS:
        judge(name, int(children))


if __name__ == "__main__":
    main()
