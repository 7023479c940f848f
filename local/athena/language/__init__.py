"""Athena's language: Trino's queries as the grammar has them, and nothing beside; positions are kept for error messages."""
