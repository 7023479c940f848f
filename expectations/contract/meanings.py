"""What the short texts in the tables mean: B3's classes, flags, levels and abbreviated sectors, and the pipeline's own.

Classes and flags are those of B3's layout of its quotation files (SeriesHistoricas_Layout, revision 2 of 2020-10-05, table
ESPECI), which has neither `EX` nor depositary receipts: these are explained from what was recorded and B3's public glossary.
Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value of a column means.

    Attributes:
        column: the column in which it stands.
        value: as it stands there.
        portuguese, english: what it means.
    """

    column: str
    value: str
    portuguese: str
    english: str


_CLASSES = {
    "ON": ("ação ordinária: dá direito a voto", "ordinary share: it votes"),
    "PN": (
        "ação preferencial: tem preferência nos proventos",
        "preferred share: first in line for what is distributed",
    ),
    "PNA": ("ação preferencial classe A", "preferred share of class A"),
    "PNB": ("ação preferencial classe B", "preferred share of class B"),
    "PNC": ("ação preferencial classe C", "preferred share of class C"),
    "PND": ("ação preferencial classe D", "preferred share of class D"),
    "UNT": ("unit: certificado de mais de um valor mobiliário", "unit: a certificate of more than one security"),
    "CI": ("cota de fundo de investimento", "share of an investment fund"),
    "DRN": ("BDR não patrocinado", "unsponsored depositary receipt (BDR)"),
    "DR1": ("BDR patrocinado nível I", "sponsored depositary receipt (BDR), level I"),
    "DR2": ("BDR patrocinado nível II", "sponsored depositary receipt (BDR), level II"),
    "DR3": ("BDR patrocinado nível III", "sponsored depositary receipt (BDR), level III"),
}
_RIGHTS = {
    "A": ("atualização", "monetary update"),
    "B": ("bonificação em ações", "bonus shares"),
    "D": ("dividendo", "dividend"),
    "G": ("grupamento", "reverse split"),
    "J": ("juros sobre capital próprio", "interest on equity"),
    "R": ("rendimento", "income"),
    "S": ("subscrição", "subscription"),
}
_FLAGS_OF_RIGHTS = (
    *("ED", "EJ", "EB", "ES", "ER", "EG", "EA"),
    *("EDJ", "EDR", "EDB", "EDS", "EJB", "EJS", "ERJ", "ERS", "EBG", "EBS"),
)
_OTHER_FLAGS = {
    "EX": (
        "ex-evento que a B3 não nomeia no leiaute; aparece em desdobramentos e cisões",
        "ex an event that B3's layout does not name; seen at splits and spin-offs",
    ),
    "ATZ": ("atualização", "monetary update"),
}
_LEVELS = {
    "NM": ("Novo Mercado", "Novo Mercado, B3's strictest listing segment"),
    "N1": ("Nível 1 de governança corporativa", "Level 1 of corporate governance"),
    "N2": ("Nível 2 de governança corporativa", "Level 2 of corporate governance"),
    "MA": ("Bovespa Mais", "Bovespa Mais, for smaller companies"),
    "M2": ("Bovespa Mais Nível 2", "Bovespa Mais Level 2, for smaller companies"),
    "MB": ("mercado de balcão organizado", "organized over-the-counter market"),
}
_SECTORS = {
    "Bens Indls": ("bens industriais", "industrial goods"),
    "Comput e Equips": ("computadores e equipamentos", "computers and equipment"),
    "Cons N Básico": ("consumo não básico", "non-basic consumption, as B3 writes it"),
    "Cons N Cíclico": ("consumo não cíclico", "consumer staples"),
    "Consumo Cíclico": ("consumo cíclico", "consumer discretionary"),
    "Diversos": ("diversos", "miscellaneous"),
    "Financ e Outros": ("financeiro e outros", "financials and others"),
    "Mats Básicos": ("materiais básicos", "basic materials"),
    "Petróleo, Gás e Biocombustíveis": ("petróleo, gás e biocombustíveis", "oil, gas and biofuels"),
    "Saúde": ("saúde", "health care"),
    "Tec.Informação": ("tecnologia da informação", "information technology"),
    "Telecomunicação": ("telecomunicações", "telecommunications"),
    "Utilidade Públ": ("utilidade pública", "utilities"),
}
_SUBSECTORS = {
    "Agropecuária": ("agropecuária", "farming"),
    "Alimentos Processados": ("alimentos processados", "processed food"),
    "Autos e Motos": ("automóveis e motocicletas", "cars and motorcycles"),
    "Bebidas": ("bebidas", "beverages"),
    "Comércio": ("comércio", "retail"),
    "Comércio Distr.": ("comércio e distribuição", "retail and distribution"),
    "Constr Civil": ("construção civil", "construction"),
    "Energ Elétrica": ("energia elétrica", "electric power"),
    "Explor Imóveis": ("exploração de imóveis", "real estate"),
    "Fundos": ("fundos", "funds"),
    "Holdings Divers": ("holdings diversificadas", "diversified holdings"),
    "Interms Financs": ("intermediários financeiros", "banks and other financial intermediaries"),
    "Madeira e Papel": ("madeira e papel", "wood and paper"),
    "Mat Transporte": ("material de transporte", "transport equipment"),
    "Mineração": ("mineração", "mining"),
    "Máqs e Equips": ("máquinas e equipamentos", "machinery and equipment"),
    "Pr Pessoal Limp": ("produtos de uso pessoal e de limpeza", "personal care and cleaning products"),
    "Previd Seguros": ("previdência e seguros", "pensions and insurance"),
    "Programas Servs": ("programas e serviços", "software and services"),
    "Químicos": ("químicos", "chemicals"),
    "SM Hosp An.Diag": (
        "serviços médico-hospitalares, análises e diagnósticos",
        "medical services, hospitals and diagnostics",
    ),
    "Serviços": ("serviços", "services"),
    "Serviços Financeiros Diversos": ("serviços financeiros diversos", "various financial services"),
    "Sid Metalurgia": ("siderurgia e metalurgia", "steel and metallurgy"),
    "Tecid Vest Calç": ("tecidos, vestuário e calçados", "textiles, clothing and footwear"),
    "Transporte": ("transporte", "transport"),
    "Viagens e Lazer": ("viagens e lazer", "travel and leisure"),
    "Água Saneamento": ("água e saneamento", "water and sanitation"),
}
_CHANGES = {
    "entrou": ("entrou no índice", "entered the index"),
    "saiu": ("saiu do índice", "left the index"),
    "renomeada": ("mudou de código", "got another ticker"),
    "quantidade": ("mudou a quantidade teórica", "its theoretical quantity changed"),
    "participacao": ("mudou só o peso", "only its weight changed"),
}
_OUTCOMES = {
    "published": ("o pregão foi publicado", "the session was published"),
    "rebuilt": ("foi calculado e publicado; não são palavras da B3", "it was computed and published; not B3's words"),
    "judged by prices": ("só foi confrontado com os preços de fechamento", "it was only held against closing prices"),
    "already published": ("já estava publicado, nada a fazer", "it was published already, nothing to do"),
    "stale": ("a B3 mostrava um pregão mais antigo que o devido", "B3 showed an older session than it should"),
    "quarantined": (
        "um gate recusou os dados: nada deles é visível",
        "a gate refused the data: nothing of it is visible",
    ),
    "conflicting": ("um arquivo diz outra coisa do que está lá", "a file says something else than what is there"),
    "rejected": (
        "um arquivo não pôde ser lido, ou não é o que parece",
        "a file cannot be read, or is not what it seems",
    ),
    "planned": ("nada foi feito: seria publicado", "nothing was done: it would be published"),
    "failed": ("falhou; o motivo está em `motivo`", "it failed; `motivo` says why"),
    "damaged": ("o que está publicado não é o que foi publicado", "what is published is not what was published"),
    "intact": ("danificado antes, está como foi publicado", "damaged before, it is as it was published"),
    "acknowledged": ("alguém disse por que não será publicado", "somebody said why it will not be published"),
}


def _ex(flag: str) -> tuple[str, str]:
    rights = [_RIGHTS[letter] for letter in flag[1:]]
    portuguese = " e ".join(f"ex-{one}" for one, _ in rights)
    english = " and ".join(one for _, one in rights)
    return f"{portuguese}: quem compra já não recebe", f"ex {english}: who buys no longer gets it"


def _of(column: str, meanings: dict[str, tuple[str, str]]) -> list[Meaning]:
    return [Meaning(column, value, *texts) for value, texts in meanings.items()]


MEANINGS = (
    *_of("classe", _CLASSES),
    *_of("eventos", {**{flag: _ex(flag) for flag in _FLAGS_OF_RIGHTS}, **_OTHER_FLAGS}),
    *_of("segmento_listagem", _LEVELS),
    *_of("setor", _SECTORS),
    *_of("subsetor", _SUBSECTORS),
    *_of("mudanca", _CHANGES),
    *_of("estado", _OUTCOMES),
)
"""Every value, by column."""
