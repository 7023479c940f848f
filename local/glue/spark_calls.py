"""What a Spark run did in S3, by Spark's own account of it.

Spark reads and writes `s3://` through the mirror, past the account's door; in AWS it does so with the rights of the job's
role. Its log says which file each scan reads, and into which folder each task's files were committed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from local.rights.iam import Call
from local.rights.s3_calls import object_arn

_READ = re.compile(r"FileScanRDD: Reading File path: s3://([^/]+)/(.+), range: ")
_WRITTEN = re.compile(r"FileOutputCommitter: Saved output of task '[^']*' to s3://([^/]+)/(.+)$")
_ATTEMPT = re.compile(r"/_temporary/\d+/[^/]+$")

LOGGING = """\
logger.reads.name = org.apache.spark.sql.execution.datasources.FileScanRDD
logger.reads.level = info
logger.reads.additivity = false
logger.reads.appenderRef.s3.ref = s3
logger.writes.name = org.apache.hadoop.mapreduce.lib.output.FileOutputCommitter
logger.writes.level = info
logger.writes.additivity = false
logger.writes.appenderRef.s3.ref = s3
appender.s3.type = File
appender.s3.name = s3
appender.s3.fileName = {log}
appender.s3.layout.type = PatternLayout
appender.s3.layout.pattern = %c{{1}}: %m%n
"""
"""Log4j2 properties that send these lines to a file of their own; `log` is its path."""


def spark_calls(log: Path, mirror: Path) -> list[Call]:
    """The calls that a run's log tells of, each once: GetObject of what it read, PutObject of what it wrote.

    Args:
        log: written by `LOGGING`; a run that never started Spark has none.
        mirror: the folder of all buckets, where the files that were written lie.
    """
    if not log.exists():
        return []
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    read = dict.fromkeys((match[1], unquote(match[2])) for line in lines if (match := _READ.search(line)))
    # Every task names the folder of its whole table.
    folders = dict.fromkeys(
        (match[1], _ATTEMPT.sub("", unquote(match[2]))) for line in lines if (match := _WRITTEN.search(line))
    )
    written = dict.fromkeys(place for bucket, folder in folders for place in _files(mirror, bucket, folder))
    return [
        *(Call("s3:GetObject", object_arn(*place)) for place in read),
        *(Call("s3:PutObject", object_arn(*place)) for place in written),
    ]


def _files(mirror: Path, bucket: str, folder: str) -> Iterator[tuple[str, str]]:
    root = mirror / bucket
    for path, _, names in os.walk(root / folder):
        inside = Path(path).relative_to(root).as_posix()
        yield from ((bucket, f"{inside}/{name}") for name in names)
