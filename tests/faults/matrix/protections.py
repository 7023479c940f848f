"""What keeps faults from doing harm, each with the way to take it away; see `removals`."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial

import requests
from matrix import deployed
from matrix.case import Protection
from matrix.removals import (
    NO_RETRIES,
    any_manifest,
    around,
    as_if,
    in_the_account,
    never_hiding,
    no_lease,
    none_is_known,
    not_renewed,
    not_undone,
    of_one_header,
    other_handler,
    over_anything,
    overwriting,
    put_over_anything,
    remove_fallback,
    remove_record_last,
    remove_retries,
    remove_strictness,
    setting,
    succeeded_anyhow,
    visible_at_once,
    visible_before_copied,
    with_settings,
    without_expectation,
)

from expectations.gates import gate, raw
from flows.b3 import client as b3_scraper
from flows.b3 import site
from flows.b3.client import B3Client
from flows.history.month_files import MonthlyTable
from flows.lake import athena, catalog, lease, s3
from flows.lake.catalog import Catalog
from flows.lake.lease import Lease
from flows.record import status
from flows.session import etl, pipeline, storage
from flows.session.pipeline import Pipeline
from flows.session.publish import Publisher
from flows.session.storage import Publication, RawVersion

B3_RETRIES = Protection("flows/b3/site.py", "retries", setting(B3Client, "_give_up", lambda *_: True))

B3_CALL_LIMIT = Protection("flows/b3/site.py", "limit of a call, whole", around(B3Client, "_body", with_settings()))

B3_SIZE = Protection(
    "flows/b3/site.py", "limit of an answer's size", around(B3Client, "_body", with_settings(b3_max_bytes=10**9))
)

B3_FALLBACK = Protection("flows/b3/client.py", "plain JSON and CSV as further sources", remove_fallback)

B3_NO_REDIRECT = Protection(
    "flows/b3/site.py",
    "no redirect is followed",
    setting(site.OneAddress, "get_redirect_target", requests.Session.get_redirect_target),
)

B3_STRICT = Protection("flows/b3/json_answer.py", "an answer that is not understood ends the run", remove_strictness)

B3_PAGES = Protection(
    "flows/b3/json_answer.py", "pages have one header", around(b3_scraper, "parse_pages", of_one_header)
)

NAMED_MISSING = Protection(
    "flows/record/status.py",
    "status names what the calendar expects",
    setting(
        status._Span,
        "of",
        lambda span, index, traces: [
            found for day, found in sorted(traces.sessions.get(index, {}).items()) if span.since <= day <= span.last
        ],
    ),
)

LAND_FIRST = Protection(
    "flows/session/pipeline.py",
    "bytes are kept before they are read",
    setting(storage, "land", lambda _raw, payload: payload.key()),
)


def gate_1(note: str) -> Protection:
    """The expectation of gate 1 whose words begin so."""
    return Protection("expectations/gates/raw.py", f"gate 1, {note}", without_expectation(raw, "raw_checks", note))


GATE_2 = Protection("expectations/gates/refined.py", "gate 2", setting(gate, "require", lambda report: report))

AWS_RETRIES = Protection("flows/lake/connect.py", "standard retries", remove_retries)

AWS_ERRORS = Protection(
    "flows/lake/s3.py", "AWS's errors are explained", setting(s3, "aws_errors", lambda _: nullcontext())
)

LAND_ONCE = Protection(
    "flows/session/storage.py",
    "If-None-Match on payloads",
    around(storage, "land", lambda land: lambda raw, payload: land(overwriting(raw), payload)),
)

LAND_KNOWN = Protection(
    "flows/session/storage.py",
    "a payload that is there already is the same",
    setting(storage, "suppress", lambda _: nullcontext()),
)

LAND_CONFLICT = Protection("flows/lake/s3.py", "a conflict (409) is tried again", setting(s3, "CONFLICT", frozenset()))

LEASE = Protection(
    "flows/lake/lease.py", "one publisher a session (If-None-Match)", setting(pipeline, "session_lease", no_lease)
)

LEASE_HOLDER = Protection(
    "flows/lake/lease.py",
    "a lease knows its holder",
    around(Lease, "_taken", as_if(holder="")),
)

LEASE_VOID = Protection(
    "flows/lake/lease.py",
    "a dead holder's lease is void after a time",
    around(Lease, "_taken", as_if(void_after=float("inf"))),
)

LEASE_RENEWAL = Protection(
    "flows/lake/lease.py", "a holder at work renews its lease", setting(lease, "_renew", not_renewed)
)

LEASE_GONE = Protection(
    "flows/lake/lease.py", "a lease may be gone already", setting(lease, "suppress", lambda _: nullcontext())
)

LEASE_FENCE = Protection(
    "flows/lake/lease.py", "nothing is written without the lease", setting(Lease, "guard", lambda _, what: what)
)

COPY_CONDITION = Protection(
    "flows/session/publish.py", "a file is put over the one that was listed only (If-Match)", over_anything
)

RESTORED = Protection(
    "flows/session/restore.py",
    "who was overtaken looks whether all is right",
    setting(pipeline, "restore", lambda *_: None),
)

FILES_FIRST = Protection(
    "flows/session/publish.py", "files first, partitions after", around(Publisher, "_copy", visible_before_copied)
)

RECORD_LAST = Protection(
    "flows/session/pipeline.py", "recorded once it is confirmed, and looked whether it is there", remove_record_last
)

HIDE_FIRST = Protection(
    "flows/session/publish.py", "hidden while it is replaced", around(Publisher, "_move", never_hiding)
)

CREATE_HIDDEN = Protection(
    "flows/session/publish.py", "partitions are made hidden", around(Catalog, "create", visible_at_once)
)

WHOLE_BATCHES = Protection(
    "flows/session/publish.py", "undone where Glue took a part of a batch", setting(Publisher, "_move", not_undone)
)

FROM_WHAT_IS_THERE = Protection(
    "flows/session/publish.py",
    "begins from the partitions that are there",
    setting(Catalog, "partitions", lambda *_: {}),
)

STRAY_FILES = Protection(
    "flows/session/publish.py",
    "files of no partition are removed",
    setting(Publisher, "_delete_files", lambda *_, **__: None),
)

STRAY_PARTITIONS = Protection(
    "flows/session/publish.py",
    "partitions of the earlier version are removed",
    setting(Catalog, "delete", lambda *_: None),
)

GONE_ALREADY = Protection(
    "flows/lake/catalog.py", "a partition may be gone already", around(catalog, "_refuse", none_is_known)
)

MONTH_OVER_WHAT_WAS_READ = Protection(
    "flows/history/month_files.py",
    "a month's file is put over the one that was read only (If-Match)",
    around(MonthlyTable, "put", put_over_anything),
)

CONFIRM = Protection(
    "flows/session/confirm.py",
    "what Athena shows is compared, cell by cell",
    setting(pipeline, "confirm", lambda _table, _published, audited: len(audited)),
)

QUERY_STATE = Protection(
    "flows/lake/athena.py", "a query must have succeeded", around(athena, "_wait", succeeded_anyhow)
)

QUERY_LIMIT = Protection(
    "flows/lake/athena.py",
    "limit of a query",
    around(athena, "_wait", lambda wait: lambda client, query, _: wait(client, query, 60)),
)

OUTDATED = Protection(
    "flows/session/pipeline.py",
    "an outdated version is not published",
    setting(Pipeline, "_refuse_outdated", lambda *_: None),
)

PUBLISHED_ONCE = Protection(
    "flows/session/storage.py",
    "what is published as stated is left alone",
    setting(Publication, "covers", lambda *_: False),
)

LAMBDA_RETRIES = Protection(
    "infrastructure/trigger.py", "an event that failed is tried again", in_the_account(NO_RETRIES)
)

TRIED_WHILE_CLAIMED = Protection(
    "lambda/trigger_glue_job/handler.py",
    "what passes by itself is tried again, and so is an event that failed",
    in_the_account(
        NO_RETRIES, partial(deployed.handler, change=deployed.replacing("_PATIENCE = 12.0", "_PATIENCE = 1.5"))
    ),
)

DEAD_LETTERS = Protection(
    "infrastructure/trigger.py", "dead letters", in_the_account(partial(NO_RETRIES, letters=False))
)

START_ONCE = Protection(
    "lambda/trigger_glue_job/handler.py",
    "no run where there is one, or a claim",
    other_handler("for _ in range(int(_PATIENCE / _PAUSE)):", "while True:\n            return self._start(version)"),
)

LAMBDA_RAISES = Protection(
    "lambda/trigger_glue_job/handler.py",
    "what failed is raised",
    other_handler("    if failures:\n", "    if False:\n"),
)

RUN_OF_MANIFEST = Protection(
    "flows/session/etl.py", "the manifest is the run's own", setting(etl, "read_manifest", any_manifest)
)

REATTACHED = Protection(
    "flows/session/pipeline.py", "a run that is there is found", setting(Pipeline, "_has_run", lambda *_: False)
)

UPLOADED_AGAIN = Protection(
    "flows/session/pipeline.py",
    "a version whose run failed or never came is uploaded again",
    setting(Pipeline, "_has_run", lambda *_: True),
)

MANIFEST_NEEDED = Protection(
    "flows/session/etl.py", "a run without manifest counts as none", setting(etl, "is_whole", lambda *_: True)
)

FINGERPRINT = Protection(
    "flows/session/storage.py",
    "a raw version is known by its portfolio",
    setting(RawVersion, "covers", lambda *_: True),
)
