"""The client of B3's site for the portfolio of the day.

B3 serves the current portfolio only (`…/GetPortfolioDay/<base64 of a JSON object>`), with no parameter for a date. Reported
by users of the endpoint: HTTP 520 from Cloudflare, 500 or empty bodies for days, one answer after 8 minutes. Where the JSON
with sectors cannot be had, the plain one is tried, then the CSV download; not the portfolio page, which is an application
without rows until a browser renders it. An answer that was had but is not understood ends the collection: another source must
not paper over a change of B3's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from expectations.contract.keys import check_index
from flows.b3.csv_download import decode_download, parse_csv
from flows.b3.json_answer import Page, parse_page, parse_pages
from flows.b3.payload import Payload
from flows.b3.portfolio import Portfolio
from flows.b3.site import Clock, SiteClient
from flows.errors import B3Unavailable
from flows.settings import Settings

PAGE_SIZE = 120
BY_SECTOR, PLAIN = "2", "1"  # B3's listings: otherwise the content of the one with sectors equals the plain one's


class B3Client(SiteClient):
    """Collects the portfolio that B3 shows now.

    Args:
        settings: base address and limits.
        keep: called with each payload before anything reads it.
        clock: for tests.
    """

    def __init__(self, settings: Settings, keep: Callable[[Payload], None], clock: Clock | None = None) -> None:
        super().__init__(settings, str(settings.b3_base_url), clock)
        self._keep = keep

    def collect(self, index: str, collected_at: datetime) -> Portfolio:
        """The portfolio of the index that B3 shows now, from the first source that can be had.

        Args:
            index: index code, such as IBOV.
            collected_at: instant of the collection (aware), which names the payloads.

        Raises:
            B3Unavailable: no source could be had within the limits.
            PayloadError: a source was had, and is not of a known form.
            ContractError: the index code is not of a code's form.
        """
        self._begin()
        blank = Payload(check_index(index), "", 1, b"", collected_at, "")
        reasons = []
        with self._http:
            for source in (self._by_sector, self._plain, self._from_csv):
                try:
                    return source(blank)
                except B3Unavailable as error:
                    reasons.append(str(error))
        raise B3Unavailable(f"{index}: B3 could not be had ({'; '.join(reasons)})")

    def _by_sector(self, blank: Payload) -> Portfolio:
        return self._from_json(blank, BY_SECTOR)

    def _plain(self, blank: Payload) -> Portfolio:
        return self._from_json(blank, PLAIN)

    def _from_json(self, blank: Payload, segment: str) -> Portfolio:
        pages = [self._json_page(blank, segment, 1)]
        pages += [self._json_page(blank, segment, number) for number in range(2, pages[0].total_pages + 1)]
        return parse_pages(blank.index, pages)

    def _json_page(self, blank: Payload, segment: str, number: int) -> Page:
        query = {"language": "pt-br", "pageNumber": number, "pageSize": PAGE_SIZE, "index": blank.index}
        path = f"indexProxy/indexCall/GetPortfolioDay/{encoded(query | {'segment': segment})}"
        name = f"json{' with sectors' if segment == BY_SECTOR else ''} page {number}"
        return parse_page(self._kept(replace(blank, source="json", page=number), name, path), number)

    def _from_csv(self, blank: Payload) -> Portfolio:
        query = {"index": blank.index, "language": "pt-br"}
        path = f"indexProxy/indexCall/GetDownloadPortfolioDay/{encoded(query)}"
        body = self._kept(replace(blank, source="csv"), "csv", path)
        return parse_csv(blank.index, decode_download(body))

    def _kept(self, blank: Payload, name: str, path: str) -> bytes:
        url = f"{self._base}/{path}"
        body = self._get(name, url)
        self._keep(replace(blank, body=body, url=url))
        return body


def encoded(query: Mapping[str, object]) -> str:
    """A query as B3 takes it: base64 of a JSON object, as the last segment of the path."""
    return base64.b64encode(json.dumps(query, separators=(",", ":")).encode()).decode()
