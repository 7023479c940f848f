"""Whatever a server says where B3 was expected, down to the bytes on the line: B3 cannot be had, or its answer is refused."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.b3.client import B3Client
from flows.b3.payload import Payload
from flows.errors import B3Error, B3Unavailable
from flows.settings import load_settings

AT = datetime(2025, 6, 30, 11, tzinfo=UTC)
LIMIT = 5 * 1024 * 1024
Serve = Callable[[bytes], list[Payload]]


@pytest.fixture(scope="module")
def answers() -> Iterator[tuple[str, list[bytes]]]:
    """A server that says the last of the list to whoever asks, and closes; and its address."""
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(65536)
                        connection.sendall(said[-1])
                        connection.shutdown(socket.SHUT_WR)
                    except OSError:
                        continue

        threading.Thread(target=run, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", said


@pytest.fixture(scope="module")
def collect(answers: tuple[str, list[bytes]]) -> Serve:
    """Collects from a server that says just these bytes; gives what was kept."""
    url, said = answers
    limits = {"BOVESPA_B3_ATTEMPTS": "1", "BOVESPA_B3_CONNECT_TIMEOUT": "2", "BOVESPA_B3_MAX_BYTES": str(LIMIT)}
    known = load_settings({"B3_BASE_URL": url, **limits})

    def run(answer: bytes) -> list[Payload]:
        said.append(answer)
        kept: list[Payload] = []
        try:
            B3Client(known, kept.append).collect("IBOV", AT)
        except B3Error as error:
            assert str(error).isprintable()
        else:
            pytest.fail("a hostile answer was taken for a portfolio")
        return kept

    return run


def http(*headers: bytes, status: bytes = b"200 OK", body: bytes = b"") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *headers, b"Connection: close", b"", body])


@pytest.mark.parametrize(
    "address",
    [
        *(b"http://[", b"http://[::1", b"//", b"http:///x", b"http://x:99999999/", b"http://x:port/", b"?%"),
        *(b"http://\xff\xfe/", b"http://a..b/", b"javascript:alert(1)", b"file:///etc/passwd", b"\x1b[31mhttp://x/"),
        b"http://169.254.169.254/latest/meta-data/",
    ],
)
@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary", b"308 Permanent"])
def test_a_redirect_leads_nowhere(collect: Serve, status: bytes, address: bytes) -> None:
    assert collect(http(b"Location: " + address, b"Content-Length: 0", status=status)) == []


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_is_dropped_before_it_goes_off(collect: Serve, layers: int) -> None:
    bomb = gzip.compress(bytes(100_000_000))
    for _ in range(layers - 1):
        bomb = gzip.compress(bomb)
    encodings = b", ".join([b"gzip"] * layers)
    tracemalloc.start()
    kept = collect(http(b"Content-Encoding: " + encodings, b"Content-Length: %d" % len(bomb), body=bomb))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept == []
    assert most < 8 * LIMIT


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(bytes(range(256)) * 10, id="every byte"),
        pytest.param(b"HTTP/1.1 abc\r\n\r\n", id="no status"),
        pytest.param(b"HTTP/1.1 9999 x\r\n\r\n", id="a status of four digits"),
        pytest.param(http(b"Content-Length: -5", body=b"x"), id="a negative length"),
        pytest.param(http(b"Content-Length: 1,2", body=b"x"), id="two lengths"),
        pytest.param(http(b"Content-Length: " + b"9" * 5000, body=b"x"), id="a gigantic length"),
        pytest.param(http(b"Content-Encoding: gzip", body=b"x"), id="no gzip"),
        pytest.param(http(b"Content-Encoding: " + b",".join([b"gzip"] * 50), body=b"x"), id="fifty encodings"),
        pytest.param(http(b"Transfer-Encoding: chunked", body=b"zz\r\nabc"), id="a chunk of no size"),
        pytest.param(http(b"Transfer-Encoding: chunked", body=b"F" * 100 + b"\r\nabc"), id="a gigantic chunk"),
        pytest.param(http(b"Transfer-Encoding: chunked", body=b"-5\r\nabc"), id="a negative chunk"),
        pytest.param(http(*(b"A%d: b" % number for number in range(500)), body=b"x"), id="five hundred headers"),
        pytest.param(http(b"A: " + b"b" * 100_000, body=b"x"), id="a gigantic header"),
        pytest.param(http(b"Set-Cookie: a=b; expires=\xff; domain=[; path", body=b"x"), id="a broken cookie"),
        pytest.param(http(b"Retry-After: " + b"9" * 400, status=b"503 x"), id="a pause for ever"),
        pytest.param(http(b"Content-Type: \xff\xfe; charset=\x00", body=b"x"), id="an unreadable charset"),
    ],
)
def test_an_answer_that_is_no_http_is_refused(collect: Serve, answer: bytes) -> None:
    collect(answer)


@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", http()]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused(collect: Serve, noise: bytes, start: bytes) -> None:
    collect(start + noise)


def test_b3_is_what_could_not_be_had(answers: tuple[str, list[bytes]]) -> None:
    answers[1].append(http(b"Location: http://[", status=b"302 Found"))
    with pytest.raises(
        B3Unavailable, match=r"json with sectors page 1: HTTP 302; json page 1: HTTP 302; csv: HTTP 302"
    ):
        B3Client(load_settings({"B3_BASE_URL": answers[0]}), lambda _: None).collect("IBOV", AT)
