"""The boundary to S3: calls that fail, that are slowed down, and writes whose answer is lost."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from matrix import protections as kept_by
from matrix.case import Case, Ends, Fault, Stage, at_aws
from matrix.proxy import Reply
from matrix.state import demand, landed, raw_versions
from matrix.wire import cuts, first_tries, keeps_the_answer, loses_the_answer, refuses, resets, says, to

if TYPE_CHECKING:
    from matrix.bench import Bench
    from matrix.proxy import Does, Exchange
    from matrix.wire import Matches

S3 = "S3"

_LANDING = to("PutObject", "landing/")
_RAW = to("PutObject", "raw-data/")
_LEASE = to("PutObject", "leases/")
_RECORD = to("PutObject", "published/")
_PASSING: dict[str, Does] = {
    "500": refuses("InternalError", 500),
    "503 SlowDown": refuses("SlowDown", 503),
    "connection reset": resets,
}


def one_payload(bench: Bench) -> None:
    """What was kept was kept once."""
    demand(len(landed(bench)) == 1, f"{len(landed(bench))} versions in landing")


def one_raw_file(bench: Bench) -> None:
    demand(len(raw_versions(bench)) == 1, f"{len(raw_versions(bench))} raw versions")


def without_waiting(bench: Bench) -> None:
    """The flow did not wait for its own lease."""
    puts = [call for call in bench.world.aws.asked("PutObject") if call.key.startswith("leases/")]
    # A slow machine renews its lease meanwhile, over what is there.
    tries = [call for call in puts if "if-none-match" in call.headers]
    demand(len(tries) <= 3, f"the lease was tried {len(tries)} times")


def _writes() -> list[Case]:
    """Writes of the collection."""
    collect = partial(Case, S3, stage=Stage.COLLECT, ends=Ends.RECOVERS)
    late = keeps_the_answer(4)
    return [
        *(
            collect(fault=f"{name} to the payload's put", protection=kept_by.AWS_RETRIES, arm=_at(_LANDING, does))
            for name, does in _PASSING.items()
        ),
        collect(
            fault="409 to the payload's put",
            protection=kept_by.LAND_CONFLICT,
            arm=_at(_LANDING, refuses("ConditionalRequestConflict", 409)),
        ),
        collect(
            fault="the payload's put took place, its answer is lost",
            protection=kept_by.LAND_KNOWN,
            arm=_at(_LANDING, loses_the_answer),
            seen=one_payload,
            quick=True,
        ),
        collect(
            fault="the payload's put took place, its answer does not come (timeout)",
            protection=kept_by.LAND_ONCE,
            arm=_at(_LANDING, late),
            seen=one_payload,
        ),
        *(
            collect(fault=f"{name} to the raw file's put", protection=kept_by.AWS_RETRIES, arm=_at(_RAW, does))
            for name, does in _PASSING.items()
        ),
        collect(
            fault="the raw file's put took place, its answer is lost",
            protection=kept_by.AWS_RETRIES,
            arm=_at(_RAW, loses_the_answer),
            quick=True,
        ),
        collect(
            fault="500 to the raw file's put, lasting",
            protection=kept_by.LAND_KNOWN,
            ends=Ends.FAILS,
            arm=_at(_RAW, refuses("InternalError", 500), None),
            says="writing s3://",
            seen=one_payload,
        ),
    ]


def _error_in_200(exchange: Exchange) -> None:
    """CopyObject's way to fail late: HTTP 200, and an error for a body."""
    says(200, b'<?xml version="1.0"?><Error><Code>InternalError</Code><Message>injected</Message></Error>')(exchange)


def _copied_nothing(exchange: Exchange) -> None:
    """An answer as if the copy had been made."""
    body = (
        b'<?xml version="1.0"?><CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        b"<LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>&quot;0&quot;</ETag></CopyObjectResult>"
    )
    exchange.send(Reply(200, (("Content-Type", "application/xml"),), body))


def _reads_and_copies() -> list[Case]:
    """Reads of what the Glue run left, and the copies that publish it."""
    publish = partial(Case, S3, stage=Stage.PUBLISH)
    recovers = partial(publish, ends=Ends.RECOVERS, protection=kept_by.AWS_RETRIES)
    staged, copy = to("GetObject", "staging/"), to("CopyObject", "refined-")
    return [
        recovers(fault="500 to a read of the manifest", arm=_at(staged, refuses("InternalError", 500))),
        recovers(fault="503 SlowDown to reads of staged files", arm=_at(staged, refuses("SlowDown", 503), 2, after=1)),
        publish(
            fault="a staged file's body cut short",
            protection=kept_by.AWS_ERRORS,
            ends=Ends.FAILS,
            says="reading s3://",
            arm=_at(staged, cuts, after=1),
        ),
        recovers(fault="500 to a copy", arm=_at(copy, refuses("InternalError", 500))),
        recovers(
            fault="503 SlowDown to ten copies",
            arm=_at(first_tries(copy), refuses("SlowDown", 503), 10, after=20),
            by_ticker=True,
        ),
        recovers(fault="an error in a copy's 200", arm=_at(copy, _error_in_200)),
        recovers(fault="a copy took place, its answer is lost", arm=_at(copy, loses_the_answer)),
        publish(
            fault="503 SlowDown to copies, lasting",
            protection=kept_by.FILES_FIRST,
            ends=Ends.FAILS,
            says="copying s3://",
            arm=_at(copy, refuses("SlowDown", 503), None, after=40),
            by_ticker=True,
        ),
        publish(
            fault="a copy that is answered and was not made",
            protection=kept_by.CONFIRM,
            ends=Ends.FAILS,
            says="audited rows are missing",
            arm=_at(copy, _copied_nothing),
        ),
        publish(
            fault="500 to the publication's record, lasting",
            protection=kept_by.FROM_WHAT_IS_THERE,
            ends=Ends.FAILS,
            says="writing s3://",
            arm=_at(_RECORD, refuses("InternalError", 500), None),
        ),
    ]


def _leases() -> list[Case]:
    publish = partial(Case, S3, stage=Stage.PUBLISH, ends=Ends.RECOVERS)
    return [
        publish(
            fault="the lease's put took place, its answer is lost",
            protection=kept_by.LEASE_HOLDER,
            arm=_at(_LEASE, loses_the_answer),
            limits={"lease_timeout": "4"},
            seen=without_waiting,
        ),
        publish(
            fault="the lease's removal took place, its answer is lost",
            protection=kept_by.LEASE_GONE,
            arm=_at(to("DeleteObject", "leases/"), loses_the_answer),
        ),
    ]


def _at(matches: Matches, does: Does, times: int | None = 1, after: int = 0):  # noqa: ANN202 - an arm
    return at_aws(Fault(matches, does, times, after))


CASES = [*_writes(), *_reads_and_copies(), *_leases()]
