"""The AWS account on the laptop: what the pipeline runs against when it does not run against AWS.

One endpoint behind `AWS_ENDPOINT_URL`, provisioned by the Pulumi program: moto's S3, IAM and the like, and a Lambda, a Glue
and an Athena that really run what they are given. `local.door` is the way in: nothing else of the project imports from here what
is not found there, and the code that is being run knows nothing of it.
"""
