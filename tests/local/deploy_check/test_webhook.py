from __future__ import annotations

import queue

import pytest
import requests

from local.deploy_check.webhook import receiving


def test_messages_are_kept_in_their_order() -> None:
    with receiving() as inbox:
        for text in ("one", "dois, ação"):
            assert requests.post(inbox.url, json={"text": text}, timeout=5).ok
        assert [inbox.next(1), inbox.next(1)] == ["one", "dois, ação"]


@pytest.mark.parametrize("body", [b"", b"text", b"[]", b'{"message": "x"}', b"null"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with receiving() as inbox:
        assert requests.post(inbox.url, data=body, timeout=5).status_code == 400
        with pytest.raises(queue.Empty):
            inbox.next(0.01)
