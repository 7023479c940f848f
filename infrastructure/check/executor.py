"""Runs a Pulumi program as the CLI's Python executor does: once for each line that it reads, in a process of its own.

The executor comes with the CLI, which is not on PyPI; its steps are these: the configuration is read from the environment, the
runtime is connected to engine and monitor, the working folder is changed, and the entry is run below a stack
(https://github.com/pulumi/pulumi, sdk/python/cmd/pulumi-language-python-exec). This file is started by its path, so that it
adds no folder of the project's to what can be imported.

A line is JSON, `{"arguments": […], "environment": {…}}`, and is answered with the exit code. What the program needs of Pulumi is
imported before the first line, for it takes most of a run's time; nothing of the project's is, and nothing is connected.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import runpy
import sys
import traceback

import pulumi
import pulumi.runtime


def main(modules: list[str]) -> None:
    """Answer line after line, with these modules imported."""
    for name in modules:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            os.environ.update(asked["environment"])
            code = preview(asked["arguments"])
            sys.stderr.flush()
            os._exit(code)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def preview(arguments: list[str]) -> int:
    """Run the program that the arguments name; 0 where it ended well."""
    parser = argparse.ArgumentParser()
    for name in ("--project", "--stack", "--parallel", "--dry_run", "--pwd", "--monitor", "--engine"):
        parser.add_argument(name, required=True)
    parser.add_argument("PROGRAM")
    given = parser.parse_args(arguments)
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=given.monitor,
            engine=given.engine,
            project=given.project,
            stack=given.stack,
            parallel=int(given.parallel),
            dry_run=given.dry_run == "true",
        )
    )
    sys.argv = [given.PROGRAM]
    os.chdir(given.pwd)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(given.PROGRAM)))
    except Exception:  # noqa: BLE001 - a program is anybody's Python, and the engine wants to hear of whatever it ends with
        pulumi.log.error(traceback.format_exc())
        return 1
    finally:
        loop.close()
    return 0


def _run(program: str) -> None:
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    # Its own folder comes first otherwise, and with it modules of names that others have too.
    sys.path.pop(0)
    main(sys.argv[1:])
