"""The steps of one session: raw file, Glue run, staging, publishing, confirming."""
