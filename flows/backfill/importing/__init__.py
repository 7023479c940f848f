"""Readers of what people have: copies of B3's portfolios in files. Pure: bytes and a name in, portfolios out."""
