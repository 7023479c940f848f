"""How protections are taken away, so that a case can be seen to fail without its own; see `protections`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

import requests
from matrix import deployed

from expectations.contract.names import HIDDEN_PREFIX
from expectations.contract.partitions import partition_prefix, partition_values
from flows.b3 import client as b3_scraper
from flows.b3.client import B3Client
from flows.errors import B3Unavailable, PayloadError
from flows.lake.s3 import Bucket
from flows.session import etl, pipeline, storage
from flows.session.pipeline import Pipeline
from flows.session.publish import Publisher
from flows.session.storage import Publication, RawVersion

if TYPE_CHECKING:
    import pytest
    from matrix.bench import World

    from expectations.gates.gate import Check


def setting(owner: object, name: str, value: object) -> Callable[[pytest.MonkeyPatch, World], None]:
    """Something else in the place of an attribute; raises `AttributeError` at once where there is no such attribute."""
    getattr(owner, name)
    return lambda patch, _: patch.setattr(owner, name, value)


def around(owner: Any, name: str, make: Callable[[Any], Any]) -> Callable[[pytest.MonkeyPatch, World], None]:  # noqa: ANN401
    """Something made of the attribute in its place; raises `AttributeError` at once where there is no such attribute."""
    getattr(owner, name)
    return lambda patch, _: patch.setattr(owner, name, make(getattr(owner, name)))


# --- B3 ------------------------------------------------------------------------------------------------------------------


def not_to_be_had(*_: object) -> None:
    raise B3Unavailable("removed")


def papering_over(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parsed(*arguments: object) -> object:
        try:
            return parse(*arguments)
        except PayloadError as error:
            raise B3Unavailable(str(error)) from error

    return parsed


def with_settings(**changed: object) -> Callable[[Any], Any]:
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


def of_one_header(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parsed(index: str, pages: Sequence[Any]) -> object:
        return parse(index, [replace(page, header=pages[0].header) for page in pages])

    return parsed


def remove_fallback(patch: pytest.MonkeyPatch, _: World) -> None:
    patch.setattr(B3Client, "_plain", not_to_be_had)
    patch.setattr(B3Client, "_from_csv", not_to_be_had)


def remove_strictness(patch: pytest.MonkeyPatch, _: World) -> None:
    patch.setattr(b3_scraper, "parse_page", papering_over(b3_scraper.parse_page))
    patch.setattr(b3_scraper, "parse_pages", papering_over(b3_scraper.parse_pages))


def without_expectation(module: Any, name: str, note: str) -> Callable[[pytest.MonkeyPatch, World], None]:  # noqa: ANN401
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

    return around(module, name, make)


# --- S3 ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Overwriting:
    """A client of S3 whose puts have no condition."""

    s3: Any

    def put_object(self, **request: object) -> object:
        for condition in ("IfNoneMatch", "IfMatch"):
            request.pop(condition, None)
        return self.s3.put_object(**request)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a client's
        return getattr(self.s3, name)


def overwriting(bucket: Bucket) -> Bucket:
    """The bucket, whose puts have no condition."""
    return Bucket(Overwriting(bucket.client), bucket.name)  # type: ignore[arg-type]


def put_over_anything(put: Callable[..., None]) -> Callable[..., None]:
    return lambda table, month, content, over: put(
        replace(table, refined=overwriting(table.refined)), month, content, over
    )


def over_anything(patch: pytest.MonkeyPatch, _: World) -> None:
    copy = Bucket.copy
    patch.setattr(Bucket, "copy", lambda bucket, source, key, **_: copy(bucket, source, key))
    patch.setattr(pipeline, "restore", lambda *_: None)


def remove_retries(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(world, "clients", world.hasty)


# --- one publisher a session ---------------------------------------------------------------------------------------------


class NoLease:
    """A lease that keeps nobody out."""

    def guard(self, what: Any) -> Any:  # noqa: ANN401 - a bucket, or a catalog
        return what


@contextmanager
def no_lease(*_: object) -> Iterator[NoLease]:
    yield NoLease()


def not_renewed(_lease: object, _every: float, stopped: Event) -> None:
    stopped.wait()


def as_if(**changed: object) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A method of the lease that sees another one."""
    return lambda method: lambda lease: method(replace(lease, **changed))


# --- publishing ----------------------------------------------------------------------------------------------------------


BY_TICKER = 4  # partition columns


def never_hiding(move: Callable[..., None]) -> Callable[..., None]:
    def call(publisher: Publisher, table: Any, prefixes: Mapping[Any, str], back: Mapping[Any, str]) -> None:  # noqa: ANN401
        if set(prefixes.values()) != {HIDDEN_PREFIX}:
            move(publisher, table, prefixes, back)

    return call


def visible_at_once(create: Callable[..., None]) -> Callable[..., None]:
    def call(catalog: Any, table: Any, prefixes: Mapping[Any, str]) -> None:  # noqa: ANN401
        assert len(table.partitions) == BY_TICKER
        prefix = {
            values: partition_prefix(table, "IBOV", date(*map(int, values[:3])), values[3]) for values in prefixes
        }
        create(catalog, table, prefix)

    return call


def not_undone(publisher: Publisher, table: Any, prefixes: Mapping[Any, str], back: Mapping[Any, str]) -> None:  # noqa: ANN401
    publisher.catalog.point(table, prefixes)


def none_is_known(refuse: Callable[..., None]) -> Callable[..., None]:
    return lambda errors, action, *_: refuse(errors, action)


def visible_before_copied(copy: Callable[..., None]) -> Callable[..., None]:
    def call(publisher: Publisher, table: Any, files: Sequence[Any], there: Any) -> None:  # noqa: ANN401
        publisher.catalog.create(
            table,
            {
                partition_values(table, item.index, item.session, item.ticker): partition_prefix(
                    table, item.index, item.session, item.ticker
                )
                for item in files
            },
        )
        copy(publisher, table, files, there)

    return call


def recorded_first(publish: Callable[..., Publication]) -> Callable[..., Publication]:
    def call(self: Pipeline, version: RawVersion, audited: Any, *, force: bool) -> Publication:  # noqa: ANN401
        staged, facts = audited.staged, storage.read_raw(self.lake.raw, version).facts
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
        storage.write_publication(self.lake.refined, record)
        return publish(self, version, audited, force=True)

    return call


def remove_record_last(patch: pytest.MonkeyPatch, _: World) -> None:
    """A record that comes first would be found out, for a run looks whether what is recorded is there."""
    patch.setattr(Pipeline, "publish", recorded_first(Pipeline.publish))
    patch.setattr("flows.session.pipeline.session_damage", lambda *_, **__: "")


def succeeded_anyhow(wait: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: {**wait(*given), "Status": {"State": "SUCCEEDED"}}


# --- the Lambda ----------------------------------------------------------------------------------------------------------


def in_the_account(*changes: Callable[[World], AbstractContextManager[None]]) -> Callable[..., None]:
    def remove(_: pytest.MonkeyPatch, world: World) -> None:
        for change in changes:
            world.undo.enter_context(change(world))

    return remove


def other_handler(old: str, new: str) -> Callable[..., None]:
    return in_the_account(partial(deployed.handler, change=deployed.replacing(old, new)))


NO_RETRIES = partial(deployed.given_up_after, retries=0)


# --- the Glue run --------------------------------------------------------------------------------------------------------


def any_manifest(refined: Bucket, run: Any) -> object:  # noqa: ANN401
    return etl.Manifest.from_json(refined.read(etl.manifest_key(run.run_id)))
