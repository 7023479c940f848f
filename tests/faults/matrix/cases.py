"""All cases of the matrix, boundary by boundary."""

from __future__ import annotations

from matrix import b3, catalog, etl, flow, overtaken, s3, trigger
from matrix.case import Case, Stage

CASES = [*b3.CASES, *s3.CASES, *trigger.CASES, *etl.CASES, *catalog.CASES, *flow.CASES, *overtaken.CASES]


def chosen(*, whole: bool) -> list[Case]:
    """All cases, or the quick ones."""
    return [case for case in CASES if whole or case.quick]


def unprotected(cases: list[Case]) -> list[Case]:
    """Those that are seen to fail; those with Glue runs of their own take long, and one of each protection is enough."""
    first: dict[str, Case] = {}
    for case in cases:
        if case.stage is Stage.DAILY:
            first.setdefault(case.protection.what, case)
    return [case for case in cases if case.stage is not Stage.DAILY or case in first.values()]


def part_of(case: Case, parts: int) -> str:
    """Which part of the matrix a case is in; each part has an account of its own, and may have a process of its own."""
    alike = [other for other in CASES if (other.stage, other.index) == (case.stage, case.index)]
    return f"part-{alike.index(case) % parts}"
