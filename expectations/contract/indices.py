"""B3's indices: the one list of their codes, and since when they are. Standard library only, like the contract."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches

from expectations.contract.keys import ContractError, check_index

# b3.com.br, its list of indices. A setting may add to it.
INDEX_CODES = (
    *("AGFS", "BDRX", "GPTW", "IBBC", "IBBE", "IBBR", "IBEE", "IBEP", "IBEW", "IBHB", "IBLV", "IBOV", "IBRA", "IBSD"),
    *("IBXL", "IBXX", "ICO2", "ICON", "IDIV", "IDVR", "IEEX", "IFIL", "IFIX", "IFNC", "IGCT", "IGCX", "IGNM", "IMAT"),
    *("IMOB", "INDX", "ISEE", "ITAG", "IVBX", "MLCX", "SMLL", "UTIL"),
)

FIRST_SESSION = date(2000, 1, 3)  # of the trading calendar; no portfolio of an earlier one was recorded
# No portfolio of these can be older. B3's news of its launches: seven indices of 2024, the platform for indices on demand of
# 2022; and its pages on the IBrX 50 (January 2003), the Small and MidLarge Cap (September 2008) and the IFIX (base of 2010).
_BEGAN = {
    **dict.fromkeys(("IBHB", "IBLV", "IBBR", "IBEE", "IBEP", "IBEW"), date(2024, 1, 1)),
    **dict.fromkeys(("AGFS", "IBSD", "IDVR"), date(2022, 1, 1)),
    **dict.fromkeys(("SMLL", "MLCX"), date(2008, 9, 1)),
    "IFIX": date(2010, 12, 30),
    "IBXL": date(2003, 1, 1),
}

_NEAR = 0.5  # likeness from which a code counts as meant
_MOST_NEAR = 3


def check_known(index: str, extra: Iterable[str] = ()) -> str:
    """The index code itself, when it is one of B3's.

    Args:
        extra: codes that are known besides the list's.

    Raises:
        ContractError: it is none of them; near ones are named.
    """
    known = (*INDEX_CODES, *extra)
    if check_index(index) in known:
        return index
    near = get_close_matches(index, known, _MOST_NEAR, _NEAR)
    meant = f"; near are {', '.join(near)}" if near else ""
    raise ContractError(
        f"index code {index!r}: none of the {len(known)} that are known{meant}. BOVESPA_EXTRA_INDICES adds a new one of B3's"
    )


def began(index: str) -> date:
    """The day before which there can be no portfolio of the index."""
    return _BEGAN.get(index, FIRST_SESSION)
