"""COTAHIST: what is written is read back, and what is damaged is refused by name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from expectations.contract.quotes import Quote
from flows.b3.cotahist import LINE_WIDTH, lines_of, parse, read_zip
from flows.errors import PayloadError, QuotesNotPublished
from local.b3.cotahist import file_of, lines, packed, quote_line
from tests.strategies import ISINS, TICKERS

SESSION = date(2025, 6, 30)
NAME = "COTAHIST_D30062025.TXT"
LIMIT = 10_000_000
PETR4 = Quote(SESSION, "PETR4", "BRPETRACNPR6", "PN  EJ  N2", "PETROBRAS", Decimal("31.39"), 1, 212)
HGLG11 = Quote(SESSION, "HGLG11", "BRHGLGCTF004", "CI", "FII HGLG PAX", Decimal("157.60"), 1, 199)
# As a bank recorded one of B3's lines, but for the prices that this project does not read.
REAL_LAYOUT = (
    "012025063002PETR4       010PETROBRAS   PN  EJ  N2   R$  "
    "0000000003200000000000322000000000031000000000003150"  # first, highest, lowest, mean
    "0000000003139"
    "00000000031380000000003139"  # best bid, best ask
    "12345000000000012345678000000000123456789"
    "0000000000000099991231"
    "0000001"
    "0000000000000"
    "BRPETRACNPR6212"
)

ascii_text = st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.&+-Çã"), min_size=1, max_size=10)
quotes = st.builds(
    Quote,
    session=st.dates(date(1986, 1, 2), date(2099, 12, 31)),
    ticker=TICKERS,
    isin=ISINS,
    especi=st.sampled_from(["ON      NM", "PN  EJ  N2", "CI", "CI  ER", "UNT EDB N2", "DRN", "ON  EBG"]),
    short_name=ascii_text,
    close=st.decimals(Decimal("0.01"), Decimal("99999999999.99"), places=2),
    fatcot=st.sampled_from([1, 10, 100, 1000, 1_000_000]),
    dismes=st.integers(0, 999),
)


def _zip_of(*items: Quote) -> bytes:
    return packed(file_of(items, "COTAHIST.2025", SESSION), NAME)


def _read(body: bytes) -> list[Quote]:
    return list(read_zip(io.BytesIO(body), limit=LIMIT))


class TestWhatIsWritten:
    @given(st.lists(quotes, max_size=8), st.sampled_from(["", "\n", "\r\n"]))
    def test_is_read_back(self, items: list[Quote], end: str) -> None:
        written = [(line + end).encode("latin-1") for line in lines(items, "COTAHIST.2025", SESSION)]
        assert {len(line.strip(b"\r\n")) for line in written} == {LINE_WIDTH}
        assert list(parse(written)) == items

    @given(st.lists(quotes, max_size=8))
    def test_is_read_back_from_its_zip(self, items: list[Quote]) -> None:
        assert _read(_zip_of(*items)) == items

    @given(st.lists(quotes, max_size=8, unique_by=lambda item: item.ticker), st.data())
    def test_is_read_for_the_wanted_tickers_alone(self, items: list[Quote], data: st.DataObject) -> None:
        wanted = data.draw(st.sets(st.sampled_from([item.ticker for item in items] or ["VALE3"])))
        written = [line.encode("latin-1") for line in lines(items, "COTAHIST.2025", SESSION)]
        assert list(parse(written, wanted)) == [item for item in items if item.ticker in wanted]

    def test_stands_where_b3_s_layout_says(self) -> None:
        assert len(REAL_LAYOUT) == LINE_WIDTH
        head, _, tail = lines([PETR4], "COTAHIST.2025", SESSION)
        found = list(parse(line.encode("latin-1") for line in (head, REAL_LAYOUT, tail)))
        assert found == [PETR4]


@given(st.decimals(Decimal("0.01"), Decimal("99999.99"), places=2), st.sampled_from([1, 1000]))
def test_a_price_is_for_as_many_units_as_b3_says(close: Decimal, fatcot: int) -> None:
    quote = Quote(SESSION, "PETR4", "BRPETRACNPR6", "PN", "PETROBRAS", close, fatcot, 1)
    assert quote.price == Fraction(int(close * 100), 100 * fatcot)


def test_other_markets_and_unknown_codes_are_passed_over() -> None:
    head, _, tail = lines([PETR4], "COTAHIST.2025", SESSION)
    other = [quote_line(PETR4, market=market) for market in ("020", "021", "070", "080", "999")]
    taken = [quote_line(PETR4, bdi=bdi) for bdi in ("07", "08", "92", "93", "ZZ")]
    tail = tail.replace(f"{3:011d}", f"{2 + len(other) + len(taken):011d}")
    found = list(parse(line.encode("latin-1") for line in (head, *other, *taken, tail)))
    assert found == [PETR4] * len(taken)


def _without_last_lines(body: bytes) -> bytes:
    return b"".join(body.splitlines(keepends=True)[:-1])


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (_without_last_lines, "line 4: the file ends without its trailer"),
        (
            lambda body: body.replace(f"{4:011d}".encode(), f"{5:011d}".encode()),
            "trailer: it counts 5 lines, and there are 4",
        ),
        (lambda body: body.replace(f"{4:011d}".encode(), b"0000000000X"), "line 4, trailer's count: b'0000000000X'"),
        (lambda body: body.replace(b"PETR4", b"PETR"), "line 2: 244 bytes where 245 were expected"),
        (lambda body: body.replace(b"PETROBRAS ", "PETROBRÁS ".encode()), "line 2: 246 bytes"),
        (lambda body: body + body[:247], "line 5: .* after the trailer"),
        (lambda body: body[247:], "line 1: .* where the header"),
        (lambda body: b"", "line 1: the file ends without its trailer"),
        (lambda body: body.replace(b"\r\n01", b"\r\n07", 1), "line 2: .* where a quote"),
        (lambda body: body.replace(b"\r\n0120250630", b"\r\n0120250231", 1), "line 2, date: b'20250231'"),
        (lambda body: body.replace(b"0000000003139", b"00000000031.9"), "line 2, PREULT: b'00000000031.9'"),
        (lambda body: body.replace(b"99991231" + b"0000001", b"99991231" + b"0000000"), "line 2, FATCOT: 0"),
        (lambda body: body.replace(b"PR6212", b"PR6 12"), "line 2, DISMES: b' 12'"),
        (lambda body: body.replace(b"\r\n", b""), "line 1: 980 bytes"),
    ],
)
def test_a_damaged_file_is_refused_by_line_and_field(damage: Callable[[bytes], bytes], problem: str) -> None:
    body = damage(file_of([PETR4, HGLG11], "COTAHIST.2025", SESSION))
    with pytest.raises(PayloadError, match=problem):
        _read(packed(body, NAME))


@given(st.data())
def test_no_cut_of_a_zip_is_taken_for_the_file(data: st.DataObject) -> None:
    body = _zip_of(PETR4, HGLG11)
    with pytest.raises(PayloadError, match="zip: "):
        _read(body[: data.draw(st.integers(0, len(body) - 1))])


@given(st.data())
def test_no_cut_of_a_file_is_taken_for_the_file(data: st.DataObject) -> None:
    body = file_of([PETR4, HGLG11], "COTAHIST.2025", SESSION)
    cut = body[: data.draw(st.integers(0, len(body) - len("\r\n") - 1))]
    with pytest.raises(PayloadError):
        list(parse(lines_of(io.BytesIO(cut))))


@given(st.integers(0, len(_zip_of(PETR4, HGLG11)) - 1), st.integers(1, 255))
@example(306, 1)
def test_a_flipped_byte_of_a_zip_is_refused_or_changes_nothing(place: int, bits: int) -> None:
    body = bytearray(_zip_of(PETR4, HGLG11))
    body[place] ^= bits
    try:
        found = _read(bytes(body))
    except (PayloadError, QuotesNotPublished):
        return
    assert found == [PETR4, HGLG11]


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>", b"\xef\xbb\xbf\r\n <html>", b"<?xml version='1.0'?>"])
def test_a_page_in_place_of_the_file_says_that_b3_has_none(page: bytes) -> None:
    with pytest.raises(QuotesNotPublished, match="a page came in place of a ZIP"):
        _read(page)
    with pytest.raises(QuotesNotPublished, match="a page came in place of COTAHIST"):
        list(parse([page.removeprefix(b"\xef\xbb\xbf")]))


def test_a_zip_of_two_files_or_of_none_is_refused() -> None:
    for names in ([], ["A.TXT", "B.TXT"]):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for name in names:
                archive.writestr(name, b"00")
        with pytest.raises(PayloadError, match=f"zip: {len(names)} files in it where one was expected"):
            _read(target.getvalue())


def test_a_file_that_grows_beyond_the_limit_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(PayloadError, match="zip: 988 bytes unpacked, more than 900"):
        list(read_zip(io.BytesIO(_zip_of(PETR4, HGLG11)), limit=900))
