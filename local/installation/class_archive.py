"""The archive of the classes that every Spark start loads, made once for an installation.

A Spark start reads some 14,000 classes from 70 jars and verifies each, and that is most of its time. Java's class data sharing
keeps them as they are in memory, in a file that is mapped into the next process. The class path must begin with the jars that
the archive was made of, which are kept beside it; Java passes over an archive that does not suit it.
(https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.installation.packages import kept_for, spark_jars

_NAME = "spark-classes"
_ARCHIVE, _JARS = "classes.jsa", "jars"
_SOURCE = " source: file:"


@dataclass(frozen=True, slots=True)
class ClassArchive:
    """An archive, and what a class path must begin with for it."""

    file: Path
    jars: tuple[str, ...]

    @property
    def class_path(self) -> str:
        """The jars as a class path."""
        return os.pathsep.join(self.jars)

    @property
    def java_option(self) -> str:
        """The option that makes Java use it."""
        return f"-XX:SharedArchiveFile={self.file}"


def find(java_home: str, file_system: Path) -> ClassArchive | None:
    """The archive for this Java, this Spark and this file system's jar; None where none was made."""
    folder = _folder(java_home, file_system)
    archive, jars = folder / _ARCHIVE, folder / _JARS
    if not archive.exists() or " " in str(folder):  # Spark divides its Java options at blanks
        return None
    return ClassArchive(archive, tuple(jars.read_text(encoding="utf-8").splitlines()))


def make(java_home: str, file_system: Path, start: Callable[[Sequence[str]], object]) -> ClassArchive:
    """Make the archive.

    Args:
        java_home: where Java is.
        file_system: the jar of the file system that Spark is to use.
        start: starts Spark with further Java options, does what is usual, and ends it.

    Raises:
        subprocess.CalledProcessError: Java could not make it.
        OSError: there is no place for it.
    """
    target = _folder(java_home, file_system)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as made:
        folder = Path(made) / "archive"
        folder.mkdir()
        classes, loaded = Path(made) / "classes", Path(made) / "loaded"
        start([f"-XX:DumpLoadedClassList={classes}", "-Xshare:off", f"-Xlog:class+load:file={loaded}"])
        jars = [str(file_system), *(jar for jar in _by_use(loaded) if jar != str(file_system))]
        (folder / _JARS).write_text("\n".join(jars), encoding="utf-8")
        options = ["-Xshare:dump", "-XX:+UseSerialGC", f"-XX:SharedClassListFile={classes}"]
        archive = ClassArchive(folder / _ARCHIVE, tuple(jars))
        program = [f"{java_home}/bin/java", *options, archive.java_option, "-cp", archive.class_path]
        subprocess.run(program, check=True, capture_output=True)  # noqa: S603 - our Java
        if not target.exists():  # another process may have been sooner
            folder.rename(target)
    for outdated in target.parent.glob(f"{_NAME}-*"):
        if outdated != target:
            shutil.rmtree(outdated)
    return ClassArchive(target / _ARCHIVE, tuple(jars))


def _by_use(loaded: Path) -> list[str]:
    """The jars of a log of loaded classes; those with most classes first, for Java looks them through in turn."""
    counts: Counter[str] = Counter()
    with loaded.open(encoding="utf-8") as lines:
        for line in lines:
            _, found, source = line.rstrip().partition(_SOURCE)
            if found and source.endswith(".jar"):
                counts[source] += 1
    return [jar for jar, _ in counts.most_common()]


def _folder(java_home: str, file_system: Path) -> Path:
    # Another Java, another Spark, or the same elsewhere: another archive.
    jars, release = spark_jars(), Path(java_home) / "release"
    facts = [java_home, str(jars), str(file_system), *sorted(path.name for path in jars.glob("*.jar"))]
    facts += [release.read_text(encoding="utf-8")] if release.exists() else []
    return kept_for(_NAME, facts)
