"""Templates are compiled once for all environments that compile alike, and anew where their text is another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jinja2 import DictLoader, Environment

from expectations.gates.compiled import CompiledTemplates


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that were compiled, by name."""
    names: list[str] = []
    plain: Callable[..., object] = Environment.compile

    def compile_(self: Environment, source: str, name: str | None = None, *args: object, **kwargs: object) -> object:
        names.append(str(name))
        return plain(self, source, name, *args, **kwargs)

    monkeypatch.setattr(Environment, "compile", compile_)
    return names


def environment(cache: CompiledTemplates, text: str, word: str) -> Environment:
    made = Environment(loader=DictLoader({"page": text}), bytecode_cache=cache, autoescape=True)
    made.filters["say"] = lambda value: f"{word} {value}"
    return made


def test_each_environment_has_its_own_words_in_what_was_compiled_once(compiled: list[str]) -> None:
    cache = CompiledTemplates()
    pages = [environment(cache, "{{ x|say }}", word).get_template("page").render(x="<1>") for word in ("a", "b", "c")]
    assert pages == ["a &lt;1&gt;", "b &lt;1&gt;", "c &lt;1&gt;"]
    assert compiled == ["page"]


def test_another_text_of_the_same_name_is_compiled(compiled: list[str]) -> None:
    cache = CompiledTemplates()
    pages = [environment(cache, text, "a").get_template("page").render(x=1) for text in ("{{ x }}", "<{{ x }}>")]
    assert pages == ["1", "<1>"]
    assert compiled == ["page", "page"]
