"""The data contract and the gates that hold the data to it.

`expectations.contract` imports only the standard library, because everything may import it: the flows, the Lambda's
tests, the Glue script on its cluster and the Pulumi program. The Great Expectations suites live beside it and are imported
only by the flows.
"""
