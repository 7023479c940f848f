"""What a month costs: prices, usage, the bill."""
