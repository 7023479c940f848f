from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from local.account.gateway import respond
from local.account.http_server import listen

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer


def paths(environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - WSGI's
    """Answers with the path that was asked for."""
    return respond(start_response, "200 OK", {"Path": environ["PATH_INFO"]})


@pytest.fixture
def server() -> Iterator[BaseWSGIServer]:
    made = listen(paths)
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.shutdown()


@pytest.fixture
def connection(server: BaseWSGIServer) -> Iterator[http.client.HTTPConnection]:
    made = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    yield made
    made.close()


def ask(connection: http.client.HTTPConnection, method: str, path: str, **headers: str) -> tuple[int, bytes]:
    connection.request(method, path, b"{}", headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_one_connection_takes_many_requests(connection: http.client.HTTPConnection) -> None:
    connection.connect()
    kept = connection.sock

    for number in range(3):
        path = f"/f{number}"
        assert ask(connection, "POST", path) == (200, json.dumps({"Path": path}).encode())
    assert connection.sock is kept


def test_a_body_that_nobody_reads_is_not_the_next_request(connection: http.client.HTTPConnection) -> None:
    for _ in range(2):  # a path on which nothing reads the two bytes
        status, _ = ask(connection, "GET", "/f")
        assert status == 200


def test_an_application_that_fails_is_said_to_and_the_connection_goes_on(
    server: BaseWSGIServer, connection: http.client.HTTPConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(server, "app", lambda *_: 1 / 0)
        status, said = ask(connection, "GET", "/")
    assert (status, b"GET / with these arguments is not offered by the account on the laptop" in said) == (501, True)
    assert ask(connection, "GET", "/f")[0] == 200


def test_a_client_that_waits_for_a_go_ahead_gets_it(server: BaseWSGIServer) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as raw:
        raw.sendall(b"POST /f HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert raw.recv(1024).startswith(b"HTTP/1.1 100 ")
        raw.sendall(b"{}")
        assert raw.recv(1024).startswith(b"HTTP/1.1 200 ")
