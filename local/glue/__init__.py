"""Glue: the Data Catalog, and jobs that run in real PySpark processes."""
