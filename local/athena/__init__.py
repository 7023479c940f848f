"""Athena: its SQL run by DuckDB over the catalog's registered partitions."""
