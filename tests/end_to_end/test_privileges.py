"""Each component can do its own work and nothing else: every recorded call was allowed, and every right was needed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from expectations.contract.names import DATABASE, REFINED_BUCKET
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import JOB_TABLES, TABLES
from flows.cost.bill import LISTS_PER_RUN, READS_PER_RUN
from infrastructure.monitoring import PUT_METRIC_DATA
from local.account.client import running_account
from local.account.home import Home
from local.b3 import sample
from local.b3 import standin as b3_standin
from local.b3.formats import csv_download
from local.rights.iam import Call, Document, Grant, is_allowed, parse
from local.rights.privileges import TrailEntry, read_trail, role_of_arn
from local.rights.requests import s3_requests
from tests.end_to_end.commands import bovespa
from tests.end_to_end.least_privilege import Right, needed, refused, rights

if TYPE_CHECKING:
    from pathlib import Path

    from flows.b3.portfolio import Portfolio
    from local.account.client import Account

pytestmark = pytest.mark.account

SESSION = date(2025, 10, 1)


@dataclass(frozen=True)
class Unused:
    """A right that the runs of this proof do not use, and why a role has it all the same."""

    role: str
    action: str
    resource: str
    reason: str
    condition: str = ""

    def is_of(self, right: Right) -> bool:
        """Whether it is this right; `resource` is the end of its ARN."""
        named = (self.role, self.action) == (right.role, right.action) and right.resource.endswith(self.resource)
        return named and self.condition in ("", *(value for _, _, value in right.condition))


_IN_PARTS = "Spark's and Athena's writers send what is large in parts; on the laptop nothing is"
_BY_S3A = "Glue 5.1 reads and writes with Hadoop's S3A, which the laptop has not: infrastructure/check/s3a_calls.json"
_OF_FOLDERS = (
    *("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
)
_BY_ATHENA = (
    "Athena reads partitions with the caller's rights, by whichever of three calls it chooses: "
    "https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html"
)
_OF_EARLIER = "only months that an earlier version left are read from a copy while they are put in order"
_MOVED_MONTH = "only a month of prices whose partition somebody has pointed elsewhere is pointed back"
_SPOILT = "only what B3 sent and somebody spoilt since is sought among earlier versions"
_EMPTY_MONTH = "only a month whose publication records were all removed leaves the catalog"

EXCEPTIONS = (
    Unused("etl-local", "logs:CreateLogGroup", "/aws-glue/jobs/bovespa-etl-job/*", "Glue does it where no group is"),
    Unused("etl-local", "s3:AbortMultipartUpload", "/staging/*", _IN_PARTS),
    Unused("etl-local", "s3:ListMultipartUploadParts", "/staging/*", _IN_PARTS),
    *(Unused("etl-local", action, "/staging", _BY_S3A) for action in _OF_FOLDERS),
    Unused("etl-local", "s3:ListBucket", "", _BY_S3A, "staging"),
    Unused("etl-local", "s3:ListBucketMultipartUploads", ":bovespa-refined-data-bucket", _BY_S3A),
    Unused("etl-local", "s3:DeleteObject", "/staging/*", "Spark removes what an attempt that failed has left"),
    Unused("flow", "s3:AbortMultipartUpload", "/results/*", _IN_PARTS),
    Unused("flow", "s3:ListMultipartUploadParts", "/results/*", _IN_PARTS),
    Unused("flow", "s3:ListBucket", "bovespa-query-results-bucket", _IN_PARTS),
    Unused("flow", "glue:GetPartition", "", _BY_ATHENA),
    Unused("flow", "glue:BatchGetPartition", "", _BY_ATHENA),
    Unused(
        "flow", "s3:GetBucketLocation", ":bovespa-refined-data-bucket", "Athena asks it of a bucket of other regions"
    ),
    Unused("flow", "athena:StopQueryExecution", "", "only a query that outlasts its limit is stopped"),
    Unused("flow", "s3:ListBucket", "", "a lease that is given back while it is looked at is 404, not 403", "leases/*"),
    Unused("flow", "s3:ListBucket", "", "a manifest that a run has not left is 404, not 403", "staging/*"),
    Unused("flow", "s3:ListBucket", "", "the list of a batch that has expired is 404, not 403", "batches/*"),
    Unused("flow", "s3:PutObject", "/staging/historico/*", _OF_EARLIER),
    Unused("flow", "s3:PutObject", "/staging/mudancas/*", _OF_EARLIER),
    Unused("flow", "glue:BatchUpdatePartition", "/bovespa_historico", _OF_EARLIER),
    Unused("flow", "glue:BatchUpdatePartition", "/bovespa_mudancas", _OF_EARLIER),
    Unused("flow", "glue:BatchUpdatePartition", "/bovespa_cotacoes", _MOVED_MONTH),
    Unused("flow", "glue:BatchDeletePartition", "/bovespa_historico", _EMPTY_MONTH),
    Unused("flow", "glue:BatchDeletePartition", "/bovespa_mudancas", _EMPTY_MONTH),
    Unused("flow", "s3:GetObjectVersion", "/landing/*", _SPOILT),
    Unused("flow", "s3:ListBucketVersions", "", _SPOILT, "landing/*"),
    Unused("trigger-local", "s3:GetObject", "/claims/*", "only who finds a version claimed looks at the claim"),
    Unused("trigger-local", "s3:DeleteObject", "/claims/*", "only a claim whose run was refused is given up"),
    Unused("trigger-local", "s3:ListBucket", "", "a claim that is given up while it is looked at is 404", "claims/*"),
    Unused("trigger-local", "sqs:SendMessage", "", "Lambda puts an event there that failed for good"),
)


def corrected(portfolio: Portfolio) -> Portfolio:
    """A share is gone, its figures are another's."""
    first, second, *rest = portfolio.holdings
    both = replace(
        first,
        qtde_teorica=first.qtde_teorica + second.qtde_teorica,
        participacao_pct=first.participacao_pct + second.participacao_pct,
    )
    return replace(portfolio, holdings=(both, *rest))


