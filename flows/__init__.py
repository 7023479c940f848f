"""The Prefect flows and everything that they do: collect, check, upload, wait for the ETL, audit, publish, confirm.

Parsing, keys and calendars are pure modules; `b3_scraper` alone talks HTTP to B3, and `aws` alone makes AWS clients.
"""
