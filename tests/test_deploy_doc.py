"""docs/deploy.md: what it has you type is there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore import xform_name

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
EXAMPLES = ROOT / "docs" / "examples"
TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
LINES = [line for block in BLOCKS for line in block.splitlines() if line.strip()]
INLINE = re.findall(r"`((?:bovespa|prefect|pulumi) [^`]+)`", TEXT)
STACK = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
OF_THE_CLI_ALONE = {"s3": {"ls", "sync"}, "ecr": {"get-login-password"}, "configure": set[str]()}
API_NAMES = {"s3api": "s3"}
PROGRAM = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "infrastructure").glob("*.py"))


def commands(program: str) -> list[list[str]]:
    """Every command of a program, as words."""
    typed = [part for line in LINES for part in re.split(r" [|>] ", line)] + INLINE
    typed += re.findall(rf"\$\(({program} [^)]*)\)", "\n".join(LINES))
    return [shlex.split(line, comments=True) for line in typed if line.startswith(f"{program} ")]


@pytest.mark.parametrize("words", commands("bovespa"), ids=" ".join)
def test_every_command_of_bovespa_and_its_options_exist(words: list[str]) -> None:
    if words[1:] == ["--version"]:
        return
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
    suffixes = [words[4:] for words in commands("pulumi") if "bucketSuffix" in words]
    assert suffixes
    assert all(words == ["--", "-acme"] for words in suffixes)


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


def test_the_backend_the_passphrase_and_the_least_version_of_the_command_line_are_named() -> None:
    assert [words for words in commands("pulumi") if words[:2] == ["pulumi", "login"]]
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" in TEXT
    assert "3.168" in TEXT


def test_the_region_is_there_before_any_command_of_aws() -> None:
    region = next(number for number, line in enumerate(LINES) if "AWS_DEFAULT_REGION=" in line)
    assert region < next(number for number, line in enumerate(LINES) if line.startswith("aws "))


def test_a_destroy_takes_nothing_that_is_protected() -> None:
    destroys = [words for words in commands("pulumi") if words[:2] == ["pulumi", "destroy"]]
    assert ["pulumi", "destroy", "--exclude-protected"] in destroys
    unprotected = TEXT.index("pulumi state unprotect --all")
    assert TEXT.index("pulumi destroy --exclude-protected") < unprotected < TEXT.rindex("\npulumi destroy\n")


def test_no_name_of_a_stack_is_a_real_address() -> None:
    for name in ("dev", "prod"):
        assert "@" not in (ROOT / f"Pulumi.{name}.yaml").read_text(encoding="utf-8")


def test_githubs_workflow_takes_a_role_and_keeps_no_key() -> None:
    text = (EXAMPLES / "github-actions.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"]["id-token"] == "write"
    assert not re.search(r"AKIA|aws-access-key-id|aws-secret-access-key|PULUMI_ACCESS_TOKEN", text)
    (job,) = workflow["jobs"].values()
    steps = {step["uses"].partition("@")[0]: step["with"] for step in job["steps"] if "uses" in step and "with" in step}
    assert steps["aws-actions/configure-aws-credentials"]["role-to-assume"].endswith(":role/bovespa-deploy")
    assert steps["pulumi/actions"]["command"] == "${{ github.event_name == 'push' && 'up' || 'preview' }}"
    assert "--role-name bovespa-deploy" in TEXT


def test_githubs_role_is_taken_by_one_repository_only() -> None:
    (trust,) = json.loads((EXAMPLES / "github-trust.json").read_text(encoding="utf-8"))["Statement"]
    subjects = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subjects == ["repo:OWNER/REPOSITORY:ref:refs/heads/main", "repo:OWNER/REPOSITORY:pull_request"]
    assert "s|OWNER/REPOSITORY|" in TEXT


def test_the_key_that_prefect_has_can_be_changed() -> None:
    typed = [" ".join(line.split()[:3]) for line in LINES]
    made = [number for number, line in enumerate(typed) if line == "aws iam create-access-key"]
    assert any(number > min(made) for number, line in enumerate(typed) if line == "aws iam delete-access-key")


def test_the_stacks_settings_are_there_before_the_rights_that_are_made_from_them_and_those_before_it_is_deployed() -> (
    None
):
    steps = (
        "pulumi login",
        "pulumi stack init prod",
        "pulumi config set bucketSuffix",
        "python -m infrastructure.deploy_policy",
    )
    places = [
        next(number for number, line in enumerate(LINES) if line.startswith(step)) for step in (*steps, "pulumi up")
    ]
    assert places == sorted(places)


def test_prefect_is_logged_into_before_it_is_told_anything() -> None:
    first = next(number for number, line in enumerate(LINES) if line.startswith("prefect "))
    assert LINES[first] == "prefect cloud login"


@pytest.mark.parametrize(
    "command", ["bovespa withdraw", "bovespa replay", "bovespa import", "bovespa up --schedule", "bovespa --version"]
)
def test_what_is_done_when_something_went_wrong_is_a_command(command: str) -> None:
    assert any(line.startswith(command) for line in LINES)


def test_every_variable_of_the_shell_is_set_before_it_is_used() -> None:
    known = {"HOME", "PWD", "PATH"}
    for line in LINES:
        used = set(re.findall(r"\$\{?([A-Za-z_]+)", re.sub(r"'[^']*'", "", line)))
        assert used <= known | set(re.findall(r"\b([A-Za-z_]+)=", line)), line
        for names in re.findall(r"^(?:export )?([A-Za-z_]+)=|^for (\w+) in|^read -rs (\w+)", line):
            known |= set(names)


def test_every_command_of_aws_exists_with_its_options() -> None:
    """As botocore knows them, which the AWS CLI is made of."""
    session = botocore.session.get_session()
    for words in commands("aws"):
        service, operation = words[1:3]
        if service in OF_THE_CLI_ALONE:
            assert operation in OF_THE_CLI_ALONE[service], words
            continue
        model = session.get_service_model(API_NAMES.get(service, service))
        (name,) = (found for found in model.operation_names if xform_name(found, "-") == operation)
        members = {f"--{xform_name(member, '-')}" for member in model.operation_model(name).input_shape.members}
        assert {word for word in words if word.startswith("--")} - {"--query", "--output"} <= members, words


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
