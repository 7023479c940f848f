"""Many sessions at once: batches, replays, rebuilding from landing, reconciling, importing folders."""
