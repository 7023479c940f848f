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

LANDING_PREFIX = "landing/"
RAW_PREFIX = "raw-data/"
RAW_SUFFIX = ".parquet"
STAGING_PREFIX = "staging/"
PUBLISHED_PREFIX = "published/"
LEASES_PREFIX = "leases/"
BATCHES_PREFIX = "batches/"
REPORTS_PREFIX = "reports/"
MANIFEST_NAME = "manifest.json"
PART_NAME = "part-00000.parquet"
