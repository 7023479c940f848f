from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import boto3
import pytest

from local.account import client as module
from local.account.client import Account, AccountError, end_account, running_account
from local.account.home import Home
from local.account.locks import locked
from local.account.stages import Stage

if TYPE_CHECKING:
    from tests.local.conftest import Eventually

pytestmark = pytest.mark.account
ROOT = Path(__file__).parents[3]

BUCKET = "import pulumi_aws as aws\naws.s3.Bucket('kept', bucket='kept')\n"
SLOW_JOB = """
role = aws.iam.Role('r', assume_role_policy='{"Statement": [{"Principal": {"Service": "glue.amazonaws.com"}}]}')
aws.iam.RolePolicy('r', role=role.id, policy=
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}')
aws.s3.BucketObjectv2('s', bucket=bucket.id, key='slow.py', content=
    "import os, time, pathlib; pathlib.Path(os.environ['HOME'], 'pid').write_text(str(os.getpid())); time.sleep(120)")
aws.glue.Job('slow', name='slow', role_arn=role.arn, command={'name': 'glueetl', 'script_location': 's3://kept/slow.py'})
"""


def client(account: Account, service: str, role: str | None = None) -> Any:  # noqa: ANN401
    make: Any = boto3.Session(*account.keys(role), region_name=account.region).client
    return make(service, endpoint_url=account.endpoint_url)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "__main__.py"
    file.write_text(BUCKET.replace("aws.s3.Bucket", "bucket = aws.s3.Bucket") + SLOW_JOB, encoding="utf-8")
    return file


