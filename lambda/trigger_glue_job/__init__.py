"""The Lambda `trigger-glue-job`: starts the Glue job for each new raw object version.

Deployed with the contract: it imports nothing else but the standard library and the runtime's boto3.
"""
