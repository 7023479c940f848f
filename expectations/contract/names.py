"""The names that every part of the pipeline shares: buckets, jobs, key prefixes. Standard library only."""

from __future__ import annotations

RAW_BUCKET = "bovespa-raw-data-bucket"
REFINED_BUCKET = "bovespa-refined-data-bucket"
ARTIFACTS_BUCKET = "bovespa-artifacts-bucket"
QUERY_RESULTS_BUCKET = "bovespa-query-results-bucket"

LAMBDA_NAME = "trigger-glue-job"
GLUE_JOB_NAME = "bovespa-etl-job"
DATABASE = "default"
WORKGROUP = "bovespa"

DEFAULT_INDEX = "IBOV"
B3_TIME_ZONE = "America/Sao_Paulo"
INDEX_PATTERN = r"^[A-Z][A-Z0-9]{3}$"

ENVIRONMENT_PATTERN = r"^([a-z][a-z0-9]{0,11})?$"
"""Of the default environment, whose names are the contract's own, it is empty."""

LANDING_PREFIX = "landing/"
UNDATED_PREFIX = "landing/undated/"
QUOTES_LANDING_PREFIX = "landing/cotahist/"
RAW_PREFIX = "raw-data/"
RAW_SUFFIX = ".parquet"
STAGING_PREFIX = "staging/"
HIDDEN_PREFIX = "staging/hidden/"
"""Where partitions point to that nobody is to see: nothing ever lies there."""

PUBLISHED_PREFIX = "published/"
LEASES_PREFIX = "leases/"
BATCHES_PREFIX = "batches/"
REPORTS_PREFIX = "reports/"
LEDGER_PREFIX = "execucoes-data/"
CLAIMS_PREFIX = "claims/"
MANIFEST_NAME = "manifest.json"
PART_NAME = "part-00000.parquet"

ORIGIN_METADATA = "origin"
"""Where a raw object's metadata says what its portfolio came from, for the job's rows to say it, too."""


def in_environment(name: str, environment: str) -> str:
    """What something is called in an environment: `bovespa-etl-job-dev`; in the default one, as it is."""
    return f"{name}-{environment}" if environment else name


def database_of(environment: str) -> str:
    """The catalog's database of an environment, which holds tables of the same names as the others': `bovespa_dev`."""
    return f"bovespa_{environment}" if environment else DATABASE
