"""One answer of B3 as received, and what can be said of it before it is parsed."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

from expectations.contract.keys import landing_key
from flows.b3.csv_download import decode_download
from flows.b3.portfolio import read_session
from flows.errors import PayloadError

# The date counts only beside a divisor in pt-br: in en-us the same digits are another day. Quotes may be escaped (JSON in JSON).
_JSON_DATE = re.compile(rb'\\?"date\\?"\s*:\s*\\?"(\d\d/\d\d/\d\d)\\?"')
_JSON_PT_BR = re.compile(rb'\\?"reductor\\?"\s*:\s*\\?"[\d.]+,\d+\\?"')
_CSV_DATE = re.compile(rb"Carteira do Dia (\d\d/\d\d/\d\d)")
_HTML_DATE = re.compile(rb"<h2[^>]*>[^<]{0,40}(\d\d/\d\d/\d\d)[^<]{0,40}</h2>")
_MAX_NAME = 200  # characters; S3 keeps 2 KB of metadata, and a quoted one may take nine


@dataclass(frozen=True, slots=True)
class Payload:
    """The bytes of one answer, unpacked, and when and as what they came.

    Attributes:
        index: index code that was asked for.
        source: `json`, `csv` (B3's base64 download; the file in it, where it was imported), `html` or `parquet`.
        page: page number, from 1.
        body: the bytes.
        collected_at: instant at which the collection began (aware).
        url: where they came from; empty for a file.
        file_name: path of the file below the folder that it was imported from.
        known_session: the session, where something else than the bytes says it.
    """

    index: str
    source: str
    page: int
    body: bytes
    collected_at: datetime
    url: str
    file_name: str = ""
    known_session: date | None = None

    def key(self) -> str:
        """The payload's key in landing; below `landing/undated/` where the session is not known."""
        digest = hashlib.sha256(self.body).hexdigest()
        return landing_key(
            self.index, self.known_session or self.session(), self.collected_at, self.source, self.page, digest
        )

    def session(self) -> date | None:
        """The session that the payload seems to state, read without parsing it; None where there is none."""
        found = self._date()
        try:
            return read_session("date", found.decode()) if found else None
        except PayloadError:
            return None

    def metadata(self) -> dict[str, str]:
        """What is kept beside the bytes; S3 takes ASCII only."""
        collected = {"collected-at": self.collected_at.isoformat()}
        return collected | ({"file-name": quote(self.file_name[-_MAX_NAME:])} if self.file_name else {})

    def packed(self) -> bytes:
        """The body, gzipped; the same body is always the same bytes."""
        return gzip.compress(self.body, mtime=0)

    def _date(self) -> bytes | None:
        if self.source == "json":
            found = _JSON_DATE.search(self.body) if _JSON_PT_BR.search(self.body) else None
        elif self.source == "csv":
            found = _CSV_DATE.search(_downloaded(self.body))
        else:
            found = _HTML_DATE.search(self.body)
        return found[1] if found else None


def _downloaded(body: bytes) -> bytes:
    try:
        return decode_download(body)
    except PayloadError:
        return b""
