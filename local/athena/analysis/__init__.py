"""What a query means: its names found, its types those of Trino, its text in DuckDB's words."""
