"""The Hadoop file system in which the `s3://` of a Spark run ends: the local one, without permissions.

S3 knows no permissions. Hadoop's RawLocalFileSystem gives them to every file and folder that it makes and, without Hadoop's
native libraries (they are not on PyPI), starts the program `chmod` for each: two processes for each of a session's 85 files,
which was two thirds of the processor time of a run of 40 sessions. The class that leaves it out is compiled once for an
installation, by the compiler that Spark brings along for the code that it generates (Janino).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from local.children import site_packages

FILE_SYSTEM = "bovespa.BucketFileSystem"

_SOURCES = Path(__file__).with_name("java")
_COMPILER = "org.codehaus.commons.compiler.samples.CompilerDemo"


def compiled_file_system(java_home: str) -> Path | None:
    """The jar with the compiled class, for a class path; None where it cannot be compiled or kept."""
    source = _SOURCES / _in_folders(".java")
    jars = Path(site_packages()) / "pyspark" / "jars"
    target = _kept(source, jars)
    # An environment that this user may not write to: Hadoop's own file system does, and takes its time.
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        if not target.exists():
            _compile(java_home, jars, source, target)
    return target if target.exists() else None


def _in_folders(ending: str) -> str:
    return f"{FILE_SYSTEM.replace('.', '/')}{ending}"


def _kept(source: Path, jars: Path) -> Path:
    # Of this source and this Hadoop: another version of either is compiled anew.
    facts = source.read_bytes() + "".join(sorted(path.name for path in jars.glob("hadoop-*.jar"))).encode()
    return Path(sys.prefix) / "var" / f"bucket-file-system-{hashlib.sha256(facts).hexdigest()[:16]}.jar"


def _compile(java_home: str, jars: Path, source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    needed = ("hadoop-client-api", "slf4j-api")
    class_path = os.pathsep.join(str(path) for path in jars.glob("*.jar") if path.name.startswith(needed))
    compiler = [f"{java_home}/bin/java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{jars}/*", _COMPILER]
    with tempfile.TemporaryDirectory(dir=target.parent) as made:
        program = [*compiler, "-d", made, "-classpath", class_path, str(source)]
        subprocess.run(program, check=True, capture_output=True)  # noqa: S603 - our Java
        jar = Path(made) / target.name
        with zipfile.ZipFile(jar, "w") as archive:
            archive.write(Path(made) / _in_folders(".class"), _in_folders(".class"))
        jar.replace(target)
