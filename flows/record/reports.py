"""What a run of the daily flow leaves for people: a summary (Markdown and JSON), the gates' reports, and Data Docs."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from mimetypes import guess_type
from typing import TYPE_CHECKING

from expectations.contract.keys import check_index, session_path
from expectations.contract.names import REPORTS_PREFIX
from flows.lake.clients import PARALLEL_CALLS, aws_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from expectations.gates.gate import GateReport, Outcome
    from flows.session.etl import GlueRun

PUBLISHED = "published"
ALREADY_PUBLISHED = "already published"
STALE = "stale"
FAILED = "failed"

_NOT_MET = "**not met**"
# What begins a link, a picture, an emphasis or another cell; an underscore inside a word is only itself.
_MARKUP = re.compile(r"[\\\[\]*~|]|(?<![^\W_])_|_(?![^\W_])")
_FORMULA = re.compile(r"\s*[=+@-]")
_NUMBER = re.compile(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?")
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


@dataclass(slots=True)
class Summary:
    """What a run did, as it goes along.

    Attributes:
        session: the trading day; None until B3's header told it.
        outcome: `published`, `already published`, `stale` (B3 shows an older session than it should) or `failed`.
        rows: published rows.
        raw_bytes: size of the raw file.
        fingerprint: `Portfolio.fingerprint` of what B3 stated.
        run_id: Glue run that made them.
        run: that run as it ended, where this one waited for it.
        raw: S3 address of the raw file.
        raw_version_id: its version.
        changes: shares of the session that entered, left, were renamed, or have another quantity than in the session before.
        error: why the run failed, in one line.
        note: what is amiss though it did not fail, in one line.
        seconds: per step, how long it took.
        recorded_at: instant at which B3's answer was recorded; None where B3 itself was asked.
        figures: the published session in figures, as the site plots them.
        gates: the gates' reports.
        links: addresses by what they lead to.
        docs: the Data Docs' pages below the run's prefix, by the check that they show.
    """

    index: str
    started_at: datetime
    session: date | None = None
    outcome: str = FAILED
    rows: int = 0
    raw_bytes: int = 0
    fingerprint: str = ""
    run_id: str = ""
    run: GlueRun | None = None
    raw: str = ""
    raw_version_id: str = ""
    changes: int = 0
    error: str = ""
    note: str = ""
    recorded_at: datetime | None = None
    figures: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    gates: list[GateReport] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    docs: dict[str, str] = field(default_factory=dict)

    @property
    def headline(self) -> str:
        """The run in one line."""
        subject = f"{self.index} {self.session or '(session unknown)'}"
        if self.outcome == FAILED:
            return f"{subject}: failed: {self.error}"
        return f"{subject}: {self.outcome}, {self.rows} rows{f': {self.note}' if self.note else ''}"

    @property
    def reason(self) -> str:
        """Why the run did not do what it is for, in one line; empty where it did."""
        return self.error if self.outcome == FAILED else self.note

    def to_dict(self) -> dict[str, object]:
        """The summary as JSON's types, with each gate in short."""
        body = {name: getattr(self, name) for name in self.__slots__ if name not in ("gates", "run")}
        body["gates"] = [
            {"gate": gate.gate, "passed": gate.passed, "verdict": gate.verdict(), "warnings": len(gate.warnings)}
            for gate in self.gates
        ]
        plain: dict[str, object] = json.loads(json.dumps(body, default=str))
        return plain

    def to_markdown(self) -> str:
        """The summary as Markdown that reads well without network."""
        lines = [f"# {escaped(self.headline)}", ""]
        facts = [
            ("Session", str(self.session or "unknown")),
            ("Rows", str(self.rows)),
            ("Raw file", self.raw or "none"),
            ("Glue run", self.run_id or "none"),
            ("Started", f"{self.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"),
            *([("Note", self.note)] if self.note else []),
        ]
        lines += markdown_table(("What", "Value"), facts)
        for gate in self.gates:
            lines += ["", f"## {gate.gate}: {'passed' if gate.passed else 'refused'}", ""]
            lines += markdown_table(
                ("Demand", "Severity", "Result", "Observed"), [_cells(outcome) for outcome in gate.outcomes]
            )
        if self.seconds:
            lines += ["", "## Timings", ""]
            lines += markdown_table(
                ("Step", "Seconds"), [(step, f"{value:.2f}") for step, value in self.seconds.items()]
            )
        if self.links:
            lines += ["", "## Links", "", *(f"- {name}: `{address}`" for name, address in self.links.items())]
        return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """A text of unknown origin as a Markdown table's cell shows it: no markup, no picture from elsewhere, no formula.

    A cell that a spreadsheet would take for a formula begins with an apostrophe (OWASP: "CSV Injection").
    """
    line = " ".join(text.encode(errors="replace").decode().splitlines())
    formula = _FORMULA.match(line) and not _NUMBER.fullmatch(line)
    return _MARKUP.sub(r"\\\g<0>", html.escape(f"'{line}" if formula else line, quote=False)).replace("`", "'")


