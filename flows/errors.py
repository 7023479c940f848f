"""The errors of the flows, named for what the caller can do about them.

    BovespaError
    ├── SettingsError       a setting is wrong: mend it
    ├── B3Error
    │   ├── B3Unavailable   B3 could not be had: try again later
    │   │   └── QuotesNotPublished  B3 has no prices of that day, or not yet: no failure of anything
    │   └── PayloadError    B3 answered what this code does not understand: the bytes are in landing/, replay once mended
    ├── AwsError            AWS refused, failed, or was not to be had
    │   └── WriteConflict   a conditional write found that somebody else has written: read again, decide again
    ├── EtlError
    │   ├── EtlNotStarted   no Glue run for the raw version: look at the Lambda
    │   ├── EtlRunFailed    the Glue run ended in another state than SUCCEEDED: look at its message
    │   └── EtlOverdue      the Glue run is still going after the deadline: run the flow again, it reattaches
    ├── StagingError        the run's output is not what its manifest says: nothing is published
    ├── PublishError        the published state could not be reached: run the flow again
    ├── NotRebuildable      a session cannot be computed from what is there: the message names what is missing
    │   └── LeaseLost       the flow stood still for so long that another took its session over: nothing more is written
    ├── AcknowledgeError    there is no loss to acknowledge: the message says what there is
    ├── DamagedError        what is published is not as it was published: reconcile mends it
    ├── PrefectUnavailable  Prefect's server did not take a run's state: what the run has done stays, run it again
    ├── NotPublishedError   nothing is published that an answer could rest on: collect or import it
    └── QueryError          Athena refused or failed a query

A gate that refuses raises `expectations.gates.gate.GateRefused`; a key or code of the wrong form
`expectations.contract.keys.ContractError`.
"""

from __future__ import annotations

from flows.glue_run import GlueRun


class BovespaError(Exception):
    """Any failure that the pipeline explains by itself, in one line."""


class SettingsError(BovespaError):
    """A setting is unknown or has a value that cannot be."""


class B3Error(BovespaError):
    """The portfolio could not be collected."""


class B3Unavailable(B3Error):  # noqa: N818 - a state of B3, not a fault of this code
    """B3 could not be had: no usable HTTP answer within the limits."""


class QuotesNotPublished(B3Unavailable):
    """B3 has no file of prices for what was asked: a day without a session, or before its evening."""


class PayloadError(B3Error):
    """An answer of B3 is not of a known form.

    Attributes:
        field: where in the answer, such as `results[3].part`.
        problem: what is there, and what was expected.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"B3's answer, {field}: {problem}")
        self.field = field
        self.problem = problem


class PrefectUnavailable(BovespaError):  # noqa: N818 - a state of Prefect's server
    """Prefect's server refused or failed what a run asked of it, or was not to be had."""


class AwsError(BovespaError):
    """AWS refused a call, failed at it, or was not to be had; botocore's own retries had been used up."""


class WriteConflict(AwsError):  # noqa: N818 - a state of the object
    """A conditional write found another object than it expected; nothing was written."""


class EtlError(BovespaError):
    """The Glue job did not turn the raw object version into staged files."""


class EtlNotStarted(EtlError):  # noqa: N818 - a state of the run
    """No Glue run for the raw object version appeared within the limit."""


class EtlRunFailed(EtlError):  # noqa: N818 - a state of the run
    """The Glue run ended FAILED, STOPPED, TIMEOUT, ERROR or EXPIRED.

    Attributes:
        run: as it ended; it costs what one that succeeded does.
    """

    def __init__(self, run: GlueRun) -> None:
        reason = run.message or "no message; look at the job's log"
        super().__init__(f"Glue run {run.run_id} ended {run.state}: {reason}")
        self.run = run


class EtlOverdue(EtlError):  # noqa: N818 - a state of the run
    """The Glue run is still going after the deadline; a later flow run reattaches to it."""


class StagingError(BovespaError):
    """What the Glue run left in staging is missing, or not what its manifest says."""


class PublishError(BovespaError):
    """A session could not be brought to its published state."""


class NotRebuildable(BovespaError):  # noqa: N818 - a state of what is known
    """A session cannot be computed from the sessions beside it and prices; the message names what is missing."""


class LeaseLost(PublishError):  # noqa: N818 - a state of the lease
    """The flow does not surely hold the lease any more under which it writes; what was to be written was not."""


class AcknowledgeError(BovespaError):
    """A session's loss cannot be acknowledged."""


class NotPublishedError(BovespaError):
    """Nothing is published that an answer could rest on."""


class DamagedError(BovespaError):
    """What an answer would rest on is not as it was published any more."""


class QueryError(BovespaError):
    """Athena refused or failed a query; the message is Athena's own reason."""
