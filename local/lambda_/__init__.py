"""Lambda: functions that run in Python processes, their events and their dead letters."""
