"""What an attempt leaves for people: pages, a summary as Markdown and JSON, the gates' reports, and Data Docs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from mimetypes import guess_type
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, report_prefix
from flows.errors import AwsError
from flows.lake.calls import side_by_side
from flows.language import LANGUAGES
from flows.record.report import attempt_markdown
from flows.site.addresses import SUMMARY_PAGE, in_language
from flows.site.facts import Findings, GateFindings
from flows.site.pages import attempt_page

if TYPE_CHECKING:
    from expectations.gates.gate import GateReport
    from flows.lake.s3 import Bucket
    from flows.record.attempt import Attempt

Warn = Callable[[str], None]

_DOCS = "data-docs/"
_VALIDATIONS = f"{_DOCS}validations/"


def publish_report(artifacts: Bucket, attempt: Attempt, *, data_docs: bool = True) -> str:
    """Keep what an attempt leaves for people in the bucket, below a prefix of the attempt's own.

    Args:
        data_docs: make Great Expectations' own pages, too, which takes seconds.

    Returns:
        S3 address of the summary's page.

    Raises:
        AwsError: they could not be kept.
    """
    prefix = report_prefix(attempt.index, attempt.session, attempt.started_at)
    files = {f"{gate.gate}.json": gate.to_json().encode() for gate in attempt.gates}
    if attempt.gates and data_docs:
        from expectations.gates.data_docs import build_docs  # noqa: PLC0415 - Great Expectations takes 2 s to import

        files |= {f"{_DOCS}{path}": body for path, body in build_docs(attempt.gates).items()}
    docs = docs_pages(files)
    files["summary.json"] = json.dumps(attempt.to_dict(), indent=1, ensure_ascii=False).encode()
    files["summary.md"] = (attempt_markdown(attempt) + _links(docs)).encode()
    files |= summary_pages(prefix, attempt, Findings(prefix, _found(attempt.gates), docs), datetime.now(UTC))

    def put(path: str) -> None:
        kind = guess_type(path)[0] or "text/plain"
        artifacts.put(prefix + path, files[path], kind=f"{kind}; charset=utf-8")

    list(side_by_side(put, files))
    return artifacts.address(prefix + SUMMARY_PAGE)


def with_report(artifacts: Bucket, attempt: Attempt, warn: Warn, *, data_docs: bool = True) -> Attempt:
    """An attempt with its report; that it cannot be kept must not fail a run, nor hide why it failed, and is a warning.

    Args:
        data_docs: as of `publish_report`.
    """
    try:
        return replace(attempt, report=publish_report(artifacts, attempt, data_docs=data_docs))
    except (AwsError, ContractError) as error:
        warn(f"the report was not kept: {error}")
        return attempt


def summary_pages(prefix: str, attempt: Attempt, findings: Findings, written: datetime) -> dict[str, bytes]:
    """The pages of an attempt in all languages, by their names below the attempt's prefix."""
    key = prefix + SUMMARY_PAGE
    return {
        in_language(SUMMARY_PAGE, language): attempt_page(key, attempt, findings, language, written).encode()
        for language in LANGUAGES
    }


def docs_pages(files: Iterable[str]) -> dict[str, str]:
    """The Data Docs' pages among an attempt's files, by the check that they show."""
    pages = [path for path in sorted(files) if path.startswith(_VALIDATIONS) and path.endswith(".html")]
    return {".".join(path.removeprefix(_VALIDATIONS).split("/")[:2]): path for path in pages}


def _found(gates: Sequence[GateReport]) -> list[GateFindings]:
    return [GateFindings(gate.gate, gate.passed, gate.checked_at, gate.outcomes) for gate in gates]


def _links(docs: Mapping[str, str]) -> str:
    if not docs:
        return ""
    return "\n".join(["", "## Data Docs", "", *(f"- [{name}](<{path}>)" for name, path in docs.items()), ""])
