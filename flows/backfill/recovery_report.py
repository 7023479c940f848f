"""What a recovery did, as Markdown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flows.record.markdown import escaped, markdown_table
from flows.record.status_report import HEADING, rows_by_index

if TYPE_CHECKING:
    from flows.backfill.recovery import Recovered


def recovery_markdown(recovered: Recovered, now: datetime) -> str:
    """A recovery as Markdown that reads well without network."""
    lines = [f"# {escaped(recovered.headline)}", "", f"At {now:%Y-%m-%d %H:%M:%S %Z}."]
    if recovered.attempts:
        taken = [
            (str(item.outcome), item.index, str(item.session), str(item.rows), item.reason)
            for item in recovered.attempts
        ]
        lines += ["", "## Taken", "", *markdown_table(("Outcome", "Index", "Session", "Rows", "Why"), taken)]
    if recovered.left:
        lines += ["", "## Left alone", "", *markdown_table(("Index", *HEADING), rows_by_index(recovered.left))]
    return "\n".join(lines) + "\n"
