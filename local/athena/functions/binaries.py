"""Trino's functions of bytes, and of addresses.

Source: https://trino.io/docs/current/functions/binary.html and …/url.html.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlsplit

from local.athena.functions.errors import invalid_argument

# --- bytes -----------------------------------------------------------------------------------------------------------


def to_utf8(text: str) -> bytes:
    """A text's bytes."""
    return text.encode()


def from_utf8(value: bytes) -> str:
    """Bytes as a text; what is no UTF-8 becomes U+FFFD."""
    return value.decode(errors="replace")


def to_hex(value: bytes) -> str:
    """Bytes in capital hexadecimal digits."""
    return value.hex().upper()


def from_hex(text: str) -> bytes:
    """Bytes of hexadecimal digits."""
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise invalid_argument("invalid hexadecimal string") from error


def to_base64(value: bytes) -> str:
    """Bytes in Base64."""
    return base64.b64encode(value).decode()


def from_base64(text: str) -> bytes:
    """Bytes of Base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise invalid_argument("Illegal base64 character") from error


def md5(value: bytes) -> bytes:
    """MD5."""
    return hashlib.md5(value).digest()  # noqa: S324 - the function is of that name


def sha1(value: bytes) -> bytes:
    """SHA-1."""
    return hashlib.sha1(value).digest()  # noqa: S324 - the function is of that name


def sha256(value: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(value).digest()


def sha512(value: bytes) -> bytes:
    """SHA-512."""
    return hashlib.sha512(value).digest()


def hmac_sha256(value: bytes, key: bytes) -> bytes:
    """HMAC with SHA-256."""
    return hmac.digest(key, value, "sha256")


def crc32(value: bytes) -> int:
    """CRC-32."""
    return zlib.crc32(value)


# --- addresses -------------------------------------------------------------------------------------------------------


def url_encode(text: str) -> str:
    """As a part of an address."""
    return quote_plus(text, safe="*-._").replace("~", "%7E")


def url_decode(text: str) -> str:
    """A part of an address as it was."""
    return unquote_plus(text)


def url_extract_host(text: str) -> str | None:
    """An address's host."""
    return urlsplit(text).hostname


def url_extract_path(text: str) -> str:
    """An address's path."""
    return unquote_plus(urlsplit(text).path)


def url_extract_parameter(text: str, name: str) -> str | None:
    """The first value of a parameter."""
    return next((value for key, value in parse_qsl(urlsplit(text).query, keep_blank_values=True) if key == name), None)
