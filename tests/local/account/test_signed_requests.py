"""Whatever current clients send, rightly signed, the running account takes."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import zlib
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from local.account.client import Account

pytestmark = pytest.mark.account


def test_presigned_addresses_of_both_versions_and_of_a_role_work_until_they_are_changed(account: Account) -> None:
    for version in ("s3", "s3v4"):
        s3: Any = boto3.Session(*account.keys(), region_name=account.region).client(
            "s3",
            endpoint_url=account.endpoint_url,
            config=Config(signature_version=version),
        )
        place = {"Bucket": "bovespa-artifacts-bucket", "Key": "presigned/a=1/é k+.txt"}
        assert requests.put(s3.generate_presigned_url("put_object", Params=place), data=b"body", timeout=30).ok
        address = s3.generate_presigned_url("get_object", Params=place)
        assert requests.get(address, timeout=30).content == b"body"
        assert requests.get(address.replace("presigned", "scripts"), timeout=30).status_code == 403
        assert requests.delete(address, timeout=30).status_code == 403
        assert (
            requests.get(s3.generate_presigned_url("get_object", Params=place, ExpiresIn=-1), timeout=30).status_code
            == 403
        )


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256", "SHA1"])
def test_checksums_and_streams_of_boto3_work(account: Account, clients: Any, algorithm: str) -> None:  # noqa: ANN401
    s3 = clients("s3")
    place = {"Bucket": "bovespa-artifacts-bucket", "Key": f"checked/{algorithm}"}

    s3.put_object(**place, Body=BytesIO(b"streamed"), ChecksumAlgorithm=algorithm, Metadata={"of_whom": "me"})
    s3.upload_fileobj(
        BytesIO(b"x" * 9_000_000), place["Bucket"], "checked/large", ExtraArgs={"ChecksumAlgorithm": algorithm}
    )

    found = s3.get_object(**place, ChecksumMode="ENABLED")
    assert (found["Body"].read(), found["Metadata"]) == (b"streamed", {"of_whom": "me"})
    assert s3.head_object(Bucket=place["Bucket"], Key="checked/large")["ContentLength"] == 9_000_000


@pytest.mark.parametrize("trailer", ["unsigned", "signed"])
def test_a_body_in_chunks_with_a_trailing_checksum_is_stored_without_its_frame(
    account: Account,
    clients: Any,  # noqa: ANN401
    trailer: str,
) -> None:
    body, headers = in_chunks(
        account, f"/bovespa-artifacts-bucket/chunks/{trailer}", b"content", signed=trailer == "signed"
    )

    stored = requests.put(
        f"{account.endpoint_url}/bovespa-artifacts-bucket/chunks/{trailer}", data=body, headers=headers, timeout=30
    )
    assert stored.status_code == 200, stored.text
    assert (
        clients("s3").get_object(Bucket="bovespa-artifacts-bucket", Key=f"chunks/{trailer}")["Body"].read()
        == b"content"
    )

    changed = requests.put(
        f"{account.endpoint_url}/bovespa-artifacts-bucket/chunks/{trailer}",
        data=body.replace(b"content", b"CONTENT"),
        headers=headers,
        timeout=30,
    )
    assert (changed.status_code == 403) is (trailer == "signed")


def in_chunks(account: Account, path: str, content: bytes, *, signed: bool) -> tuple[bytes, dict[str, str]]:
    """A body as SDKs send what they stream, and the headers of its request."""
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" if signed else "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    request = AWSRequest(
        "PUT",
        f"{account.endpoint_url}{path}",
        {
            "Content-Encoding": "aws-chunked",
            "X-Amz-Decoded-Content-Length": str(len(content)),
            "X-Amz-Trailer": "x-amz-checksum-crc32",
        },
    )

    class Signer(S3SigV4Auth):
        def payload(self, request: AWSRequest) -> str:
            return kind

    signer = Signer(Credentials(*account.keys()), "s3", account.region)
    signer.add_auth(request)
    before, timestamp = request.headers["Authorization"].rpartition("=")[2], request.context["timestamp"]
    scope = signer.credential_scope(request)

    def sign(name: str, *digests: str) -> str:
        return signer.signature("\n".join((f"AWS4-HMAC-SHA256-{name}", timestamp, scope, before, *digests)), request)

    body = b""
    for part in (content, b""):
        before = sign("PAYLOAD", sha256(b"").hexdigest(), sha256(part).hexdigest())
        body += f"{len(part):x}".encode() + (f";chunk-signature={before}".encode() if signed else b"") + b"\r\n"
        body += part + (b"\r\n" if part else b"")
    trailer = b"x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(content).to_bytes(4, "big"))
    before = sign("TRAILER", sha256(trailer + b"\n").hexdigest())
    body += trailer + b"\r\n" + (f"x-amz-trailer-signature:{before}\r\n".encode() if signed else b"") + b"\r\n"
    return body, dict(request.headers.items())


def test_the_command_line_of_aws_works(account: Account, tmp_path: Path) -> None:
    program = shutil.which("aws")
    if not program:
        pytest.skip("the AWS CLI is not installed on this machine")
    file = tmp_path / "file"
    file.write_bytes(b"x" * 9_000_000)
    environment = {**os.environ, **account.environment(), "AWS_PAGER": ""}

    def aws(*arguments: str) -> str:
        done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    aws("s3", "cp", str(file), "s3://bovespa-artifacts-bucket/cli/file")
    assert "9000000 cli/file" in aws("s3", "ls", "--recursive", "s3://bovespa-artifacts-bucket/cli/")
    assert "bovespa-etl-job" in aws("glue", "get-jobs", "--query", "Jobs[].Name")
    assert "assumed-role" in aws(
        "sts", "assume-role", "--role-arn", "arn:aws:iam::123456789012:role/etl-local", "--role-session-name", "cli"
    )
    assert "trigger-local" in aws("iam", "list-roles")
