"""What gate 1 demands of B3's texts."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import b3_texts
from expectations.gates.raw_texts import class_pattern, lacks_levels, tipo_pattern


class TestTipoPattern:
    RECORDED = (
        "ON      NM",
        "ON  EJ  NM",
        "PNA ATZ N1",
        "UNT EDB N2",
        "CI  ER",
        "ON  EBG",
        "ON",
        "CI",
        "UNT     N2",
        "DR1",
        "PN  EDJ",
    )

    @pytest.mark.parametrize("tipo", RECORDED)
    @pytest.mark.parametrize("known_flags", [True, False])
    def test_takes_what_was_recorded(self, tipo: str, *, known_flags: bool) -> None:
        assert re.fullmatch(tipo_pattern(known_flags=known_flags), tipo)

    @pytest.mark.parametrize(
        "tipo",
        [
            "",
            "NM",
            "ON NM",
            "ON    NM",
            "ON      NM ",
            "ON  ",
            " ON",
            "on",
            "ON      XX",
            "ONN",
            "ON  E   NM",
            "ON  EJNM",
            "ON  NM",
            "ON  MA",
            "ON  NM  NM",
        ],
    )
    def test_refuses_other_widths_and_words(self, tipo: str) -> None:
        assert not re.fullmatch(tipo_pattern(known_flags=False), tipo)

    @given(
        st.sampled_from(b3_texts.CLASSES),
        st.sampled_from(("", *b3_texts.EVENT_FLAGS)),
        st.sampled_from(("", *b3_texts.LISTING_LEVELS)),
    )
    def test_takes_every_class_with_every_flag_and_level_right_trimmed(
        self, class_: str, flags: str, level: str
    ) -> None:
        tipo = f"{class_:<4}{flags:<4}{level}".rstrip()
        assert re.fullmatch(tipo_pattern(known_flags=True), tipo)

    def test_takes_an_unknown_flag_only_where_flags_need_not_be_known(self) -> None:
        assert re.fullmatch(tipo_pattern(known_flags=False), "ON  EZZ NM")
        assert not re.fullmatch(tipo_pattern(known_flags=True), "ON  EZZ NM")


class TestClassPattern:
    @pytest.mark.parametrize(
        "text", ["3 ON", "4 PN", "5 PNA", "6 PNB", "7 PNC", "8 PND", "11 UNT", "11 CI", "31 DR1", "34 DRN", "39 DRN"]
    )
    def test_takes_what_was_recorded(self, text: str) -> None:
        assert re.fullmatch(class_pattern(known_numbers=True), text)
        assert re.fullmatch(class_pattern(known_numbers=False), text)

    @pytest.mark.parametrize("text", ["3 PN", "4 ON", "5 PN", "11 ON", "3 UNT", "31 ON", "34 PN", "3 "])
    def test_refuses_a_class_of_another_number(self, text: str) -> None:
        assert not re.fullmatch(class_pattern(known_numbers=False), text)

    @pytest.mark.parametrize("text", ["12 CI", "13 CI", "1 ON", "9 ON", "10 PN", "32X", " ON"])
    def test_leaves_other_numbers_to_a_warning(self, text: str) -> None:
        assert re.fullmatch(class_pattern(known_numbers=False), text)
        assert not re.fullmatch(class_pattern(known_numbers=True), text)


class TestLevels:
    def test_are_lacking_where_no_share_of_many_has_one(self) -> None:
        assert lacks_levels(pd.Series(["ON", "PN  EJ", "UNT"] * 4))
        assert not lacks_levels(pd.Series(["ON", "PN  EJ", "UNT"] * 4 + ["ON      NM"]))

    def test_are_not_looked_for_in_few_shares_nor_in_funds_and_receipts(self) -> None:
        assert not lacks_levels(pd.Series(["ON"] * 9))
        assert not lacks_levels(pd.Series(["CI", "CI  ER", "DRN"] * 50))
