"""Who sent a request: Signature Version 4, checked with botocore's own signer, and presigned addresses.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, and, for presigned addresses
of S3 in the older version 2, which boto3 makes where nothing else is asked for,
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

from local.account.gateway import ServiceError
from local.rights.signed_chunks import verify_chunks

if TYPE_CHECKING:
    from local.rights.api_calls import Request
    from local.rights.keys import KeyPair

SKEW = timedelta(minutes=15)
"""How far a request's time may be from the account's."""

_LONGEST_LIFE = timedelta(days=7)  # of a presigned address
_SCHEME = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_SIGNED_CHUNKS = ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
_CREDENTIAL = re.compile(r"([^/\s]+)/(\d{8})/([\w-]+)/([\w-]+)/aws4_request")

Find = Callable[[str], "KeyPair | None"]
"""Finds the keys that an access key belongs to."""


class SignatureError(ServiceError):
    """A request is not signed, or not rightly; the status is 403."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, 403)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request says of its signature.

    Attributes:
        access_key: whose it is.
        scope: day, region and service.
        headers: the names of those that are signed, in lower case.
        signature: in hexadecimal.
        timestamp: as in X-Amz-Date.
        life: for how long a presigned address is good; None for a request that was signed itself.
        token: of temporary credentials; empty without them.
    """

    access_key: str
    scope: tuple[str, str, str]
    headers: tuple[str, ...]
    signature: str
    timestamp: str
    life: timedelta | None
    token: str


def verify(request: Request, find: Find, now: datetime) -> KeyPair:
    """The keys that the request is signed with.

    Args:
        request: with its body.
        find: finds the keys that an access key belongs to.
        now: with its zone.

    Raises:
        SignatureError: it is not signed, with another secret, for something else than it is, or too long ago.
    """
    if "AWSAccessKeyId" in request.parameters and "authorization" not in request.headers:
        return _verify_version_2(request, find, now)
    signed = _stated(request)
    key = _known(signed.access_key, signed.token, find)
    _check_time(signed, now)
    _check_headers(signed, request)
    kind = _SignerForS3 if signed.scope[2] == "s3" else _Signer
    signer = kind(signed, key, _payload(signed, request))
    ours = _request_of(signed, request)
    expected = signer.signature(signer.string_to_sign(ours, signer.canonical_request(ours)), ours)
    if not _equal(expected, signed.signature):
        raise _mismatch()
    if signer.payload_hash in _SIGNED_CHUNKS and not verify_chunks(
        request.body, signed.signature, lambda parts: signer.signature(signer.chunk_to_sign(ours, parts), ours)
    ):
        raise _mismatch()
    return key


# --- what the request says -----------------------------------------------------------------------------------------------


def _stated(request: Request) -> Signed:
    authorization = request.headers.get("authorization", "")
    if authorization:
        scheme, _, rest = authorization.partition(" ")
        if scheme != _SCHEME:
            raise SignatureError("AccessDenied", f"the account on the laptop knows {_SCHEME} only, not {scheme!r}")
        fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        headers = request.headers
        return _signed(fields, "", headers.get("x-amz-date", ""), None, headers.get("x-amz-security-token", ""))
    parameters = request.parameters
    if parameters.get("X-Amz-Algorithm") != _SCHEME:
        raise SignatureError("AccessDenied", "the request is not signed: every request to this account must be")
    life = _seconds(parameters.get("X-Amz-Expires", ""))
    return _signed(
        parameters, "X-Amz-", parameters.get("X-Amz-Date", ""), life, parameters.get("X-Amz-Security-Token", "")
    )


def _signed(fields: Mapping[str, str], prefix: str, timestamp: str, life: timedelta | None, token: str) -> Signed:
    credential, headers, signature = (
        fields.get(prefix + name, "") for name in ("Credential", "SignedHeaders", "Signature")
    )
    found = _CREDENTIAL.fullmatch(credential)
    if not (found and headers and signature):
        raise SignatureError("AuthorizationHeaderMalformed", "Credential, SignedHeaders and Signature must be given")
    access_key, day, region, service = found.groups()
    return Signed(access_key, (day, region, service), tuple(headers.split(";")), signature, timestamp, life, token)


def _seconds(text: str) -> timedelta:
    if not text.isdecimal() or (life := timedelta(seconds=int(text[:9]))) > _LONGEST_LIFE:
        limit = _LONGEST_LIFE.total_seconds()
        raise SignatureError("AuthorizationQueryParametersError", f"X-Amz-Expires {text!r} is not 0 to {limit:.0f}")
    return life


# --- checks --------------------------------------------------------------------------------------------------------------


def _known(access_key: str, token: str, find: Find) -> KeyPair:
    key = find(access_key)
    if key is None:
        raise SignatureError("InvalidAccessKeyId", f"access key {access_key!r} is none of this account's")
    if not _equal(key.token, token):
        raise SignatureError("InvalidToken", "the session token is not the one that belongs to the access key")
    return key


def _check_time(signed: Signed, now: datetime) -> None:
    try:
        sent = datetime.strptime(signed.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise SignatureError(
            "AccessDenied", f"X-Amz-Date {signed.timestamp!r} is not of the form 20250630T180000Z"
        ) from error
    if not sent - SKEW <= now <= sent + (SKEW if signed.life is None else signed.life):
        raise SignatureError("RequestTimeTooSkewed", f"signed at {signed.timestamp}, it is {now:%Y%m%dT%H%M%SZ}")
    if not signed.timestamp.startswith(signed.scope[0]):
        raise SignatureError("SignatureDoesNotMatch", "the credential is of another day than X-Amz-Date")


def _check_headers(signed: Signed, request: Request) -> None:
    needed = {"host", *(name for name in request.headers if name.startswith("x-amz-"))}
    if missing := needed - set(signed.headers):
        raise SignatureError("AccessDenied", f"headers that are not signed: {', '.join(sorted(missing))}")


def _payload(signed: Signed, request: Request) -> str:
    """What stands in the signature for the body."""
    stated = request.headers.get("x-amz-content-sha256", "")
    if signed.scope[2] == "s3" and (stated in (_UNSIGNED, _UNSIGNED_CHUNKS, *_SIGNED_CHUNKS)):
        return stated
    if signed.scope[2] == "s3" and not stated and signed.life is not None:
        return _UNSIGNED
    digest = sha256(request.body).hexdigest()
    if stated not in ("", digest):
        raise SignatureError("XAmzContentSHA256Mismatch", "the body is not the one whose SHA-256 was signed")
    return digest


def _equal(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode())


def _mismatch() -> SignatureError:
    return SignatureError("SignatureDoesNotMatch", "the signature is not the one that this account's secret gives")


# --- the signer ----------------------------------------------------------------------------------------------------------


class _Signer(SigV4Auth):
    """botocore's signer for a request that somebody else signed: it leaves no header out that they signed."""

    def __init__(self, signed: Signed, key: KeyPair, payload_hash: str) -> None:
        _, region, service = signed.scope
        super().__init__(Credentials(key.access_key, key.secret), service, region)
        self.payload_hash = payload_hash

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        """All that the request here has: see `_request_of`."""
        return request.headers

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002 - botocore's signature
        """What stands in the signature for the body."""
        return self.payload_hash

    def chunk_to_sign(self, request: AWSRequest, parts: tuple[str, ...]) -> str:
        """What the signature of one part of a body in parts is made of."""
        kind, *rest = parts
        scope = self.credential_scope(request)
        return "\n".join((f"{_SCHEME}-{kind}", request.context["timestamp"], scope, *rest))


