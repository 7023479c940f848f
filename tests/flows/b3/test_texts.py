"""B3's texts: what stands as it is, what is repaired because one known text fits, and what is refused."""

from __future__ import annotations

import html.entities
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.b3_texts import CLASSES, EVENT_FLAGS, LISTING_LEVELS, SECTORS
from flows.b3.texts import read_code, read_name, read_sector, read_tipo, repaired
from flows.errors import PayloadError

# What happens to a sector's text on its way into somebody's copy.
DAMAGES: dict[str, Callable[[str], str]] = {
    "UTF-8 read as latin-1": lambda text: text.encode().decode("latin-1"),
    "twice": lambda text: text.encode().decode("latin-1").encode().decode("latin-1"),
    "latin-1 read as UTF-8": lambda text: text.encode("latin-1").decode("utf-8", "replace"),
    "UTF-8 read as ASCII": lambda text: text.encode().decode("ascii", "replace"),
    "letters beyond ASCII as question marks": lambda text: text.encode("ascii", "replace").decode(),
    "letters beyond ASCII left out": lambda text: text.encode("ascii", "ignore").decode(),
    "HTML's entities": lambda text: "".join(
        f"&{html.entities.codepoint2name[ord(letter)]};" if ord(letter) > 127 else letter for letter in text
    ),
    "XML's references": lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
    "accents apart from their letters": lambda text: unicodedata.normalize("NFD", text),
    "accents gone": lambda text: "".join(letter for letter in unicodedata.normalize("NFD", text) if letter.isascii()),
    "blanks around": lambda text: f"  {text} ",
}


def refusal(read: Callable[[str, object], str], value: object) -> str:
    with pytest.raises(PayloadError) as refused:
        read("results[3].x", value)
    assert refused.value.field == "results[3].x"
    assert "\n" not in str(refused.value)
    return str(refused.value)


class TestSector:
    @pytest.mark.parametrize("sector", SECTORS)
    def test_of_the_recorded_ones_stands_as_b3_wrote_it(self, sector: str) -> None:
        assert read_sector("s", sector) == sector

    @pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
    @pytest.mark.parametrize("sector", SECTORS)
    def test_that_was_damaged_as_a_whole_is_repaired(self, sector: str, damage: Callable[[str], str]) -> None:
        assert read_sector("s", damage(sector)) == sector

    @given(st.sampled_from(SECTORS), st.data())
    def test_with_any_one_letter_lost_is_repaired_or_refused(self, sector: str, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(sector) - 1))
        lost = sector[:place] + "\ufffd" + sector[place + 1 :]
        try:
            assert read_sector("s", lost) == sector
        except PayloadError as error:
            assert "letters that were lost" in str(error)  # noqa: PT017 - either is right

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("Petr\ufffdleo", "letters that were lost"),
            ("Com&eacute;rcio", "HTML's entities"),
            ("ComÃ©rcio", "UTF-8 that was read as latin-1"),
            ("Com%C3%A9rcio", "percent-encoded"),
            ("1.234", "a sector's words"),
            ("2,371", "a sector's words"),
            ("<b>Diversos</b>", "a sector's words"),
            ("Diversos;", "a sector's words"),
            ("", "where a text was expected"),
        ],
    )
    def test_that_no_recorded_one_fits_is_refused_and_says_why(self, text: str, why: str) -> None:
        assert why in refusal(read_sector, text)

    @pytest.mark.parametrize(
        "text", ["Setor Novo / Inclassificável", "Mats Básicos / Embalagens", "Utilidade Públ / Gás"]
    )
    def test_that_is_new_stands_as_it_is_for_gate_1_to_warn_of(self, text: str) -> None:
        assert read_sector("s", text) == text


class TestName:
    @pytest.mark.parametrize("name", ["AMBEV S/A", "P&G", "M.DIASBRANCO", "B3", "RUMO S.A.", "FRAS-LE", "PAO+AZ"])
    def test_stands_as_b3_wrote_it(self, name: str) -> None:
        assert read_name("n", name) == name
        assert read_name("n", f" {name}  ") == name

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("AMBEV S%2FA", "percent-encoded"),
            ("P&amp;G", "HTML's entities"),
            ("P\ufffdO", "letters that were lost"),
            ("PÃƒO", "UTF-8 that was read as latin-1"),
        ],
    )
    def test_that_is_damaged_is_refused_and_says_how(self, name: str, why: str) -> None:
        assert why in refusal(read_name, name)
        assert why in refusal(read_code, name)


class TestTipo:
    @given(st.sampled_from(CLASSES), st.sampled_from(("", *EVENT_FLAGS)), st.sampled_from(("", *LISTING_LEVELS)))
    def test_is_read_by_meaning_where_its_widths_were_lost(self, class_: str, flags: str, level: str) -> None:
        right = f"{class_:<4}{flags:<4}{level}".rstrip()
        assert read_tipo("t", right) == right
        assert read_tipo("t", " ".join(right.split())) == right
        assert read_tipo("t", f" {right} ") == right

    def test_of_one_blank_lost_is_a_level_and_no_flag(self) -> None:
        assert read_tipo("t", "ON  NM") == "ON      NM"

    @pytest.mark.parametrize(
        "text", ["ON  EZZ NM", "ON  EZZ", "ON EZZ NM", "NM", "ON ED EJ NM", "ON NM ED", "on nm", "ONNM"]
    )
    def test_that_has_no_one_meaning_stays_as_it_is(self, text: str) -> None:
        assert read_tipo("t", text) == text

    def test_that_is_damaged_is_refused(self) -> None:
        assert "letters that were lost" in refusal(read_tipo, "ON  E\ufffd  NM")


class TestRepairing:
    def test_fits_nothing_where_two_known_texts_fit(self) -> None:
        assert repaired("Gr\ufffdo", ("Grão", "Gráo")) is None
        assert repaired("Gr\ufffdo", ("Grão", "Cobre")) == "Grão"

    @given(st.text(max_size=30))
    def test_gives_a_known_text_or_none(self, text: str) -> None:
        assert repaired(text, SECTORS) in (None, *SECTORS)
