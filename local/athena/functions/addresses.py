"""Trino's functions of addresses, which are what Java's URI takes for one.

Source: https://trino.io/docs/current/functions/url.html and RFC 2396.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote_plus, unquote, unquote_plus

from local.athena.functions.errors import invalid_argument

_ADDRESS = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
_NOT_ALLOWED = re.compile(r'[\x00-\x20"<>\\^`{|}\x7f-\xa0\u2000-\u200a\u2028\u2029\u202f\u3000]|%(?![0-9A-Fa-f]{2})')
_SERVER = re.compile(
    r"(?:[^@]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?"
    r"|\d{1,3}(?:\.\d{1,3}){3})(?::(?P<port>\d*))?"
)


@dataclass(frozen=True, slots=True)
class Address:
    """An address's parts, as they are written; None for one that it has not."""

    scheme: str | None
    host: str | None
    port: int | None
    path: str
    query: str | None
    fragment: str | None


@lru_cache(maxsize=1024)
def address_of(text: str) -> Address | None:
    """An address; None for what is none."""
    found = _ADDRESS.fullmatch(text)
    if not found or _NOT_ALLOWED.search(text) or "#" in (found["fragment"] or ""):
        return None
    scheme, authority, path = found["scheme"], found["authority"], found["path"]
    if (scheme and not text[len(scheme) + 1 :]) or (not scheme and ":" in path.split("/")[0] and authority is None):
        return None
    if any(one in path for one in "[]"):
        return None
    is_opaque = bool(scheme) and authority is None and not path.startswith("/")
    server = _SERVER.fullmatch(authority or "")
    port = int(server["port"]) if server and server["port"] else None
    host = server["host"] if server else None
    query = None if is_opaque else found["query"]
    return Address(scheme, host, port, "" if is_opaque else path, query, found["fragment"])


def url_extract_protocol(text: str) -> str | None:
    """An address's scheme; empty where it has none, null for what is no address."""
    found = address_of(text)
    return (found.scheme or "") if found else None


def url_extract_host(text: str) -> str | None:
    """An address's host."""
    found = address_of(text)
    return (found.host or "") if found else None


def url_extract_port(text: str) -> int | None:
    """An address's port; null where it has none."""
    found = address_of(text)
    return found.port if found else None


def url_extract_path(text: str) -> str | None:
    """An address's path, as it is meant: `%20` is a blank, a plus stays."""
    found = address_of(text)
    return unquote(found.path) if found else None


def url_extract_query(text: str) -> str | None:
    """What an address asks for."""
    found = address_of(text)
    return unquote(found.query or "") if found else None


def url_extract_fragment(text: str) -> str | None:
    """An address's fragment."""
    found = address_of(text)
    return unquote(found.fragment or "") if found else None


def url_extract_parameter(text: str, name: str) -> str | None:
    """The first value of a parameter."""
    found = address_of(text)
    for part in (found.query or "").split("&") if found and found.query is not None else ():
        key, _, value = part.partition("=")
        if key == name:
            return url_decode(value)
    return None


def url_encode(text: str) -> str:
    """As a part of an address."""
    return quote_plus(text, safe="*-._").replace("~", "%7E")


def url_decode(text: str) -> str:
    """A part of an address as it was."""
    if wrong := re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise invalid_argument(f"URLDecoder: Illegal hex characters in escape (%) pattern: {text[wrong.start() :][:3]}")
    return unquote_plus(text)
