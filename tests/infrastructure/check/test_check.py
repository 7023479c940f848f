"""`make infra-check` finds each fault that kept a first `pulumi up` from working, when it is put back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infrastructure.check import command_line, policies, rules, template, texts
from infrastructure.check.__main__ import STACKS, check_stack
from infrastructure.check.policies import EXPLAINED
from infrastructure.policies import PolicyStatement, allow
from infrastructure.recording import NOTEBOOK_REGION, REGION, record_complete, record_program
from infrastructure.settings import StackSettings

if TYPE_CHECKING:
    from infrastructure.recording import Declared, Deployment

ROOT = Path(__file__).resolve().parents[3]
STATED: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
GROUP = "ec2/securityGroup:SecurityGroup"


@pytest.fixture(scope="module")
def complete() -> Deployment:
    return record_complete()


def with_inputs(deployment: Deployment, kind: str, logical: str, /, **changed: object) -> Deployment:
    """The deployment with one resource's arguments changed; what is None is taken away."""

    def put_back(item: Declared) -> Declared:
        if (item.type, item.name) != (f"aws:{kind}", logical):
            return item
        inputs = {key: value for key, value in {**item.inputs, **changed}.items() if value is not None}
        return replace(item, inputs=inputs)

    found = [put_back(item) for item in deployment.declared]
    assert found != deployment.declared
    return replace(deployment, declared=found)


# --- as it is ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("region", "settings"), STACKS, ids=["default", "all of sa-east-1", "all of us-east-1"])
def test_nothing_is_found(region: str, settings: dict[str, str]) -> None:
    assert list(check_stack(region, settings)) == []


def test_both_regions_and_every_optional_part_are_looked_at() -> None:
    assert {region for region, _ in STACKS} == {REGION, NOTEBOOK_REGION}
    switched = {name for _, settings in STACKS for name in settings}
    assert set(command_line.SWITCHES) <= switched


def test_every_combination_of_the_switches_is_previewed() -> None:
    assert len(command_line.combinations()) == 2 ** len(command_line.SWITCHES) == 64


# --- each fault, put back ------------------------------------------------------------------------------------------------


def test_fault_1_reserved_concurrency(complete: Deployment) -> None:
    wrong = with_inputs(complete, "lambda/function:Function", "trigger", reservedConcurrentExecutions=1)
    assert any("no concurrency that could be reserved" in text for text in rules.check(wrong, REGION))


@pytest.mark.parametrize(
    "check", [texts.check, lambda found: template.check(found, REGION)], ids=["botocore", "cfn-lint"]
)
def test_fault_2_an_apostrophe_in_the_security_groups_description(
    complete: Deployment, check: Callable[[Deployment], list[str]]
) -> None:
    wrong = with_inputs(complete, GROUP, "flows", description="The flows' tasks: HTTPS to B3, AWS and Prefect")
    (found,) = [text for text in check(wrong) if "description" in text.lower()]
    assert "'" in found
    assert [text for text in check(complete) if "description" in text.lower()] == []


def test_fault_3_a_dynamic_provider_that_the_engine_cannot_start() -> None:
    (found,) = command_line.check_provider({**STATED, "main": "infrastructure"})
    assert "infrastructure/.venv/bin/python" in found


def test_fault_4_a_view_without_serde_information(complete: Deployment) -> None:
    (view,) = [item for item in complete.declared if item.name == "bovespa_composicao"]
    storage = {key: value for key, value in view.inputs["storageDescriptor"].items() if key != "serDeInfo"}
    for broken in (storage, {**storage, "serDeInfo": {}}):
        wrong = with_inputs(complete, "glue/catalogTable:CatalogTable", view.name, storageDescriptor=broken)
        (found,) = rules.check(wrong, NOTEBOOK_REGION)
        assert "bovespa_composicao: no SerDe information" in found


def test_fault_6_an_engine_that_the_region_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StackSettings, "_check_switches", lambda _: None)
    (found,) = rules.check(record_program(REGION, athenaNotebooks="true"), REGION)
    assert "sa-east-1 has no PySpark engine version 3" in found


def test_fault_8_capacity_providers_in_an_accounts_first_cluster(complete: Deployment) -> None:
    (cluster,) = complete.all("ecs/cluster:Cluster")
    providers = replace(cluster, type="aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
    wrong = replace(complete, declared=[*complete.declared, providers])
    assert any("capacity providers" in text for text in rules.check(wrong, NOTEBOOK_REGION))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        pytest.param("athena:ListExecutors", "arn:aws:athena:us-east-1:1:workgroup/bovespa", id="executors"),
        pytest.param("logs:DescribeLogGroups", "arn:aws:logs:us-east-1:1:log-group:*", id="log groups"),
    ],
)
def test_fault_14_an_action_on_an_arn_that_grants_nothing(complete: Deployment, action: str, resource: str) -> None:
    policy = allow([PolicyStatement([action], [resource])])
    wrong = with_inputs(complete, "iam/rolePolicy:RolePolicy", "notebooks", policy=policy)
    assert any(f"{action} knows no resources" in text for text in policies.check(wrong))


