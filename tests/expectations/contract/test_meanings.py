"""Every short text that can stand in the tables is explained, in both languages, once."""

from __future__ import annotations

import re

from expectations.contract.b3_texts import (
    CLASSES,
    EVENT_FLAGS,
    LISTING_LEVELS,
    SECTOR_SPELLINGS,
    SECTOR_WITH_COMMA,
    SECTORS,
)
from expectations.contract.changes import KINDS
from expectations.contract.meanings import MEANINGS
from expectations.contract.outcomes import Outcome


def explained(column: str) -> set[str]:
    return {item.value for item in MEANINGS if item.column == column}


def recorded(part: int) -> set[str]:
    """Sectors or subsectors as the refined tables spell them."""
    texts = [re.sub(*SECTOR_WITH_COMMA, text) for text in SECTORS]
    split = [[" ".join(piece.split()) for piece in text.split("/", maxsplit=1)] for text in texts]
    found = {pieces[part] for pieces in split if len(pieces) > part}
    return {SECTOR_SPELLINGS.get(text, text) for text in found}


def test_every_class_flag_level_change_and_state_is_explained_and_no_other() -> None:
    assert explained("classe") == set(CLASSES)
    assert explained("eventos") == set(EVENT_FLAGS)
    assert explained("segmento_listagem") == set(LISTING_LEVELS)
    assert explained("mudanca") == set(KINDS)
    assert explained("estado") == set(map(str, Outcome))


def test_every_recorded_sector_and_subsector_is_explained_and_no_other() -> None:
    assert explained("setor") == recorded(0)
    assert explained("subsetor") == recorded(1)


def test_each_is_explained_once_in_both_languages() -> None:
    names = [(item.column, item.value) for item in MEANINGS]
    assert len(set(names)) == len(names)
    assert [item for item in MEANINGS if not (item.portuguese.strip() and item.english.strip())] == []


def test_a_flag_of_several_rights_names_each() -> None:
    texts = {item.value: item for item in MEANINGS if item.column == "eventos"}
    assert texts["ED"].portuguese == "ex-dividendo: quem compra já não recebe"
    assert texts["EDJ"].english == "ex dividend and interest on equity: who buys no longer gets it"
