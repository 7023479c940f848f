"""Where the site's pages lie, in which language, and the way from one to another. Pure.

A page in another language than English lies beside the English one: `index.html` and `index.pt.html`.
"""

from __future__ import annotations

from datetime import date
from pathlib import PurePosixPath

from expectations.contract.keys import check_index, session_path
from expectations.contract.names import REPORTS_PREFIX
from flows.language import ENGLISH, Language

ROOT_KEY = f"{REPORTS_PREFIX}index.html"
SUMMARY_PAGE = "summary.html"


def index_key(index: str) -> str:
    """The key of an index's page."""
    return f"{REPORTS_PREFIX}{check_index(index).lower()}/index.html"


def year_key(index: str, year: int) -> str:
    """The key of the page of an index's year."""
    return f"{REPORTS_PREFIX}{check_index(index).lower()}/year={year:04}/index.html"


def session_key(index: str, session: date) -> str:
    """The key of a session's page."""
    return f"{REPORTS_PREFIX}{check_index(index).lower()}/{session_path(session)}/index.html"


def in_language(path: str, language: Language) -> str:
    """The path, key or address of an English page's counterpart in a language."""
    return path if language == ENGLISH else f"{path.removesuffix('.html')}.{language.code}.html"


def way(here: str, there: str) -> str:
    """The relative link from the page under a key to what lies under another."""
    folder, target = PurePosixPath(here).parent.parts, PurePosixPath(there)
    common = 0
    for mine, other in zip(folder, target.parts[:-1], strict=False):
        if mine != other:
            break
        common += 1
    return "/".join([*[".."] * (len(folder) - common), *target.parts[common:]])


def report_key(address: str) -> str:
    """The key of an attempt's report, by its S3 address; empty where it left none."""
    _, found, path = address.partition(f"/{REPORTS_PREFIX}")
    return REPORTS_PREFIX + path if found else ""
