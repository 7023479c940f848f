"""The boundary to Glue: runs that do not start, fail, stop, hang, and output that is not what it should be."""

from __future__ import annotations

import io
import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from matrix import deployed
from matrix import protections as kept_by
from matrix.case import Case, Ends, Fault, Stage, at_aws, limited
from matrix.deployed import await_run, one_run
from matrix.state import keys
from matrix.trigger import AFTER_A_RETRY
from matrix.wire import changes, refuses, to

from expectations.contract.keys import manifest_key, raw_key, staging_prefix
from expectations.contract.names import GLUE_JOB_NAME, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.tables import refined_table

if TYPE_CHECKING:
    from matrix.bench import Bench
    from matrix.case import Arm
    from matrix.proxy import Call, Does, Exchange

GLUE = "Glue"


def _at_start(does: Does) -> Arm:
    """The Lambda's call that starts the session's run meets a fault."""

    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        key = raw_key(bench.portfolio.index, bench.session).encode()

        def starts(call: Call) -> bool:
            # Another session's event may come late and must not take the fault.
            return call.operation == "StartJobRun" and key in call.body

        by_way_of_the_proxy = {"AWS_ENDPOINT_URL": bench.world.aws.url}
        with deployed.variables(bench.world, by_way_of_the_proxy), at_aws(Fault(starts, does))(bench):
            yield

    return arm


def _to_its_run(do: Callable[[Bench, str], None], *, midway: bool) -> Arm:
    """Something is done to the session's Glue run while it is at work; midway: when it has begun to write."""

    def strike(bench: Bench) -> None:
        run_id, ends = await_run(bench), time.monotonic() + 30
        while midway and not keys(bench.world, REFINED_BUCKET, staging_prefix(run_id)) and time.monotonic() < ends:
            time.sleep(0.05)
        do(bench, run_id)

    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        striker = Thread(target=strike, args=(bench,), daemon=True)
        striker.start()
        yield
        striker.join()

    return arm


def _kill(_: Bench, run_id: str) -> None:
    deployed.signal_run(run_id, signal.SIGKILL)


def _stop(bench: Bench, run_id: str) -> None:
    bench.world.eyes.glue.batch_stop_job_run(JobName=GLUE_JOB_NAME, JobRunIds=[run_id])


@contextmanager
def _hanging(bench: Bench) -> Iterator[None]:
    """The run hangs, and has a minute."""
    glue = bench.world.eyes.glue
    right: Any = glue.get_job(JobName=GLUE_JOB_NAME)["Job"]
    update = {name: value for name, value in right.items() if name not in ("Name", "CreatedOn", "LastModifiedOn")}
    glue.update_job(JobName=GLUE_JOB_NAME, JobUpdate={**update, "Timeout": 1})
    try:
        with _to_its_run(lambda _, run_id: deployed.signal_run(run_id, signal.SIGSTOP), midway=False)(bench):
            yield
    finally:
        glue.update_job(JobName=GLUE_JOB_NAME, JobUpdate=update)


@contextmanager
def _a_strangers_file(bench: Bench) -> Iterator[None]:
    """Somebody has put a file that is none where the raw file belongs."""
    key = raw_key(bench.portfolio.index, bench.session)
    bench.world.eyes.s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=b"not Parquet")
    yield


@contextmanager
def _manifest_gone(bench: Bench) -> Iterator[None]:
    """Glue's run succeeds, and its manifest is not there."""

    def delete(exchange: Exchange) -> None:
        bench.world.eyes.s3.delete_object(Bucket=REFINED_BUCKET, Key=exchange.call.key)
        refuses("NoSuchKey", 404)(exchange)

    def is_manifest(call: Call) -> bool:
        return call.operation == "GetObject" and call.key.endswith("/manifest.json")

    with at_aws(Fault(is_manifest, delete))(bench):
        yield


