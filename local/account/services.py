"""The account put together: moto, and the services that really run, behind one endpoint."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from local.account import ACCOUNT_ID, REGION
from local.account.access import AccountAccess
from local.account.gateway import Gateway
from local.account.http_server import listen
from local.account.moto_inside import (
    MotoBackends,
    S3ClientError,
    application,
    forget_instances,
    forward_events,
    install_object_store,
    keep_conditions,
)
from local.account.state import AccountState
from local.athena.queries import Queries, ResultStorage
from local.athena.query_history import QueryHistory
from local.glue.catalog import GlueCatalog
from local.glue.job_logs import JobLogs
from local.glue.job_process import JobProcesses, ObjectMissingError
from local.glue.jobs import Jobs
from local.glue.partition_indexes import PartitionIndexes
from local.glue.partitions import Partitions
from local.lambda_.dead_letters import DeadLetters
from local.lambda_.functions import Functions, may_invoke
from local.lambda_.invocations import Invoker
from local.lambda_.metrics import LambdaMetrics
from local.rights.api_calls import AccountPlace
from local.rights.guard import Guard
from local.rights.privileges import Privileges, Trail
from local.s3.archive import Archive
from local.s3.events import Outbox
from local.s3.mirror import Mirror
from local.s3.objects import ObjectStore
from local.s3.plain import PlainObjects

if TYPE_CHECKING:
    from local.account.home import Home
    from local.rights.keys import HomeKeys, KeyPair

OWNED_SERVICES = ("AWSGlue.",)


class Services:
    """All of the account but Prefect: answers from the moment it is made, delivers events from `deliver_events` on.

    Args:
        home: the account's folders, which exist.
        keys: of the home.
    """

    def __init__(self, home: Home, keys: HomeKeys) -> None:
        self._state = AccountState(home.state)
        mirror = Mirror(home.mirror, home.scratch)
        self._outbox = Outbox(self._state)
        archive = Archive(self._state, mirror)
        make = partial(ObjectStore, state=self._state, mirror=mirror, archive=archive, outbox=self._outbox)
        self._objects: ObjectStore = install_object_store(make, ACCOUNT_ID)
        forward_events(self._objects.notify)
        keep_conditions()
        forget_instances()
        self._moto = MotoBackends(ACCOUNT_ID, REGION)
        self._server = listen(self._application)
        self._address = f"{self._server.host}:{self._server.server_port}"
        self.access = AccountAccess(f"http://{self._address}", REGION, keys)
        self._gateway = self._assemble(home, mirror)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def may_invoke(self, function_arn: str, source_arn: str) -> bool:
        """Whether a function's resource policy lets S3 invoke it for a bucket."""
        return may_invoke(self._moto.find_function(function_arn), source_arn)

    @property
    def objects(self) -> ObjectStore:
        """S3."""
        return self._objects

    def deliver_events(self) -> None:
        """Hand events to their functions, first those that an earlier account left."""
        self._outbox.start(self._functions.deliver)

    def stand_by(self) -> None:
        """Be ready for what a flow starts."""
        self._jobs.stand_by()

    def stop(self) -> None:
        """Stop what runs, and answer no more."""
        self._processes.stop_all()
        self._invoker.stop()
        self._server.shutdown()
        self._state.close()

    def _application(self, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - WSGI's types
        return self._gateway(environ, start_response)

    def _assemble(self, home: Home, mirror: Mirror) -> Guard:
        place, privileges = AccountPlace(), Privileges(self._moto.policies_of, Trail(home.trail))
        catalog = GlueCatalog(self._state)
        partitions = Partitions(self._state, catalog)
        job_logs = JobLogs(self._moto.logs, place, privileges.of)
        self._processes = JobProcesses(home, self._fetch, self.access, privileges.of, keep_log=job_logs.keep)
        storage = ResultStorage(self._write, lambda bucket: bucket in self._objects.buckets, home.scratch / "answers")
        history = QueryHistory(self._state)
        queries = Queries(catalog, partitions, mirror, self._moto.workgroup, storage, place, history=history)
        # What a run writes is asked for once it has ended, and the machine has little to do while Java starts.
        jobs = self._jobs = Jobs(self._state, self._processes, begun=queries.get_ready)
        metrics = LambdaMetrics(self._state, self._moto.put_metric_data)
        self._invoker = Invoker(home, self.access, privileges.of, metrics)
        dead_letters = DeadLetters(self._moto.send_message, privileges.of)
        self._functions = Functions(self._moto.find_function, self._invoker, self._outbox, dead_letters.bury)
        operations = {
            **catalog.operations(),
            **partitions.operations(),
            **PartitionIndexes(self._state, catalog).operations(),
            **jobs.operations(),
            **queries.operations(),
        }
        catalog.ensure_database("default")
        aws = PlainObjects(self._objects, application())
        gateway = Gateway(operations, OWNED_SERVICES, self._functions.invoke, aws, self._objects.commit)
        return Guard(gateway, self._address, self._find_key, privileges, place, queries.workgroup_of)

    def _find_key(self, access_key: str) -> KeyPair | None:
        return self.access.keys.find(access_key) or self._moto.assumed_keys(access_key)

    def _fetch(self, url: str) -> bytes:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        try:
            return self._objects.read(bucket, key)
        except S3ClientError as error:
            raise ObjectMissingError(f"{url}: {error.message}") from error

    def _write(self, url: str, content: bytes) -> None:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self._objects.write(bucket, key, content)