def server_pid(home: Path) -> int:
    return int(json.loads(Home(home).description.read_text())["pid"])


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def user(home: Path, program: Path) -> subprocess.Popen[bytes]:
    """Another process that uses the account until it is killed."""
    script = """
    import pathlib, sys, time
    from local.account.client import Stage, running_account
    with running_account(pathlib.Path(sys.argv[1]), program=pathlib.Path(sys.argv[2]), stage=Stage.WORK) as account:
        print(account.endpoint_url, flush=True)
        time.sleep(300)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(home), str(program)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)


def said(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


def test_the_account_is_shared_outlives_its_first_user_and_ends_with_its_last(
    tmp_path: Path, program: Path, eventually: Eventually
) -> None:
    home = tmp_path / "home"
    first = user(home, program)
    endpoint = said(first)
    with running_account(home, program=program, stage=Stage.WORK) as account:
        assert account.endpoint_url == endpoint
        pid = server_pid(home)

        first.kill()
        first.wait()

        assert [bucket["Name"] for bucket in client(account, "s3").list_buckets()["Buckets"]] == ["kept"]
        assert is_running(pid)
    eventually(lambda: not is_running(pid))
    assert not Home(home).description.exists()


def test_state_survives_an_end_and_a_kill_and_children_do_not(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(tmp_path))
    with running_account(home, program=program, stage=Stage.WORK) as account:
        client(account, "s3").put_object(Bucket="kept", Key="before/end", Body=b"1")
    with running_account(home, program=program) as account:
        client(account, "s3").put_object(Bucket="kept", Key="before/kill", Body=b"2", Metadata={"source": "b3"})
        run_id = client(account, "glue").start_job_run(JobName="slow")["JobRunId"]
        eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        script, server = int((tmp_path / "pid").read_text()), server_pid(home)

        os.kill(server, signal.SIGKILL)

        eventually(lambda: not is_running(script))
        prefect = urlsplit(account.prefect_ui_url).netloc
        eventually(lambda: not answers(prefect))
    with running_account(home, program=program, stage=Stage.WORK) as account:
        s3, glue = client(account, "s3"), client(account, "glue")
        assert {found["Key"] for found in s3.list_objects_v2(Bucket="kept")["Contents"]} == {
            "before/end",
            "before/kill",
            "slow.py",
        }
        assert s3.get_object(Bucket="kept", Key="before/kill")["Metadata"] == {"source": "b3"}
        run = glue.get_job_run(JobName="slow", RunId=run_id)["JobRun"]
        assert (run["JobRunState"], run["ErrorMessage"]) == (
            "FAILED",
            "The account on the laptop ended while this run was live",
        )


def test_who_only_asks_waits_for_no_more_and_whoever_needs_more_gets_it_of_the_same_account(
    tmp_path: Path, program: Path
) -> None:
    home, said = tmp_path / "home", list[str]()
    with running_account(home, program=program, stage=Stage.ASK, progress=said.append) as account:
        assert said == ["Starting AWS", "Provisioning AWS with the Pulumi program"]  # nothing stood yet
        assert "PREFECT_API_URL" not in account.environment()
        client(account, "s3").put_object(Bucket="kept", Key="k", Body=b"1")
    said.clear()
    with running_account(home, program=program, stage=Stage.ASK, progress=said.append) as account:
        assert "Provisioning AWS with the Pulumi program" not in said
        assert client(account, "s3").get_object(Bucket="kept", Key="k")["Body"].read() == b"1"
        with running_account(home, program=program, stage=Stage.FLOWS, progress=said.append) as whole:
            assert whole.endpoint_url == account.endpoint_url
            assert answers(urlsplit(whole.prefect_ui_url).netloc)
            assert client(whole, "glue").get_job(JobName="slow")["Job"]["Name"] == "slow"
    assert said[-1] == "Starting Prefect"


def test_an_account_stays_as_long_as_its_last_user_wants_and_no_longer_when_it_is_ended(
    tmp_path: Path, program: Path, eventually: Eventually
) -> None:
    home = tmp_path / "home"
    with running_account(home, program=program, stage=Stage.ASK, keep_up=300) as account:
        pid = server_pid(home)
        assert not end_account(home), "somebody uses it"
    with running_account(home, program=program, stage=Stage.ASK, keep_up=300) as again:
        assert (again.endpoint_url, server_pid(home)) == (account.endpoint_url, pid)
    assert is_running(pid)
    assert end_account(home)
    eventually(lambda: not is_running(pid))
    assert end_account(tmp_path / "never")


def test_an_account_that_stays_is_not_used_with_other_code_than_it_was_made_of(
    tmp_path: Path, program: Path, eventually: Eventually
) -> None:
    home = tmp_path / "home"
    with running_account(home, program=program, stage=Stage.ASK, keep_up=300):
        pid = server_pid(home)
    program.write_text(f"{program.read_text()}\naws.s3.Bucket('new', bucket='new')\n", encoding="utf-8")
    with running_account(home, program=program, stage=Stage.ASK) as account:
        found = [bucket["Name"] for bucket in client(account, "s3").list_buckets()["Buckets"]]
    assert sorted(found) == ["kept", "new"]
    eventually(lambda: not is_running(pid))


def test_an_account_whose_home_is_deleted_does_not_stay(tmp_path: Path, program: Path, eventually: Eventually) -> None:
    home = tmp_path / "home"
    with running_account(home, program=program, stage=Stage.ASK, keep_up=300):
        pid = server_pid(home)
    shutil.rmtree(home)
    eventually(lambda: not is_running(pid))


def answers(address: str) -> bool:
    try:
        connection = http.client.HTTPConnection(address, timeout=2)
        connection.request("GET", "/api/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import pulumi_aws as aws\naws.kinesis.Stream('q')",
            "aws:kinesis/stream:Stream 'q': the account on the laptop does not know",
        ),
        ("def broken(:\n  pass", "SyntaxError: "),
    ],
)
def test_a_broken_program_is_told_in_one_readable_line(tmp_path: Path, source: str, reason: str) -> None:
    broken = tmp_path / "__main__.py"
    broken.write_text(source, encoding="utf-8")

    up = running_account(tmp_path / "home", program=broken, stage=Stage.WORK)
    with pytest.raises(AccountError) as raised, up:
        pytest.fail("it started")

    message = str(raised.value)
    assert message.startswith("the account did not start: ")
    assert reason in message
    assert "\n" not in message


def test_a_home_that_cannot_be_one_is_told_in_one_readable_line(tmp_path: Path) -> None:
    file = tmp_path / "home"
    file.touch()

    message = r"home .*/home cannot be used: .*/home: File exists; .*BOVESPA_HOME"
    with pytest.raises(AccountError, match=message) as refused, running_account(file):
        pytest.fail("it started")
    assert "\n" not in str(refused.value)


def test_a_command_that_was_stopped_amid_the_start_is_named_to_whoever_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_QUIETLY_SECONDS", 0.1)
    monkeypatch.setattr(module, "_OTHERS_SECONDS", 0.2)
    told: list[str] = []
    home = Home(tmp_path / "home").create()
    with (
        locked(home.start_lock, patience=0.1),
        pytest.raises(AccountError, match=rf"^process {os.getpid()} has been starting the account of .*kill -KILL"),
        running_account(home.root, progress=told.append),
    ):
        pytest.fail("it started")
    assert told == ["Waiting for another command, which starts AWS"]


def test_a_damaged_state_is_told_in_one_readable_line(tmp_path: Path, program: Path) -> None:
    Home(tmp_path).state.write_bytes(b"not a database" * 100)

    with pytest.raises(AccountError) as raised, running_account(tmp_path, program=program):
        pytest.fail("it started")

    assert "state.db is damaged" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_account_that_did_not_start_can_be_started_once_its_program_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "__main__.py"
    file.write_text("1 / 0", encoding="utf-8")
    up = running_account(tmp_path / "home", program=file, stage=Stage.WORK)
    with pytest.raises(AccountError, match="ZeroDivisionError"), up:
        pytest.fail("it started")

    file.write_text(BUCKET, encoding="utf-8")
    reported: list[str] = []
    with running_account(tmp_path / "home", program=file, stage=Stage.WORK, progress=reported.append) as account:
        assert client(account, "s3").head_bucket(Bucket="kept")

    assert reported == ["Starting AWS", "Provisioning AWS with the Pulumi program"]


def test_all_that_an_account_keeps_is_its_owners_alone_and_its_secrets_are_in_one_file(
    tmp_path: Path, program: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    with running_account(home, program=program) as account:
        s3 = client(account, "s3")
        s3.put_object(Bucket="kept", Key="a/b", Body=b"1")
        with urlopen(s3.generate_presigned_url("get_object", Params={"Bucket": "kept", "Key": "a/b"})) as answer:
            assert answer.read() == b"1"
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            client(account, "s3", "somebody").list_buckets()
        prefect = account.prefect_auth.partition(":")[2]
        secrets = [account.keys("somebody")[1], account.keys()[1], prefect, Home(home).secret.read_text()]
        kept = [home, *(path for path in home.rglob("*") if not path.is_symlink())]
        open_to_others = [path for path in kept if path.stat().st_mode & 0o077]
        reported = [
            path for path in kept if path.is_file() and any(text.encode() in path.read_bytes() for text in secrets)
        ]

    assert open_to_others == []
    assert reported == [Home(home).secret]


# --- the account that the whole session shares -------------------------------------------------------------------------


def test_the_environment_leads_to_the_account_and_reports_to_nobody(account: Account) -> None:
    environment = account.environment()

    assert environment["AWS_ENDPOINT_URL"] == account.endpoint_url
    assert environment["AWS_DEFAULT_REGION"] == "sa-east-1"
    assert environment["PREFECT_API_URL"] == f"{account.prefect_ui_url}/api"
    assert environment["PREFECT_HOME"] == str(account.home / "prefect")
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


def test_a_users_own_session_token_is_not_sent_along(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
        monkeypatch.setenv(name, "of production")
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)

    # boto3's own session remembers what an earlier test had in its environment.
    assert boto3.Session().client("s3").list_buckets()["Buckets"]


def test_prefect_answers_with_its_api_and_its_ui(account: Account) -> None:
    address = urlsplit(account.prefect_ui_url).netloc

    assert answers(address)
    assert account.environment()["PREFECT_API_AUTH_STRING"] == account.prefect_auth
    with urlopen(account.prefect_ui_url) as page, urlopen(f"{account.prefect_ui_url}/ui-settings") as settings:
        assert b"<html" in page.read()
        assert json.loads(settings.read())["api_url"] == account.prefect_api_url


def test_conditional_and_ranged_requests_work_as_in_s3(account: Account, clients: Any) -> None:  # noqa: ANN401
    s3 = clients("s3")
    s3.create_bucket(Bucket="b-requests", CreateBucketConfiguration={"LocationConstraint": account.region})
    s3.put_object(Bucket="b-requests", Key="k", Body=b"0123456789", IfNoneMatch="*")

    with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="b-requests", Key="k", Body=b"again", IfNoneMatch="*")
    assert s3.get_object(Bucket="b-requests", Key="k", Range="bytes=2-4")["Body"].read() == b"234"


def test_a_multipart_upload_is_one_object(account: Account, clients: Any) -> None:  # noqa: ANN401
    s3 = clients("s3")
    s3.create_bucket(Bucket="b-multipart", CreateBucketConfiguration={"LocationConstraint": account.region})
    upload = s3.create_multipart_upload(Bucket="b-multipart", Key="a/large")["UploadId"]
    parts = []
    for number, content in ((1, b"x" * 5 * 1024 * 1024), (2, b"end")):
        part = s3.upload_part(Bucket="b-multipart", Key="a/large", UploadId=upload, PartNumber=number, Body=content)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    s3.complete_multipart_upload(Bucket="b-multipart", Key="a/large", UploadId=upload, MultipartUpload={"Parts": parts})

    assert (account.home / "s3" / "b-multipart" / "a" / "large").stat().st_size == 5 * 1024 * 1024 + 3


def test_glues_other_features_are_refused_and_not_pretended(clients: Any) -> None:  # noqa: ANN401
    glue = clients("glue")

    with pytest.raises(glue.exceptions.InvalidInputException, match="GetCrawlers is not offered"):
        glue.get_crawlers()