# --- what else would be found --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        pytest.param(
            PolicyStatement(["s3:GetObjekt"], ["arn:aws:s3:::b/*"]), "there is no action s3:GetObjekt", id="action"
        ),
        pytest.param(
            PolicyStatement(["s3:GetObject"], ["arn:aws:s3:::b/*"], {"StringLike": {"s3:prefix": "a"}}),
            "s3:GetObject knows no condition on s3:prefix",
            id="condition key",
        ),
        pytest.param(
            PolicyStatement(["s3:GetObject"], ["arn:aws:s3:::b"]), "RESOURCE_MISMATCH", id="a bucket for its objects"
        ),
        pytest.param(
            PolicyStatement(["s3:GetObject"], [f"arn:aws:s3:::b/{number:040}" for number in range(200)]),
            "of which IAM takes 6144",
            id="size",
        ),
    ],
)
def test_a_policy_that_grants_nothing_is_found(statement: PolicyStatement, reason: str) -> None:
    assert any(reason in text for text in policies.check_policy("p", "managed", allow([statement])))


@pytest.mark.parametrize(
    ("kind", "name", "changed", "reason"),
    [
        pytest.param("sqs/queue:Queue", "dead-letters", {"name": "a" * 81}, "of which AWS takes 80", id="too long"),
        pytest.param(
            "sqs/queue:Queue", "dead-letters", {"name": "a.b"}, "'.' is not among the characters", id="character"
        ),
        pytest.param(
            "lambda/function:Function", "trigger", {"runtime": "python3.99"}, "AWS takes one of", id="enumeration"
        ),
        pytest.param("lambda/function:Function", "trigger", {"memorySize": 64}, "AWS takes 128 to", id="range"),
        pytest.param("glue/job:Job", "etl", {"name": "a" * 256}, "256 characters", id="length"),
        pytest.param("athena/workgroup:Workgroup", "queries", {"name": "a b"}, "of the pattern", id="pattern"),
        pytest.param("glue/job:Job", "etl", {"nonsense": "x"}, "no such parameter", id="unknown"),
        pytest.param("sns/topic:Topic", "alarms", {"tags": {"project": "don't"}}, 'tags: "don\'t"', id="tag"),
    ],
)
def test_a_value_that_aws_refuses_is_found(
    complete: Deployment, kind: str, name: str, changed: dict[str, Any], reason: str
) -> None:
    assert any(reason in text for text in texts.check(with_inputs(complete, kind, name, **changed)))


def test_a_type_that_nobody_has_described_is_a_finding(complete: Deployment) -> None:
    strange = replace(complete.declared[0], type="aws:dynamodb/table:Table")
    wrong = replace(complete, declared=[*complete.declared, strange])
    assert any("no call is known" in text for text in texts.check(wrong))
    assert any("not rendered" in text for text in template.check(wrong, REGION))


def test_every_exception_is_explained() -> None:
    assert all(policies.EXPLAINED.values())
    assert all(template.EXPLAINED.values())
    assert all(template.WITHOUT.values())


def test_every_exception_is_still_needed(complete: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "EXPLAINED", {})
    found = policies.check(complete)
    for name, issue, action in EXPLAINED:
        assert any(f"policy {name}: parliament {issue}" in text and action in text for text in found)


def test_what_ec2_and_sqs_document_is_read() -> None:
    assert texts.documented("<p>Valid characters: a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*</p>") >= set(
        "aZ9 ._$*"
    )
    assert "'" not in texts.documented("Valid characters: a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*")
    assert {"x"} - texts.documented("The name.") == set()


# --- as the CLI starts it ------------------------------------------------------------------------------------------------


def test_the_engine_starts_the_dynamic_provider_and_it_reaches_glue() -> None:
    assert command_line.check_provider(STATED) == []


def test_the_program_is_previewed_with_every_output_unknown() -> None:
    everything = {name: values[-1] for name, values in command_line.SWITCHES.items()}
    assert command_line.check_programs(STATED, [{}, {**everything, "environment": "dev"}]) == []


def test_what_the_program_ends_with_is_told() -> None:
    found = command_line.check_programs(STATED, [{"workers": "1"}])
    assert found == ["program with {'workers': '1'}: ValueError: pipeline-bovespa:workers = 1: expected at least 2"]
