"""Keys of pages, and the ways between them."""

from __future__ import annotations

import posixpath
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from flows.language import ENGLISH, PORTUGUESE
from flows.site.addresses import ROOT_KEY, in_language, index_key, report_key, session_key, way, year_key

KEYS = st.sampled_from(
    [
        *(ROOT_KEY, index_key("IBOV"), index_key("IBXX"), year_key("IBOV", 2025), year_key("IBOV", 2024)),
        *(session_key("IBOV", date(2025, 6, 30)), session_key("IBXX", date(2025, 6, 30))),
        "reports/ibov/year=2025/month=06/day=30/20250630T110000000000Z/summary.html",
    ]
)


@given(KEYS, KEYS)
def test_a_way_leads_from_one_page_to_the_other(here: str, there: str) -> None:
    assert posixpath.normpath(posixpath.join(posixpath.dirname(here), way(here, there))) == there


def test_a_page_in_another_language_lies_beside_the_english_one() -> None:
    assert in_language(ROOT_KEY, ENGLISH) == "reports/index.html"
    assert in_language(ROOT_KEY, PORTUGUESE) == "reports/index.pt.html"


def test_a_report_s_key_is_read_from_its_address() -> None:
    assert report_key("s3://bucket/reports/ibov/x/summary.html") == "reports/ibov/x/summary.html"
    assert report_key("") == ""
