"""What a person types: one module for each group of commands."""
