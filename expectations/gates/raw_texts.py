"""Gate 1's demands on B3's texts: tickers, names, types, sectors, and how they suit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.contract import b3_texts
from expectations.gates.gate import CRITICAL, WARNING

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

_BLANK = " "
_TICKER_LETTERS = 4
_LEVEL_AT = b3_texts.TYPE_CLASS_WIDTH + b3_texts.TYPE_FLAGS_WIDTH
_ENOUGH_SHARES = 10  # rows from which none with a listing level is no chance


def with_texts(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, with what their texts say of each other beside them."""
    number = rows["codigo"].str[_TICKER_LETTERS:]
    return rows.assign(
        numero_e_classe=number + " " + _classes(rows["tipo"]),
        acao_e_codigo=rows["acao"].notna() & (rows["acao"] == rows["codigo"]),
    )


def lacks_levels(tipo: pd.Series[str]) -> bool:
    """Whether none of the shares has a listing level, as of a copy that lost them: nine in ten recorded ones have."""
    listed = tipo[_classes(tipo).isin(b3_texts.LISTED_CLASSES)]
    return len(listed) >= _ENOUGH_SHARES and not (listed.str[_LEVEL_AT:] != "").any()


def text_expectations() -> list[Expectation]:
    """What each row's texts must be, for a frame `with_texts`."""
    import great_expectations.expectations as gxe  # noqa: PLC0415 - 2 s to import

    forms = [
        ("codigo", b3_texts.TICKER_PATTERN, CRITICAL, "every codigo is a ticker"),
        (
            "acao",
            _NAME_FORM,
            CRITICAL,
            f"every acao has a trading name's form: capitals, {b3_texts.NAME_WIDTH} at most",
        ),
        ("acao", b3_texts.NAME_PATTERN, WARNING, "every acao is a trading name"),
        ("tipo", tipo_pattern(known_flags=False), CRITICAL, "every tipo is of a known form"),
        ("tipo", tipo_pattern(known_flags=True), WARNING, "every tipo has recorded event flags"),
        ("numero_e_classe", class_pattern(known_numbers=False), CRITICAL, "every class suits its ticker's number"),
        ("numero_e_classe", class_pattern(known_numbers=True), WARNING, "every ticker's number stands for a class"),
    ]
    return [
        *(
            gxe.ExpectColumnValuesToMatchRegex(column=name, regex=pattern, severity=severity, notes=notes)
            for name, pattern, severity, notes in forms
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="acao_e_codigo", value_set=[False], severity=CRITICAL, notes="no acao is its codigo"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="setor", value_set=list(b3_texts.SECTORS), severity=WARNING, notes="every setor was recorded before"
        ),
    ]


# A spreadsheet takes what begins with one of =+-@ for a formula, and Athena's own CSV cannot be guarded against that.
_NAME_FORM = rf"^(?=.*[A-Z])(?=[A-Z0-9À-Þ])[^a-zà-ÿ;\ufffd]{{1,{b3_texts.NAME_WIDTH}}}\Z"


def tipo_pattern(*, known_flags: bool) -> str:
    """The regular expression of B3's `type`: class of four characters, flags of four, level of two, right-trimmed.

    Args:
        known_flags: whether event flags must be recorded ones, or only look like flags. A listing level is none.
    """
    classes = "|".join(name.ljust(b3_texts.TYPE_CLASS_WIDTH) for name in b3_texts.CLASSES)
    short = "|".join(b3_texts.CLASSES)
    blank = _BLANK * b3_texts.TYPE_FLAGS_WIDTH
    level = "|".join(b3_texts.LISTING_LEVELS)
    if known_flags:
        ending = "|".join(b3_texts.EVENT_FLAGS)
        padded = "|".join(flag.ljust(b3_texts.TYPE_FLAGS_WIDTH) for flag in b3_texts.EVENT_FLAGS)
    else:
        no_level = rf"(?!(?:{level})(?: |$))"
        ending, padded = no_level + "[A-Z]{2,3}", f"{no_level}(?:[A-Z]{{2}}  |[A-Z]{{3}} )"
    return rf"^(?:(?:{short})|(?:{classes})(?:{ending})|(?:{classes})(?:{padded}|{blank})(?:{level}))$"


def class_pattern(*, known_numbers: bool) -> str:
    """The regular expression of a ticker's number and its class, such as `3 ON`.

    Args:
        known_numbers: whether the number must stand for a class, or may be one that stands for none in particular.
    """
    suits = "|".join(f"{number} (?:{'|'.join(classes)})" for number, classes in b3_texts.CLASSES_OF_NUMBER.items())
    others = "" if known_numbers else rf"|(?!(?:{'|'.join(b3_texts.CLASSES_OF_NUMBER)}) ).*"
    return rf"^(?:{suits}{others})$"


def _classes(tipo: pd.Series[str]) -> pd.Series[str]:
    return tipo.str[: b3_texts.TYPE_CLASS_WIDTH].str.rstrip()
