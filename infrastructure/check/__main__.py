"""Everything that `make infra-check` looks at, one after the other; it ends with 1 where anything was found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from infrastructure.check import command_line, policies, rules, s3a, stacks, template, texts
from infrastructure.recording import NOTEBOOK_REGION, OPTIONAL_PARTS, REGION, Deployment, record_program

_HERE = {name: value for name, value in OPTIONAL_PARTS.items() if name != "athenaNotebooks"}
STACKS: tuple[tuple[str, dict[str, str]], ...] = (
    (REGION, {}),
    (REGION, {**_HERE, "alarmEmail": "team@example.com", "watchedIndices": "IBOV,IBXX", "flexExecution": "true"}),
    (NOTEBOOK_REGION, {**OPTIONAL_PARTS, "environment": "dev", "bucketSuffix": "-acme", "encryptAlarms": "false"}),
)
"""What is looked at: the default, and all that a stack can have, in both regions."""


def check_stack(region: str, settings: dict[str, str]) -> Iterator[str]:
    """What is found in one stack."""
    deployment = record_program(region, None, **settings)
    checks: tuple[tuple[str, Callable[[Deployment, str], list[str]]], ...] = (
        ("values", lambda found, _: texts.check(found)),
        ("cfn-lint", template.check),
        ("policies", lambda found, _: policies.check(found)),
        ("rules", rules.check),
        ("S3A", lambda found, _: list(s3a.check(found))),
    )
    for title, check in checks:
        yield from (f"{region} {title}: {text}" for text in check(deployment, region))


def main() -> int:
    """Look at everything, and say what was found."""
    found = [text for region, settings in STACKS for text in check_stack(region, settings)]
    found += [*stacks.check(), *command_line.check()]
    for text in dict.fromkeys(found):
        sys.stdout.write(f"{text}\n")
    runs = len(command_line.combinations())
    sys.stdout.write(f"{len(found)} findings; {len(STACKS)} stacks, and {runs} previews as the CLI makes them\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
