from __future__ import annotations

from pathlib import Path

import pytest

from local.account.home import Home
from local.prefect_.server import PrefectServer, PrefectServerError


@pytest.mark.account
def test_a_server_that_cannot_start_is_reported_with_its_log(home: Home) -> None:
    home.prefect.joinpath("prefect.db").mkdir()  # no database can be there

    server = PrefectServer(home, "bovespa:secret")

    with pytest.raises(PrefectServerError, match=rf"Prefect's server ended at its start: see {home.logs}/prefect\.log"):
        server.wait()
    assert Path(home.logs / "prefect.log").read_text()
