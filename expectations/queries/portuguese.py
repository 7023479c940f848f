"""The data dictionary's texts in Portuguese: the page cannot be made where one is missing. Standard library only."""

from __future__ import annotations

from expectations.queries.portuguese_prices import OF_PRICES

_PAIRS = (
    ("The Ibovespa's portfolio, one row a share and session", "A carteira do Ibovespa, uma linha por ação e pregão"),
    ("Ticker", "Código de negociação (ticker)"),
    ("Company's trading name (the raw column `acao`)", "Nome de pregão da empresa (a coluna bruta `acao`)"),
    (
        "Class and listing level, such as `ON NM`; event flags moved out",
        "Classe e segmento de listagem, como `ON NM`; sem os flags de eventos",
    ),
    ("Class of share: ON, PN, PNA, UNT, CI, …", "Classe da ação: ON, PN, PNA, UNT, CI, …"),
    (
        "Listing level: NM, N1, N2; null for the traditional one",
        "Segmento de listagem: NM, N1, N2; nulo no tradicional",
    ),
    (
        "Corporate-event flags of the session, such as `EDJ`; null for none",
        "Flags de eventos societários do pregão, como `EDJ`; nulo se não há",
    ),
    (
        "Sector, spelt one way; null where the source has none",
        "Setor, escrito de um só jeito; nulo quando a fonte não o tem",
    ),
    (
        "Subsector, spelt one way; null where the sector has none",
        "Subsetor, escrito de um só jeito; nulo quando o setor não o tem",
    ),
    ("Theoretical quantity, in shares", "Quantidade teórica, em ações"),
    ("Share of the index, in percent", "Participação no índice, em por cento"),
    ("Session", "Pregão"),
    ("Instant of collection, UTC", "Instante da coleta, UTC"),
    ("Whole days from the collection to the reference date", "Dias inteiros da coleta até a data de referência"),
    ("Year of the session", "Ano do pregão"),
    ("Month of the session", "Mês do pregão"),
    ("Day of the session", "Dia do pregão"),
    ("Ticker (the same as `codigo`)", "Código de negociação (o mesmo que `codigo`)"),
    ("The Ibovespa by sector and class, per session", "O Ibovespa por setor e classe, por pregão"),
    ("Sector; null for shares whose source had none", "Setor; nulo nas ações cuja fonte não o tinha"),
    ("Class of share", "Classe da ação"),
    ("Sum of the theoretical quantities, in shares", "Soma das quantidades teóricas, em ações"),
    ("Mean share of the index, in percent", "Participação média no índice, em por cento"),
    ("Sum of the shares of the index, in percent", "Soma das participações no índice, em por cento"),
    ("Number of shares in the group", "Número de ações no grupo"),
    (
        (
            "The portfolios of B3's other indices, one row a share and session; the share is that of the "
            "index in `indice`"
        ),
        (
            "As carteiras dos outros índices da B3, uma linha por ação e pregão; a participação é a do "
            "índice em `indice`"
        ),
    ),
    ("Index code, such as IBXX", "Código do índice, como IBXX"),
    ("B3's other indices by sector and class, per session", "Os outros índices da B3 por setor e classe, por pregão"),
    (
        (
            "All published sessions of all indices, one file a month and index; the share is that of the "
            "index in `indice`"
        ),
        (
            "Todos os pregões publicados de todos os índices, um arquivo por mês e índice; a participação é "
            "a do índice em `indice`"
        ),
    ),
    (
        "B3's divisor of the session; null where the source has none",
        "Redutor do pregão, da B3; nulo quando a fonte não o tem",
    ),
    (
        "What changed in an index against its published session before, one row a share that did",
        "O que mudou em um índice em relação ao pregão publicado anterior, uma linha por ação que mudou",
    ),
    ("Ticker; of a share that left, the one that it had", "Código de negociação; o que tinha, se a ação saiu"),
    ("Company's trading name", "Nome de pregão da empresa"),
    ("Sector; null where the source has none", "Setor; nulo quando a fonte não o tem"),
    (
        "entrou, saiu, renomeada, quantidade, participacao: the first that holds",
        "entrou, saiu, renomeada, quantidade, participacao: a primeira que vale",
    ),
    ("Ticker before; null but for a share that was renamed", "Código anterior; só há em ação que mudou de código"),
    (
        "Theoretical quantity before; null for a share that entered",
        "Quantidade teórica anterior; nula em ação que entrou",
    ),
    ("Theoretical quantity; null for a share that left", "Quantidade teórica; nula em ação que saiu"),
    (
        "Share of the index before, in percent; null if it entered",
        "Participação anterior no índice, em por cento; nula se entrou",
    ),
    ("Share of the index, in percent; null if it left", "Participação no índice, em por cento; nula se saiu"),
    ("Change of the share, in percentage points", "Mudança da participação, em pontos percentuais"),
    ("Whether the index was rebalanced between the two sessions", "Se o índice foi rebalanceado entre os dois pregões"),
    ("The published session before", "O pregão publicado anterior"),
    (
        "What the flows did: one row for each attempt at a session",
        "O que os flows fizeram: uma linha por tentativa em um pregão",
    ),
    (
        "Id of the flow run, Prefect's where Prefect ran it; one for all of its sessions",
        "Id da execução do flow, o do Prefect quando ele a rodou; um só para todos os pregões dela",
    ),
    ("Index code, such as IBOV", "Código do índice, como IBOV"),
    (
        "Session; null where the attempt ended before it was known",
        "Pregão; nulo quando a tentativa terminou antes de se saber qual",
    ),
    ("Instant at which the attempt began, UTC", "Instante em que a tentativa começou, UTC"),
    ("Instant at which it ended, UTC", "Instante em que terminou, UTC"),
    (
        "Why, in one line; null where the session was published",
        "Por quê, em uma linha; nulo quando o pregão foi publicado",
    ),
    (
        "SHA-256 of what B3 stated: the same figures have the same one",
        "SHA-256 do que a B3 disse: os mesmos números têm o mesmo",
    ),
    ("Version id of the raw object", "Id da versão do objeto bruto"),
    ("Rows that are published", "Linhas publicadas"),
    (
        "Gates that let the session pass, separated by commas",
        "Gates que deixaram o pregão passar, separados por vírgulas",
    ),
    ("Gate that refused it; `withdrawal` where a person did", "Gate que o recusou; `withdrawal` quando foi uma pessoa"),
    (
        "What that gate demanded and did not find, separated by ` | `",
        "O que esse gate exigiu e não encontrou, separado por ` | `",
    ),
    (
        "Glue run that the attempt waited for, or whose output it took",
        "Execução do Glue que a tentativa esperou, ou cuja saída aproveitou",
    ),
    ("Seconds from begin to end", "Segundos do começo ao fim"),
    (
        "DPU-seconds of the Glue run; of a run for many sessions, this one's part",
        "DPU-segundos da execução do Glue; de uma execução para muitos pregões, a parte deste",
    ),
    (
        "List price of the Glue run in US dollars; of a run for many, this one's part",
        "Preço de tabela da execução do Glue em dólares; de uma execução para muitos, a parte deste",
    ),
    ("S3 address of the run's report", "Endereço S3 do relatório da execução"),
    (
        "Demands of the gates that were not met without being critical",
        "Exigências dos gates não atendidas, sem serem críticas",
    ),
    ("Seconds of each step, as a JSON object", "Segundos de cada passo, como objeto JSON"),
    (
        "Instant at which B3's answer counts as collected, UTC; null where none was had",
        "Instante em que a resposta da B3 conta como coletada, UTC; nulo quando não se teve nenhuma",
    ),
    ("Year in which the attempt began, UTC", "Ano em que a tentativa começou, UTC"),
    ("Month in which the attempt began, UTC", "Mês em que a tentativa começou, UTC"),
    ("Ticker, as B3 states it", "Código de negociação, como a B3 o diz"),
    ("Company's trading name, as B3 states it", "Nome de pregão da empresa, como a B3 o diz"),
    (
        "Class, event flags and listing level, verbatim, fixed width 4 + 4 + 2",
        "Classe, flags de eventos e segmento de listagem, ao pé da letra, em largura fixa 4 + 4 + 2",
    ),
    (
        "Sector string, verbatim; null where the source has none",
        "Texto do setor, ao pé da letra; nulo quando a fonte não o tem",
    ),
    ("Share of the index, in percent, three decimals", "Participação no índice, em por cento, com três decimais"),
    ("Session, as B3's header states it", "Pregão, como o cabeçalho da B3 o diz"),
    (
        "The ten largest shares of the latest session of each index",
        "As dez maiores ações do último pregão de cada índice",
    ),
    (
        "Each share of each index from session to session, and by how much it changed, in percentage points",
        "Cada ação de cada índice de pregão a pregão, e quanto mudou, em pontos percentuais",
    ),
    (
        "The weight of each sector of each index, session by session",
        "O peso de cada setor de cada índice, pregão a pregão",
    ),
    (
        "What entered each index, left it, or only got another ticker, against the session before",
        "O que entrou em cada índice, saiu ou só mudou de código, em relação ao pregão anterior",
    ),
    (
        ("How concentrated each index is, per session: Herfindahl-Hirschman index (0 to 10,000), five and ten largest"),
        (
            "Quão concentrado é cada índice, por pregão: índice de Herfindahl-Hirschman (0 a 10.000), as "
            "cinco e as dez maiores"
        ),
    ),
    (
        (
            "Each index as of each day, today included: that of the last session on the day or before it; "
            "use WHERE data = DATE '…'"
        ),
        (
            "Cada índice em cada dia, hoje inclusive: o do último pregão nesse dia ou antes dele; use WHERE "
            "data = DATE '…'"
        ),
    ),
    (
        "How many days ago each session was collected, counted to today, both as dates in São Paulo",
        "Há quantos dias cada pregão foi coletado, contados até hoje, ambos como datas em São Paulo",
    ),
    (
        (
            "What the short texts in the tables mean: classes, event flags, listing levels, abbreviated "
            "sectors, changes, states"
        ),
        (
            "O que querem dizer os textos curtos das tabelas: classes, flags de eventos, segmentos de "
            "listagem, setores abreviados, mudanças, estados"
        ),
    ),
    ("Column of the tables in which the value stands", "Coluna das tabelas em que o valor está"),
    ("Day, of which the composition is asked", "Dia de que se pergunta a composição"),
    (
        "Whole days from the collection to today, both as dates in São Paulo",
        "Dias inteiros da coleta até hoje, ambos como datas em São Paulo",
    ),
    (
        "Sum of the five largest shares of the index, in percent",
        "Soma das cinco maiores participações no índice, em por cento",
    ),
    (
        "Sum of the ten largest shares of the index, in percent",
        "Soma das dez maiores participações no índice, em por cento",
    ),
    ("What it means, in English", "O que quer dizer, em inglês"),
    (
        "Herfindahl-Hirschman index: sum of the squared shares in percent, 0 to 10,000",
        "Índice de Herfindahl-Hirschman: soma dos quadrados das participações em por cento, 0 a 10.000",
    ),
    (
        "`entrou` (entered the index), `saiu` (left it) or `renomeada` (got another ticker)",
        "`entrou` (entrou no índice), `saiu` (saiu dele) ou `renomeada` (mudou de código)",
    ),
    ("What it means, in Portuguese", "O que quer dizer, em português"),
    ("Number of shares", "Número de ações"),
    (
        "As it stands there; `eventos` may have several flags in one",
        "Como está lá; `eventos` pode ter vários flags em um",
    ),
    (
        "Change of the share's weight since the session before, in percentage points",
        "Mudança do peso da ação desde o pregão anterior, em pontos percentuais",
    ),
    ("The raw file", "O arquivo bruto"),
    ("Tables", "Tabelas"),
    ("Views", "Views"),
    ("Column", "Coluna"),
    ("Type", "Tipo"),
    ("Null", "Nulo"),
    ("Meaning", "Significado"),
    ("Files", "Arquivos"),
    ("yes", "sim"),
    ("no", "não"),
    ("partition", "partição"),
    ("Its text", "O texto dela"),
)

PORTUGUESE = dict((*_PAIRS, *OF_PRICES))
"""By the English text."""
