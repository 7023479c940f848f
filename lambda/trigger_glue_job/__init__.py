"""The Lambda `trigger-glue-job`: starts the Glue job for each new raw object version.

Deployed by itself: it imports nothing but the standard library and the runtime's boto3.
"""
