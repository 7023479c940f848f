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

# The classes that a ticker's number stands for. In the recorded portfolios of 2023 to 2025, 302 tickers fit and none does not;
# the numbers of depositary receipts are B3's own rule. Numbers that are not named here stand for no class in particular.
CLASSES_OF_NUMBER = {
    "3": ("ON",),
    "4": ("PN",),
    "5": ("PNA",),
    "6": ("PNB",),
    "7": ("PNC",),
    "8": ("PND",),
    "11": ("UNT", "CI"),
    **dict.fromkeys(map(str, range(31, 40)), ("DRN", "DR1", "DR2", "DR3")),
}
# The classes whose rows have listing levels: at least nine in ten of each recorded portfolio.
LISTED_CLASSES = ("ON", "PN", "PNA", "PNB", "PNC", "PND", "UNT")

# Trading names have B3's width, and no small letters.
NAME_WIDTH = 12

# B3 writes sector strings loosely: these are one sector, spelt in two ways.
SECTOR_SPELLINGS = {"Cons N Ciclico": "Cons N Cíclico", "Financeiro e Outros": "Financ e Outros"}
# In the CSV, B3 writes the comma of one sector's name as a slash, which is not a subsector's.
# As a regular expression and what to write instead.
SECTOR_WITH_COMMA = ("^Petróleo ?/ ?Gás", "Petróleo, Gás")

# Every sector string that was recorded in B3's answers and downloads, 2023 to 2026, as it is written there.
SECTORS = (
    *("Bens Indls / Mat Transporte", "Bens Indls / Máqs e Equips", "Bens Indls / Serviços", "Bens Indls/Transporte"),
    *("Comput e Equips", "Cons N  Básico / Alimentos Processados", "Cons N Ciclico/Agropecuária"),
    *("Cons N Cíclico / Bebidas", "Cons N Cíclico / Comércio Distr.", "Cons N Cíclico / Pr Pessoal Limp"),
    *("Consumo Cíclico / Comércio", "Consumo Cíclico / Tecid Vest Calç", "Consumo Cíclico/Autos e Motos"),
    *(
        "Consumo Cíclico/Constr Civil",
        "Consumo Cíclico/Viagens e Lazer",
        "Diversos",
        "Financ e Outros / Explor Imóveis",
    ),
    *("Financ e Outros / Fundos", "Financ e Outros / Holdings Divers", "Financ e Outros / Interms Financs"),
    *("Financ e Outros / Previd  Seguros", "Financeiro e Outros/Serviços Financeiros Diversos"),
    *("Mats Básicos / Madeira e Papel", "Mats Básicos / Mineração", "Mats Básicos / Químicos"),
    *("Mats Básicos / Sid Metalurgia", "Petróleo, Gás e Biocombustíveis", "Petróleo/ Gás e Biocombustíveis"),
    *("Saúde/Comércio Distr.", "Saúde/SM Hosp An.Diag", "Tec.Informação/Programas Servs", "Telecomunicação"),
    *("Utilidade Públ / Energ Elétrica", "Utilidade Públ / Água Saneamento"),
)
