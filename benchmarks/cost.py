"""What a session costs in AWS: the requests of a daily run, counted, and the Glue run's minimum, at AWS's list prices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from benchmarks.report import Part, Table, Target
from flows.cost.prices import ATHENA_MINIMUM_MEGABYTES, GLUE_MINIMUM_SECONDS, REGIONS, Prices

WORKERS = 2  # G.1X, a DPU each
SESSIONS_A_MONTH = 21
ESTIMATE = Decimal("1.63")  # US dollars a month, the user's
_MOST_A_SESSION = 0.02

_WRITES = frozenset({"s3:PutObject", "s3:ListBucket", "s3:ListBucketVersions"})
_PARTS_A_FILE = 3  # Glue's committer uploads each file in parts: begin, one part, complete
_LAMBDA_GB, _LAMBDA_SECONDS = Decimal("0.25"), Decimal(2)
_CATALOG_USD = Decimal("0.000001")  # a request beyond the first million a month, https://aws.amazon.com/glue/pricing/
_METRICS_USD = Decimal("0.00001")  # a PutMetricData call, https://aws.amazon.com/cloudwatch/pricing/

HOW = """\
A model, not a bill. Requests are those that the roles made for a session of the daily run above (the trail of the account on
the laptop), each as AWS bills its kind; a file that Spark writes counts as three, for Glue's committer uploads in parts. The
Glue run is billed for its minimum of one minute on two G.1X workers: what it does for one session takes seconds. Athena
bills ten megabytes a query at least. Free tiers are left out. Prices: `flows/cost/prices.py`."""


def bill(calls: Mapping[str, float], prices: Prices, *, flex: bool = False) -> dict[str, Decimal]:
    """US dollars of one session, by what they are for.

    Args:
        calls: requests of one session, by `role/service:Action`.
        flex: the Glue run is of flexible execution (the setting `flexExecution`).
    """
    asked = {name: Decimal(str(times)) for name, times in calls.items()}

    def total(*services: str) -> Decimal:
        return sum((times for name, times in asked.items() if name.split("/")[-1].split(":")[0] in services), Decimal())

    s3 = {name: times for name, times in asked.items() if name.split("/")[-1].startswith("s3:")}
    writes = sum((times * _parts(name) for name, times in s3.items() if name.split("/")[-1] in _WRITES), Decimal())
    reads = sum((times for name, times in s3.items() if name.split("/")[-1] not in _WRITES), Decimal())
    queries = sum((times for name, times in asked.items() if name.endswith("athena:StartQueryExecution")), Decimal())
    return {
        "Glue run": Decimal(GLUE_MINIMUM_SECONDS * WORKERS) / 3600 * (prices.glue_flex if flex else prices.glue).usd,
        "S3 writes, copies, lists": writes * prices.s3_write.usd,
        "S3 reads": reads * prices.s3_read.usd,
        "Athena": queries * ATHENA_MINIMUM_MEGABYTES / Decimal(1024 * 1024) * prices.athena.usd,
        "Lambda": prices.lambda_request.usd + _LAMBDA_GB * _LAMBDA_SECONDS * prices.lambda_compute.usd,
        "Glue catalog": total("glue") * _CATALOG_USD,
        "CloudWatch": total("cloudwatch", "logs") * _METRICS_USD,
    }


def _parts(name: str) -> int:
    return _PARTS_A_FILE if name.endswith("s3:PutObject") and "etl" in name else 1


def part(calls: Mapping[str, float]) -> Part:
    """The cost of one session in each region that has prices, with either execution of the Glue run."""
    bills = {
        f"{region}{', flexible' if flex else ''}": bill(calls, prices, flex=flex)
        for region, prices in REGIONS.items()
        for flex in (False, True)
    }
    sessions = {name: float(sum(found.values())) for name, found in bills.items()}
    rows = [(kind, *(f"{found[kind]:.5f}" for found in bills.values())) for kind in next(iter(bills.values()))]
    rows.append(("**a session**", *(f"{usd:.4f}" for usd in sessions.values())))
    rows.append((f"**a month** of {SESSIONS_A_MONTH}", *(f"{usd * SESSIONS_A_MONTH:.3f}" for usd in sessions.values())))
    table = Table("US dollars, by region and by execution of the Glue run.", ("", *bills), tuple(rows))
    targets = [target for name, usd in sessions.items() for target in _targets(name, usd)]
    return Part(
        "cost", "Cost in AWS", HOW, (table,), tuple(targets), {f"usd/{name}": usd for name, usd in sessions.items()}
    )


def _targets(name: str, usd: float) -> tuple[Target, Target]:
    why = _why(name.partition(",")[0])
    month = usd * SESSIONS_A_MONTH / float(ESTIMATE)
    return (
        Target(f"A session in {name}", usd, _MOST_A_SESSION, "USD", why=why),
        Target(f"A month in {name}, against the user's estimate", month, 1 / 3, "x", why=why),
    )


def _why(region: str) -> str:
    times = REGIONS[region].glue.usd / min(prices.glue.usd for prices in REGIONS.values())
    if times == 1:
        return ""
    return (
        f"a DPU-hour costs {times:.2f} times as much as where it is cheapest, and the run is billed a minute on two "
        "workers, the fewest that there are"
    )
