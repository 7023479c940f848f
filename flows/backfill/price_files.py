"""Files of B3's prices as received: from B3, from landing, from somebody's folder. They are in landing before they are read."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import quote as percent_encoded

from expectations.contract.keys import quotes_landing_key, quotes_landing_prefix, read_quotes_landing_key
from flows.b3.cotahist import ZIP_BEGINS, lines_of, parse, read_zip
from flows.b3.quotes_client import QuotesClient
from flows.errors import WriteConflict

if TYPE_CHECKING:
    from expectations.contract.keys import QuotesLandingKey
    from expectations.contract.quotes import Quote, QuotesFile
    from flows.lake.s3 import Bucket
    from flows.settings import Settings

_PIECE = 1 << 20  # bytes
_MAX_NAME = 200  # characters; S3 keeps 2 KB of metadata, and a quoted one may take nine
_ZIP, _PAGE, _TEXT = "zip", "html", "txt"
_HEADER = b"00COTAHIST"
_SNIFFED = 256  # bytes; a ZIP begins with its first file's name


@dataclass(frozen=True, slots=True)
class Received:
    """A file of prices as received.

    Attributes:
        content: its bytes, in a file; of a text, unpacked.
        kind: `zip`, `txt`, or `html`: whatever else came in place of one.
        digest: SHA-256 of the bytes, hexadecimal.
    """

    content: IO[bytes]
    kind: str
    digest: str

    @classmethod
    def of(cls, content: IO[bytes]) -> Received:
        """The bytes in a file."""
        content.seek(0)
        start = content.read(len(_HEADER))
        kind = _ZIP if start.startswith(ZIP_BEGINS) else _TEXT if start == _HEADER else _PAGE
        content.seek(0)
        digest = hashlib.sha256()
        while piece := content.read(_PIECE):
            digest.update(piece)
        return cls(content, kind, digest.hexdigest())

    def quotes(self, tickers: Collection[str], limit: int) -> Iterator[Quote]:
        """The quotes in it of these tickers.

        Args:
            limit: of the file, unpacked, in bytes.

        Raises:
            QuotesNotPublished, PayloadError: as `flows.b3.cotahist` says.
        """
        self.content.seek(0)
        if self.kind == _TEXT:
            return parse(lines_of(self.content), tickers)
        return read_zip(self.content, tickers, limit=limit)

    def land(self, raw: Bucket, code: str | None, metadata: dict[str, str]) -> str:
        """Keep it in landing, where the same bytes are kept once; its key.

        Raises:
            AwsError: it could not be kept.
        """
        key = quotes_landing_key(code, self.digest, self.kind)
        with suppress(WriteConflict), _as_kept(self) as body:
            raw.put(key, body, metadata=metadata, if_absent=True)
        return key


@contextmanager
def _as_kept(received: Received) -> Iterator[IO[bytes]]:
    received.content.seek(0)
    if received.kind != _TEXT:
        yield received.content
        return
    with TemporaryFile() as packed:
        with gzip.GzipFile("", "wb", fileobj=packed, mtime=0) as target:
            copyfileobj(received.content, target, _PIECE)
        yield packed


@contextmanager
def downloaded(settings: Settings, raw: Bucket, file: QuotesFile) -> Iterator[Received]:
    """A file from B3, which is in landing by then.

    Raises:
        QuotesNotPublished, B3Unavailable: it could not be had.
        AwsError: it could not be kept.
    """
    with TemporaryFile() as content:
        QuotesClient(settings).download(file, content)
        received = Received.of(content)
        received.land(raw, file.code, {"collected-at": datetime.now(UTC).isoformat(timespec="seconds")})
        yield received


def landed(raw: Bucket, file: QuotesFile) -> list[QuotesLandingKey]:
    """What was received before as that file, the newest first.

    Raises:
        AwsError: S3 could not be asked.
    """
    newest_first = sorted(raw.objects(quotes_landing_prefix(file.code)), key=lambda item: item.stored_at, reverse=True)
    keys = (read_quotes_landing_key(item.key) for item in newest_first)
    return [key for key in keys if key and key.kind != _PAGE]


@contextmanager
def from_landing(raw: Bucket, key: QuotesLandingKey) -> Iterator[Received]:
    """A file in landing.

    Raises:
        AwsError: it could not be read.
    """
    with TemporaryFile() as kept:
        raw.download(key.key, kept)
        kept.seek(0)
        if key.kind == _TEXT:
            with gzip.open(kept) as text:
                yield Received(io.BufferedReader(cast("io.RawIOBase", text), _PIECE), _TEXT, key.digest)
        else:
            yield Received.of(kept)


def is_price_file(path: Path) -> bool:
    """Whether a file in somebody's folder is one of B3's prices, packed or not, by how it or what is in it begins."""
    try:
        with path.open("rb") as content:
            start = content.read(_SNIFFED)
    except OSError:
        return False
    return start.startswith(_HEADER) or (start.startswith(ZIP_BEGINS) and _names_prices(path, start))


def _names_prices(path: Path, start: bytes) -> bool:
    return b"COTAHIST" in path.name.upper().encode(errors="replace") or b"COTAHIST" in start.upper()


def metadata_of(name: str) -> dict[str, str]:
    """What is kept beside an imported file; S3 takes ASCII only."""
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    return {"collected-at": stamp, "file-name": percent_encoded(name[-_MAX_NAME:])}
