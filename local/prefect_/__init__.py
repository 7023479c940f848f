"""Prefect's server as a child process of the account."""
