"""Where the packages of this installation are, and where what is made of them once is kept."""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path


def site_packages() -> str:
    """Where the packages of this interpreter are installed."""
    return sysconfig.get_path("purelib")


def spark_jars() -> Path:
    """The folder of the jars that pyspark brings."""
    return Path(site_packages()) / "pyspark" / "jars"


def kept() -> Path:
    """The folder for what is made once: in the environment or, where it is not this user's, in their cache; it may be missing."""
    folder = Path(sys.prefix) if os.access(sys.prefix, os.W_OK) else Path.home() / ".cache" / "pipeline-bovespa"
    return folder / "var"


def kept_for(name: str, facts: Iterable[str]) -> Path:
    """Where a thing is kept that is made of these facts: of others, it is another thing in another place."""
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    return kept() / f"{Path(name).stem}-{digest}{Path(name).suffix}"
