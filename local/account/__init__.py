"""The account itself: its home, its server process, its state, the endpoint in front of its services."""
