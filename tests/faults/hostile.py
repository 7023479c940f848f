"""What somebody who means harm would put where B3 puts a text, a number or a key."""

from __future__ import annotations

from hypothesis import strategies as st

MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b>bold</b>',
    "</td></tr></table><h1>x",
    "![x](http://evil.example/x.png)",
    "[x](http://evil.example/)",
    "**bold** _slanted_ ~~gone~~",
    "| a | b |",
    "`code`",
    "a\\|b",
    "&lt;script&gt;",
    "{{7*7}} ${x} %(x)s {0} $value",
)
FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(1)", '=HYPERLINK("http://evil.example/")', " =1")
GIGANTIC = ("1e400", "-1e400", "NaN", "Infinity", "9" * 5000, ".".join(["999"] * 2000), "1e999999999", "-1", "0x10")
UNREADABLE = (
    *(
        "\x00",
        "a\x00b",
        "\x1b[31mred",
        "a\nb",
        "a\r\nb",
        "\x85",
        "\u2028",
    ),  # control characters, and other ends of a line
    *("\u202eTEP", "\u200f", "\ufeff", "\u200b"),  # turned round, or not to be seen
    *("\ud800", "\udfff\ud800"),  # halves of a character, as JSON can spell them
    *("٣", "¹²³", "１.２３４"),  # digits to Unicode, not to B3
)
PATHS = ("../../etc/passwd", "/etc/passwd", "..", "year=2025/month=06", "a/b", "%2e%2e%2f", "s3://other/x", "~root")

TEXTS = st.sampled_from((*MARKUP, *FORMULAS, *GIGANTIC, *UNREADABLE, *PATHS)) | st.text(max_size=90)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
