"""What the policies name, and the flows cannot be asked for from the Pulumi program, is the same on both sides."""

from __future__ import annotations

from datetime import date

from flows.lease import lease_key
from infrastructure.policies import LEASES_PREFIX


def test_the_flows_leases_lie_where_their_policy_lets_them() -> None:
    assert lease_key("IBOV", date(2025, 6, 30)).startswith(LEASES_PREFIX)
