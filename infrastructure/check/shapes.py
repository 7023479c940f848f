"""How declared arguments, which have Pulumi's names, fit a model with AWS's names: botocore's, or CloudFormation's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def plain(name: str) -> str:
    """A name as all write it: `sseAlgorithm`, `SSEAlgorithm` and `sse_algorithm` are one."""
    return "".join(part for part in name.lower() if part.isalnum())


def fitting(name: str, known: Iterable[str], aliases: Mapping[str, str]) -> str | None:
    """The model's name of an argument; None where it has none."""
    wanted = plain(aliases.get(name, name))
    return next((item for item in known if plain(item) in {wanted, f"{wanted}s"} or plain(item) == wanted[:-1]), None)
