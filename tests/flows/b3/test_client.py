"""The client of B3's site against real HTTP servers of this machine: limits, retries, fallbacks, and what is kept."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from expectations.contract.keys import ContractError
from flows.b3.client import B3Client
from flows.b3.payload import Payload
from flows.b3.portfolio import Portfolio
from flows.b3.site import MAX_PAUSE, Clock
from flows.errors import AwsError, B3Unavailable, PayloadError
from flows.settings import Settings
from local.b3.formats import json_page
from local.b3.standin import Answer, StandIn, Tamper, serving

COLLECTED = datetime(2025, 6, 30, 11, tzinfo=UTC)


@dataclass
class Hand:
    """A clock that only pauses move."""

    at: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += seconds

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.at, sleep=self.sleep)


@dataclass
class Collector:
    """A client of a server, with what it kept and how long it paused."""

    url: str
    limits: dict[str, object] = field(default_factory=dict)
    kept: list[Payload] = field(default_factory=list)
    hand: Hand = field(default_factory=Hand)
    clock: Clock | None = None

    def collect(self, index: str = "IBOV") -> Portfolio:
        settings = Settings.model_validate(
            {"b3_base_url": self.url, "b3_connect_timeout": 2, "b3_attempts": 3, **self.limits}
        )
        return B3Client(settings, self.kept.append, self.clock or self.hand.clock).collect(index, COLLECTED)

    @property
    def pauses(self) -> list[float]:
        return self.hand.pauses


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with serving() as stand_in:
        yield stand_in


@pytest.fixture
def b3(server: StandIn, sample: Portfolio) -> StandIn:
    """B3's stand-in, showing the sample and answering right."""
    server.portfolios.clear()
    server.requests.clear()
    server.tamper = None
    server.show(sample)
    return server


@pytest.fixture
def collector(b3: StandIn) -> Collector:
    return Collector(b3.url)


def source_of(target: str) -> str:
    if "GetDownloadPortfolioDay" in target:
        return "csv"
    assert "GetPortfolioDay" in target, target  # the client knows no other address
    return "json with sectors" if query(target)["segment"] == "2" else "json"


def asked(b3: StandIn) -> list[str]:
    return [source_of(target) for target in b3.requests]


ALL = ("json with sectors", "json", "csv")


def failing(*sources: str, answer: Answer | None = None) -> Tamper:
    """Answers of these sources replaced, by a 500 unless another is given."""
    bad = answer or Answer(b"down", status=500)
    return lambda target, right: bad if source_of(target) in sources else right


def first(*answers: Answer) -> Tamper:
    """The first calls answered so, all further ones right."""
    rest = list(answers)
    return lambda target, right: rest.pop(0) if rest else right


def query(target: str) -> dict[str, object]:
    return json.loads(base64.b64decode(target.rsplit("/", 1)[1]))


def large_index(sample: Portfolio, rows: int = 179) -> Portfolio:
    """An index of as many rows as the IBRA has had."""
    holdings = tuple(
        replace(sample.holdings[0], codigo=f"A{number:03d}3", participacao_pct=Decimal("0.500"))
        for number in range(rows)
    )
    return replace(sample.restated(index="IBRA", total_records=rows), holdings=holdings)


class TestCollecting:
    def test_brings_what_b3_states(self, collector: Collector, sample: Portfolio) -> None:
        portfolio = collector.collect()
        assert (portfolio.source, portfolio.statement.total_records) == ("json", 84)
        assert portfolio.fingerprint() == sample.fingerprint()

    def test_asks_once_in_pt_br_for_the_listing_with_sectors(self, collector: Collector, b3: StandIn) -> None:
        assert collector.collect().has_sectors
        assert [query(target) for target in b3.requests] == [
            {"language": "pt-br", "pageNumber": 1, "pageSize": 120, "index": "IBOV", "segment": "2"}
        ]

    def test_takes_any_index_that_b3_publishes(self, collector: Collector, b3: StandIn, sample: Portfolio) -> None:
        b3.show(sample.restated(index="IBXX"))
        assert collector.collect("IBXX").index == "IBXX"

    def test_asks_for_nothing_when_the_index_is_no_code(self, collector: Collector, b3: StandIn) -> None:
        with pytest.raises(ContractError, match=r"'\.\./x'"):
            collector.collect("../x")
        assert b3.requests == []

    def test_reads_all_pages_of_a_large_index(self, collector: Collector, b3: StandIn, sample: Portfolio) -> None:
        b3.show(large_index(sample))
        portfolio = collector.collect("IBRA")
        assert len({holding.codigo for holding in portfolio.holdings}) == 179
        assert [query(target)["pageNumber"] for target in b3.requests] == [1, 2]
        assert [payload.page for payload in collector.kept] == [1, 2]

    def test_does_not_pause_where_nothing_fails(self, collector: Collector) -> None:
        collector.collect()
        assert collector.pauses == []


