"""What B3 stated of its indices, as data frames: `import bovespa`.

    >>> bovespa.portfolio("IBOV", on="2025-07-05")
    >>> bovespa.query("SELECT * FROM bovespa_concentracao")

Every function works on the account on the laptop, and with `aws=True` in the AWS account that the environment names; the settings
are those of the command line. On the laptop all but `query` read files, so that no account has to run.

Columns, their types and their meaning are those of docs/data-dictionary.md; shares of an index are in percent, quantities in
shares. With `as_` a frame is a `pandas.DataFrame` (days and instants as datetime64, whole numbers and booleans with a null of
their own), a `polars.DataFrame` or a `pyarrow.Table`.
"""

from __future__ import annotations

from bovespa.frames import As, Frame, handed_over
from bovespa.source import Day, Days, source_of
from expectations.contract.keys import check_index
from expectations.contract.names import DEFAULT_INDEX

__all__ = ["changes", "history", "portfolio", "query", "sessions"]


def portfolio(index: str = DEFAULT_INDEX, on: Day | None = None, *, aws: bool = False, as_: As = "pandas") -> Frame:
    """What an index is made of as of a day: the portfolio of the last published session on that day or before it.

    Args:
        index: index code, such as IBOV.
        on: a date, or a text such as "2025-07-05"; by default the newest session.

    Returns:
        A row a share, the heaviest first; columns of `bovespa_historico`. `data_pregao` says which session it is.

    Raises:
        NotPublishedError: no session on that day or before it is published.
        SettingsError, ContractError: a setting, the day or the index code is wrong.
        AwsError, QueryError: in AWS, the tables could not be read.
    """
    code, source = check_index(index.upper()), source_of(aws=aws)
    session = source.published(code, Days.of(None, on))[-1]
    rows = source.history(code, Days(session, session))
    return handed_over(rows.sort_by([("percentual_participacao_ibov", "descending"), ("acao", "ascending")]), as_)


def history(
    index: str = DEFAULT_INDEX,
    since: Day | None = None,
    until: Day | None = None,
    *,
    aws: bool = False,
    as_: As = "pandas",
) -> Frame:
    """Every share of every published session of an index from one day to another, both included.

    Args:
        index: index code, such as IBOV.
        since, until: dates, or texts such as "2025-06-30"; by default all sessions.

    Returns:
        A row a session and share, by session and ticker; columns of `bovespa_historico`.

    Raises:
        NotPublishedError: none of the sessions is published.
        SettingsError, ContractError, AwsError, QueryError: as of `portfolio`.
    """
    code, source = check_index(index.upper()), source_of(aws=aws)
    found = source.published(code, Days.of(since, until))
    rows = source.history(code, Days(found[0], found[-1]))
    return handed_over(rows.sort_by([("data_pregao", "ascending"), ("acao", "ascending")]), as_)


def changes(
    index: str = DEFAULT_INDEX,
    since: Day | None = None,
    until: Day | None = None,
    *,
    weights: bool = False,
    aws: bool = False,
    as_: As = "pandas",
) -> Frame:
    """What entered an index, left it, was renamed, or has another quantity, each against the published session before.

    Args:
        index: index code, such as IBOV.
        since, until: as of `history`.
        weights: changes of weight too, which most shares have every session.

    Returns:
        A row a change, by session and ticker; columns of `bovespa_mudancas`. Without a row nothing changed.

    Raises:
        NotPublishedError: none of the sessions is published, so that nothing is known of changes.
        SettingsError, ContractError, AwsError, QueryError: as of `portfolio`.
    """
    code, source = check_index(index.upper()), source_of(aws=aws)
    found = source.published(code, Days.of(since, until))
    rows = source.changes(code, Days(found[0], found[-1]), weights=weights)
    return handed_over(rows.sort_by([("data_pregao", "ascending"), ("acao", "ascending")]), as_)


def sessions(index: str = DEFAULT_INDEX, *, aws: bool = False, as_: As = "pandas") -> Frame:
    """The published sessions of an index.

    Returns:
        A row a session, in order: `data_pregao`, `total_acoes` (number of shares), `participacao_total` (their shares' sum, in
        percent) and `redutor` (B3's divisor; null where the source has none).

    Raises:
        NotPublishedError: no session is published.
        SettingsError, ContractError, AwsError, QueryError: as of `portfolio`.
    """
    code, source = check_index(index.upper()), source_of(aws=aws)
    found = source.published(code, Days())
    rows = source.history(code, Days(found[0], found[-1]))
    grouped = rows.group_by("data_pregao").aggregate(
        [("acao", "count"), ("percentual_participacao_ibov", "sum"), ("redutor", "max")]
    )
    named = grouped.rename_columns(["data_pregao", "total_acoes", "participacao_total", "redutor"])
    return handed_over(named.sort_by("data_pregao"), as_)


def query(sql: str, *, aws: bool = False, as_: As = "pandas") -> Frame:
    """The answer to a query in Athena's SQL. On the laptop it starts the account, which then stays until this process ends.

    Returns:
        The rows, with Athena's types: numbers, booleans, dates and timestamps as such, all else as text.

    Raises:
        QueryError: Athena failed it, or two columns have one name.
        SettingsError, AwsError: the account does not start, or could not be asked.
    """
    return handed_over(source_of(aws=aws).query(sql), as_)
