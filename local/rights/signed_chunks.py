"""Bodies in parts, each of which is signed with the signature of the one before.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator
from hashlib import sha256

_EMPTY = sha256(b"").hexdigest()
_HEAD = re.compile(rb"([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})\r\n")
_TRAILER_SIGNATURE = b"x-amz-trailer-signature:"


def verify_chunks(body: bytes, seed: str, sign: Callable[[tuple[str, ...]], str]) -> bool:
    """Whether every part of a body is signed, to its end.

    Args:
        body: as it came.
        seed: the signature of the request.
        sign: signs a kind (PAYLOAD or TRAILER), the signature before, and digests.
    """
    before = seed
    try:
        for kind, digests, signature in _parts(body):
            before = sign((kind, before, *digests))
            if not hmac.compare_digest(before, signature):
                return False
    except ValueError:
        return False
    return True


def _parts(body: bytes) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Kind, digests and signature of each part.

    Raises:
        ValueError: the body ends before its last part, or is none of this form.
    """
    position, size = 0, 1
    while size:
        head = _HEAD.match(body, position)
        if head is None:
            raise ValueError("a part does not begin with its size and signature")
        size = int(head[1], 16)
        end = head.end() + size
        yield "PAYLOAD", (_EMPTY, sha256(body[head.end() : end]).hexdigest()), head[2].decode()
        # The last part is followed at once by the trailer, where there is one.
        position = end + 2 if size else end
        if size and body[end:position] != b"\r\n":
            raise ValueError("a part is not as long as it says")
    rest = body[position:].strip(b"\r\n")
    if rest:
        yield _trailer(rest)


def _trailer(text: bytes) -> tuple[str, tuple[str, ...], str]:
    lines = [line for line in text.split(b"\r\n") if line]
    if not lines[-1].lower().startswith(_TRAILER_SIGNATURE):
        raise ValueError("the trailer is not signed")
    named = b"".join(line.strip() + b"\n" for line in lines[:-1])
    return "TRAILER", (sha256(named).hexdigest(),), lines[-1].partition(b":")[2].strip().decode()
