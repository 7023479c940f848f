"""`make infra-check` finds each fault that kept a first `pulumi up` from working, when it is put back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infrastructure.check import command_line, policies, rules, s3a, stacks, template, texts
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


def test_two_environments_share_nothing_and_a_database_is_made_where_there_is_none() -> None:
    assert stacks.check() == []


def test_both_regions_and_every_optional_part_are_looked_at() -> None:
    assert {region for region, _ in STACKS} == {REGION, NOTEBOOK_REGION}
    switched = {name for _, settings in STACKS for name in settings}
    assert set(command_line.SWITCHES) <= switched


def test_every_combination_of_the_switches_is_previewed() -> None:
    found = command_line.combinations()
    switched = {tuple(settings[name] for name in command_line.SWITCHES) for settings in found}
    assert len(found) == len(switched) == 2 ** len(command_line.SWITCHES) == 64
    for beside in command_line.BESIDE:
        of_ecs = {settings["ecsOrchestration"] for settings in found if beside.items() <= settings.items()}
        assert of_ecs == {"true", "false"}


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
    alone = replace(complete, declared=complete.all(GROUP))
    wrong = with_inputs(alone, GROUP, "flows", description="The flows' tasks: HTTPS to B3, AWS and Prefect")
    (found,) = [text for text in check(wrong) if "description" in text.lower()]
    assert "'" in found
    assert [text for text in check(alone) if "description" in text.lower()] == []


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


def test_fault_5_a_name_that_two_environments_share(monkeypatch: pytest.MonkeyPatch) -> None:
    named = StackSettings.named
    monkeypatch.setattr(
        StackSettings,
        "named",
        lambda settings, name: name if name == "trigger-glue-job-dead-letters" else named(settings, name),
    )
    assert stacks.check() == ["environment dev: Queue trigger-glue-job-dead-letters is also the default environment's"]


def test_fault_5_a_stack_that_takes_over_what_another_one_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.account.refuse_what_is_another_stacks", lambda _: None)
    (found,) = stacks.check()
    assert "resources are declared over it" in found


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(True, "a new account has no database default", id="it is taken for granted"),
        pytest.param(False, "it is made where it is somebody else's already", id="it is always made"),
    ],
)
def test_fault_7_the_database_default(monkeypatch: pytest.MonkeyPatch, *, answer: bool, reason: str) -> None:
    monkeypatch.setattr("infrastructure.account.has_database", lambda _: answer)
    monkeypatch.setattr("infrastructure.catalog.has_database", lambda _: answer)
    assert any(reason in text for text in stacks.check())


def test_fault_9_metrics_that_only_a_glue_context_writes(complete: Deployment) -> None:
    job = complete.one("glue/job:Job")
    arguments = {**job.inputs["defaultArguments"], "--enable-metrics": "true"}
    wrong = with_inputs(complete, "glue/job:Job", "etl", defaultArguments=arguments)
    assert any("--enable-metrics writes nothing" in text for text in rules.check(wrong, NOTEBOOK_REGION))
    line = ["Glue", "glue.driver.aggregate.elapsedTime", "JobName", "bovespa-etl-job"]
    body = json.dumps({"widgets": [{"type": "metric", "properties": {"metrics": [line]}}]})
    wrong = with_inputs(complete, "cloudwatch/dashboard:Dashboard", "bovespa", dashboardBody=body)
    assert any("nobody writes ['Glue'" in text for text in rules.check(wrong, NOTEBOOK_REGION))


def test_fault_10_a_job_or_a_caller_without_queueing(complete: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for changed in ({"jobRunQueuingEnabled": None}, {"executionClass": "FLEX"}):
        wrong = with_inputs(complete, "glue/job:Job", "etl", **changed)
        assert any("queueing" in text for text in rules.check(wrong, NOTEBOOK_REGION))
    wrong = with_inputs(complete, "lambda/function:Function", "trigger", environment={"variables": {}})
    assert any("with queueing as the job has it" in text for text in rules.check(wrong, NOTEBOOK_REGION))
    assert [path.exists() for path in rules.STARTING] == [True, True]


@pytest.mark.parametrize("path", rules.STARTING, ids=lambda path: path.name)
def test_fault_10_a_run_that_is_started_without_queueing(
    complete: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: Path
) -> None:
    text = path.read_text(encoding="utf-8")
    broken = tmp_path / path.name
    broken.write_text(text.replace("JobRunQueuingEnabled=", "Timeout="), encoding="utf-8")
    monkeypatch.setattr(rules, "ROOT", tmp_path)
    monkeypatch.setattr(rules, "STARTING", (broken,))
    assert any("StartJobRun without JobRunQueuingEnabled" in text for text in rules.check(complete, NOTEBOOK_REGION))


@pytest.mark.parametrize("name", ["modules", "script"])
def test_fault_11_a_script_that_an_update_deletes(name: str) -> None:
    deployment = record_program()
    broken = [replace(item, retained=False) if item.name == name else item for item in deployment.declared]
    (found,) = rules.check(replace(deployment, declared=broken), REGION)
    assert f"object {name}: an update deletes it" in found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param("s3/bucket:Bucket", "raw", id="bucket"),
        pytest.param("s3/bucketPolicy:BucketPolicy", "refined", id="what keeps it private"),
        pytest.param("s3/bucketVersioning:BucketVersioning", "raw", id="its versions"),
        pytest.param("glue/catalogTable:CatalogTable", "bovespa_refined_data", id="table"),
        pytest.param("glue/catalogDatabase:CatalogDatabase", "database", id="database"),
    ],
)
def test_fault_12_what_holds_data_and_is_not_protected(complete: Deployment, kind: str, name: str) -> None:
    item = complete.one(kind, name)
    broken = [replace(item, protected=False) if other is item else other for other in complete.declared]
    (found,) = rules.check(replace(complete, declared=broken), NOTEBOOK_REGION)
    assert f" {name}: it holds data" in found


@pytest.mark.parametrize(
    ("changed", "needs"),
    [
        pytest.param(
            lambda policy: policy.replace('"s3:ListBucketMultipartUploads"', '"s3:GetBucketLocation"'),
            "needs s3:ListBucketMultipartUploads",
            id="uploads",
        ),
        pytest.param(
            lambda policy: policy.replace('-bucket/staging"', '-bucket/else"').replace('"staging",', ""),
            "refined/staging needs s3:GetObject",
            id="a folder's name without its slash",
        ),
        pytest.param(
            lambda policy: policy.replace('-bucket/raw-data"', '-bucket/else"'),
            "raw/raw-data needs s3:GetObject",
            id="raw files in the visual form",
        ),
    ],
)
def test_fault_13_a_call_of_s3as_that_the_role_may_not_make(
    complete: Deployment, changed: Callable[[str], str], needs: str
) -> None:
    policy = complete.one("iam/rolePolicy:RolePolicy", "etl").inputs["policy"]
    assert changed(policy) != policy
    wrong = with_inputs(complete, "iam/rolePolicy:RolePolicy", "etl", policy=changed(policy))
    assert any(needs in text for text in s3a.check(wrong)), list(s3a.check(wrong))


@pytest.mark.parametrize(
    ("kind", "name"),
    [("cloudwatch/eventTarget:EventTarget", "etl-ended-badly"), ("budgets/budget:Budget", "monthly")],
)
def test_fault_14_who_publishes_before_the_topic_lets_it(complete: Deployment, kind: str, name: str) -> None:
    item = complete.one(kind, name)
    broken = [replace(item, after=frozenset()) if other is item else other for other in complete.declared]
    (found,) = rules.check(replace(complete, declared=broken), NOTEBOOK_REGION)
    assert f"{name}: it does not wait for the topic's policy" in found


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
    wrong = replace(complete, declared=[strange])
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