def publish_reports(s3: S3Client, bucket: str, summary: Summary) -> dict[str, str]:
    """Keep the summary, the gates' reports and Data Docs in the bucket, below a prefix of this run's own.

    Returns:
        S3 addresses by what they lead to.

    Raises:
        AwsError: they could not be kept.
    """
    prefix = reports_prefix(summary)
    address = f"s3://{bucket}/{prefix}"
    links = {"summary": f"{address}summary.html"}
    files: dict[str, bytes] = {}
    if summary.gates:
        from expectations.gates.data_docs import build_docs  # noqa: PLC0415 - Great Expectations takes 2 s to import

        files |= {f"{_DOCS}{path}": body for path, body in build_docs(summary.gates).items()}
        files |= {f"{gate.gate}.json": gate.to_json().encode() for gate in summary.gates}
        links["data docs"] = f"{address}{_DOCS}index.html"
        summary.docs |= _pages(files)
    summary.links |= links
    text = summary.to_markdown() + _links(summary.docs)
    files["summary.json"] = json.dumps(summary.to_dict(), indent=1, ensure_ascii=False).encode()
    files["summary.md"] = text.encode()
    files["summary.html"] = _page(summary.headline, text).encode()
    with aws_errors(f"keeping the reports {address}"):
        _upload(s3, bucket, prefix, files)
    return links


def reports_prefix(summary: Summary) -> str:
    """The key prefix of a run's reports: `reports/ibov/year=…/month=…/day=…/<start>/`."""
    folder = session_path(summary.session) if summary.session else "undated"
    return f"{REPORTS_PREFIX}{check_index(summary.index).lower()}/{folder}/{summary.started_at:%Y%m%dT%H%M%S%fZ}/"


def _upload(s3: S3Client, bucket: str, prefix: str, files: Mapping[str, bytes]) -> None:
    def put(path: str) -> None:
        kind = guess_type(path)[0] or "text/plain"
        s3.put_object(Bucket=bucket, Key=prefix + path, Body=files[path], ContentType=f"{kind}; charset=utf-8")

    with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
        list(pool.map(put, files))


def _pages(files: Iterable[str]) -> dict[str, str]:
    """The Data Docs' pages, whose own index needs a network, by the check that they show."""
    pages = [path for path in files if path.startswith(_VALIDATIONS)]
    return {".".join(path.removeprefix(_VALIDATIONS).split("/")[:2]): path for path in pages}


def _links(docs: Mapping[str, str]) -> str:
    if not docs:
        return ""
    return "\n".join(["", "## Data Docs", "", *(f"- [{name}](<{path}>)" for name, path in docs.items()), ""])


def _page(title: str, markdown: str) -> str:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only where a report is written

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return _PAGE.format(title=html.escape(title), body=body)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    observed = f"{outcome.observed}{': ' if outcome.rows else ''}{'; '.join(outcome.rows)}"
    result = "met" if outcome.success else _NOT_MET
    return outcome.demand, outcome.severity, result, observed


def markdown_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table; its cells may be of unknown origin."""
    lines = [f"| {' | '.join(heading)} |", f"| {' | '.join('---' for _ in heading)} |"]
    return lines + [f"| {' | '.join(cell if cell is _NOT_MET else escaped(cell) for cell in row)} |" for row in rows]
