"""The alarms as a table: what is watched, when it is too much, and what to do about it.

No session by noon. A session is missing when no run has found it published, and that must be noticed too when no run came
about at all, so the absence of a metric must count, but on weekdays only. So two write the metric FreshSession: every run
that finds the session of today (or, on a holiday, B3's next one) published puts 1, and a schedule puts 0 at 12:00 São Paulo
time, Monday to Friday. The alarm is on the maximum of six hours: at noon that is 06:00 to 12:00, every try of the morning; the
0 alone is an alarm, a 1 beside it is none, and neither, as at weekends, is not breaching. A day would be too long a period:
an alarm's period slides with the time of its evaluation, so that the runs of yesterday afternoon would still be in it, and a
period on the clock's own boundaries is looked at only once it is over, which would be midnight. In the afternoon the alarm
stays silent as long as some try of the last six hours found the session published.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from expectations.contract import metrics
from expectations.contract.names import DEFAULT_INDEX, LAMBDA_NAME, in_environment
from infrastructure.trigger import DEAD_LETTERS

_FIVE_MINUTES = 300
_SIX_HOURS = 6 * 3600
_SLOW_RUN = 900  # seconds; a usual run takes two to four minutes, most of which is Glue's start

_OF_LAMBDA = {"FunctionName": LAMBDA_NAME}
_OF_INDEX = {metrics.INDEX_DIMENSION: DEFAULT_INDEX}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm on one metric; missing data never breaches.

    Attributes:
        description: what has happened and what to do, as the message will say it.
        period: in seconds.
        periods: how many in a row must breach.
    """

    name: str
    description: str
    namespace: str
    metric: str
    dimensions: dict[str, str] = field(hash=False)
    statistic: str = "Sum"
    comparison: str = "GreaterThanOrEqualToThreshold"
    threshold: float = 1
    period: int = _FIVE_MINUTES
    periods: int = 1


# The Ibovespa's; other indices have theirs of `alarms_of`.
ALARMS = (
    Alarm(
        "bovespa-no-session-by-noon",
        "No run has found today's session published. B3 shows it today only: run `bovespa run --aws` and see what it says.",
        metrics.NAMESPACE,
        metrics.FRESH_SESSION,
        _OF_INDEX,
        statistic="Maximum",
        comparison="LessThanThreshold",
        period=_SIX_HOURS,
    ),
    Alarm(
        "bovespa-gate-failure",
        "A gate refused a session, which is not published. The run's report names the expectations that failed.",
        metrics.NAMESPACE,
        metrics.GATE_FAILURES,
        _OF_INDEX,
    ),
    Alarm(
        "bovespa-composition-change",
        "The index's composition changed: shares entered, left, were renamed, or have another quantity. Nothing is to be "
        "mended; `bovespa changes --aws` (with --index, of another index) shows them.",
        metrics.NAMESPACE,
        metrics.COMPOSITION_CHANGES,
        _OF_INDEX,
    ),
    Alarm(
        "bovespa-divergent-session",
        "A published session does not follow from B3's closing prices: a figure of it, or a price, is wrong, or an event is of a "
        "kind that is not understood. It stays published; `bovespa status --aws` says what does not follow.",
        metrics.NAMESPACE,
        metrics.DIVERGENT_SESSIONS,
        _OF_INDEX,
    ),
    Alarm(
        "bovespa-slow-run",
        "A run took more than a quarter of an hour. Its summary has the seconds of each step.",
        metrics.NAMESPACE,
        metrics.DURATION,
        _OF_INDEX,
        statistic="Maximum",
        comparison="GreaterThanThreshold",
        threshold=_SLOW_RUN,
    ),
    Alarm(
        "bovespa-lambda-errors",
        "The Lambda that starts the Glue job failed. Lambda tries twice more; its log says why.",
        "AWS/Lambda",
        "Errors",
        _OF_LAMBDA,
    ),
    Alarm(
        "bovespa-lambda-throttles",
        "The Lambda that starts the Glue job has been throttled for a quarter of an hour: events wait.",
        "AWS/Lambda",
        "Throttles",
        _OF_LAMBDA,
        periods=3,
    ),
    Alarm(
        "bovespa-dead-letters",
        "An upload's event was given up after all retries and lies in the queue: its raw file has no Glue run.",
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": DEAD_LETTERS},
        statistic="Maximum",
    ),
)


def alarms_of(indices: Iterable[str], environment: str = "") -> list[Alarm]:
    """The alarms of some indices: each has its own of those on the runs' metrics; the rest are there once."""
    shared = [alarm for alarm in ALARMS if alarm.dimensions is not _OF_INDEX]
    of_indices = [_of(index, alarm) for index in indices for alarm in ALARMS if alarm not in shared]
    return [_in(environment, alarm) for alarm in (*of_indices, *shared)]


def _in(environment: str, alarm: Alarm) -> Alarm:
    own = alarm.namespace == metrics.NAMESPACE
    named = {
        name: value if name == metrics.INDEX_DIMENSION else in_environment(value, environment)
        for name, value in alarm.dimensions.items()
    }
    return replace(
        alarm,
        name=in_environment(alarm.name, environment),
        namespace=in_environment(alarm.namespace, environment) if own else alarm.namespace,
        dimensions=named,
    )


def _of(index: str, alarm: Alarm) -> Alarm:
    if index == DEFAULT_INDEX:
        return alarm
    return replace(
        alarm,
        name=f"{alarm.name}-{index.lower()}",
        description=f"{index}: {alarm.description}",
        dimensions={metrics.INDEX_DIMENSION: index},
    )
