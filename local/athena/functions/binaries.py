"""Trino's functions of bytes.

Source: https://trino.io/docs/current/functions/binary.html.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib

from local.athena.functions.errors import invalid_argument


def to_utf8(text: str) -> bytes:
    """A text's bytes."""
    return text.encode()


def from_utf8(value: bytes) -> str:
    """Bytes as a text; what is no UTF-8 becomes U+FFFD."""
    return value.decode(errors="replace")


def from_utf8_with(value: bytes, instead: str) -> str:
    """Bytes as a text; what is no UTF-8 becomes another character, or nothing."""
    if len(instead) > 1:
        raise invalid_argument("Replacement character string must empty or a single character")
    parts: list[str] = []
    while True:
        try:
            return "".join([*parts, value.decode()])
        except UnicodeDecodeError as error:
            parts += [value[: error.start].decode(), instead]
            value = value[error.end :]


def substring(value: bytes, start: int) -> bytes:
    """The bytes from a place on, from 1, or from the end where negative."""
    return substring_of(value, start, len(value))


def substring_of(value: bytes, start: int, length: int) -> bytes:
    """So many bytes from a place on; none from place 0, or from before the first."""
    if start == 0 or length <= 0 or abs(start) > len(value):
        return b""
    first = start - 1 if start > 0 else len(value) + start
    return value[first : first + length]


def reverse(value: bytes) -> bytes:
    """Backwards."""
    return value[::-1]


def lpad(value: bytes, size: int, padding: bytes) -> bytes:
    """The bytes brought to a size from the left; cut on their right where there are more."""
    return _padding(value, size, padding) + value[:size]


def rpad(value: bytes, size: int, padding: bytes) -> bytes:
    """The bytes brought to a size from the right."""
    return value[:size] + _padding(value, size, padding)


def _padding(value: bytes, size: int, padding: bytes) -> bytes:
    if not 0 <= size < 2**31:
        raise invalid_argument(f"Target length must be in the range [0..{2**31 - 1}]")
    if not padding:
        raise invalid_argument("Padding bytes must not be empty")
    missing = max(size - len(value), 0)
    return (padding * (missing // len(padding) + 1))[:missing]


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