def write_csv(folder: Path, portfolio: Portfolio) -> None:
    name = f"{portfolio.index}Dia_{portfolio.session:%d-%m-%y}.csv"
    (folder / name).write_bytes(base64.b64decode(csv_download(portfolio)))


@dataclass(frozen=True)
class Administrator:
    """Who owns the account, and meddles with it between two runs."""

    account: Account

    def client(self, service: str, role: str | None = None) -> Any:  # noqa: ANN401 - any of boto3's
        session: Any = boto3.Session(*self.account.keys(role), region_name=self.account.region)
        return session.client(service, endpoint_url=self.account.endpoint_url)

    def drop_tables(self) -> None:
        for table in JOB_TABLES:
            self.client("glue").delete_table(DatabaseName=DATABASE, Name=table.name)

    def take_tables_back(self) -> None:
        """Give the tables the definitions of an earlier program, which lacked a column."""
        glue = self.client("glue")
        for table in JOB_TABLES:
            found = glue.get_table(DatabaseName=DATABASE, Name=table.name)["Table"]
            kept = {"Name", "TableType", "PartitionKeys", "StorageDescriptor"}
            earlier = {name: value for name, value in found.items() if name in kept}
            earlier["StorageDescriptor"]["Columns"].pop()
            glue.update_table(DatabaseName=DATABASE, TableInput=earlier)

    def leave_strays(self) -> None:
        for table in TABLES:
            index = "IBXX" if "indices" in table.name else "IBOV"
            key = f"{partition_prefix(table, index, SESSION)}stray"
            self.client("s3").put_object(Bucket=REFINED_BUCKET, Key=key, Body=b"")

    def pass_noon(self) -> None:
        """Do what the scheduler does at noon, with the rights of the schedule's role: the laptop evaluates no schedules."""
        scheduler = self.client("scheduler")
        for item in scheduler.list_schedules()["Schedules"]:
            target = scheduler.get_schedule(Name=item["Name"])["Target"]
            assert target["Arn"] == PUT_METRIC_DATA
            cloudwatch = self.client("cloudwatch", role_of_arn(target["RoleArn"]))
            cloudwatch.put_metric_data(**json.loads(target["Input"]))

    def rights(self) -> list[Right]:
        """What the roles may do, as IAM tells it."""
        iam, found = self.client("iam"), []
        for role in (item["RoleName"] for item in iam.list_roles()["Roles"]):
            names = iam.list_role_policies(RoleName=role)["PolicyNames"]
            texts = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
            found += rights(role, [parse(json.dumps(text)) for text in texts])
        return found


