"""B3's files of prices: their names and keys are read back as what they were made of."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.keys import quotes_landing_key, read_landing_key, read_quotes_landing_key
from expectations.contract.quotes import QuotesFile, Span

DAYS = st.dates(date(1986, 1, 1), date(2085, 12, 31))
FILES = st.builds(QuotesFile.of, st.sampled_from(Span), DAYS)


@given(FILES)
def test_a_name_is_read_back(file: QuotesFile) -> None:
    assert QuotesFile.read_name(file.name) == file
    assert QuotesFile.read_name(f"folder/{file.name.lower()}") == file


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("COTAHIST_D11092026.ZIP", "D20260911"),
        ("COTAHIST_D110926.ZIP", "D20260911"),
        ("COTAHIST_M092026.ZIP", "M202609"),
        ("COTAHIST_M0926.TXT", "M202609"),
        ("COTAHIST_A2026.ZIP", "A2026"),
        ("COTAHIST_A86.ZIP", "A1986"),
        ("COTAHIST.A99", "A1999"),
        ("COTAHIST_A00.TXT", "A2000"),
        ("COTAHIST_A25 (1).ZIP", "A2025"),
        ("cotahist_a2025.txt", "A2025"),
    ],
)
def test_a_name_is_read_also_with_a_year_of_two_digits(name: str, code: str) -> None:
    found = QuotesFile.read_name(name)
    assert found
    assert found.code == code


@pytest.mark.parametrize(
    "name",
    [
        "IBOVDia_06-01-25.csv",
        "COTAHIST.ZIP",
        "COTAHIST_D31022025.ZIP",
        "COTAHIST_M132025.ZIP",
        "COTAHIST_A20255.ZIP",
        "",
    ],
)
def test_another_name_is_none(name: str) -> None:
    assert QuotesFile.read_name(name) is None


@given(FILES, DAYS)
def test_a_file_has_the_days_from_its_first_to_its_last(file: QuotesFile, day: date) -> None:
    assert file.has(day) == (QuotesFile.of(file.span, day) == file)
    assert file.has(file.first)
    assert file.has(file.last)
    assert not file.has(file.first - timedelta(days=1))
    assert not file.has(file.last + timedelta(days=1))


DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.none() | FILES.map(lambda file: file.code), DIGESTS, st.sampled_from(["zip", "txt", "html"]))
def test_a_key_in_landing_is_read_back_and_is_no_portfolio_s(code: str | None, digest: str, kind: str) -> None:
    key = quotes_landing_key(code, digest, kind)
    found = read_quotes_landing_key(key)
    assert found
    assert (found.code, found.digest, found.kind, found.key) == (code, digest[:12], kind, key)
    assert key.startswith("landing/")
    assert read_landing_key(key) is None


@given(st.text(max_size=60) | st.from_regex(r"landing/cotahist/[A-Z0-9]{4,9}/[0-9a-f]{12}\.(zip|txt|gz)"))
def test_another_key_is_none_or_what_makes_it(key: str) -> None:
    found = read_quotes_landing_key(key)
    assert found is None or quotes_landing_key(found.code, found.digest, found.kind) == key
