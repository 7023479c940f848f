"""What was done and where each session stands: attempts, the ledger, session states, run reports, metrics."""
