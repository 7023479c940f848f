"""The Glue job in visual form: its graph, as Glue Studio keeps it. Pure.

The transformations are nodes with the queries of `expectations.queries.transformations`, whose expressions the script applies
too. A source or a target of Glue Studio is one fixed place, whereas a run refines one version of a raw file and writes below
its own staging prefix; so two nodes of custom code stand between: one reads the versions that the run's arguments name, the other
stages the rows and writes the manifest, both with the script's own modules.

The graph begins with a source all the same, because Glue Studio draws nothing without one: the raw files, of which it shows
columns and a preview. A run uses none of their rows.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-visual-job-api.html.
"""

from __future__ import annotations

from typing import Any

from expectations.contract.names import RAW_PREFIX
from expectations.contract.tables import RAW_COLUMNS
from expectations.queries.transformations import INPUT, REFINED, STEPS, SUMMARY, Step

SOURCE, VERSIONS, TARGET = "source", "versions", "staging"
"""The nodes that are no transformations; `INPUT` is the one frame of what `VERSIONS` gives."""

Node = dict[str, Any]

_READ = f"""\
import sys

from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection

from glue.visual import read_versions

rows = DynamicFrame.fromDF(read_versions(sys.argv[1:]), glueContext, "{INPUT}")
return DynamicFrameCollection({{"{INPUT}": rows}}, glueContext)
"""
_WRITE = """\
import sys

from glue.visual import write_staging

write_staging(sys.argv[1:], [dfc.select(name).toDF() for name in dfc.keys()])
return dfc
"""


def graph(raw_bucket: str) -> dict[str, Node]:
    """The job's nodes by their ids, as `CodeGenConfigurationNodes` of `UpdateJob`."""
    return {
        SOURCE: _source(raw_bucket),
        VERSIONS: _code("The versions of this run", "ReadVersions", _READ, [SOURCE]),
        INPUT: {"SelectFromCollection": {"Name": "Raw rows", "Inputs": [VERSIONS], "Index": 0}},
        **{step.name: _query(step) for step in STEPS},
        TARGET: _code("Staging and manifest", "WriteStaging", _WRITE, [REFINED.name, SUMMARY.name]),
    }


def _source(raw_bucket: str) -> Node:
    columns = [{"Name": column.name, "Type": column.type.value} for column in RAW_COLUMNS]
    return {
        "S3ParquetSource": {
            "Name": "Raw files",
            "Paths": [f"s3://{raw_bucket}/{RAW_PREFIX}"],
            "Recurse": True,
            "AdditionalOptions": {"BoundedFiles": 1},
            "OutputSchemas": [{"Columns": columns}],
        }
    }


def _query(step: Step) -> Node:
    aliases = [{"From": step.reads, "Alias": step.reads}]
    return {"SparkSQL": {"Name": step.title, "Inputs": [step.reads], "SqlQuery": step.sql, "SqlAliases": aliases}}


def _code(title: str, function: str, code: str, inputs: list[str]) -> Node:
    return {"CustomCode": {"Name": title, "Inputs": inputs, "Code": code, "ClassName": function}}
