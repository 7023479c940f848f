"""Runs Spark's gateway, to which `import pyspark` connects: `launch.py java_program.py <spark-submit>`.

It runs before anything of this project is installed, so it uses the standard library only. Java ends with its standard input,
and so with this program.
"""

from __future__ import annotations

import subprocess
import sys

if __name__ == "__main__":
    with subprocess.Popen([sys.argv[1], "pyspark-shell"], stdin=subprocess.PIPE) as java:  # noqa: S603 - Spark's own
        sys.exit(java.wait())
