"""B3's portfolio: its formats, the client of its site, its trading calendar."""
