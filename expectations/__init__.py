"""The data contract and the gates that hold the data to it.

`contract`, `manifest` and `catalog` import only the standard library, because everything may import them: the flows, the
Lambda's tests, the Glue script on its cluster and the Pulumi program. Great Expectations is imported where a gate runs.
"""

import os

# Great Expectations reads this once, when it is first imported; nothing is sent anywhere.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # noqa: TID251 - its only switch
