"""The kinds of change in the table of changes, in the order in which they are listed. Standard library only."""

from __future__ import annotations

ENTERED, LEFT, RENAMED, QUANTITY, WEIGHT = "entrou", "saiu", "renomeada", "quantidade", "participacao"
COMPOSITION = (ENTERED, LEFT, RENAMED, QUANTITY)
"""The kinds of change that change the portfolio itself: which shares are in it, and how many of each."""

KINDS = (*COMPOSITION, WEIGHT)

RULES = 1
"""Version of the rules of `flows.history.changes`: with another one, every month is made again."""
