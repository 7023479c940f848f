"""COTAHIST: B3's file of quotes, read as a stream.

A day, a month or a year; 245 bytes a line, latin-1, CRLF or LF. The first line is a header (`00`), the last a trailer (`99`) that
states how many lines there are, these two counted. Between them lie quotes (`01`): of shares (market 010), and many times more of
options. Codes of markets and BDI that this code does not know are passed over, for B3 adds some from time to time.
Positions are those of B3's layout ("Séries Históricas do Pregão", SeriesHistoricas_Layout.pdf), counted from 0 here.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import IO, cast

from expectations.contract.quotes import Quote
from flows.errors import PayloadError, QuotesNotPublished

LINE_WIDTH = 245  # bytes, without the line's end
ZIP_BEGINS = b"PK"
SPOT_MARKET = b"010"  # "vista": neither options nor forwards nor odd lots

_HEADER, _QUOTE, _TRAILER = b"00", b"01", b"99"
_LONGEST_LINE = 1024  # bytes; whatever has none shorter is no COTAHIST, and is not read into memory
_BUFFER = 1 << 20
_SHOWN = 40
_CENTS = Decimal(100)


def read_zip(packed: IO[bytes], tickers: Collection[str] | None = None, *, limit: int) -> Iterator[Quote]:
    """The quotes of a COTAHIST file as B3 packs it, one at a time.

    Args:
        packed: of the whole ZIP, from its start; it can be sought in.
        tickers: whose quotes are wanted; by default all shares'.
        limit: of the file, unpacked, in bytes.

    Raises:
        QuotesNotPublished: B3 sent a page in place of a ZIP.
        PayloadError: the ZIP is damaged or cut, holds something else than one file, or is too large; or as `parse` says.
    """
    with unpacked(packed, limit) as stream:
        yield from parse(lines_of(stream), tickers)


@contextmanager
def unpacked(packed: IO[bytes], limit: int) -> Iterator[IO[bytes]]:
    """The one file in a ZIP, as a stream.

    Raises:
        QuotesNotPublished, PayloadError: as `read_zip` says.
    """
    start = packed.read(_SHOWN)
    packed.seek(0)
    _refuse_page(start)
    try:
        with zipfile.ZipFile(packed) as archive, archive.open(_only_file(archive, limit)) as content:
            yield io.BufferedReader(cast("io.RawIOBase", content), _BUFFER)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise PayloadError("zip", f"damaged or cut short ({error})") from error


def _refuse_page(start: bytes) -> None:
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise QuotesNotPublished(f"a page came in place of a ZIP: {start!r}")
    if not start.startswith(ZIP_BEGINS):
        raise PayloadError("zip", f"{start!r} where a ZIP was expected")


def _only_file(archive: zipfile.ZipFile, limit: int) -> zipfile.ZipInfo:
    found = [item for item in archive.infolist() if not item.is_dir()]
    if len(found) != 1:
        raise PayloadError("zip", f"{len(found)} files in it where one was expected")
    if found[0].file_size > limit:
        raise PayloadError("zip", f"{found[0].file_size} bytes unpacked, more than {limit}")
    return found[0]


def lines_of(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines of a stream, with their ends; a longer one than any of COTAHIST comes in pieces."""
    return iter(partial(stream.readline, _LONGEST_LINE), b"")


def parse(lines: Iterable[bytes], tickers: Collection[str] | None = None) -> Iterator[Quote]:
    """The quotes of shares in a COTAHIST file, one at a time; that it is whole is known once the last was taken.

    Args:
        lines: of the file, with or without their ends.
        tickers: whose quotes are wanted; by default all shares'.

    Raises:
        QuotesNotPublished: it is a page.
        PayloadError: a line has another width or is of no known kind, there is no header or no trailer, the trailer counts other
            lines than there are, or a wanted quote cannot be read.
    """
    wanted = None if tickers is None else {ticker.encode("latin-1").ljust(12) for ticker in tickers}
    count, trailer = 0, b""
    for line in lines:
        record = line.rstrip(b"\r\n")
        count += 1
        if len(record) != LINE_WIDTH:
            _refuse_line(count, record)
        if trailer:
            raise PayloadError(f"line {count}", f"{record[:_SHOWN]!r} after the trailer")
        kind = record[:2]
        if kind == _QUOTE and count > 1:
            if record[24:27] == SPOT_MARKET and (wanted is None or record[12:24] in wanted):
                yield _Record(count, record).quote()
        elif kind == _TRAILER and count > 1:
            trailer = record
        elif kind != _HEADER or count > 1:
            expected = "the header (00)" if count == 1 else "a quote (01) or the trailer (99)"
            raise PayloadError(f"line {count}", f"{record[:_SHOWN]!r} where {expected} was expected")
    _check_count(count, trailer)


def _refuse_line(number: int, record: bytes) -> None:
    if number == 1:
        _refuse_page_line(record)
    raise PayloadError(f"line {number}", f"{len(record)} bytes where {LINE_WIDTH} were expected: {record[:_SHOWN]!r}")


def _refuse_page_line(record: bytes) -> None:
    if record.lstrip().startswith(b"<"):
        raise QuotesNotPublished(f"a page came in place of COTAHIST: {record[:_SHOWN]!r}")


def _check_count(count: int, trailer: bytes) -> None:
    if not trailer:
        raise PayloadError(f"line {count + 1}", "the file ends without its trailer (99): it was cut")
    stated = _Record(count, trailer).number("trailer's count", 31, 42)
    if stated != count:
        raise PayloadError("trailer", f"it counts {stated} lines, and there are {count}")


@dataclass(frozen=True, slots=True)
class _Record:
    """One line, and its number, from 1."""

    line: int
    bytes: bytes

    def quote(self) -> Quote:
        """As a quote."""
        fatcot = self.number("FATCOT", 210, 217)
        if fatcot < 1:
            raise self.error("FATCOT", f"{fatcot} where a number of units was expected")
        return Quote(
            session=self.session(),
            ticker=self.text(12, 24).strip(),
            isin=self.text(230, 242).strip(),
            especi=self.text(39, 49).rstrip(),
            short_name=self.text(27, 39).strip(),
            close=self.number("PREULT", 108, 121) / _CENTS,
            fatcot=fatcot,
            dismes=self.number("DISMES", 242, 245),
        )

    def session(self) -> date:
        """Its session."""
        digits = self.bytes[2:10]
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError as error:
            raise self.error("date", f"{digits!r} where YYYYMMDD was expected") from error

    def text(self, begin: int, end: int) -> str:
        """A text of it, with its blanks."""
        return self.bytes[begin:end].decode("latin-1")

    def number(self, name: str, begin: int, end: int) -> int:
        """A whole number of it, which stands in digits alone."""
        digits = self.bytes[begin:end]
        if not digits.isdigit():
            raise self.error(name, f"{digits!r} where digits were expected")
        return int(digits)

    def error(self, name: str, problem: str) -> PayloadError:
        """That a field of it cannot be read."""
        return PayloadError(f"line {self.line}, {name}", problem)
