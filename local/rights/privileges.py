"""Who may do what: the rights of each role, and the trail of what each role did.

A component is known by its access key: see `local.rights.keys`. The account's own services that work on a caller's behalf
(Athena, Lambda's log, Glue's start) ask for the caller's rights as AWS does. Everybody else, the user at the shell first, is
the account's administrator, who may do everything and leaves no trail.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path

from local.account.gateway import ServiceError
from local.rights.iam import Call, is_allowed, parse


def role_of_arn(arn: str | None) -> str | None:
    """The role's name, where there is a role."""
    return arn.rpartition("/")[2] if arn else None


class AccessDeniedError(ServiceError):
    """A role's policies do not allow a call; the text names role, action and resource."""

    def __init__(self, role: str, call: Call) -> None:
        where = "".join(f", {name} {value!r}" for name, value in call.context.items())
        super().__init__(
            "AccessDeniedException",
            f"role {role} is not authorized to perform: {call.action} on resource: {call.resource}{where} because no "
            f"identity-based policy allows the {call.action} action",
        )


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One call of a role, as the trail keeps it."""

    at: float
    role: str
    call: Call
    allowed: bool


class Trail:
    """What the roles did, one JSON object a line, in a file of the account's home."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()

    def add(self, role: str, calls: list[tuple[Call, bool]]) -> None:
        """Keep calls, with whether they were allowed."""
        now = round(time.time(), 3)
        lines = [f"{json.dumps(asdict(TrailEntry(now, role, call, allowed)))}\n" for call, allowed in calls]
        with self._lock:
            self._file.write("".join(lines))
            self._file.flush()


def read_trail(path: Path) -> list[TrailEntry]:
    """All that a trail holds, oldest first."""
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [TrailEntry(**{**entry, "call": Call(**entry["call"])}) for entry in entries]


class Rights:
    """What one role may do, by its policies as they are when it asks.

    Args:
        role: the role's name; None is the administrator.
        documents: the text of each of its policies.
        trail: where its calls are kept.
        session_policy: the text of a policy that must allow a call, too; empty without one.
    """

    def __init__(
        self,
        role: str | None = None,
        documents: Callable[[], list[str]] = list,
        trail: Trail | None = None,
        session_policy: str = "",
    ) -> None:
        self.role = role
        self._documents = documents
        self._trail = trail
        self._session_policy = session_policy

    def demand(self, *calls: Call) -> None:
        """Go on only if all of this is allowed.

        Raises:
            AccessDeniedError: something is not.
        """
        if denied := self.denied(*calls):
            raise AccessDeniedError(str(self.role), denied[0])

    def denied(self, *calls: Call) -> list[Call]:
        """Those of the calls that are not allowed; all of them are in the trail."""
        if self.role is None or not calls:
            return []
        each = [[parse(text) for text in self._documents()]]
        if self._session_policy:
            each.append([parse(self._session_policy)])
        judged = [(call, all(is_allowed(documents, call) for documents in each)) for call in calls]
        if self._trail:
            self._trail.add(self.role, judged)
        return [call for call, allowed in judged if not allowed]


ADMINISTRATOR = Rights()

_caller: ContextVar[Rights] = ContextVar("caller", default=ADMINISTRATOR)


def caller() -> Rights:
    """The rights of whoever sent the request that this thread is answering."""
    return _caller.get()


@contextmanager
def called_by(rights: Rights) -> Iterator[None]:
    """Answer a request of this caller within the block."""
    token = _caller.set(rights)
    try:
        yield
    finally:
        _caller.reset(token)


class Privileges:
    """The rights of every role of the account.

    Args:
        documents: the policy documents of a role by its name; none for a role that there is none of.
        trail: where the roles' calls are kept.
    """

    def __init__(self, documents: Callable[[str], list[str]], trail: Trail) -> None:
        self._documents = documents
        self._trail = trail

    def of(self, role: str | None, session_policy: str = "") -> Rights:
        """The rights of a role, within a session's policy where there is one; the administrator's without a role."""
        if role is None:
            return ADMINISTRATOR
        return Rights(role, lambda: self._documents(role), self._trail, session_policy)
