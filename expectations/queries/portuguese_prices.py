"""The data dictionary in Portuguese: of prices, of what they verify and rebuild, and of the ledger's columns that say so."""

from __future__ import annotations

from expectations.contract.tables import ORIGIN, REFINED_COLUMNS

OF_PRICES = (
    (
        ORIGIN,
        (
            "De onde veio a carteira do pregão: `json` ou `csv`, a própria resposta da B3; `copy of json`, `copy of csv`, "
            "`copy of html`, `copy of parquet`, um arquivo importado; `reconstruida`, calculada dos pregões vizinhos e dos "
            "preços de fechamento da B3: não são palavras da B3"
        ),
    ),
    (
        REFINED_COLUMNS[-1].description,
        (
            "De onde veio a carteira do pregão: a própria resposta da B3 (`json`, `csv`), uma cópia dela (`copy of`), ou "
            "`reconstruida`, calculada, não palavras da B3; nulo nos pregões refinados antes de isso ser guardado"
        ),
    ),
    ("ISIN of the paper", "ISIN do papel"),
    ("Company's short name", "Nome resumido da empresa"),
    (
        "Class, event flags and listing level (COTAHIST's ESPECI), as the raw column `tipo`",
        "Classe, flags de evento e segmento de listagem (ESPECI do COTAHIST), como a coluna bruta `tipo`",
    ),
    (
        "Price of the session's last trade (PREULT), in reais per `fator_cotacao` units, not adjusted for events",
        "Preço do último negócio do pregão (PREULT), em reais por `fator_cotacao` unidades, sem ajuste por eventos",
    ),
    (
        "Units that the price is for (FATCOT): 1, rarely 1000",
        "Unidades a que o preço se refere (FATCOT): 1, raramente 1000",
    ),
    (
        "Number of the distribution (DISMES); rises by one on an ex-day",
        "Número da distribuição (DISMES); sobe um em uma data ex",
    ),
    (
        (
            "B3's own closing prices (COTAHIST) of the indices' shares, one row a share that traded and session, one "
            "file a month"
        ),
        (
            "Os próprios preços de fechamento da B3 (COTAHIST) das ações dos índices, uma linha por ação negociada e "
            "pregão, um arquivo "
            "por mês"
        ),
    ),
    (
        (
            "Flow: daily, import, replay, reconcile, rebuild, prices, verify; or acknowledge, where a person said "
            "something"
        ),
        "Flow: daily, import, replay, reconcile, rebuild, prices, verify; ou acknowledge, onde uma pessoa disse algo",
    ),
    (
        (
            "published, rebuilt (computed, not B3's words), already published, stale (an older session is shown), quarantined, "
            "failed, acknowledged (its loss); damaged or intact, where it was verified; judged by prices, where they were asked"
        ),
        (
            "published (publicado), rebuilt (calculado, não são palavras da B3), already published (já publicado), stale (a B3 "
            "mostra um pregão mais antigo), quarantined (em quarentena), failed (falhou), acknowledged (a perda é reconhecida); "
            "damaged (danificado) ou intact (íntegro), onde foi verificado; judged by prices, onde se perguntou aos preços"
        ),
    ),
    (
        (
            "What B3's closing prices say of what is published: verificada, verificada com eventos (shares went ex), "
            "divergente, sem "
            "precos; null where the attempt did not ask them"
        ),
        (
            "O que os preços de fechamento da B3 dizem do que está publicado: verificada, verificada com eventos "
            "(ações ficaram ex), "
            "divergente, sem precos; nulo onde a tentativa não os perguntou"
        ),
    ),
    (
        "How many weights follow from the prices, and which do not, in one line",
        "Quantos pesos decorrem dos preços, e quais não, em uma linha",
    ),
    (
        "The index's closing level of the session before, in points, computed from quantities, closes and divisor",
        (
            "O nível de fechamento do índice no pregão anterior, em pontos, calculado de quantidades, fechamentos e "
            "redutor"
        ),
    ),
    (
        "The published session before, of whose close the level is, by its own portfolio",
        "O pregão publicado anterior, de cujo fechamento é o nível, pela sua própria carteira",
    ),
    ("Theoretical quantity in the session before, in shares", "Quantidade teórica no pregão anterior, em ações"),
    (
        "Price of one share at the close before, in reais; the last one of thirty days",
        "Preço de uma ação no fechamento anterior, em reais; o último de trinta dias",
    ),
    ("B3's divisor of the session before", "Redutor da B3 no pregão anterior"),
    (
        "The share's part of the index's level, in points: quantity times close over the divisor",
        "A parte da ação no nível do índice, em pontos: quantidade vezes fechamento sobre o redutor",
    ),
    (
        "The index's closing level of the session before, in points, computed; only where every share has a price",
        "O nível de fechamento do índice no pregão anterior, em pontos, calculado; só onde toda ação tem preço",
    ),
    (
        (
            "Each index's closing level of the session before, computed of B3's quantities, closes and divisor; each "
            "share's points"
        ),
        (
            "O nível de fechamento de cada índice no pregão anterior, calculado de quantidades, fechamentos e "
            "redutor da B3; os pontos "
            "de cada ação"
        ),
    ),
)
"""Texts in English and in Portuguese."""
