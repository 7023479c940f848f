"""Java that stands by for the next Glue run, started while the flow is still at work on what the run will be about.

pyspark starts Java itself, twice, when the script first asks for Spark: a second and more in which nothing else happens. Where
PYSPARK_GATEWAY_PORT is set it connects to a gateway that is there (`pyspark.java_gateway.launch_gateway`).

After a run that has succeeded its Java stands by again, without that run's Spark context: what a new Java loads and compiles
takes several times as long as a session's work does. One run at a time has it, and only runs of one and the same environment.
"""

from __future__ import annotations

import os
import shutil
import struct
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from local.account.children import Child
from local.installation.packages import site_packages

IDLE_SECONDS = 60.0
"""How long it waits for a run."""
CONFIGURATION, SPARK_LOG = "conf", "spark-s3.log"
"""Names in the folder of a run: of Spark's configuration, and of the file in which Spark says what it did in S3."""

_PORT, _SECRET = "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"
_PROGRAM = Path(__file__).with_name("java_program.py")
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 30.0
_MOST_RUNS = 20  # of one Java, for it keeps every object that a run's Python held


class StandbyJava:
    """Starts at once.

    Args:
        folder: of the runs that will come, with Spark's configuration.
        variables: the whole of those runs' environment.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder, self.variables = folder, dict(variables)
        self._runs = 0
        self._log, self._gateway, own = folder / "java.log", folder / "gateway", folder / "java"
        own.mkdir()
        local = Path(variables["SPARK_LOCAL_DIRS"])
        self._own = {self._log, self._gateway, own, local, folder / CONFIGURATION, folder / SPARK_LOG}
        submit = Path(site_packages()) / "pyspark" / "bin" / "spark-submit"
        given = {**variables, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(self._gateway)}
        self._child = Child([str(_PROGRAM), str(submit)], given, own, self._log)

    def reached_by(self) -> dict[str, str] | None:
        """The variables under which pyspark connects to it; None where it has ended. Waits until it is up."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._gateway.is_file():
            if self._child.wait(_LOOK_SECONDS) is not None or time.monotonic() > deadline:
                return None
        # As Java's DataOutputStream wrote it: the port, and the secret with its length before it.
        port, length = struct.unpack_from("!ii", content := self._gateway.read_bytes())
        return {_PORT: str(port), _SECRET: content[8 : 8 + length].decode()}

    def said(self) -> bytes:
        """What it has written since it started, or since it was cleared."""
        return self._log.read_bytes()

    def cleared(self) -> bool:
        """Make it ready for another run: nothing of the one before is left in Spark, in the folder and in the logs.

        Returns:
            Whether it is; one that is not is of no further use.
        """
        self._runs += 1
        reached = self.reached_by()
        if reached is None or self._runs == _MOST_RUNS or not _stopped_spark(int(reached[_PORT]), reached[_SECRET]):
            return False
        try:
            for path in set(self.folder.iterdir()) - self._own:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            for log in (self._log, self.folder / SPARK_LOG):
                os.truncate(log, 0)  # Java appends to both
        except OSError:  # what the run left cannot be removed
            return False
        return True

    def end(self) -> None:
        """End it, and remove its folder."""
        self._child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _stopped_spark(port: int, secret: str) -> bool:
    """Stop the Spark context that a run has left, which the next one could not be without."""
    from py4j.java_gateway import GatewayParameters, JavaGateway  # type: ignore[import-untyped]  # noqa: PLC0415 - once
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # noqa: PLC0415 - a run has ended

    # Or Python would ask a Java that is no more to forget what it held, whenever it comes to that.
    parameters = GatewayParameters(port=port, auth_token=secret, enable_memory_management=False)
    gateway = JavaGateway(gateway_parameters=parameters)
    try:
        contexts = getattr(gateway.jvm.org.apache.spark, "SparkContext$")
        active = getattr(contexts, "MODULE$").getActive()
        if active.isDefined():
            context = active.get()
            context.stop()
            gateway.detach(context)
    except (Py4JError, OSError):
        return False
    finally:
        gateway.close()
    return True


class Standby:
    """The place where one Java, at most, waits for a run.

    Args:
        idle_seconds: how long it may.
    """

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._java: StandbyJava | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    @property
    def java(self) -> StandbyJava | None:
        """What waits."""
        return self._java

    def offer(self, java: StandbyJava) -> None:
        """Let it wait; where one waits already it ends."""
        with self._lock:
            if self._java is None:
                self._java = java
                self._timer = threading.Timer(self._idle_seconds, self.end)
                self._timer.daemon = True
                self._timer.start()
                return
        java.end()

    def take(self) -> StandbyJava | None:
        """What waits, which does so no longer."""
        with self._lock:
            java, self._java = self._java, None
            if self._timer:
                self._timer.cancel()
            return java

    def end(self) -> None:
        """End what waits."""
        if java := self.take():
            java.end()
