"""The functions that the laptop has: what is not here is refused by name."""
