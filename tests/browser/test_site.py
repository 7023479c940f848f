"""The site in a real browser: it fits a phone, reads in the dark and in print, asks no network; axe-core finds no violation.

BOVESPA_AXE names axe-core's script; BOVESPA_SCREENSHOTS, if given, a folder for pictures of every page.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

PHONE, DESK = 390, 1280
pytestmark = pytest.mark.timeout(900)

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Each width and each scheme once.
MODES = [(PHONE, "light"), (DESK, "dark")]


@contextmanager
def opened(browser: Browser, path: Path, width: int, scheme: Any) -> Iterator[tuple[Page, list[str]]]:  # noqa: ANN401
    """A page, and what it asked for besides itself."""
    asked: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto(path.as_uri())
    yield page, [url for url in asked if url != path.as_uri()]
    context.close()


def pages(site: Path) -> list[Path]:
    found = sorted(site.rglob("*.html"))
    assert len(found) > 20
    return found


def keep(page: Page, site: Path, path: Path, mode: str) -> None:
    if folder := os.environ.get("BOVESPA_SCREENSHOTS"):
        name = path.relative_to(site / "reports").as_posix().replace("/", "_").removesuffix(".html")
        page.screenshot(path=Path(folder) / f"{name}-{mode}.png", full_page=True)


@pytest.mark.parametrize(("width", "scheme"), MODES)
def test_every_page_fits_asks_no_network_and_has_no_violation(
    browser: Browser, site: Path, width: int, scheme: str
) -> None:
    axe = Path(os.environ["BOVESPA_AXE"]).read_text(encoding="utf-8")
    for path in pages(site):
        with opened(browser, path, width, scheme) as (page, asked):
            keep(page, site, path, f"{width}-{scheme}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert asked == [], path
            # What is folded away is read, too.
            page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true })")
            page.evaluate(axe)
            found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
            assert [(item["id"], item["nodes"][0]["html"]) for item in found["violations"]] == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_every_page_prints_in_black_on_white_with_what_is_folded_away(browser: Browser, site: Path) -> None:
    for path in pages(site):
        with opened(browser, path, DESK, "dark") as (page, _):
            page.emulate_media(media="print")
            keep(page, site, path, "print")
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
            folded = page.evaluate(
                "[...document.querySelectorAll('details > :not(summary)')].filter(item => !item.offsetHeight).length"
            )
            assert folded == 0, path


def test_each_page_leads_to_itself_in_the_other_language(browser: Browser, site: Path) -> None:
    for path in pages(site):
        with opened(browser, path, DESK, "light") as (page, _):
            language = page.evaluate("document.documentElement.lang")
            page.locator("header a[hreflang]").click()
            assert page.evaluate("document.documentElement.lang") != language
            page.locator("header a[hreflang]").click()
            assert page.url == path.as_uri()
