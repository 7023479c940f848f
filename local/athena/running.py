"""One query, run: parsed, judged by what the caller may read, answered by DuckDB.

The first query of an account imports this module, half a second that its start does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.athena.analysis.planner import plan_query
from local.athena.analysis.tables import Tables
from local.athena.engine import Engine
from local.athena.language.errors import AthenaQueryError
from local.athena.rights import reading
from local.athena.statements import run_statement
from local.athena.text import QueryAnswer, as_csv, as_lines

if TYPE_CHECKING:
    from local.athena.executions import Execution
    from local.athena.rights import CallersCatalog
    from local.athena.small_files import SmallFiles
    from local.s3.mirror import Mirror


class ScanLimitError(AthenaQueryError):
    """The query would read more than its workgroup allows."""


def answer_of(
    execution: Execution, catalog: CallersCatalog, mirror: Mirror, small_files: SmallFiles
) -> tuple[QueryAnswer, bytes]:
    """A statement's answer, and the content of its result file.

    Args:
        catalog: as the caller may see it.
        small_files: what earlier queries have read.

    Raises:
        AthenaQueryError: it fails, with Athena's words; as a ScanLimitError, it is cancelled.
        ServiceError: the caller may not read what it reads.
    """
    statement = run_statement(execution.text, execution.database, catalog)
    answer = statement or _query_answer(execution, catalog, mirror, small_files)
    header = [column["Name"] for column in answer.columns]
    return answer, as_csv(header, answer.rows) if execution.kind.is_query else as_lines(answer.rows)


def _query_answer(
    execution: Execution, catalog: CallersCatalog, mirror: Mirror, small_files: SmallFiles
) -> QueryAnswer:
    query = plan_query(execution.text, Tables(catalog), execution.database, execution.parameters)
    engine = execution.engine = Engine(mirror, catalog.locations, catalog.declared, small_files)
    try:
        engine.prepare(query)
        execution.rights.demand(*reading(engine.files, mirror.root))
        execution.scanned_bytes = engine.scanned_bytes
        if execution.cutoff and engine.scanned_bytes > execution.cutoff:
            raise ScanLimitError("Bytes scanned limit was exceeded")
        return engine.run(query)
    finally:
        execution.engine = None
        engine.close()
