"""The client of B3's site for the files of prices (COTAHIST).

`…/SerHist/COTAHIST_D30062025.ZIP`: there in the evening, about three hours after the close; a year's has about 80 MB.
Reported: for a day without one, a page comes with status 200.
"""

from __future__ import annotations

from typing import IO

from expectations.contract.quotes import QuotesFile
from flows.b3.site import Clock, NotFound, SiteClient
from flows.errors import QuotesNotPublished
from flows.settings import Settings


class QuotesClient(SiteClient):
    """Downloads files of prices, with the limits of their own and the retries of the portfolio's.

    Args:
        settings: base address and limits.
        clock: for tests.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        limits = {
            "b3_call_timeout": settings.prices_timeout,
            "b3_total_timeout": settings.prices_timeout,
            "b3_max_bytes": settings.prices_max_bytes,
        }
        super().__init__(settings.model_copy(update=limits), str(settings.prices_base_url), clock)
        self._http.headers["Accept-Encoding"] = "identity"  # a ZIP does not get smaller

    def download(self, file: QuotesFile, target: IO[bytes]) -> str:
        """Write the file, as B3 sends it, to a target from its start.

        Returns:
            The address that it came from.

        Raises:
            QuotesNotPublished: B3 says that there is none.
            B3Unavailable: it could not be had within the limits.
        """
        self._begin()
        url = f"{self._base}/{file.name}"
        try:
            with self._http:
                self._download(file.name, url, target)
        except NotFound as error:
            raise QuotesNotPublished(str(error)) from error
        return url
