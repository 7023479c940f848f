"""The names, columns, tables and keys that every part shares. Standard library only."""
