"""The Pulumi program, run in-process, and each resource that it declares created."""
