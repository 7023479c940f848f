"""A proxy that lets everything through but for the faults that it was told of.

It stands in front of the account on the laptop, or of B3's stand-in. What it does to a request happens outside the client, on the
wire, so that timeouts, retries and broken connections are the client's own. Both answer to their own name only, which a
signature is of, too: the proxy signs again what it passes on to the account.
"""

from __future__ import annotations

import http.client
import logging
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import unquote, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_LOG = logging.getLogger(__name__)
_PER_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect"})
_B3 = {"GetPortfolioDay": "json", "GetDownloadPortfolioDay": "csv"}


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        target: path and query, as sent.
        headers: with names in lower case.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_s3(self) -> bool:
        """Whether it is none of AWS's JSON services."""
        return "x-amz-target" not in self.headers

    @property
    def key(self) -> str:
        """The S3 key."""
        return unquote(urlsplit(self.target).path).lstrip("/").partition("/")[2]

    @cached_property
    def operation(self) -> str:
        """AWS's name of the operation; of a request to B3 its source: json or csv."""
        if source := next((name for part, name in _B3.items() if part in self.target), None):
            return source
        if not self.is_s3:
            return self.headers["x-amz-target"].rpartition(".")[2]
        return self._s3_operation()

    def _s3_operation(self) -> str:
        if self.method == "GET" and "list-type=2" in self.target:
            return "ListObjectsV2"
        if self.method == "POST":
            return "DeleteObjects"
        if self.method == "PUT" and "x-amz-copy-source" in self.headers:
            return "CopyObject"
        return f"{self.method.capitalize()}Object"


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    size: int | None = None  # by its own headers, where that is not the body's


Does = Callable[["Exchange"], None]
SecretOf = Callable[[str], str]


@dataclass
class Rule:
    """A fault: which calls it is for, what it does to them, and to how many of them.

    Attributes:
        times: how many of them; None: all.
        after: how many it leaves alone first.
        met: how many it was applied to.
    """

    matches: Callable[[Call], bool]
    does: Does
    times: int | None = 1
    after: int = 0
    met: int = 0

    def takes(self, call: Call) -> bool:
        """Whether this call is one of them; it is then counted."""
        if not self.matches(call) or (self.times is not None and self.met >= self.times):
            return False
        if self.after:
            self.after -= 1
            return False
        self.met += 1
        return True


@dataclass
class Exchange:
    """One request in the proxy's hands."""

    call: Call
    handler: _Handler
    upstream: tuple[str, int]
    secret_of: SecretOf | None

    def forward(self, call: Call | None = None) -> Reply:
        """The right answer; of another request, where one is given."""
        call = self._readdressed(call or self.call)
        connection = http.client.HTTPConnection(*self.upstream, timeout=120)
        try:
            connection.putrequest(call.method, call.target, skip_host=True, skip_accept_encoding=True)
            for name, value in call.headers.items():
                if name not in _PER_HOP:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(call.body)))
            connection.endheaders(call.body)
            answer = connection.getresponse()
            kept = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in _PER_HOP)
            size = answer.headers.get("Content-Length") if call.method == "HEAD" else None
            return Reply(answer.status, kept, answer.read(), int(size) if size else None)
        finally:
            connection.close()

    def _readdressed(self, call: Call) -> Call:
        """The call to upstream's own name, signed for it."""
        headers = {**call.headers, "host": f"{self.upstream[0]}:{self.upstream[1]}"}
        authorization = headers.pop("authorization", "")
        if authorization and self.secret_of:
            access_key, _, region, service, _ = authorization.partition("Credential=")[2].partition(",")[0].split("/")
            signer = S3SigV4Auth if service == "s3" else SigV4Auth
            signed = {name: value for name, value in headers.items() if name not in (*_PER_HOP, "user-agent")}
            request = AWSRequest(call.method, f"http://{headers['host']}{call.target}", signed, call.body)
            signer(Credentials(access_key, self.secret_of(access_key)), service, region).add_auth(request)
            headers |= {name.lower(): value for name, value in request.headers.items()}
        return replace(call, headers=headers)

    def send(self, reply: Reply) -> None:
        """Answer."""
        handler = self.handler
        handler.send_response(reply.status)
        for name, value in reply.headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body) if reply.size is None else reply.size))
        handler.end_headers()
        if self.call.method != "HEAD":
            handler.wfile.write(reply.body)

    def close(self) -> None:
        """End the connection after what was sent."""
        self.handler.close_connection = True

    def reset(self) -> None:
        """End the connection as a machine does that knows nothing of it."""
        linger = struct.pack("ii", 1, 0)
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        # The handler's files hold the connection open; it ends with this.
        self.handler.close_connection = True
        self.handler.rfile.close()
        self.handler.connection.close()


@dataclass
class Proxy:
    """What is told to the proxy, and what it saw.

    Attributes:
        url: its address.
        calls: everything that was asked for.
    """

    url: str
    rules: list[Rule] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @contextmanager
    def having(self, *rules: Rule) -> Iterator[None]:
        """These faults, and no others, within the block."""
        self.rules[:] = rules
        try:
            yield
        finally:
            self.rules.clear()

    def asked(self, operation: str) -> list[Call]:
        """The calls of one operation, or to one source, so far."""
        return [call for call in self.calls if call.operation == operation]

    def rule_for(self, call: Call) -> Rule | None:
        """The fault that this call meets."""
        with self.lock:
            self.calls.append(call)
            return next((rule for rule in self.rules if rule.takes(call)), None)


@contextmanager
def proxying(upstream: str, secret_of: SecretOf | None = None) -> Iterator[Proxy]:
    """A proxy of this address, on a free port of this machine, within the block.

    Args:
        upstream: the address.
        secret_of: the secret of an access key, where requests are signed.
    """
    where = urlsplit(upstream)
    server = _ProxyServer(("127.0.0.1", 0), _Handler)
    server.proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    server.upstream = (str(where.hostname), int(where.port or 80))
    server.secret_of = secret_of
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _ProxyServer(ThreadingHTTPServer):
    proxy: Proxy
    upstream: tuple[str, int]
    secret_of: SecretOf | None
    request_queue_size = 128
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        _LOG.debug("a client of the proxy has gone", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _ProxyServer

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        exchange = Exchange(
            Call(self.command, self.path, headers, body), self, self.server.upstream, self.server.secret_of
        )
        rule = self.server.proxy.rule_for(exchange.call)
        (rule.does if rule else passes)(exchange)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the base class names them

    def send_response(self, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)  # the upstream's own Date and Server are passed on

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        _LOG.debug(format, *args)


def passes(exchange: Exchange) -> None:
    """No fault."""
    exchange.send(exchange.forward())
