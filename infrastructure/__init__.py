"""The Pulumi program: `__main__` wires component resources, one file a concern."""
