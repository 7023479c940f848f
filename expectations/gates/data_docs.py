"""Great Expectations' Data Docs of a session's gate runs.

Great Expectations 1.24 writes the values that it found into its pages as they stand, markup included: they are escaped first.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from expectations.gates.gx_inside import quiet_context

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

    from expectations.gates.gate import GateReport

_SITE = "gates"
# Tutorials' pictures and fonts that no page of ours refers to: 4 MB a site.
_UNUSED = frozenset({"fonts", "images"})


def build_docs(reports: Sequence[GateReport]) -> Mapping[str, bytes]:
    """The Data Docs site of some gate runs.

    Returns:
        The site's files by their path below the site; `index.html` leads to the others.
    """
    with TemporaryDirectory(prefix="data-docs-") as folder:
        site = Path(folder)
        context = quiet_context()
        context.add_data_docs_site(_SITE, _site_config(site))
        for report in reports:
            for validation in report.validations:
                _store(context, report, validation)
        context.build_data_docs(site_names=[_SITE])
        files = [path for path in sorted(site.rglob("*")) if path.is_file()]
        return {
            path.relative_to(site).as_posix(): path.read_bytes()
            for path in files
            if not _UNUSED.intersection(path.relative_to(site).parts)
        }


def _site_config(site: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def _store(context: Any, report: GateReport, validation: ExpectationSuiteValidationResult) -> None:  # noqa: ANN401
    from great_expectations.core.run_identifier import RunIdentifier  # noqa: PLC0415
    from great_expectations.data_context.types.resource_identifiers import (  # noqa: PLC0415
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    identifier = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(name=validation.suite_name),
        run_id=RunIdentifier(run_name=f"{report.index}-{report.session}", run_time=report.checked_at),
        batch_identifier=report.gate,
    )
    context.validation_results_store.set(identifier, _without_markup(validation))


def _without_markup(validation: ExpectationSuiteValidationResult) -> ExpectationSuiteValidationResult:
    found = deepcopy(validation)
    for result in found.results:
        result.result = _escaped(result.result)
        result.exception_info = _escaped(result.exception_info)
        if result.expectation_config:
            result.expectation_config.kwargs = _escaped(result.expectation_config.kwargs)
    return found


def _escaped(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return html.escape(value, quote=False)
    if isinstance(value, dict):
        return {_escaped(name): _escaped(item) for name, item in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list | tuple) else value
