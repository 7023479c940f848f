"""How similar pipelines name the columns of a portfolio."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from flows.backfill.importing.files import ImportProblem

# By the contract's raw columns, and by what B3 states once for the whole portfolio. Spelt as `plain` writes them; read in the
# public code of seven pipelines with this job, and in B3's own answers and headings.
ALIASES = {
    "codigo": ("codigo", "code", "cod", "ticker", "codneg", "papel", "symbol", "codigoacao", "codacao"),
    "acao": (
        "acao",
        "asset",
        "nome",
        "nomeacao",
        "nomedaacao",
        "nomeativo",
        "empresa",
        "company",
        "nomeempresa",
        "name",
    ),
    "tipo": ("tipo", "type", "tipoacao", "tipodeacao", "assettype"),
    "setor": ("setor", "segment", "sector", "segmento"),
    "qtde_teorica": (
        *("qtdeteorica", "theoricalqty", "theoreticalqty", "quantidadeteorica", "quantidade", "qtdteorica", "qtde"),
        *("theoreticalquantity", "theoricalquantity", "quantity", "quantidadeteoricaacoes", "qtdteoricaacoes"),
    ),
    "participacao_pct": (
        *("participacaopct", "part", "participacao", "participacaopercentual", "percentualparticipacao", "percentual"),
        *("percentualparticipacaoibov", "participacaoibov", "share", "weight", "peso", "partpct", "partpercent"),
    ),
    "data_pregao": (
        *("datapregao", "data", "date", "dtpregao", "datacarteira", "datareferencia", "dataref", "session"),
        *("pregao", "portfoliodate", "referencedate", "dtreferencia", "headerdate"),
    ),
    "timestamp_coleta": (
        *("timestampcoleta", "datacoleta", "dtcoleta", "datahoracoleta", "collectedat", "scrapedat", "fetchedat"),
        *("dataextracao", "dtextracao", "extractedat"),
    ),
    "total_quantity": ("quantidadeteoricatotal", "qtdeteoricatotal", "totalquantity", "totaltheoricalqty"),
    "divisor": ("redutor", "reductor", "divisor"),
}
# B3's header is the session's own source: whatever else is a date in the copy is then the day of its making.
SESSION_OF_B3 = "headerdate"
REQUIRED = ("codigo", "acao", "tipo", "qtde_teorica", "participacao_pct")


def plain(name: str) -> str:
    """A column's name without accents, case, blanks and signs: `Qtde. Teórica` is `qtdeteorica`."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalnum())


def map_columns(columns: Sequence[str]) -> dict[str, str]:
    """The columns that are understood: what each is, and what the file calls it.

    Raises:
        ImportProblem: a required column is not there, or two are the same.
    """
    known = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
    found: dict[str, str] = {}
    of_b3 = any(plain(column) == SESSION_OF_B3 for column in columns)
    for column in columns:
        field = known.get(plain(column))
        if of_b3 and field == "data_pregao" and plain(column) != SESSION_OF_B3:
            continue
        if field is None:
            continue
        if field in found:
            raise ImportProblem(f"columns {found[field]!r} and {column!r} may both be {field}")
        found[field] = column
    if missing := [field for field in REQUIRED if field not in found]:
        raise ImportProblem(f"no column for {', '.join(missing)} among {', '.join(map(repr, columns[:20]))}")
    return found