def _runs() -> list[Case]:
    fails = partial(Case, GLUE, stage=Stage.DAILY, ends=Ends.FAILS, protection=kept_by.UPLOADED_AGAIN)
    recovers = partial(Case, GLUE, stage=Stage.DAILY, ends=Ends.RECOVERS, limits=AFTER_A_RETRY, then=one_run)
    found = partial(fails, protection=kept_by.REATTACHED, then=one_run, uploads=1)
    return [
        recovers(
            fault="StartJobRun throttled",
            protection=kept_by.TRIED_WHILE_CLAIMED,
            arm=_at_start(refuses("ThrottlingException")),
        ),
        recovers(
            fault="StartJobRun refused: too many concurrent runs",
            protection=kept_by.LAMBDA_RAISES,
            arm=_at_start(refuses("ConcurrentRunsExceededException")),
        ),
        fails(fault="the run is killed midway", says="ended FAILED", arm=_to_its_run(_kill, midway=True)),
        fails(fault="the run is stopped", says="ended STOPPED", arm=_to_its_run(_stop, midway=False)),
        fails(fault="the run hangs and is timed out", says="ended TIMEOUT", arm=_hanging, early=True),
        found(fault="the run takes longer than the flow waits", says="has not ended", arm=limited(etl_timeout="1")),
        Case(
            GLUE,
            "the run fails: a stranger's file that is no Parquet",
            kept_by.FINGERPRINT,
            Ends.RECOVERS,
            _a_strangers_file,
            Stage.DAILY,
            limits={"etl_start_timeout": "20"},
        ),
        fails(
            fault="output without manifest",
            protection=kept_by.MANIFEST_NEEDED,
            says="left no manifest",
            arm=_manifest_gone,
        ),
    ]


# --- what a run leaves ---------------------------------------------------------------------------------------------------


def _manifest_of(bench: Bench) -> tuple[str, dict[str, Any]]:
    assert bench.version is not None
    key = manifest_key(bench.world.runs[bench.version.version_id].run_id)
    body = bench.world.eyes.s3.get_object(Bucket=REFINED_BUCKET, Key=key)["Body"].read()
    return key, json.loads(body)


def _staged_as(change: Callable[[pa.Table], pa.Table]) -> Arm:
    """A refined file of the session is another than it should be, and the manifest states its size."""

    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        s3, table = bench.world.eyes.s3, refined_table(bench.portfolio.index).name
        key, manifest = _manifest_of(bench)
        item = next(
            item for item in manifest["files"] if (item["table"], item["session"]) == (table, str(bench.session))
        )
        right = pq.read_table(io.BytesIO(s3.get_object(Bucket=REFINED_BUCKET, Key=item["key"])["Body"].read()))
        written = io.BytesIO()
        pq.write_table(change(right), written)
        item["size"] = len(written.getvalue())
        s3.put_object(Bucket=REFINED_BUCKET, Key=item["key"], Body=written.getvalue())
        s3.put_object(Bucket=REFINED_BUCKET, Key=key, Body=json.dumps(manifest).encode())
        yield

    return arm


def _plus(column: str, amount: float) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        array = pa.array([values[0] + amount, *values[1:]], table.schema.field(column).type)
        return table.set_column(table.schema.get_field_index(column), table.schema.field(column), array)

    return change


def _as_float(table: pa.Table) -> pa.Table:
    column = "quantidade_teorica_acoes"
    return table.set_column(
        table.schema.get_field_index(column), column, pc.cast(table[column], pa.float32(), safe=False)
    )


def _outputs() -> list[Case]:
    refused = partial(Case, GLUE, stage=Stage.PUBLISH, ends=Ends.IS_REFUSED, protection=kept_by.GATE_2)
    damages: Mapping[str, Callable[[pa.Table], pa.Table]] = {
        "another share": _plus("percentual_participacao_ibov", 0.001),
        "another quantity": _plus("quantidade_teorica_acoes", 1.0),
        "another age": _plus("dias_desde_coleta", 1),
        "a row less": lambda table: table.slice(1),
        "a row twice": lambda table: pa.concat_tables([table, table.slice(0, 1)]),
        "a column of another type": _as_float,
    }
    return [
        *(
            refused(
                fault=f"staged output with {name}", says="gate-2", arm=_staged_as(change), quick=name == "another share"
            )
            for name, change in damages.items()
        ),
        Case(
            GLUE,
            "another run's manifest",
            kept_by.RUN_OF_MANIFEST,
            Ends.FAILS,
            at_aws(Fault(to("GetObject", "staging/"), changes(lambda body: {**body, "run_id": "jr_another"}))),
            Stage.PUBLISH,
            says="it is of run jr_another",
        ),
        Case(
            GLUE,
            "GetJobRun throttled",
            kept_by.AWS_RETRIES,
            Ends.RECOVERS,
            at_aws(Fault(to("GetJobRun"), refuses("ThrottlingException"))),
            Stage.PUBLISH,
        ),
    ]


CASES = [*_runs(), *_outputs()]
