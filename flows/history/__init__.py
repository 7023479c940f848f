"""The monthly tables of all published sessions, and what changed from one to the next."""
