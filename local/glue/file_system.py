"""The Hadoop file system that is `s3://` in a Spark run: a folder for each bucket, without permissions.

S3A's jars, which AWS has, are not on PyPI, and Hadoop's own file systems would do it slowly. RawLocalFileSystem gives
permissions to every file and folder that it makes and, without Hadoop's native libraries (not on PyPI either), starts the
program `chmod` for each: two processes for each of a session's 85 files, two thirds of the processor time of a run of 40
sessions. Behind ViewFileSystemOverloadScheme, which would map `s3://` to it, every operation takes a path apart and builds it
again several times. The class that does neither is compiled once for an installation, by the compiler that Spark brings along for
the code that it generates (Janino).

Parquet looks through all of Hadoop's settings for each file that it writes; of a thousand, 438 are YARN's defaults. An empty
file of their name, in the same jar, stands in front of them.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

from local.installation.packages import kept_for, spark_jars

FILE_SYSTEM = "bovespa.BucketFileSystem"

_SOURCES = Path(__file__).with_name("java")
_NO_YARN = _SOURCES / "yarn-default.xml"
_COMPILER = "org.codehaus.commons.compiler.samples.CompilerDemo"


class FileSystemError(RuntimeError):
    """The class cannot be compiled, so that no Glue run can start. One readable line."""


def compiled_file_system(java_home: str) -> Path:
    """The jar with the compiled class, for a class path.

    Raises:
        FileSystemError: it cannot be compiled.
    """
    source = _SOURCES / _in_folders(".java")
    target = _kept(source, spark_jars())
    if not target.exists():
        _compile(java_home, spark_jars(), source, target)
    return target


def _in_folders(ending: str) -> str:
    return f"{FILE_SYSTEM.replace('.', '/')}{ending}"


def _kept(source: Path, jars: Path) -> Path:
    # Of this source and this Hadoop: another version of either is compiled anew.
    texts = (path.read_text(encoding="utf-8") for path in (source, _NO_YARN))
    return kept_for("bucket-file-system.jar", [*texts, *sorted(path.name for path in jars.glob("hadoop-*.jar"))])


def _compile(java_home: str, jars: Path, source: Path, target: Path) -> None:
    needed = ("hadoop-client-", "slf4j-api", "commons-logging")
    class_path = os.pathsep.join(str(path) for path in jars.glob("*.jar") if path.name.startswith(needed))
    compiler = [f"{java_home}/bin/java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{jars}/*", _COMPILER]
    with _place_beside(target) as made:
        program = [*compiler, "-d", made, "-classpath", class_path, str(source)]
        try:
            subprocess.run(program, check=True, capture_output=True, text=True)  # noqa: S603 - our Java
        except OSError as error:
            raise FileSystemError(f"JAVA_HOME {java_home}: no Java can be started there ({error.strerror})") from error
        except subprocess.CalledProcessError as error:
            said = (error.stderr.strip() or error.stdout.strip()).partition("\n")[0]
            raise FileSystemError(f"the Java in {java_home} cannot compile {source}: {said}") from error
        jar = Path(made) / target.name
        with zipfile.ZipFile(jar, "w") as archive:
            archive.write(Path(made) / _in_folders(".class"), _in_folders(".class"))
            archive.write(_NO_YARN, _NO_YARN.name)
        jar.replace(target)


def _place_beside(target: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=target.parent)
    except OSError as error:
        raise FileSystemError(f"{target.parent}: no place for {target.name} ({error.strerror})") from error
