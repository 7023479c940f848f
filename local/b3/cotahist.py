"""Quotes written as B3's COTAHIST: lines of 245 bytes, the file, the ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date

from expectations.contract.quotes import Quote

SHARES_BDI, REAL_ESTATE_BDI, OPTIONS_BDI = "02", "12", "78"
SPOT, CALLS = "010", "070"
_REAL_ESTATE_CLASS = "CI"
_LINE_END = "\r\n"
_NEVER = "99991231"  # of what does not expire


def quote_line(quote: Quote, *, market: str = SPOT, bdi: str | None = None) -> str:
    """A quote (`01`); of its prices, the first, highest, lowest, mean, bid and ask are the last one, which alone is known.

    Args:
        market: B3's code of the market.
        bdi: B3's code of the bulletin's section; by default that of the quote's class.
    """
    price = f"{int(quote.close * 100):013d}"
    of_class = REAL_ESTATE_BDI if quote.especi.startswith(_REAL_ESTATE_CLASS) else SHARES_BDI
    parts = (
        f"01{quote.session:%Y%m%d}{bdi or of_class}{quote.ticker:<12}{market}{quote.short_name:<12}{quote.especi:<10}",
        f"{'':3}R$  {price * 7}{1:05d}{100:018d}{100 * int(quote.close * 100):018d}{0:013d}0{_NEVER}",
        f"{quote.fatcot:07d}{0:013d}{quote.isin:<12}{quote.dismes:03d}",
    )
    return "".join(parts)


def lines(quotes: Iterable[Quote], name: str, made: date) -> Iterator[str]:
    """A whole file's lines, without their ends.

    Args:
        name: the file's own, such as `COTAHIST.2025`.
        made: date of making.
    """
    origin = f"{name:<13}BOVESPA {made:%Y%m%d}"
    yield f"00{origin}".ljust(245)
    count = 2
    for quote in quotes:
        count += 1
        yield quote_line(quote)
    yield f"99{origin}{count:011d}".ljust(245)


def file_of(quotes: Iterable[Quote], name: str, made: date) -> bytes:
    """The file, as it lies in the ZIP: latin-1, CRLF."""
    return "".join(line + _LINE_END for line in lines(quotes, name, made)).encode("latin-1")


def packed(content: bytes, name: str) -> bytes:
    """The ZIP of one file; the same content is always the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
