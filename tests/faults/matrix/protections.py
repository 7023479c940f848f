"""What keeps faults from doing harm, and how to take each away, so that a case can be seen to fail without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import requests
from matrix.case import Protection

from expectations import gate, raw, refined
from expectations.contract import partition_prefix, partition_values
from flows import athena, b3_scraper, etl, lease, pipeline, publish, storage
from flows.b3_scraper import B3Client
from flows.errors import B3Unavailable, PayloadError, StagingError
from flows.pipeline import Pipeline
from flows.portfolio import Portfolio
from flows.publish import HIDDEN_PREFIX, Publisher
from flows.storage import Publication, RawVersion

if TYPE_CHECKING:
    import pytest
    from matrix.bench import World

    from expectations.gate import Check

def _setting(owner: object, name: str, value: object) -> Callable[[pytest.MonkeyPatch, World], None]:
    """Something else in the place of an attribute, which must be there."""
    return lambda patch, _: patch.setattr(owner, name, value)


def _around(owner: Any, name: str, make: Callable[[Any], Any]) -> Callable[[pytest.MonkeyPatch, World], None]:  # noqa: ANN401
    """Something made of the attribute in its place."""
    return lambda patch, _: patch.setattr(owner, name, make(getattr(owner, name)))


# --- B3 ------------------------------------------------------------------------------------------------------------------


def _not_to_be_had(*_: object) -> None:
    raise B3Unavailable("removed")


def _papering_over(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parsed(*arguments: object) -> object:
        try:
            return parse(*arguments)
        except PayloadError as error:
            raise B3Unavailable(str(error)) from error

    return parsed


def _with_settings(**changed: object) -> Callable[[Any], Any]:
    def make(method: Any) -> Any:  # noqa: ANN401 - a method
        def call(client: B3Client, response: requests.Response, ends: float) -> bytes:
            kept = client._settings
            client._settings = kept.model_copy(update=changed)
            try:
                return method(client, response, float("inf") if not changed else ends)  # type: ignore[no-any-return]
            finally:
                client._settings = kept

        return call

    return make


def _of_one_header(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parsed(index: str, pages: Sequence[Any]) -> object:
        return parse(index, [replace(page, header=pages[0].header) for page in pages])

    return parsed


def _empty_handed(collect: Callable[..., Portfolio]) -> Callable[..., Portfolio]:
    def collected(client: B3Client, index: str, at: datetime) -> Portfolio:
        try:
            return collect(client, index, at)
        except B3Unavailable:
            return Portfolio(index, at.date(), "json", (), 0, 0, Decimal(100), None)

    return collected


def _remove_fallback(patch: pytest.MonkeyPatch, _: World) -> None:
    patch.setattr(B3Client, "_from_csv", _not_to_be_had)
    patch.setattr(B3Client, "_from_html", _not_to_be_had)


def _remove_strictness(patch: pytest.MonkeyPatch, _: World) -> None:
    patch.setattr(b3_scraper, "parse_page", _papering_over(b3_scraper.parse_page))
    patch.setattr(b3_scraper, "parse_pages", _papering_over(b3_scraper.parse_pages))


B3_RETRIES = Protection("flows/b3_scraper.py: retries", _setting(B3Client, "_give_up", lambda *_: True))
B3_CALL_LIMIT = Protection(
    "flows/b3_scraper.py: limit of a call, whole", _around(B3Client, "_body", _with_settings())
)
B3_SIZE = Protection(
    "flows/b3_scraper.py: limit of an answer's size", _around(B3Client, "_body", _with_settings(b3_max_bytes=10**9))
)
B3_FALLBACK = Protection("flows/b3_scraper.py: CSV and page as further sources", _remove_fallback)
B3_NO_REDIRECT = Protection(
    "flows/b3_scraper.py: no redirect is followed",
    _setting(b3_scraper._Session, "get_redirect_target", requests.Session.get_redirect_target),
)
B3_STRICT = Protection("flows/b3_json.py: an answer that is not understood ends the run", _remove_strictness)
B3_PAGES = Protection(
    "flows/b3_json.py: pages have one header", _around(b3_scraper, "parse_pages", _of_one_header)
)
NOTHING_HAD = Protection(
    "flows/b3_scraper.py: nothing had is an error", _around(B3Client, "collect", _empty_handed)
)
LAND_FIRST = Protection(
    "flows/pipeline.py: bytes are kept before they are read",
    _setting(storage, "land", lambda _s3, _bucket, payload: payload.key()),
)


def gate_1(note: str) -> Protection:
    """The expectation of gate 1 whose words begin so."""
    return Protection(f"expectations/raw.py: {note}", _without_expectation(raw, "raw_checks", note))


def gate_2(note: str) -> Protection:
    """The expectations of gate 2 whose words contain this."""
    return Protection(f"expectations/refined.py: {note}", _without_expectation(refined, "refined_checks", note))


def _without_expectation(module: Any, name: str, note: str) -> Callable[[pytest.MonkeyPatch, World], None]:  # noqa: ANN401
    def without(check: Check) -> Check:
        kept = [item for item in check.expectations if note not in str(item.notes)]
        return replace(check, expectations=kept)

    def make(checks: Callable[..., Sequence[Check]]) -> Callable[..., list[Check]]:
        def fewer(*arguments: object) -> list[Check]:
            whole = checks(*arguments)
            left = [without(check) for check in whole]
            assert sum(len(check.expectations) for check in left) < sum(len(check.expectations) for check in whole)
            return [check for check in left if check.expectations]

        return fewer

    return _around(module, name, make)


GATE_2 = Protection("expectations/refined.py: gate 2", _setting(gate, "require", lambda report: report))

# --- S3 ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Overwriting:
    """A client of S3 whose puts have no condition."""

    s3: Any

    def put_object(self, **request: object) -> object:
        request.pop("IfNoneMatch", None)
        return self.s3.put_object(**request)


def _remove_retries(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(world, "clients", world.hasty)


AWS_RETRIES = Protection("flows/aws.py: standard retries", _remove_retries)
AWS_ERRORS = Protection(
    "flows/aws.py: AWS's errors are explained", _setting(storage, "aws_errors", lambda _: nullcontext())
)
LAND_ONCE = Protection(
    "flows/storage.py: If-None-Match on payloads",
    _around(storage, "land", lambda land: lambda s3, bucket, payload: land(_Overwriting(s3), bucket, payload)),
)
LAND_KNOWN = Protection(
    "flows/storage.py: a payload that is there already is the same", _setting(storage, "_EXISTS", frozenset())
)
LAND_CONFLICT = Protection(
    "flows/storage.py: a conflict (409) is tried again", _setting(storage, "_conflicts_retried", lambda put: put())
)

# --- one publisher a session ---------------------------------------------------------------------------------------------


@contextmanager
def _no_lease(*_: object) -> Iterator[None]:
    yield


LEASE = Protection("flows/lease.py: one publisher a session (If-None-Match)", _setting(pipeline, "session_lease", _no_lease))
LEASE_HOLDER = Protection(
    "flows/lease.py: a lease knows its holder",
    _around(lease, "_taken", lambda taken: lambda s3, bucket, key, void, _: taken(s3, bucket, key, void, "")),
)
LEASE_VOID = Protection(
    "flows/lease.py: a dead holder's lease is void after a time",
    _around(
        lease, "_taken", lambda taken: lambda s3, bucket, key, _, holder: taken(s3, bucket, key, float("inf"), holder)
    ),
)


def _not_renewed(*given: Any) -> object:  # noqa: ANN401 - the client, the bucket, …
    *_, (_, etag), _, stopped = given
    stopped.wait()
    return etag


LEASE_RENEWAL = Protection("flows/lease.py: a holder at work renews its lease", _setting(lease, "_renew", _not_renewed))
LEASE_GONE = Protection("flows/lease.py: a lease may be gone already", _setting(lease, "_GONE", frozenset()))

# --- publishing ----------------------------------------------------------------------------------------------------------


_BY_TICKER = 4  # partition columns


def _never_hiding(update: Callable[..., None]) -> Callable[..., None]:
    def call(publisher: Publisher, table: Any, prefixes: Mapping[Any, str]) -> None:  # noqa: ANN401
        if set(prefixes.values()) != {HIDDEN_PREFIX}:
            update(publisher, table, prefixes)

    return call


def _shown_at_once(create: Callable[..., None]) -> Callable[..., None]:
    def call(publisher: Publisher, table: Any, prefixes: Mapping[Any, str]) -> None:  # noqa: ANN401
        assert len(table.partitions) == _BY_TICKER
        prefix = {values: partition_prefix(table, "IBOV", date(*map(int, values[:3])), values[3]) for values in prefixes}
        create(publisher, table, prefix)

    return call


def _another_error(refuse: Callable[..., None]) -> Callable[..., None]:
    def call(errors: Sequence[object], action: str) -> None:
        if errors:
            raise StagingError(action)
        refuse(errors, action)

    return call


def _not_there_is_an_error(publisher: Publisher, table: Any, partitions: Any) -> None:  # noqa: ANN401
    values = [{"Values": list(item)} for item in sorted(partitions)]
    if values:
        answer = publisher.glue.batch_delete_partition(
            DatabaseName=publisher.database, TableName=table.name, PartitionsToDelete=values
        )
        publish._refuse(answer.get("Errors", []), "deleting partitions")


def _shown_before_copied(copy: Callable[..., None]) -> Callable[..., None]:
    def call(publisher: Publisher, table: Any, files: Sequence[Any]) -> None:  # noqa: ANN401
        publisher._create(
            table,
            {
                partition_values(table, item.index, item.session, item.ticker): partition_prefix(
                    table, item.index, item.session, item.ticker
                )
                for item in files
            },
        )
        copy(publisher, table, files)

    return call


def _recorded_first(publish: Callable[..., Publication]) -> Callable[..., Publication]:
    def call(self: Pipeline, version: RawVersion, audited: Any, *, force: bool) -> Publication:  # noqa: ANN401
        staged, facts = audited.staged, storage.read_raw(self.aws.s3, version).facts
        if found := self.publication(facts):
            return found
        record = Publication(
            staged.index,
            staged.session.isoformat(),
            facts.collected_at.isoformat(),
            facts.fingerprint,
            facts.has_sectors,
            version.version_id,
            staged.run_id,
            staged.rows,
            staged.summary_rows,
        )
        storage.write_publication(self.aws.s3, self.settings.refined_bucket, record)
        return publish(self, version, audited, force=True)

    return call


def _succeeded_anyhow(wait: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: {**wait(*given), "Status": {"State": "SUCCEEDED"}}


FILES_FIRST = Protection(
    "flows/publish.py: files first, partitions after", _around(Publisher, "_copy", _shown_before_copied)
)
RECORD_LAST = Protection(
    "flows/pipeline.py: recorded once it is confirmed", _around(Pipeline, "publish", _recorded_first)
)
HIDE_FIRST = Protection(
    "flows/publish.py: hidden while it is replaced", _around(Publisher, "_update", _never_hiding)
)
CREATE_HIDDEN = Protection("flows/publish.py: partitions are made hidden", _around(Publisher, "_create", _shown_at_once))
WHOLE_BATCHES = Protection(
    "flows/publish.py: hidden again where Glue took a part of it", _around(publish, "_refuse", _another_error)
)
ERRORS_READ = Protection(
    "flows/publish.py: a batch's errors are read", _setting(publish, "_refuse", lambda *_: None)
)
FROM_WHAT_IS_THERE = Protection(
    "flows/publish.py: begins from the partitions that are there",
    _setting(Publisher, "_partitions", lambda *_: iter(())),
)
STRAY_FILES = Protection(
    "flows/publish.py: files of no partition are removed", _setting(Publisher, "_delete_files", lambda *_: None)
)
STRAY_PARTITIONS = Protection(
    "flows/publish.py: partitions of the earlier version are removed",
    _setting(Publisher, "_delete_partitions", lambda *_: None),
)
GONE_ALREADY = Protection(
    "flows/publish.py: a partition may be gone already",
    _setting(Publisher, "_delete_partitions", _not_there_is_an_error),
)
CONFIRM = Protection(
    "flows/confirm.py: what Athena shows is compared, cell by cell",
    _setting(pipeline, "confirm", lambda _table, _published, audited: len(audited)),
)
QUERY_STATE = Protection("flows/athena.py: a query must have succeeded", _around(athena, "_wait", _succeeded_anyhow))
QUERY_LIMIT = Protection(
    "flows/athena.py: limit of a query",
    _around(athena, "_wait", lambda wait: lambda client, query, _: wait(client, query, 60)),
)
OUTDATED = Protection(
    "flows/pipeline.py: an outdated version is not published",
    _setting(Pipeline, "_refuse_outdated", lambda *_: None),
)
PUBLISHED_ONCE = Protection(
    "flows/storage.py: what is published as stated is left alone", _setting(Publication, "covers", lambda *_: False)
)

# --- the Glue run --------------------------------------------------------------------------------------------------------


def _any_manifest(s3: Any, bucket: str, run: Any) -> object:  # noqa: ANN401
    key = etl.manifest_key(run.run_id)
    return etl.Manifest.from_json(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


RUN_OF_MANIFEST = Protection("flows/etl.py: the manifest is the run's own", _setting(etl, "read_manifest", _any_manifest))
REATTACHED = Protection("flows/pipeline.py: a run that is there is found", _setting(Pipeline, "_has_run", lambda *_: False))
UPLOADED_AGAIN = Protection(
    "flows/pipeline.py: a version whose run failed or never came is uploaded again",
    _setting(Pipeline, "_has_run", lambda *_: True),
)
MANIFEST_NEEDED = Protection(
    "flows/pipeline.py: a run without manifest counts as none", _setting(Pipeline, "_is_whole", lambda *_: True)
)
FINGERPRINT = Protection(
    "flows/storage.py: a raw version is known by its portfolio", _setting(RawVersion, "covers", lambda *_: True)
)
