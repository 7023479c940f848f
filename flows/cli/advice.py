"""What may be typed next: commands as the user can type them, that fit what happened."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from expectations.contract.keys import check_index
from expectations.contract.outcomes import Outcome

_NAME = "bovespa"


def typed(*arguments: str) -> str:
    """A command line of this program, by the name under which the user's shell finds it.

    Args:
        arguments: of the command, each one word.
    """
    return " ".join([_program(Path(sys.argv[0])), *(f'"{word}"' if " " in word else word for word in arguments)])


def _program(called: Path) -> str:
    found = shutil.which(_NAME)
    if called.stem != _NAME or (found and Path(found).resolve() == called.resolve()):
        return _NAME
    path, here = called.absolute(), Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def after_run(attempts: Sequence[Mapping[str, Any]], *, live: bool, aws: bool) -> list[str]:
    """Commands that fit what became of a run, the most useful first.

    Args:
        attempts: of the runs, of which there is one at least.
        live: B3 itself was asked.
        aws: in AWS.
    """
    place = ["--aws"] if aws else []
    failed = any(attempt["failed"] for attempt in attempts)
    stale = any(attempt["outcome"] == Outcome.STALE for attempt in attempts)
    again = [
        word
        for attempt in attempts
        if attempt["failed"] or attempt["outcome"] == Outcome.STALE
        for word in ("--index", attempt["index"])
    ]
    if failed:
        return [typed("status", *place), typed("run", "--live", *again, *place)] if live else [typed("run")]
    if stale:
        return [typed("run", "--live", *again, *place), typed("status", *place)]
    index = check_index(str(attempts[0]["index"]))
    largest = f"SELECT * FROM bovespa_dez_maiores WHERE indice = '{index}'"  # noqa: S608 - of a code's form
    asked = [typed("query", largest, *place)]
    return (
        [*asked, typed("status", *place)] if live else [*asked, typed("changes", "--weights"), typed("run", "--live")]
    )
