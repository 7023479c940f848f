"""`make deploy-check`: the deployments on schedule, tried against a real Prefect server."""
