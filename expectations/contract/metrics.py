"""The flows' own metrics in CloudWatch: named once for the flows that emit them and the alarms that watch them.

Standard library only.
"""

from __future__ import annotations

NAMESPACE = "Bovespa"
INDEX_DIMENSION = "Indice"

FRESH_SESSION = "FreshSession"
"""1 whenever a run finds the session of today, or a later one, published; a schedule puts 0 at noon of every weekday."""

RUNS = "Runs"
FAILED_RUNS = "FailedRuns"
GATE_FAILURES = "GateFailures"
ROWS = "Rows"
BYTES = "Bytes"
DURATION = "DurationSeconds"

GLUE_DPU_SECONDS = "GlueDpuSeconds"
"""What the run's Glue run used, by Glue's own count: its seconds times its DPUs."""

COMPOSITION_CHANGES = "CompositionChanges"
"""Shares that entered, left, were renamed, or got another quantity, of the session that a run published."""

DIVERGENT_SESSIONS = "DivergentSessions"
"""Sessions that were held against B3's closing prices and do not follow from them."""

LAMBDA_ERRORS = "TriggerErrorLines"
"""Of the log of the Lambda, by a metric filter; without a dimension."""

ETL_ERRORS = "EtlErrorLines"
"""Of the log of the Glue job, by a metric filter; without a dimension."""
