"""Runs on schedule: the ECS work pool, and who is notified of failures."""
