"""What B3's texts look like: tickers, names, types and sectors. Standard library only, like the contract."""

TICKER_PATTERN = r"^[A-Z0-9]{4}[0-9]{1,2}\Z"
NAME_PATTERN = r"^[A-Z0-9 /.&+\-]{1,12}\Z"

# B3 writes `type` as fixed-width fields, right-trimmed: a class of four characters, flags of four, a level of two.
TYPE_CLASS_WIDTH = 4
TYPE_FLAGS_WIDTH = 4
TYPE_LEVEL_WIDTH = 2
CLASSES = ("ON", "PN", "PNA", "PNB", "PNC", "PND", "UNT", "CI", "DRN", "DR1", "DR2", "DR3")
EVENT_FLAGS = (
    *("ED", "EJ", "EB", "EX", "ES", "ER", "EG", "EA"),
    *("EDJ", "EDR", "EDB", "EDS", "EJB", "EJS", "ERJ", "ERS", "EBG", "EBS", "ATZ"),
)
LISTING_LEVELS = ("NM", "N1", "N2", "MA", "MB", "M2")

# B3 writes sector strings loosely: these are one sector, spelt in two ways.
SECTOR_SPELLINGS = {"Cons N Ciclico": "Cons N Cíclico", "Financeiro e Outros": "Financ e Outros"}
# In the CSV, B3 writes the comma of one sector's name as a slash, which is not a subsector's.
# As a regular expression and what to write instead.
SECTOR_WITH_COMMA = ("^Petróleo ?/ ?Gás", "Petróleo, Gás")
