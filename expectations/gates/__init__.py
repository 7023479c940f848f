"""The Great Expectations suites, the gate that runs them, and Data Docs."""

from expectations.gates.put_off import put_off

put_off()
