"""Index codes: what is known, what was meant, and since when."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.indices import FIRST_SESSION, INDEX_CODES, began, check_known
from expectations.contract.keys import ContractError
from expectations.contract.names import DEFAULT_INDEX, INDEX_PATTERN


def test_every_code_of_the_list_is_known_and_of_a_code_s_form() -> None:
    assert len(set(INDEX_CODES)) == len(INDEX_CODES) == 36
    assert DEFAULT_INDEX in INDEX_CODES
    assert all(re.fullmatch(INDEX_PATTERN, code) and check_known(code) == code for code in INDEX_CODES)


@pytest.mark.parametrize(
    ("code", "near"), [("IBVO", "IBOV"), ("IBOC", "IBOV"), ("IBX1", "IBXX"), ("SMLI", "SMLL"), ("IFX1", "IFIX")]
)
def test_a_typing_mistake_gets_the_codes_that_were_meant(code: str, near: str) -> None:
    with pytest.raises(ContractError, match=rf"'{code}': none of the 36 that are known; near are .*{near}"):
        check_known(code)


def test_a_code_like_no_other_is_refused_and_the_setting_is_named() -> None:
    with pytest.raises(ContractError, match=r"'QQQ1': none of the 36 that are known\. BOVESPA_EXTRA_INDICES"):
        check_known("QQQ1")


def test_a_code_that_was_added_is_known() -> None:
    assert check_known("QQQ1", ("QQQ1",)) == "QQQ1"


@given(st.text(max_size=6))
def test_whatever_is_no_known_code_is_refused_in_one_line(text: str) -> None:
    if text not in INDEX_CODES:
        with pytest.raises(ContractError) as refused:
            check_known(text)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("index", "day"), [("IBOV", FIRST_SESSION), ("IBEE", date(2024, 1, 1)), ("SMLL", date(2008, 9, 1))]
)
def test_an_index_has_a_day_before_which_it_was_not(index: str, day: date) -> None:
    assert began(index) == day
