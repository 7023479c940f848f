"""Strategies for what the contract names things by: of alphabets, which hypothesis draws in a tenth of the time of a pattern."""

from __future__ import annotations

from datetime import date
from string import ascii_uppercase, digits

from hypothesis import strategies as st

_SIGNS = ascii_uppercase + digits

INDICES = st.builds(str.__add__, st.sampled_from(ascii_uppercase), st.text(_SIGNS, min_size=3, max_size=3))
TICKERS = st.builds(str.__add__, st.text(_SIGNS, min_size=4, max_size=4), st.text(digits, min_size=1, max_size=2))
ISINS = st.text(_SIGNS, min_size=10, max_size=10).map("BR".__add__)
SESSIONS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
