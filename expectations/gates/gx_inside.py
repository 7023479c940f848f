"""Great Expectations' inside: the one module that knows what of it is replaced.

What is named here is nobody's promise, so a release may change any of it: what an expectation no longer has is left as it is, and
a test holds what a gate reports against what it reports without the replacements.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache, partial, wraps
from threading import local
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.data_context import EphemeralDataContext
    from great_expectations.expectations.expectation import Expectation

READERS = ("_get_domain_kwargs", "_get_success_kwargs", "_get_runtime_kwargs", "get_validation_dependencies")
"""The methods of an expectation that read its arguments one by one, each from a configuration that is made for it."""
MAKER = "to_domain_obj"
"""The method of a configuration that makes an expectation like the one that it was made for."""
FOLLOWER = "build_metric_dependency_graph"
"""The method of a graph that adds a metric and all that it needs."""
NAMER = "to_id"
"""The method of arguments that makes their digest."""


def quiet_context() -> EphemeralDataContext:
    """A Great Expectations context in memory: no telemetry, no progress bars in the log, no site in a temporary folder."""
    import great_expectations as gx  # noqa: PLC0415 - 2 s to import
    from great_expectations.data_context.types.base import (  # noqa: PLC0415
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    _replace_once()
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
def _replace_once() -> None:
    _compile_once()
    replace_methods()


def replace_methods() -> None:
    """Replace the methods that take Great Expectations longest."""
    _configure_once()
    _follow_once()
    _name_once()


def _compile_once() -> None:
    """Let the views of Data Docs, of which each site and each kind of page has its own, share what Jinja compiles for them."""
    from great_expectations.render.view import view  # noqa: PLC0415 - Great Expectations takes 2 s to import

    from expectations.gates.compiled import CompiledTemplates  # noqa: PLC0415 - Jinja, as above

    made: Any = view
    made.Environment = partial(view.Environment, bytecode_cache=CompiledTemplates())


class _Reading(local):
    """What a thread reads just now: an expectation, and the configuration that was made for it."""

    of: tuple[Any, Any] = (None, None)


def _configure_once() -> None:
    """Let one configuration do for all that is read of an expectation at a time: half of a gate's time."""
    from great_expectations.expectations.expectation import Expectation  # noqa: PLC0415 - 2 s to import
    from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415 - as above
        ExpectationConfiguration,
    )

    made = vars(Expectation).get("configuration")
    if not isinstance(made, property) or made.fget is None:
        return
    make, reading = made.fget, _Reading()

    def configuration(expectation: Expectation) -> Any:  # noqa: ANN401 - Great Expectations'
        whose, kept = reading.of
        return kept if whose is expectation else make(expectation)

    def reads(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def read(expectation: Expectation, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - Great Expectations'
            before = reading.of
            if before[0] is expectation:
                return method(expectation, *args, **kwargs)
            reading.of = expectation, make(expectation)
            try:
                return method(expectation, *args, **kwargs)
            finally:
                reading.of = before

        return read

    for of, name in readers():
        setattr(of, name, reads(vars(of)[name]))
    replaced: Any = Expectation
    replaced.configuration = property(configuration, doc=made.__doc__)
    if back := vars(ExpectationConfiguration).get(MAKER):

        @wraps(back)
        def expectation(of: ExpectationConfiguration) -> Any:  # noqa: ANN401 - Great Expectations'
            whose, kept = reading.of
            return whose if of is kept else back(of)

        setattr(ExpectationConfiguration, MAKER, expectation)


def readers() -> list[tuple[type[Expectation], str]]:
    """The methods by which something of an expectation is read, each with the class that has it."""
    from great_expectations.expectations.expectation import Expectation  # noqa: PLC0415 - 2 s to import

    kinds: list[type[Expectation]] = [Expectation]
    for kind in kinds:
        kinds += (made for made in kind.__subclasses__() if made not in kinds)
    return [(kind, name) for kind in kinds for name in READERS if name in vars(kind)]


def _follow_once() -> None:
    """Let a metric be followed to what it needs once a graph, not each time that another needs it: a tenth of a gate's time."""
    from great_expectations.validator.validation_graph import ValidationGraph  # noqa: PLC0415 - as above

    build = vars(ValidationGraph).get(FOLLOWER)
    if build is None:
        return

    @wraps(build)
    def follow(graph: Any, metric_configuration: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Great Expectations'
        followed = vars(graph).setdefault("_followed", set())
        if metric_configuration.id not in followed:
            followed.add(metric_configuration.id)
            build(graph, metric_configuration, *args, **kwargs)

    setattr(ValidationGraph, FOLLOWER, follow)


def _name_once() -> None:
    """Let the same arguments be digested once: two digests name a metric, which is made many times: a sixth of a gate's time."""
    from great_expectations.core.id_dict import IDDict  # noqa: PLC0415 - as above

    name = vars(IDDict).get(NAMER)
    if name is None:
        return

    @lru_cache(maxsize=4096)
    def named(items: frozenset[Any]) -> Any:  # noqa: ANN401 - Great Expectations'
        return name(IDDict(items))

    @wraps(name)
    def short(arguments: IDDict, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - Great Expectations'
        # Of texts and nothing else, or what is equal would not be the same: 1, 1.0 and True are.
        of_texts = all(value is None or type(value) is str for value in arguments.values())
        if args or kwargs or type(arguments) is not IDDict or not of_texts:
            return name(arguments, *args, **kwargs)
        return named(frozenset(arguments.items()))

    setattr(IDDict, NAMER, short)
