"""The account's keys: a secret that its home made at random, and the access keys that follow from it.

An access key names whose it is, the administrator's or a role's. Its secret is made from the home's, so that it need not be
kept, and so that nobody who was given one (a function, a job) can tell another.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FLOW_ROLE = "flow"
"""The role of the flows on the laptop, made from the policy that the Pulumi program exports for whatever runs them."""

ADMINISTRATOR_KEY = "administrator"
_ROLE_PREFIX = "role."
_SECRET_BYTES = 32


class KeysError(ValueError):
    """The file with the home's secret does not hold one. One readable line."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An access key with its secret.

    Attributes:
        access_key: its id.
        token: what temporary credentials have besides; empty for lasting ones.
        role: whose it is; None for the administrator's.
        session_policy: a policy document that bounds the role's rights; empty without one.
    """

    access_key: str
    secret: str
    token: str = ""
    role: str | None = None
    session_policy: str = ""


@dataclass(frozen=True, slots=True)
class HomeKeys:
    """The keys of one home.

    Attributes:
        secret: of the home.
    """

    secret: bytes

    @classmethod
    def make(cls, file: Path) -> HomeKeys:
        """The keys of a home whose account starts: those that it has, or new ones where the file holds none.

        Args:
            file: where the home's secret is kept, readable for its owner alone.

        Raises:
            KeysError: a folder is in its place.
        """
        if file.is_dir():
            raise KeysError(
                f"{file} is a folder where the account keeps its secret: move it away, and a new one is made"
            )
        try:
            file.chmod(0o600)
            return cls.read(file)
        except (FileNotFoundError, KeysError):
            made = file.with_suffix(f".{os.getpid()}")
            made.touch(0o600)
            made.write_text(secrets.token_hex(_SECRET_BYTES), encoding="ascii")
            made.replace(file)
        return cls.read(file)

    @classmethod
    def read(cls, file: Path) -> HomeKeys:
        """The keys of a home.

        Raises:
            KeysError: the file does not hold a secret.
            OSError: it cannot be read.
        """
        try:
            secret = bytes.fromhex(file.read_text(encoding="ascii"))
        except ValueError as error:
            raise KeysError(f"{file} holds no secret: end the account, and the next start makes a new one") from error
        if len(secret) != _SECRET_BYTES:
            raise KeysError(f"{file} holds no secret: end the account, and the next start makes a new one")
        return cls(secret)

    def of(self, role: str | None = None) -> KeyPair:
        """The keys of a role; the administrator's without one."""
        name = ADMINISTRATOR_KEY if role is None else f"{_ROLE_PREFIX}{role}"
        return KeyPair(name, self.secret_for(name), role=role)

    def find(self, access_key: str) -> KeyPair | None:
        """The keys that an access key belongs to; None where this home gives no such key."""
        if access_key == ADMINISTRATOR_KEY:
            return self.of()
        role = access_key.removeprefix(_ROLE_PREFIX)
        return self.of(role) if role != access_key else None

    def secret_for(self, purpose: str) -> str:
        """A secret for one purpose, from which no other can be computed."""
        return hmac.new(self.secret, purpose.encode(), sha256).hexdigest()
