"""Signatures that botocore makes, as its clients do, and what becomes of them on their way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from local.rights.api_calls import Request
from local.rights.keys import HomeKeys, KeyPair
from local.rights.signatures import SignatureError, verify

KEYS = HomeKeys(bytes(32))
ETL = KEYS.of("etl")
TEMPORARY = KeyPair("ASIA1", "temporary", "token/1+2==", "etl")
HOST = "127.0.0.1:5000"
SIGNERS: dict[str, Any] = {"header": (SigV4Auth, S3SigV4Auth), "presigned": (SigV4QueryAuth, S3SigV4QueryAuth)}
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")


def find(access_key: str) -> KeyPair | None:
    return TEMPORARY if access_key == TEMPORARY.access_key else KEYS.find(access_key)


def sent(
    signer: type[Any],
    method: str = "PUT",
    path: str = "/bucket/key",
    body: bytes = b"body",
    *,
    key: KeyPair = ETL,
    service: str = "s3",
    **headers: str,
) -> Request:
    """A request as it arrives, signed as a client signs it."""
    given_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, f"http://{HOST}{path}", headers=given_headers, data=body)
    credentials = Credentials(key.access_key, key.secret, key.token or None)
    (signer(credentials) if signer is HmacV1QueryAuth else signer(credentials, service, "sa-east-1")).add_auth(request)
    url = urlsplit(request.url)
    arrived = {name.lower(): value for name, value in request.headers.items() if name != "Date"} | {"host": HOST}
    return Request(method, unquote(url.path), url.path, url.query, arrived, body)


def now() -> datetime:
    return datetime.now(UTC)


def code_of(request: Request, at: datetime | None = None) -> str:
    with pytest.raises(SignatureError) as raised:
        verify(request, find, at or now())
    assert raised.value.status == 403
    return raised.value.code


@pytest.mark.parametrize("key", [ETL, KEYS.of(), TEMPORARY], ids=["a role", "the administrator", "an assumed role"])
@pytest.mark.parametrize("how", ["header", "presigned"])
def test_a_rightly_signed_request_is_its_key_pairs(how: str, key: KeyPair) -> None:
    of_others, of_s3 = SIGNERS[how]

    assert verify(sent(of_s3, body=b"" if how == "presigned" else b"body", key=key), find, now()) == key
    assert verify(sent(of_others, "GET", "/", b"", key=key, service="iam"), find, now()) == key
    assert verify(sent(HmacV1QueryAuth, "GET", body=b"", key=key), find, now()) == key


@settings(deadline=None, database=None)
@given(st.text(CHARACTERS, min_size=1), st.text(CHARACTERS), st.binary())
def test_any_key_query_and_body_that_botocore_signs_is_verified(key: str, prefix: str, body: bytes) -> None:
    path = f"/bucket/{quote(key, safe='/~')}?prefix={quote(prefix, safe='-_.~')}&list-type=2"

    assert verify(sent(S3SigV4Auth, path=path, body=body), find, now()) == ETL
    assert verify(sent(SigV4Auth, path=path, body=body, service="lambda"), find, now()) == ETL


def test_an_unsigned_request_is_refused() -> None:
    request = Request("POST", "/bucket", "/bucket", "", {"host": HOST}, b"--form--")

    assert code_of(request) == "AccessDenied"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"method": "DELETE"}, "SignatureDoesNotMatch"),
        ({"raw_path": "/bucket/other"}, "SignatureDoesNotMatch"),
        ({"query": "versionId=1"}, "SignatureDoesNotMatch"),
        ({"body": b"another"}, "XAmzContentSHA256Mismatch"),
    ],
)
def test_a_request_that_was_changed_on_its_way_is_refused(change: dict[str, Any], code: str) -> None:
    assert code_of(replace(sent(S3SigV4Auth), **change)) == code


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"host": "localhost:5000"}, "SignatureDoesNotMatch"),
        ({"x-amz-copy-source": "/raw/secret"}, "AccessDenied"),
        ({"x-amz-target": "AWSGlue.StartJobRun"}, "AccessDenied"),
        ({"x-amz-security-token": "stolen"}, "InvalidToken"),
        ({"x-amz-date": "20250630T180000Z"}, "RequestTimeTooSkewed"),
        ({"x-amz-date": "yesterday"}, "AccessDenied"),
        ({"authorization": "AWS administrator:c2lnbmF0dXJl"}, "AccessDenied"),
        ({"authorization": "AWS4-HMAC-SHA256 Credential=administrator"}, "AuthorizationHeaderMalformed"),
    ],
)
def test_a_header_that_was_added_or_changed_is_refused(headers: dict[str, str], code: str) -> None:
    request = sent(S3SigV4Auth)

    assert code_of(replace(request, headers={**request.headers, **headers})) == code


def test_a_signature_with_another_secret_is_refused() -> None:
    assert code_of(sent(S3SigV4Auth, key=replace(ETL, secret="local"))) == "SignatureDoesNotMatch"
    assert code_of(sent(HmacV1QueryAuth, "GET", body=b"", key=replace(ETL, secret="local"))) == "SignatureDoesNotMatch"
    assert code_of(sent(S3SigV4Auth, key=KeyPair("local", "local"))) == "InvalidAccessKeyId"


def test_one_roles_secret_is_no_other_roles() -> None:
    assert code_of(sent(S3SigV4Auth, key=replace(KEYS.of(), secret=ETL.secret))) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_request_of_another_time_is_refused(minutes: int) -> None:
    request = sent(S3SigV4Auth)

    assert verify(request, find, now() + timedelta(minutes=minutes // 2)) == ETL
    assert code_of(request, now() + timedelta(minutes=minutes)) == "RequestTimeTooSkewed"


@pytest.mark.parametrize("signer", [S3SigV4QueryAuth, HmacV1QueryAuth])
def test_a_presigned_address_ends_when_it_says(signer: type[Any]) -> None:
    request = sent(signer, "GET", body=b"")

    assert verify(request, find, now() + timedelta(minutes=55)) == ETL
    assert code_of(request, now() + timedelta(minutes=65)) in ("RequestTimeTooSkewed", "AccessDenied")


def test_a_presigned_address_is_of_one_object_and_one_method() -> None:
    for signer in (S3SigV4QueryAuth, HmacV1QueryAuth):
        request = sent(signer, "GET", body=b"")
        assert code_of(replace(request, raw_path="/bucket/other")) == "SignatureDoesNotMatch"
        assert code_of(replace(request, method="PUT")) == "SignatureDoesNotMatch"


# --- bodies --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stated", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_a_body_that_is_said_to_be_unsigned_may_be_any(stated: str) -> None:
    class Signer(S3SigV4Auth):
        def payload(self, request: AWSRequest) -> str:
            return stated

    request = sent(Signer)

    assert verify(replace(request, body=b"another"), find, now()) == ETL
    assert code_of(replace(request, headers={**request.headers, "x-amz-content-sha256": sha256(b"x").hexdigest()}))


def in_chunks(contents: list[bytes], trailer: bytes = b"") -> Request:
    """A body in signed parts, as SDKs other than boto3 send it over HTTP."""
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")

    class Signer(S3SigV4Auth):
        def payload(self, request: AWSRequest) -> str:
            return kind

    request = sent(Signer, body=b"")
    timestamp = request.headers["x-amz-date"]
    before = request.headers["authorization"].rpartition("Signature=")[2]
    signer, aws = S3SigV4Auth(Credentials(ETL.access_key, ETL.secret), "s3", "sa-east-1"), AWSRequest()
    aws.context["timestamp"] = timestamp
    scope = f"{timestamp[:8]}/sa-east-1/s3/aws4_request"
    body = b""
    for content in (*contents, b""):
        digests = (sha256(b"").hexdigest(), sha256(content).hexdigest())
        before = signer.signature("\n".join(("AWS4-HMAC-SHA256-PAYLOAD", timestamp, scope, before, *digests)), aws)
        body += f"{len(content):x};chunk-signature={before}\r\n".encode() + content + (b"\r\n" if content else b"")
    if trailer:
        digest = sha256(trailer + b"\n").hexdigest()
        before = signer.signature(f"AWS4-HMAC-SHA256-TRAILER\n{timestamp}\n{scope}\n{before}\n{digest}", aws)
        body += trailer + f"\r\nx-amz-trailer-signature:{before}\r\n".encode()
    return replace(request, body=body + b"\r\n")


@pytest.mark.parametrize("trailer", [b"", b"x-amz-checksum-crc32:sOO8/Q=="])
@pytest.mark.parametrize("contents", [[b"one"], [b"a" * 65536, b"rest"], []], ids=["one", "two", "none"])
def test_a_body_in_signed_parts_is_verified_part_by_part(contents: list[bytes], trailer: bytes) -> None:
    request = in_chunks(contents, trailer)

    assert verify(request, find, now()) == ETL
    assert code_of(replace(request, body=request.body.replace(b"chunk-signature=", b"chunk-signature=0"))) == (
        "SignatureDoesNotMatch"
    )


@pytest.mark.parametrize("damage", [(b"rest", b"resT"), (b"sOO8", b"tOO8"), (b"4;", b"3;"), (b"rest\r\n", b"")])
def test_a_part_that_was_changed_is_refused(damage: tuple[bytes, bytes]) -> None:
    request = in_chunks([b"first", b"rest"], b"x-amz-checksum-crc32:sOO8/Q==")
    assert damage[0] in request.body

    assert code_of(replace(request, body=request.body.replace(*damage))) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("body", [b"", b"no parts", b"5\r\nunsig\r\n0\r\n\r\n"])
def test_a_body_that_is_not_in_signed_parts_is_refused(body: bytes) -> None:
    assert code_of(replace(in_chunks([b"one"]), body=body)) == "SignatureDoesNotMatch"