@dataclass(frozen=True)
class Evidence:
    """What the roles may do, and what they did; `run` is what the first daily run did."""

    given: list[Right]
    trail: list[TrailEntry]
    run: list[TrailEntry]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """One session is collected and published; then a folder corrects it and brings another index's and the next one, in an
    altered account; then the first is read from landing, looked after, its prices are brought in,
    the session is withdrawn, the site of reports is made again, and it is noon."""
    portfolio = sample.as_of(SESSION, sample.recorded(date(2025, 6, 30)))
    folder = tmp_path_factory.mktemp("copies")
    write_csv(folder, corrected(portfolio))
    write_csv(folder, portfolio.restated(index="IBXX"))
    write_csv(folder, sample.as_of(SESSION + timedelta(days=1), portfolio))
    with running_account(tmp_path_factory.mktemp("home")) as account, b3_standin.serving() as site:
        administrator = Administrator(account)
        site.show(portfolio)
        site.quotes[SESSION] = [replace(quote, session=SESSION) for quote in sample.quotes(date(2025, 6, 30))]
        administrator.drop_tables()
        collected_at = sample.collected_at(SESSION).isoformat()
        command(account, site.url, "run", "--live", "--collected-at", collected_at)
        run = read_trail(Home(account.home).trail)
        administrator.take_tables_back()
        administrator.leave_strays()
        command(account, site.url, "import", str(folder), "--replace")
        command(account, site.url, "replay", "--from-landing", "--from", str(SESSION), "--to", str(SESSION))
        command(account, site.url, "reconcile", "--since", str(SESSION), "--until", str(SESSION))
        command(account, site.url, "prices", "--from", str(SESSION), "--to", str(SESSION))
        command(account, site.url, "status", "--session", str(SESSION))
        command(account, site.url, "withdraw", "--session", str(SESSION), "--reason", "wrong")
        command(account, site.url, "report")
        administrator.pass_noon()
        yield Evidence(administrator.rights(), read_trail(Home(account.home).trail), run)


def command(account: Account, site: str, *arguments: str) -> None:
    prices = b3_standin.StandIn(site).prices_url
    done = bovespa(account.home, *arguments, B3_BASE_URL=site, BOVESPA_PRICES_BASE_URL=prices)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_call_was_refused(evidence: Evidence) -> None:
    assert refused(evidence.trail) == []


def test_the_bill_reckons_with_the_requests_of_s3_that_a_daily_run_makes(evidence: Evidence) -> None:
    """The three queries that `bovespa run` shows afterwards are its user's, as analysts' are."""
    last = max(place for place, entry in enumerate(evidence.run) if entry.call.action == "cloudwatch:PutMetricData")
    found = s3_requests(evidence.run[:last])
    assert (found.lists, found.reads) == (
        pytest.approx(LISTS_PER_RUN, rel=0.08),
        pytest.approx(READS_PER_RUN, rel=0.08),
    )


def test_every_role_worked(evidence: Evidence) -> None:
    assert {entry.role for entry in evidence.trail} == {right.role for right in evidence.given}


def test_every_right_was_needed_but_for_the_exceptions(evidence: Evidence) -> None:
    superfluous = set(evidence.given) - needed(evidence.given, evidence.trail)
    unexplained = [right for right in superfluous if not any(item.is_of(right) for item in EXCEPTIONS)]
    assert sorted(map(str, unexplained)) == []


@pytest.mark.parametrize("exception", EXCEPTIONS, ids=lambda item: f"{item.role} {item.action} {item.resource}")
def test_an_exception_is_of_rights_that_there_are_and_that_nothing_used(evidence: Evidence, exception: Unused) -> None:
    found = {right for right in evidence.given if exception.is_of(right)}
    assert found
    assert not found & needed(evidence.given, evidence.trail)


def test_a_right_taken_away_would_have_been_missed(evidence: Evidence) -> None:
    for missing in needed(evidence.given, evidence.trail):
        left = [right for right in evidence.given if right.role == missing.role and right != missing]
        policy = Document(tuple(_grant(right) for right in left), ())
        calls = [entry.call for entry in evidence.trail if entry.role == missing.role]
        assert any(not is_allowed([policy], call) for call in calls if missing.covers(call)), str(missing)


@pytest.mark.parametrize("role", ["trigger-local", "etl-local", "flow"])
def test_a_right_added_is_found_out(evidence: Evidence, role: str) -> None:
    added = Right(role, "s3:DeleteObjectVersion", "arn:aws:s3:::bovespa-raw-data-bucket/*")
    assert added not in needed([*evidence.given, added], evidence.trail)
    assert not any(item.is_of(added) for item in EXCEPTIONS)


def test_what_a_role_may_not_do_is_refused_by_the_account(evidence: Evidence) -> None:
    landed = next(entry.call.resource for entry in evidence.trail if "/landing/" in entry.call.resource)
    for role in ("trigger-local", "etl-local", "flow"):
        policy = Document(tuple(_grant(right) for right in evidence.given if right.role == role), ())
        assert not is_allowed([policy], Call("s3:DeleteObject", landed))
        assert not is_allowed([policy], Call("s3:DeleteObjectVersion", landed))


def _grant(right: Right) -> Grant:
    return Grant(right.action, right.resource, {operator: {key: value} for operator, key, value in right.condition})
