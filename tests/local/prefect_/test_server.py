from __future__ import annotations

import socket
from pathlib import Path

import pytest

from local.account.home import Home
from local.prefect_.server import PrefectServer, PrefectServerError, kept_port


@pytest.mark.account
def test_a_server_that_cannot_start_is_reported_with_its_log(home: Home) -> None:
    home.prefect.joinpath("prefect.db").mkdir()  # no database can be there

    server = PrefectServer(home, "bovespa:secret")

    with pytest.raises(PrefectServerError, match=rf"Prefect's server ended at its start: see {home.logs}/prefect\.log"):
        server.wait()
    assert Path(home.logs / "prefect.log").read_text()


def test_the_ui_stays_at_the_port_of_the_last_time(tmp_path: Path) -> None:
    first = kept_port(tmp_path / "port")
    assert kept_port(tmp_path / "port") == first


def test_a_port_that_somebody_else_has_is_changed_for_another(tmp_path: Path) -> None:
    first = kept_port(tmp_path / "port")
    with socket.socket() as other:
        other.bind(("127.0.0.1", first))
        other.listen()
        second = kept_port(tmp_path / "port")
    assert second != first
    assert kept_port(tmp_path / "port") == second


@pytest.mark.parametrize("text", ["", "none", "-1", "99999999"])
def test_what_is_no_port_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "port").write_text(text, encoding="utf-8")
    assert 0 < kept_port(tmp_path / "port") < 65536
