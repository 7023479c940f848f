from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from local.account.home import Home
from local.prefect_.server import PrefectServer, PrefectServerError, _template, kept_port


@pytest.mark.account
def test_a_server_that_cannot_start_is_reported_with_its_log(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.prefect_.server._environment", lambda *_: {})  # no package is found

    server = PrefectServer(home, "bovespa:secret")

    with pytest.raises(PrefectServerError, match=rf"Prefect's server ended at its start: see {home.logs}/prefect\.log"):
        server.wait()
    assert Path(home.logs / "prefect.log").read_text()


SPOILERS: dict[str, Callable[[Path], object]] = {
    "cut": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "emptied": lambda file: file.write_bytes(b""),
    "deleted": lambda file: file.unlink(),
    "another file": lambda file: file.write_bytes(b"no database" * 1000),
    "a folder": lambda file: [file.unlink(), file.mkdir()],  # type: ignore[func-returns-value]
}


def a_database(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "CREATE TABLE numbers AS WITH RECURSIVE n(x) AS (SELECT 1 UNION SELECT x + 1 FROM n LIMIT 9999) SELECT x FROM n"
        )
        connection.commit()


def versions(database: Path) -> int:
    """How many versions Prefect's database says that it has: one, where it is whole."""
    with closing(sqlite3.connect(database)) as connection:
        found: int = connection.execute("SELECT count(*) FROM alembic_version").fetchone()[0]
    return found


def started(home: Home) -> int:
    """The versions of the database once a server has answered with it."""
    server = PrefectServer(home, "bovespa:secret")
    try:
        server.wait()
    finally:
        server.stop()
    return versions(home.prefect / "prefect.db")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a server keeps of its first start, for new databases to begin with."""
    if not _template().exists():
        started(Home(tmp_path_factory.mktemp("first")).create())


@pytest.mark.account
@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS)
def test_a_spoilt_database_is_made_again_before_the_server_starts(
    home: Home, spoil: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = home.prefect / "prefect.db"
    a_database(database)
    spoil(database)
    found: list[int] = []
    monkeypatch.setattr("local.prefect_.server.Child", lambda *_: found.append(versions(database)))

    PrefectServer(home, "bovespa:secret")

    assert found == [1]


@pytest.mark.account
def test_a_database_that_only_the_server_finds_to_be_none_of_its_own_is_made_again(home: Home) -> None:
    a_database(home.prefect / "prefect.db")

    assert started(home) == 1


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