class TestRetrying:
    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 522, 524])
    def test_follows_an_answer_that_may_pass(self, collector: Collector, b3: StandIn, status: int) -> None:
        b3.tamper = first(Answer(b"x", status=status))
        assert collector.collect().source == "json"
        assert len(collector.pauses) == 1

    @pytest.mark.parametrize("body", [b"", b" \r\n"])
    def test_follows_an_empty_body(self, collector: Collector, b3: StandIn, body: bytes) -> None:
        b3.tamper = first(Answer(body), Answer(body))
        assert collector.collect().source == "json"
        assert len(collector.pauses) == 2

    @pytest.mark.parametrize(("asked_for", "paused"), [("7", 7.0), ("0", 0.0), ("99999", MAX_PAUSE)])
    def test_pauses_as_long_as_b3_asks_within_a_minute(
        self, collector: Collector, b3: StandIn, asked_for: str, paused: float
    ) -> None:
        b3.tamper = first(Answer(b"x", status=429, headers={"Retry-After": asked_for}))
        collector.collect()
        assert collector.pauses == [paused]

    @pytest.mark.parametrize("asked_for", ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1.5", "\u00b2", ""])
    def test_backs_off_by_itself_where_b3_s_wish_cannot_be_read(
        self, collector: Collector, b3: StandIn, asked_for: str
    ) -> None:
        b3.tamper = first(Answer(b"x", status=503, headers={"Retry-After": asked_for}))
        collector.collect()
        assert 0 <= collector.pauses[0] <= 1

    def test_backs_off_longer_each_time_with_jitter(self, collector: Collector, b3: StandIn) -> None:
        collector.limits |= {"b3_attempts": 8, "b3_backoff": 1, "b3_total_timeout": 10_000}
        b3.tamper = first(*[Answer(b"x", status=500)] * 7)
        collector.collect()
        assert all(0 <= pause <= min(2**n, MAX_PAUSE) for n, pause in enumerate(collector.pauses))
        assert len(set(collector.pauses)) == 7

    def test_ends_after_the_attempts_that_are_allowed_and_says_so(self, collector: Collector, b3: StandIn) -> None:
        b3.tamper = failing(*ALL)
        with pytest.raises(B3Unavailable) as failed:
            collector.collect()
        assert asked(b3) == ["json with sectors"] * 3 + ["json"] * 3 + ["csv"] * 3
        assert str(failed.value) == (
            "IBOV: B3 could not be had (json with sectors page 1: HTTP 500, after 3 attempts; "
            "json page 1: HTTP 500, after 3 attempts; csv: HTTP 500, after 3 attempts)"
        )

    def test_tells_an_outage_of_all_by_each_ones_status_and_keeps_nothing(
        self, collector: Collector, b3: StandIn
    ) -> None:
        statuses = {"json with sectors": 520, "json": 403, "csv": 503}
        b3.tamper = lambda target, right: Answer(b"<html>down</html>", status=statuses[source_of(target)])
        with pytest.raises(B3Unavailable, match=r"HTTP 520.*HTTP 403.*HTTP 503"):
            collector.collect()
        assert collector.kept == []

    def test_is_told_with_its_cause_so_that_a_person_can_follow(
        self, collector: Collector, b3: StandIn, caplog: pytest.LogCaptureFixture
    ) -> None:
        b3.tamper = first(Answer(b"x", status=520))
        collector.collect()
        assert [record.levelname for record in caplog.records if "HTTP 520" in record.getMessage()] == ["WARNING"]

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
    def test_does_not_follow_an_answer_that_will_not_pass(self, collector: Collector, b3: StandIn, status: int) -> None:
        b3.tamper = failing("json with sectors", "json", answer=Answer(b"x", status=status))
        assert collector.collect().source == "csv"
        assert asked(b3) == list(ALL)

    def test_does_not_follow_an_endless_redirect(self, collector: Collector, b3: StandIn) -> None:
        elsewhere = Answer(b"x", status=302, headers={"Location": "/indexProxy/indexCall/GetPortfolioDay/x"})
        b3.tamper = failing("json with sectors", "json", answer=elsewhere)
        assert collector.collect().source == "csv"
        assert asked(b3) == list(ALL)


class TestLimits:
    def test_of_the_whole_holds_over_all_sources_and_pauses(self, collector: Collector, b3: StandIn) -> None:
        collector.limits |= {"b3_attempts": 100, "b3_total_timeout": 60}
        b3.tamper = failing(*ALL, answer=Answer(b"x", status=503, headers={"Retry-After": "25"}))
        with pytest.raises(B3Unavailable):
            collector.collect()
        assert sum(collector.pauses) <= 60
        assert len(b3.requests) <= 6

    def test_of_the_whole_leaves_no_call_begun_after_it(self, collector: Collector, b3: StandIn) -> None:
        hand = collector.hand

        def slow(target: str, right: Answer) -> Answer:
            hand.at += 400  # B3 took longer than the whole may take
            return Answer(b"x", status=500)

        b3.tamper = slow
        with pytest.raises(B3Unavailable, match="no answer within 300 s"):
            collector.collect()
        assert asked(b3) == ["json with sectors"]

    @pytest.mark.parametrize("size", [2001, 500_000])
    def test_of_the_size_counts_what_is_unpacked(self, collector: Collector, b3: StandIn, size: int) -> None:
        collector.limits["b3_max_bytes"] = 2000
        b3.tamper = failing(*ALL, answer=Answer(b" " * size))
        with pytest.raises(B3Unavailable, match="the answer is larger than 2000 bytes"):
            collector.collect()
        assert collector.kept == []


class TestFallbacks:
    def test_to_the_csv_where_the_json_cannot_be_had(
        self, collector: Collector, b3: StandIn, sample: Portfolio
    ) -> None:
        b3.tamper = failing("json with sectors", "json")
        portfolio = collector.collect()
        assert (portfolio.source, portfolio.fingerprint()) == ("csv", sample.fingerprint())

    def test_to_the_plain_json_where_the_one_with_sectors_cannot_be_had(
        self, collector: Collector, b3: StandIn, sample: Portfolio
    ) -> None:
        b3.tamper = failing("json with sectors")
        portfolio = collector.collect()
        assert (portfolio.source, portfolio.has_sectors) == ("json", False)
        assert portfolio.fingerprint() == sample.fingerprint()
        assert [payload.page for payload in collector.kept] == [1]

    def test_from_a_json_whose_second_page_cannot_be_had(
        self, collector: Collector, b3: StandIn, sample: Portfolio
    ) -> None:
        b3.show(large_index(sample))
        b3.tamper = lambda target, right: (
            Answer(b"", status=500)
            if source_of(target) == "json with sectors" and query(target)["pageNumber"] == 2
            else right
        )
        assert len(collector.collect("IBRA").holdings) == 179

    @pytest.mark.parametrize(
        ("sources", "body"),
        [
            pytest.param(ALL[:1], b"<!DOCTYPE html><html></html>", id="HTML for JSON"),
            pytest.param(ALL[:1], b'{"page":{}}', id="JSON of another form"),
            pytest.param(ALL[:2], b'{"page":{}}', id="plain JSON of another form"),
            pytest.param(ALL, b"not base64!", id="a download that is none"),
        ],
    )
    def test_never_paper_over_an_answer_that_is_not_understood(
        self, collector: Collector, b3: StandIn, sources: tuple[str, ...], body: bytes
    ) -> None:
        *down, odd = sources
        b3.tamper = lambda target, right: failing(*down)(target, Answer(body) if source_of(target) == odd else right)
        with pytest.raises(PayloadError):
            collector.collect()
        assert set(asked(b3)) == set(sources)
        assert [payload.body for payload in collector.kept] == [body]


class TestPages:
    @pytest.fixture
    def large(self, b3: StandIn, sample: Portfolio) -> Portfolio:
        portfolio = large_index(sample)
        b3.show(portfolio)
        return portfolio

    @pytest.mark.parametrize(
        ("second", "message"),
        [
            pytest.param(
                lambda large: json_page(large, 1, 120, by_sector=True), "1 where page 2 was asked for", id="page 1 again"
            ),
            pytest.param(
                lambda large: json_page(large.restated(session=date(2025, 7, 1)), 2, 120, by_sector=True),
                "page 2: another header or count than page 1",
                id="of another session",
            ),
            pytest.param(
                lambda large: json_page(replace(large, holdings=large.holdings[:120]), 2, 120, by_sector=True),
                "[] on page 2 where rows were expected",
                id="without rows",
            ),
        ],
    )  # fmt: skip
    def test_that_do_not_belong_together_are_refused_and_kept(
        self, collector: Collector, b3: StandIn, large: Portfolio, second: Callable[[Portfolio], bytes], message: str
    ) -> None:
        b3.tamper = lambda target, right: Answer(second(large)) if query(target)["pageNumber"] == 2 else right
        with pytest.raises(PayloadError) as refused:
            collector.collect("IBRA")
        assert message in str(refused.value)
        assert [payload.page for payload in collector.kept] == [1, 2]


class TestKeeping:
    def test_hands_over_the_bytes_as_received_and_where_they_came_from(
        self, collector: Collector, b3: StandIn, sample: Portfolio
    ) -> None:
        collector.collect()
        assert collector.kept == [
            Payload(
                index="IBOV",
                source="json",
                page=1,
                body=json_page(sample, 1, 120, by_sector=True),
                collected_at=COLLECTED,
                url=b3.url + b3.requests[0],
            )
        ]

    def test_comes_before_parsing_so_that_nothing_is_lost(self, collector: Collector, b3: StandIn) -> None:
        b3.tamper = first(Answer(b"what is this"))
        with pytest.raises(PayloadError):
            collector.collect()
        assert [payload.body for payload in collector.kept] == [b"what is this"]

    def test_that_fails_ends_the_collection(self, b3: StandIn) -> None:
        def full(payload: Payload) -> None:
            raise AwsError("no room")

        client = B3Client(Settings.model_validate({"b3_base_url": b3.url}), full, Hand().clock)
        with pytest.raises(AwsError, match="no room"):
            client.collect("IBOV", COLLECTED)
        assert asked(b3) == ["json with sectors"]


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server whose every connection is served by the function, which gets it after the request was read."""

    def loop() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                serve(connection)
            except OSError:
                return

    listener = socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def drip(connection: socket.socket) -> None:
    """An answer that never stalls for long, and takes its time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    for _ in range(60):
        connection.sendall(b" ")
        time.sleep(0.02)


def silence(connection: socket.socket) -> None:
    time.sleep(3)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def truncated(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"page"')


def truncated_chunks(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{"pag')


def no_last_chunk(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"pag\r\n')
    connection.shutdown(socket.SHUT_WR)


def stalled(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"page"')
    time.sleep(3)


def no_http(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH\r\n")


def broken_gzip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")


class TestBrokenConnections:
    LIMITS = {"b3_connect_timeout": 0.15, "b3_call_timeout": 0.3, "b3_attempts": 2}  # noqa: RUF012 - never changed

    @pytest.mark.parametrize(
        ("serve", "message"),
        [
            pytest.param(drip, "not whole after 0.3 s", id="an answer that drips"),
            pytest.param(silence, "no answer within 0.15 s", id="no answer"),
            pytest.param(stalled, "no answer within 0.15 s", id="an answer that stalls"),
            pytest.param(reset, "the connection broke", id="connection reset"),
            pytest.param(truncated, "the connection broke", id="an answer cut short"),
            pytest.param(truncated_chunks, "the connection broke", id="a chunk cut short"),
            pytest.param(no_last_chunk, "the connection broke", id="the last chunk lost"),
            pytest.param(broken_gzip, "the connection broke", id="a body that cannot be unpacked"),
            pytest.param(no_http, "the connection broke", id="no HTTP"),
        ],
    )
    def test_are_tried_again_and_end_within_the_limits(
        self, serve: Callable[[socket.socket], None], message: str
    ) -> None:
        began = time.monotonic()
        with raw_server(serve) as url:
            collector = Collector(url, dict(self.LIMITS), clock=Clock(sleep=lambda seconds: None))
            with pytest.raises(B3Unavailable, match="after 2 attempts") as failed:
                collector.collect()
        assert message in str(failed.value)
        assert collector.kept == []
        assert time.monotonic() - began < 6 * 0.3 + 1

    def test_an_answer_in_chunks_is_read_whole(self, sample: Portfolio) -> None:
        body = json_page(sample, 1, 120, by_sector=True)

        def chunks(connection: socket.socket) -> None:
            pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)]
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.sendall(b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""]))

        with raw_server(chunks) as url:
            collector = Collector(url)
            assert collector.collect().fingerprint() == sample.fingerprint()
        assert [payload.body for payload in collector.kept] == [body]

    def test_a_server_that_is_not_there_cannot_be_had(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(B3Unavailable, match="the connection broke or was refused"):
            Collector(url, dict(self.LIMITS)).collect()


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused_without_another_try(tmp_path: Path) -> None:
    context = self_signed(tmp_path)
    connections = []

    def serve(connection: socket.socket) -> None:
        raise OSError

    listener = socket.create_server(("127.0.0.1", 0))

    def loop() -> None:
        while True:
            try:
                connection, _ = listener.accept()
                connections.append(connection)
                context.wrap_socket(connection, server_side=True).close()
            except ssl.SSLError:
                continue
            except OSError:
                return

    thread = Thread(target=loop, daemon=True)
    thread.start()
    collector = Collector(f"https://localhost:{listener.getsockname()[1]}")
    with pytest.raises(B3Unavailable, match=r"json with sectors page 1: SSLError: .*certificate"):
        collector.collect()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    assert len(connections) == 3  # one a source
    assert collector.kept == []
