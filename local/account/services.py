"""The account put together: moto with its seams, and the services that really run, behind one endpoint."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from moto.athena.models import athena_backends
from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from local.account.gateway import Gateway, listen
from local.account.seams import forward_events, replace_object_store
from local.account.state import State
from local.athena.queries import Queries, ResultStorage
from local.athena.query_history import QueryHistory
from local.glue.catalog import Catalog
from local.glue.job_logs import JobLogs
from local.glue.job_process import JobProcesses, ObjectMissingError
from local.glue.jobs import Jobs
from local.glue.partition_indexes import PartitionIndexes
from local.glue.partitions import Partitions
from local.lambda_.dead_letters import DeadLetters
from local.lambda_.functions import Functions, may_invoke
from local.lambda_.invocations import Invoker
from local.lambda_.metrics import LambdaMetrics
from local.rights.api_calls import Place
from local.rights.guard import Guard
from local.rights.privileges import Privileges, Trail
from local.s3.archive import Archive
from local.s3.events import Outbox
from local.s3.mirror import Mirror
from local.s3.objects import ObjectStore

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

    from local.account.home import Home

ACCOUNT_ID = "123456789012"
REGION = "sa-east-1"
OWNED_SERVICES = ("AWSGlue.",)


class Services:
    """All of the account but Prefect: answers from the moment it is made, delivers events from `deliver_events` on.

    Args:
        home: the account's folders, which exist.
    """

    def __init__(self, home: Home) -> None:
        self._state = State(home.state)
        mirror = Mirror(home.mirror, home.scratch)
        self._outbox = Outbox(self._state)
        archive = Archive(self._state, mirror)
        replace_object_store(
            partial(ObjectStore, state=self._state, mirror=mirror, archive=archive, outbox=self._outbox)
        )
        self._objects: ObjectStore = s3_backends[ACCOUNT_ID]["aws"]
        forward_events(self._objects)
        self._server = listen(self._application)
        self.endpoint_url = f"http://{self._server.host}:{self._server.server_port}"
        self._gateway = self._assemble(home, mirror)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def may_invoke(self, function_arn: str, source_arn: str) -> bool:
        """Whether a function's resource policy lets S3 invoke it for a bucket."""
        return may_invoke(_find_function(function_arn), source_arn)

    def deliver_events(self) -> None:
        """Hand events to their functions, first those that an earlier account left."""
        self._outbox.start(self._functions.deliver)

    def stop(self) -> None:
        """Stop what runs, and answer no more."""
        self._processes.stop_all()
        self._invoker.stop()
        self._server.shutdown()
        self._state.close()

    def _application(self, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - WSGI's types
        return self._gateway(environ, start_response)

    def _assemble(self, home: Home, mirror: Mirror) -> Guard:
        place, privileges = Place(REGION, ACCOUNT_ID), Privileges(_policies, Trail(home.trail))
        catalog = Catalog(self._state)
        partitions = Partitions(self._state, catalog)
        job_logs = JobLogs(logs_backends[ACCOUNT_ID][REGION], place, privileges.of)
        self._processes = JobProcesses(
            home, self._fetch, self.endpoint_url, REGION, privileges.of, keep_log=job_logs.keep
        )
        jobs = Jobs(self._state, self._processes)
        storage = ResultStorage(self._write, lambda bucket: bucket in self._objects.buckets)
        history = QueryHistory(self._state)
        queries = Queries(catalog, partitions, mirror, _workgroup, storage, place, history=history)
        metrics = LambdaMetrics(self._state, cloudwatch_backends[ACCOUNT_ID][REGION].put_metric_data)
        self._invoker = Invoker(home, self.endpoint_url, REGION, privileges.of, metrics)
        dead_letters = DeadLetters(_send_message, privileges.of)
        self._functions = Functions(_find_function, self._invoker, self._outbox, dead_letters.bury)
        operations = {
            **catalog.operations(),
            **partitions.operations(),
            **PartitionIndexes(self._state, catalog).operations(),
            **jobs.operations(),
            **queries.operations(),
        }
        catalog.ensure_database("default")
        gateway = Gateway(operations, OWNED_SERVICES, self._functions.invoke, self._objects.commit)
        return Guard(gateway, privileges, place, queries.workgroup_of)

    def _fetch(self, url: str) -> bytes:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        try:
            return self._objects.read(bucket, key)
        except S3ClientError as error:
            raise ObjectMissingError(f"{url}: {error.message}") from error

    def _write(self, url: str, content: bytes) -> None:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self._objects.write(bucket, key, content)


def _find_function(name: str) -> LambdaFunction:
    return lambda_backends[ACCOUNT_ID][REGION].get_function(name)


def _send_message(queue_arn: str, body: str) -> None:
    _, _, _, region, account_id, name = queue_arn.split(":")
    sqs_backends[account_id][region].send_message(name, body)


def _policies(role: str) -> list[str]:
    try:
        found = iam_backends[ACCOUNT_ID]["aws"].get_role(role).policies
    except NotFoundException:
        return []
    return list(found.values())


def _workgroup(name: str) -> dict[str, Any] | None:
    known = athena_backends[ACCOUNT_ID][REGION].work_groups.get(name)
    return known.configuration if known else None
