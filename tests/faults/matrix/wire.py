"""What goes wrong between a client and its service, for the proxy to do: see `matrix.proxy`."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from matrix.proxy import Call, Does, Exchange, Reply

Matches = Callable[[Call], bool]


def to(operation: str, prefix: str = "") -> Matches:
    """Calls of an operation; of S3's, those whose key begins with the prefix."""
    return lambda call: call.operation == operation and (not prefix or call.key.startswith(prefix))


def first_tries(matches: Matches) -> Matches:
    """Of such calls the first one of each key: however calls interleave, none of them runs out of tries."""
    seen: set[str] = set()

    def first(call: Call) -> bool:
        if not matches(call) or call.key in seen:
            return False
        seen.add(call.key)
        return True

    return first


def anything(_: Call) -> bool:
    """Every call."""
    return True


# --- instead of the service ------------------------------------------------------------------------------------------


def says(status: int, body: bytes = b"x", **headers: str) -> Does:
    """Another answer, and the service hears nothing."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda exchange: exchange.send(Reply(status, named, body))


def refuses(code: str, status: int = 400) -> Does:
    """AWS's error of that code, in the service's own form."""
    xml = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>injected</Message></Error>'.encode()
    body = json.dumps({"__type": code, "message": "injected", "Message": "injected"}).encode()
    return lambda exchange: exchange.send(Reply(status, (), xml if exchange.call.is_s3 else body))


def resets(exchange: Exchange) -> None:
    """The connection breaks before the service has heard anything."""
    exchange.reset()


def stalls(seconds: float) -> Does:
    """No answer for so long, then a broken connection; the service hears nothing."""

    def do(exchange: Exchange) -> None:
        time.sleep(seconds)
        exchange.reset()

    return do


# --- after the service has done it -----------------------------------------------------------------------------------


def loses_the_answer(exchange: Exchange) -> None:
    """The service does it, and the connection breaks before its answer."""
    exchange.forward()
    exchange.reset()


def keeps_the_answer(seconds: float) -> Does:
    """The service does it, and its answer does not come for so long."""

    def do(exchange: Exchange) -> None:
        exchange.forward()
        time.sleep(seconds)
        exchange.reset()

    return do


def cuts(exchange: Exchange) -> None:
    """Half of the answer's body, and the end of the connection."""
    reply = exchange.forward()
    exchange.send(replace(reply, body=reply.body[: len(reply.body) // 2], size=len(reply.body)))
    exchange.close()


def drips(seconds: float) -> Does:
    """The whole answer, spread over so long; it never stalls."""

    def do(exchange: Exchange) -> None:
        reply = exchange.forward()
        exchange.send(replace(reply, body=b"", size=len(reply.body)))
        pieces = max(int(seconds / 0.05), 1)
        step = -(-len(reply.body) // pieces)
        for start in range(0, len(reply.body), step):
            exchange.handler.wfile.write(reply.body[start : start + step])
            time.sleep(0.05)

    return do


def changes(change: Callable[[Any], Any]) -> Does:
    """The service's answer, a JSON object, as `change` makes it."""

    def do(exchange: Exchange) -> None:
        reply = exchange.forward(_plainly(exchange.call))
        # S3 states a checksum of the right body.
        headers = tuple(item for item in reply.headers if not item[0].lower().startswith("x-amz-checksum"))
        exchange.send(replace(reply, headers=headers, body=json.dumps(change(json.loads(reply.body))).encode()))

    return do


def _plainly(call: Call) -> Call:
    """The call, with an answer that is not packed."""
    return replace(call, headers={name: value for name, value in call.headers.items() if name != "accept-encoding"})


def in_pages(size: int, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Does:
    """B3 gives so many rows a page, whatever was asked for; pages after the first as `change` makes them."""

    def do(exchange: Exchange) -> None:
        path, _, asked = exchange.call.target.rpartition("/")
        query = {**json.loads(base64.b64decode(unquote(asked))), "pageSize": size}
        target = f"{path}/{base64.b64encode(json.dumps(query).encode()).decode()}"
        reply = exchange.forward(replace(_plainly(exchange.call), target=target))
        page = json.loads(reply.body)
        page = change(page) if query["pageNumber"] > 1 else page
        exchange.send(replace(reply, body=json.dumps(page).encode()))

    return do


def takes_half(items: str, name: Callable[[Any], dict[str, Any]]) -> Does:
    """The service does half of a batch and states an error for each of the others, as Glue does.

    Args:
        items: the request's field that holds the batch.
        name: an item as an error of the answer names it.
    """

    def do(exchange: Exchange) -> None:
        request = json.loads(exchange.call.body)
        batch = request[items]
        done, left = batch[: len(batch) // 2], batch[len(batch) // 2 :]
        call = replace(exchange.call, body=json.dumps({**request, items: done}).encode())
        reply = exchange.forward(call)
        detail = {"ErrorCode": "InternalServiceException", "ErrorMessage": "injected"}
        answer = json.loads(reply.body)
        answer["Errors"] = [*answer.get("Errors", []), *({**name(item), "ErrorDetail": detail} for item in left)]
        exchange.send(replace(reply, body=json.dumps(answer).encode()))

    return do
