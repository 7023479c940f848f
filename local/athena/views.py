"""Athena's views: a table of the catalog that holds a query, put into the query that reads it."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.optimizer.scope import traverse_scope

if TYPE_CHECKING:
    from collections.abc import Callable

VIEW_TYPE = "VIRTUAL_VIEW"

_TEXT = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/")
_DEEPEST = 10
"""Views of views; one that reads itself would otherwise never end."""


class ViewError(Exception):
    """A view that Athena cannot run; the text is its StateChangeReason."""


def expand_views(
    tree: exp.Expression, look: Callable[[str, str], dict[str, Any] | None], database: str, depth: int = 0
) -> None:
    """Replace every view that the query reads by the view's own query, with the columns and types that the view declares.

    Args:
        tree: a query; changed in place.
        look: a table by database and name, None where there is none.
        database: where names without a database are looked for.
        depth: how many views this query is inside of.

    Raises:
        ViewError: a view's text is not Athena's, or views are nested too deep.
    """
    tables = [
        source
        for scope in traverse_scope(tree)
        for source in scope.sources.values()
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier)
    ]
    for source in {id(table): table for table in tables}.values():
        place = (source.db or database).lower(), source.name.lower()
        table = look(*place)
        if table and table.get("TableType") == VIEW_TYPE:
            if depth >= _DEEPEST:
                raise ViewError(f"INVALID_VIEW: View '{'.'.join(place)}' is nested too deep")
            source.replace(_subquery(source, table, look, depth))
        elif depth:
            # A name inside a view is of the view's database, wherever the view is read from.
            source.set("db", exp.to_identifier(place[0]))


def _subquery(
    source: exp.Table, view: dict[str, Any], look: Callable[[str, str], dict[str, Any] | None], depth: int
) -> exp.Subquery:
    definition = _definition(view)
    try:
        query = sqlglot.parse_one(definition["originalSql"], dialect="athena")
    except (ParseError, TokenError) as error:
        raise ViewError(f"INVALID_VIEW: View '{view['Name']}': {str(error).splitlines()[0]}") from error
    expand_views(query, look, definition["schema"], depth + 1)
    columns = [
        exp.alias_(exp.cast(exp.column(column["name"], quoted=True), column["type"], dialect="athena"), column["name"])
        for column in definition["columns"]
    ]
    inner = exp.select(*columns).from_(exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("view"))))
    alias = (source.alias or source.name).lower()
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(alias)))


def _definition(view: dict[str, Any]) -> dict[str, Any]:
    found = _TEXT.fullmatch(str(view.get("ViewOriginalText", "")).strip())
    if not found or view.get("Parameters", {}).get("presto_view") != "true":
        raise ViewError(f"INVALID_VIEW: View '{view['Name']}' is not one that Athena made")
    definition: dict[str, Any] = json.loads(base64.b64decode(found[1]))
    declared = [column["Name"] for column in view["StorageDescriptor"]["Columns"]]
    if declared != [column["name"] for column in definition["columns"]]:
        raise ViewError(f"VIEW_IS_STALE: View '{view['Name']}' is stale; it must be re-created")
    return definition