class _SignerForS3(_Signer, S3SigV4Auth):
    """The same, for paths as S3 signs them."""


def _request_of(signed: Signed, request: Request) -> AWSRequest:
    # S3 signs its keys encoded once, however they came; the others sign the path as it came.
    path = quote(unquote(request.raw_path), safe="/~") if signed.scope[2] == "s3" else request.raw_path
    # Pairs, for a name may be there twice; botocore's types know dictionaries only.
    pairs: Any = [(name, value) for name, value in _query(request) if name != "X-Amz-Signature"]
    ours = AWSRequest(method=request.method, url=f"http://{request.headers['host']}{path}", params=pairs)
    for name in signed.headers:
        ours.headers[name] = request.headers.get(name, "")
    ours.context["timestamp"] = signed.timestamp
    return ours


def _query(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.query, keep_blank_values=True)


# --- presigned addresses of version 2 ------------------------------------------------------------------------------------


class _SignerVersion2(HmacV1QueryAuth):
    """botocore's signer, for the end of life that the address states instead of one from now."""

    def __init__(self, key: KeyPair, expires: str) -> None:
        super().__init__(Credentials(key.access_key, key.secret, key.token or None))
        self._stated = expires

    def _get_date(self) -> str:
        return self._stated


def _verify_version_2(request: Request, find: Find, now: datetime) -> KeyPair:
    parameters = request.parameters
    key = _known(parameters["AWSAccessKeyId"], parameters.get("x-amz-security-token", ""), find)
    expires = parameters.get("Expires", "")
    if not expires.isdecimal() or int(expires[:12]) < now.timestamp():
        raise SignatureError("AccessDenied", "the address has expired")
    headers: Any = HTTPHeaders()
    for name, value in (*request.headers.items(), *_query(request)):
        if name in ("content-md5", "content-type") or name.startswith("x-amz-"):
            headers[name] = value
    path = quote(unquote(request.raw_path), safe="/~")
    address = urlsplit(f"http://{request.headers['host']}{path}?{request.query}")
    expected = _SignerVersion2(key, expires).get_signature(request.method, address, headers)
    if not _equal(expected, parameters.get("Signature", "")):
        raise _mismatch()
    return key
