"""A stand-in for B3's site, and the recorded sample."""
