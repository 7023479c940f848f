"""A verification as Markdown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flows.record.markdown import escaped, markdown_table

if TYPE_CHECKING:
    from flows.backfill.verification import Verified


def verification_markdown(verified: Verified, at: datetime) -> str:
    """What a verification found, as Markdown that reads well without network."""
    lines = [f"# {escaped(verified.headline)}", "", f"At {at:%Y-%m-%d %H:%M:%S %Z}."]
    if verified.damages:
        rows = [(item.index, str(item.session), item.what) for item in verified.damages]
        lines += ["", *markdown_table(("Index", "Session", "What is not as it was published"), rows)]
    if verified.problems:
        lines += ["", *(f"- {escaped(problem)}" for problem in verified.problems)]
    return "\n".join(lines) + "\n"
