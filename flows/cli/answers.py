"""How the answer to a query is given: as a table on the screen, as text or JSON for a program, as a file to take along."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from flows.cli.basis import Basis
from flows.cli.console import Screen
from flows.cli.language import counted, tr
from flows.cli.options import Form
from flows.errors import SettingsError
from flows.lake.athena import QueryResult

_BINARY = frozenset({Form.PARQUET, Form.XLSX})


@dataclass(frozen=True, slots=True)
class Wanted:
    """How an answer is wanted.

    Attributes:
        output: the file to write; None for the standard output.
        limit: how many rows at most; None for all.
    """

    form: Form
    output: Path | None
    limit: int | None

    @classmethod
    def of(cls, form: Form | None, output: Path | None, limit: int | None, *, as_json: bool) -> Wanted:
        """What the options say.

        Raises:
            SettingsError: they contradict each other, or a form is no text for a terminal.
        """
        if as_json and form not in (None, Form.JSON):
            raise SettingsError(tr("--json and --format {} contradict each other").format(form))
        chosen = Form.JSON if as_json else form or _form_of(output)
        if chosen is Form.TABLE and output:
            raise SettingsError(tr("--output takes csv, json, parquet or xlsx: a table is for the screen"))
        if chosen in _BINARY and not output and sys.stdout.isatty():
            raise SettingsError(tr("--format {} is no text: name a file with --output").format(chosen))
        return cls(chosen, output, limit)

    @property
    def screen(self) -> Screen:
        """The screen of the command: for a person, or silent where the standard output is a program's."""
        return Screen(as_json=self.form is not Form.TABLE and not self.output)


def _form_of(output: Path | None) -> Form:
    if output is None:
        return Form.TABLE
    suffix = output.suffix.removeprefix(".").lower()
    if suffix not in set(Form) - {Form.TABLE}:
        raise SettingsError(
            tr("--output {}: its name tells no form; end it in .csv, .json, .parquet or .xlsx").format(output)
        )
    return Form(suffix)


def give(screen: Screen, wanted: Wanted, sql: str, result: QueryResult, basis: Basis | None) -> None:
    """Give an answer as it is wanted.

    Args:
        basis: the sessions that it rests on; None where it rests on none.

    Raises:
        SettingsError: the file cannot be written.
        QueryError: two columns have one name, which no form but the table can show.
    """
    if wanted.form is Form.TABLE:
        screen.rows(result, limit=wanted.limit, basis=basis.line if basis else "")
        return
    from flows.cli.files import encode  # noqa: PLC0415 - pandas and pyarrow, half a second that a table does not need

    content = encode(wanted.form, sql, result, wanted.limit, basis.to_dict() if basis else None)
    if wanted.output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        wanted.output.write_bytes(content)
    except OSError as error:
        raise SettingsError(f"--output {wanted.output}: {error.strerror}") from error
    rows = min(len(result.rows), wanted.limit or len(result.rows))
    screen.line(tr("{} in {} ({})").format(counted(rows, "row"), wanted.output, counted(len(content), "byte")))
    if basis:
        screen.line(f"  {basis.line}")
