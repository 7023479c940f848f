"""How programs reach the account: its address, and keys."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.rights.keys import HomeKeys


@dataclass(frozen=True, slots=True)
class AccountAccess:
    """What a program needs to use the account.

    Attributes:
        endpoint_url: where the account answers.
        region: its region.
        keys: of its home.
    """

    endpoint_url: str
    region: str
    keys: HomeKeys

    def environment(self, role: str | None = None) -> dict[str, str]:
        """The variables under which boto3, the AWS CLI and anything built on them use the account.

        Args:
            role: whose rights they give; by default the administrator's.
        """
        pair = self.keys.of(role)
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": pair.access_key,
            "AWS_SECRET_ACCESS_KEY": pair.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


def prefect_auth(keys: HomeKeys) -> str:
    """User and password of Prefect's API, as PREFECT_API_AUTH_STRING takes them."""
    return f"bovespa:{keys.secret_for('prefect')}"
