"""docs/deploy.md: what it has you type is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.contract.names import (
    ARTIFACTS_BUCKET,
    DATABASE,
    GLUE_JOB_NAME,
    QUERY_RESULTS_BUCKET,
    RAW_BUCKET,
    REFINED_BUCKET,
    WORKGROUP,
)
from flows.cli.commands import COMMANDS, load
from flows.cost.prices import REGIONS
from flows.settings import Settings
from infrastructure.policies import FlowResources, flow_policy

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
LINES = [line for block in BLOCKS for line in block.splitlines() if line.strip()]
INLINE = re.findall(r"`((?:bovespa|prefect|pulumi) [^`]+)`", TEXT)
STACK = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
PROGRAM = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "infrastructure").glob("*.py"))


def commands(program: str) -> list[list[str]]:
    """Every command of a program, as words."""
    typed = [part for line in LINES for part in re.split(r" [|>] ", line)] + INLINE
    return [shlex.split(line, comments=True) for line in typed if line.startswith(f"{program} ")]


@pytest.mark.parametrize("words", commands("bovespa"), ids=" ".join)
def test_every_command_of_bovespa_and_its_options_exist(words: list[str]) -> None:
    assert words[1] in COMMANDS
    options = {option for parameter in load(words[1]).params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_every_command_of_prefect_exists() -> None:
    import prefect.cli  # noqa: F401, PLC0415 - registers the commands
    from prefect.cli._app import _app  # noqa: PLC0415

    for words in commands("prefect"):
        found = _app
        for word in words[1:]:
            if word in _below(found):
                found = found[word]
        assert found is not _app, words
        assert found.default_command or not _below(found), f"{words} is no whole command"


def _below(command: Any) -> list[str]:  # noqa: ANN401 - Prefect's framework
    return [name for name in command if not name.startswith("-")]


def test_every_setting_of_the_stack_exists() -> None:
    named = [words[3] for words in commands("pulumi") if words[:3] == ["pulumi", "config", "set"]]
    named += re.findall(r"`(encryptAlarms|ecsOrchestration|monthlyBudgetUsd|alarmEmail)\b", TEXT)
    assert {name for name in named if ":" not in name} <= set(STACK["config"])


def test_a_value_that_begins_with_a_hyphen_is_not_taken_for_an_option() -> None:
    (suffix,) = [words for words in commands("pulumi") if "bucketSuffix" in words]
    assert suffix[4:] == ["--", "-acme"]


def test_every_output_of_the_stack_exists() -> None:
    named = {words[3] for words in commands("pulumi") if words[:3] == ["pulumi", "stack", "output"]} - {"--json"}
    named |= set(re.findall(r"pulumi stack output ([a-z_]+)", TEXT))
    assert {"flow_policy", "ecr_repository", "prefect_secret"} <= named
    assert [name for name in named if f'"{name}"' not in PROGRAM] == []


def test_every_setting_of_the_flows_exists() -> None:
    assert {name.lower() for name in re.findall(r"\bBOVESPA_([A-Z_]+)\b", TEXT)} <= set(Settings.model_fields)


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", TEXT)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", TEXT)) <= targets


def test_the_hours_are_those_of_the_schedule() -> None:
    (daily,) = [
        found
        for found in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
        if found["name"] == "daily"
    ]
    (weekdays,) = [found for found in daily["schedules"] if found["slug"] == "weekdays"]
    minute, hours = weekdays["cron"].split()[:2]
    for hour in hours.split(","):
        assert f"{int(hour):02d}:{minute}" in TEXT


def test_the_concurrency_limit_is_the_deployments() -> None:
    (stated,) = re.findall(r"concurrency limit of (\d+) \(`collision_strategy: (\w+)`\)", TEXT)
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    limits = [found["concurrency_limit"] for found in deployments]
    assert limits == [{"limit": int(stated[0]), "collision_strategy": stated[1]}] * len(deployments)


def test_sao_paulos_surcharge_is_that_of_the_table() -> None:
    ours, theirs = REGIONS["sa-east-1"], REGIONS["us-east-1"]
    for name in ("glue", "athena"):
        percent = round(float(getattr(ours, name).usd / getattr(theirs, name).usd - 1) * 100)
        assert f"{percent} %" in TEXT


def test_what_stays_when_the_stack_goes_is_found_by_the_components_types() -> None:
    for kind in ("bovespa:storage:", "bovespa:catalog:"):
        assert kind in TEXT
        assert f'"{kind}' in PROGRAM
    (line,) = [line for line in LINES if line.startswith("python -c")]
    program = shlex.split(line.split(" | ")[0])[2]
    state = (
        '{"deployment": {"resources": [{"urn": "x::bovespa:storage:Storage::a"}, {"urn": "x::bovespa:etl:Etl::b"}]}}'
    )
    replaced = program.replace("open('state.json')", "sys.stdin").replace("import json", "import json, sys")
    done = subprocess.run([sys.executable, "-c", replaced], input=state, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["x::bovespa:storage:Storage::a"]


def test_the_key_of_prefect_is_typed_into_no_command() -> None:
    assert not re.search(r"pnu_|PREFECT_API_KEY=", TEXT)


def test_the_flows_rights_fit_a_managed_policy() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: characters, without blanks."""
    suffix, place = f"-{'x' * 29}", "ap-southeast-2:123456789012"
    buckets = (
        f"arn:aws:s3:::{name}{suffix}" for name in (RAW_BUCKET, REFINED_BUCKET, ARTIFACTS_BUCKET, QUERY_RESULTS_BUCKET)
    )
    arns = FlowResources(
        *buckets,
        job=f"arn:aws:glue:{place}:job/{GLUE_JOB_NAME}",
        table=f"arn:aws:glue:{place}:table/{DATABASE}/t",
        workgroup=f"arn:aws:athena:{place}:workgroup/{WORKGROUP}",
    )
    assert len(re.sub(r"\s", "", flow_policy(arns))) < 6144
