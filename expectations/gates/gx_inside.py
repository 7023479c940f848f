"""Great Expectations' inside: the one module that knows what of it is replaced.

What is named here is nobody's promise, so a release may change any of it: what an expectation no longer has is left as it is, and
a test holds what a gate reports against what it reports without the replacements.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial, wraps
from threading import local
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.data_context import EphemeralDataContext
    from great_expectations.expectations.expectation import Expectation

READERS = ("_get_domain_kwargs", "_get_success_kwargs", "_get_runtime_kwargs")
"""The methods of an expectation that read its arguments one by one, each from a configuration that is made for it."""


def quiet_context() -> EphemeralDataContext:
    """A Great Expectations context in memory: no telemetry, no progress bars in the log, no site in a temporary folder."""
    import great_expectations as gx  # noqa: PLC0415 - 2 s to import
    from great_expectations.data_context.types.base import (  # noqa: PLC0415
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    _configure_once()
    _compile_once()
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    # It would keep the whole configuration as YAML, in memory, for each thing that is added: a sixth of a gate's time.
    vars(context)["_save_project_config"] = lambda: None
    return context


@cache
def _compile_once() -> None:
    """Let the views of Data Docs, of which each site and each kind of page has its own, share what Jinja compiles for them."""
    from great_expectations.render.view import view  # noqa: PLC0415 - Great Expectations takes 2 s to import

    from expectations.gates.compiled import CompiledTemplates  # noqa: PLC0415 - Jinja, as above

    made: Any = view
    made.Environment = partial(view.Environment, bytecode_cache=CompiledTemplates())


@cache
def _configure_once() -> None:
    """Let one configuration do for all arguments of an expectation that are read at a time: a third of a gate's time."""
    from great_expectations.expectations.expectation import Expectation  # noqa: PLC0415 - 2 s to import

    made = vars(Expectation).get("configuration")
    if not isinstance(made, property) or made.fget is None:
        return
    make, reading = made.fget, local()

    def configuration(expectation: Expectation) -> Any:  # noqa: ANN401 - Great Expectations'
        whose, kept = getattr(reading, "of", (None, None))
        return kept if whose is expectation else make(expectation)

    def reads(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def read(expectation: Expectation, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - Great Expectations'
            before = getattr(reading, "of", (None, None))
            if before[0] is expectation:
                return method(expectation, *args, **kwargs)
            reading.of = expectation, make(expectation)
            try:
                return method(expectation, *args, **kwargs)
            finally:
                reading.of = before

        return read

    for name in READERS:
        if method := vars(Expectation).get(name):
            setattr(Expectation, name, reads(method))
    replaced: Any = Expectation
    replaced.configuration = property(configuration, doc=made.__doc__)
