"""The flows' image, as far as it can be looked at without building it."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINES = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8")).splitlines()
STEPS = [line.split(maxsplit=1) for line in LINES if line and not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
IGNORED = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] != "#"]


def steps(instruction: str) -> list[str]:
    return [rest for name, rest in STEPS if name == instruction]


def copied() -> list[str]:
    """What is copied out of the project."""
    sources = [step.split()[:-1] for step in steps("COPY") if not step.startswith("--from")]
    return [name for names in sources for name in names]


def test_the_base_is_the_projects_python_by_its_whole_version_and_slim() -> None:
    bases = {step.split(" AS ")[0] for step in steps("FROM")}
    (base,) = bases
    found = re.fullmatch(r"python:(3\.11)\.\d+-slim-[a-z]+", base)
    assert found
    assert PROJECT["project"]["requires-python"].startswith(f">={found[1]},")


def test_everything_that_is_copied_exists_and_nothing_else_is_sent() -> None:
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    assert IGNORED[0] == "*"
    sent = {pattern.removeprefix("!") for pattern in IGNORED if pattern.startswith("!")}
    assert sent == set(copied())


def test_no_secret_and_no_state_of_a_machine_can_be_sent() -> None:
    allowed = [pattern.removeprefix("!") for pattern in IGNORED if pattern.startswith("!")]
    assert not any(fnmatch(name, pattern) for name in (".env", ".bovespa", ".git", "local") for pattern in allowed)


def test_one_installation_of_the_flows_dependencies_alone_at_the_pinned_versions() -> None:
    (installation,) = [step for step in steps("RUN") if "pip install" in step]
    assert "--constraint constraints.txt" in installation
    assert installation.split()[-1] == ".", "no extras"


def test_the_flows_packages_are_all_that_is_built() -> None:
    packages = {name for name in copied() if (ROOT / name).is_dir()}
    assert packages == {"expectations", "flows"}
    included = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    assert [name for name in packages if not any(fnmatch(name, pattern) for pattern in included)] == []


def test_it_runs_as_a_user_without_rights() -> None:
    last = [index for index, (name, _) in enumerate(STEPS) if name == "FROM"][-1]
    final = STEPS[last:]
    (user,) = [rest for name, rest in final if name == "USER"]
    assert user not in ("root", "0")
    assert any(name == "RUN" and f"useradd --uid 10001 --create-home {user}" in rest for name, rest in final)
    assert [name for name, _ in final if name == "RUN"] == ["RUN"], "nothing is installed as root beside the user"


def test_prefect_can_give_a_run_its_own_command() -> None:
    assert steps("ENTRYPOINT") == []


def test_every_package_of_the_project_is_found_that_was_there_before() -> None:
    find = PROJECT["tool"]["setuptools"]["packages"]["find"]
    present = {path.parent for path in ROOT.glob("*/__init__.py")} | {
        path.parent for path in ROOT.glob("*/*/__init__.py")
    }
    names = {path.relative_to(ROOT).as_posix().replace("/", ".") for path in present}
    ours = {
        name
        for name in names
        if name.partition(".")[0] in ("bovespa", "expectations", "flows", "glue", "infrastructure", "local")
    }
    assert {name for name in ours if not any(fnmatch(name, pattern) for pattern in find["include"])} == set()
