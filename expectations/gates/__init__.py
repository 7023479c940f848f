"""The Great Expectations suites, the gate that runs them, and Data Docs."""
