"""What an attempt of the flow `daily` leaves for people: a summary (Markdown, JSON, a page), gate reports, and Data Docs."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from datetime import UTC
from mimetypes import guess_type
from typing import TYPE_CHECKING

from expectations.contract.keys import report_prefix
from flows.lake.calls import side_by_side
from flows.record.markdown import NOT_MET, escaped, markdown_table

if TYPE_CHECKING:
    from expectations.gates.gate import Demand, GateReport
    from flows.lake.s3 import Bucket
    from flows.record.attempt import Attempt

SUMMARY_PAGE = "summary.html"

_DOCS = "data-docs/"
_VALIDATIONS = f"{_DOCS}validations/"
# No script, no font, nothing from elsewhere: the page reads the same offline, on a phone and in print.
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
h1 {{ font-size: 1.4rem; }} h2 {{ font-size: 1.1rem; margin-top: 2rem; }}
table {{ border-collapse: collapse; width: 100%; font-size: .9rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }}
td {{ overflow-wrap: break-word; }}
th {{ white-space: nowrap; }}
strong {{ color: #b00020; }}
</style></head><body>
{body}</body></html>
"""


def publish_report(artifacts: Bucket, attempt: Attempt) -> str:
    """Keep the summary, the gates' reports and Data Docs in the bucket, below a prefix of this attempt's own.

    Returns:
        S3 address of the summary's page.

    Raises:
        AwsError: they could not be kept.
    """
    prefix = report_prefix(attempt.index, attempt.session, attempt.started_at)
    files: dict[str, bytes] = {}
    if attempt.gates:
        from expectations.gates.data_docs import build_docs  # noqa: PLC0415 - Great Expectations takes 2 s to import

        files |= {f"{_DOCS}{path}": body for path, body in build_docs(attempt.gates).items()}
        files |= {f"{gate.gate}.json": gate.to_json().encode() for gate in attempt.gates}
    text = attempt_markdown(attempt) + _links(docs_pages(files))
    files["summary.json"] = json.dumps(attempt.to_dict(), indent=1, ensure_ascii=False).encode()
    files["summary.md"] = text.encode()
    files[SUMMARY_PAGE] = _page(attempt.headline, text).encode()

    def put(path: str) -> None:
        kind = guess_type(path)[0] or "text/plain"
        artifacts.put(prefix + path, files[path], kind=f"{kind}; charset=utf-8")

    list(side_by_side(put, files))
    return artifacts.address(prefix + SUMMARY_PAGE)


def docs_pages(files: Iterable[str]) -> dict[str, str]:
    """The Data Docs' pages among an attempt's files, whose own index needs a network, by the check that they show."""
    pages = [path for path in files if path.startswith(_VALIDATIONS) and path.endswith(".html")]
    return {".".join(path.removeprefix(_VALIDATIONS).split("/")[:2]): path for path in pages}


def attempt_markdown(attempt: Attempt) -> str:
    """An attempt as Markdown that reads well without network."""
    lines = [f"# {escaped(attempt.headline)}", ""]
    facts = [
        ("Session", str(attempt.session or "unknown")),
        ("Rows", str(attempt.rows)),
        ("Raw file", attempt.raw or "none"),
        ("Glue run", attempt.run_id or "none"),
        ("Started", f"{attempt.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"),
        *([("Prices", f"{attempt.verdict}: {attempt.verification}")] if attempt.verdict else []),
        *([("Note", attempt.reason)] if attempt.reason and not attempt.failed else []),
    ]
    lines += markdown_table(("What", "Value"), facts)
    for gate in attempt.gates:
        lines += _gate(gate)
    if attempt.steps:
        lines += ["", "## Timings", ""]
        lines += markdown_table(("Step", "Seconds"), [(step, f"{value:.2f}") for step, value in attempt.steps.items()])
    if attempt.links:
        lines += ["", "## Links", "", *(f"- {name}: `{address}`" for name, address in attempt.links.items())]
    return "\n".join(lines) + "\n"


def _gate(gate: GateReport) -> list[str]:
    heading = ("Demand", "Severity", "Result", "Observed")
    verdict = "passed" if gate.passed else "refused"
    return ["", f"## {gate.gate}: {verdict}", "", *markdown_table(heading, [_cells(item) for item in gate.outcomes])]


def _cells(demand: Demand) -> tuple[str, ...]:
    observed = f"{demand.observed}{': ' if demand.rows else ''}{'; '.join(demand.rows)}"
    return demand.demand, demand.severity, "met" if demand.success else NOT_MET, observed


def _links(docs: Mapping[str, str]) -> str:
    if not docs:
        return ""
    return "\n".join(["", "## Data Docs", "", *(f"- [{name}](<{path}>)" for name, path in docs.items()), ""])


def _page(title: str, markdown: str) -> str:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only where a report is written

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return _PAGE.format(title=html.escape(title), body=body)
