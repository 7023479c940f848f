"""Runs on schedule: the ECS work pool, and who is told of failures."""
