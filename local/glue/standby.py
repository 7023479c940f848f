"""Java that stands by for the next Glue run, started while the flow is still at work on what the run will be about.

pyspark starts Java itself, twice, when the script first asks for Spark: a second and more in which nothing else happens. Where
PYSPARK_GATEWAY_PORT is set it connects to a gateway that is there (`pyspark.java_gateway.launch_gateway`). One Java serves one
run, and ends with it.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from pathlib import Path

from local.account.children import Child
from local.installation.packages import site_packages

IDLE_SECONDS = 60.0
"""How long it waits for a run."""

_PROGRAM = Path(__file__).with_name("java_program.py")
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 30.0


class StandbyJava:
    """Starts at once.

    Args:
        folder: of the run that will come, with Spark's configuration.
        variables: the whole of that run's environment.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder, self.variables = folder, dict(variables)
        self.log = folder / "java.log"
        self._gateway = folder / "gateway"
        own = folder / "java"
        own.mkdir()
        submit = Path(site_packages()) / "pyspark" / "bin" / "spark-submit"
        given = {**variables, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(self._gateway)}
        self._child = Child([str(_PROGRAM), str(submit)], given, own, self.log)

    def reached_by(self) -> dict[str, str] | None:
        """The variables under which pyspark connects to it; None where it has ended. Waits until it is up."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._gateway.is_file():
            if self._child.wait(_LOOK_SECONDS) is not None or time.monotonic() > deadline:
                return None
        # As Java's DataOutputStream wrote it: the port, and the secret with its length before it.
        port, length = struct.unpack_from("!ii", content := self._gateway.read_bytes())
        return {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": content[8 : 8 + length].decode()}

    def end(self) -> None:
        """End it."""
        self._child.stop()
