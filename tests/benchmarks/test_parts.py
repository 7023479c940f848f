"""What the parts make of what they measured: their tables and targets, without anything started."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import daily, etl, publish, query
from benchmarks.report import Part
from benchmarks.sessions import portfolios
from expectations.contract.tables import REFINED_COLUMNS, REFINED_TABLE, SUMMARY_TABLE
from expectations.queries.saved import QUERIES
from flows.cost.prices import REGIONS
from flows.lake.athena import QueryResult


def reached(part: Part) -> list[float]:
    return [round(target.measured, 3) for target in part.targets]


def test_the_etls_targets_are_of_one_session_and_of_the_largest_size() -> None:
    sizes = (etl.Size(1, 84, ours=6.0, plain=7.0, floor=0.1), etl.Size(250, 21_000, ours=31.0, plain=40.0, floor=14.0))
    part = etl.part(3.0, sizes)
    assert reached(part) == [6.0, 0.021, 2.0, 0.775, 56.452]
    assert part.tables[0].rows[1] == (
        250,
        21_250,
        31.0,
        pytest.approx(677.4, abs=0.1),
        28.0,
        14.0,
        "2 x",
        40.0,
        "0.775 x",
    )


def written(folder: Path, shares: list[dict[str, object]], total: int) -> Path:
    groups = [{"data_pregao": shares[0]["data_pregao"], "total_acoes": total}]
    for table, rows in ((REFINED_TABLE, shares), (SUMMARY_TABLE, groups)):
        (folder / table.prefix).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / table.prefix / "part.parquet")
    return folder


def test_what_was_written_is_held_against_what_the_sessions_state(tmp_path: Path) -> None:
    given = portfolios(1)
    shares: list[dict[str, object]] = [
        {
            "data_pregao": given[0].session,
            "codigo": row.codigo,
            "quantidade_teorica_acoes": float(row.qtde_teorica),
            "percentual_participacao_ibov": float(row.participacao_pct),
        }
        for row in given[0].holdings
    ]
    etl.check(written(tmp_path / "equal", shares, len(shares)), given)
    with pytest.raises(ValueError, match="or other figures"):
        etl.check(written(tmp_path / "less", shares[1:], len(shares)), given)
    with pytest.raises(ValueError, match="not all shares are in the groups"):
        etl.check(written(tmp_path / "groups", shares, len(shares) - 1), given)


def test_requests_of_a_share_are_told_from_those_of_a_session() -> None:
    requests = Counter({"s3.GetObject": 87, "s3.CopyObject": 85, "s3.PutObject": 2, "glue.BatchCreatePartition": 2})
    alone = publish.Published(1, 84, 2.0, requests, 300.0)
    many = publish.Published(10, 840, 8.0, Counter({name: 10 * count for name, count in requests.items()}), 330.0)
    assert alone.row(2.0) == (1, 2.0, 0.5, 176, 2, 8, 300.0)
    part = publish.part([alone, many], [2.0, 4.0], 450.0)
    assert reached(part) == [2.5, 0.2, 2, 8, 1.1, 450]
    assert all(target.met for target in part.targets)


def test_a_saved_query_is_asked_of_another_table_and_of_other_dates() -> None:
    for saved in QUERIES:
        text = query.about(saved.sql, "bovespa_historico", "indice = 'IBOV' AND year = 2015")
        assert "FROM bovespa_historico WHERE indice = 'IBOV' AND year = 2015" in text
        assert "2025" not in text
        assert text.count("WHERE") == 1


def test_answers_are_compared_by_the_contracts_columns_whatever_their_order() -> None:
    names = tuple(column.name for column in REFINED_COLUMNS)

    def result(columns: tuple[str, ...], *rows: tuple[str, ...]) -> QueryResult:
        return QueryResult(columns, (), rows, 0, 0, "")

    one, other = tuple(map(str, range(len(names)))), tuple(map(str, range(100, 100 + len(names))))
    reverse = ("divisor", *names[::-1])
    layout, history = result(names, one, other), result(reverse, ("x", *other[::-1]), ("x", *one[::-1]))
    assert query.comparable(layout) == query.comparable(history)
    assert query.comparable(layout) != query.comparable(result(names, one, one))
    assert query.comparable(result(("sum",), ("0.30000000000000004",))) == query.comparable(result(("sum",), ("0.3",)))


def test_the_targets_of_queries_are_of_the_longest_period() -> None:
    month = (query.QueryMeasurement(100.0, 1764, 1024), query.QueryMeasurement(50.0, 1, 1024))
    year = (query.QueryMeasurement(7000.0, 20_664, 2048), query.QueryMeasurement(350.0, 12, 1024))
    part = query.part({("by type", "a month"): month, ("by type", "a year"): year})
    assert reached(part) == [7.0, 12, 20.0]
    assert part.tables[0].rows[1] == ("by type", "a year", 7000.0, 350.0, "20 x", 20_664, 12, 2.0, 1.0)


def test_a_daily_run_is_held_against_the_sum_of_its_floors() -> None:
    seconds = {
        daily.SERVER: 5.0,
        daily.LIBRARIES: 3.0,
        daily.START: 3.0,
        daily.WHOLE: 21.0,
        daily.COLD: 5.0,
        daily.NEXT: 1.0,
    }
    steps = [Counter(collect=0.2, etl=10.0), Counter(collect=0.4, etl=11.0)]
    bench = daily.DailyBenchmark(
        Path(), sessions=2, steps=steps, peaks=[400.0, 420.0], asked={"flow/s3:PutObject": 90.0}
    )
    part = daily.part(seconds, bench)
    assert reached(part) == [1.5, 5.0, 1.0]
    assert part.tables[0].caption == "Seconds of a run of 2 sessions, whose flow needed 410 MiB at most."
    assert [row[:2] for row in part.tables[0].rows][-2:] == [
        ("the account, imports, queries", pytest.approx(21 - 10.8)),
        ("**all**", 21.0),
    ]


def test_what_a_session_asks_for_ends_with_the_flows_last_call() -> None:
    session = ["flow/s3:GetObject", "etl-local/s3:PutObject", "flow/cloudwatch:PutMetricData"]
    queries = ["flow/athena:StartQueryExecution", "flow/s3:GetObject"]
    assert daily.flow_calls([*session, *session, *queries], 2) == dict.fromkeys(session, 2)
    assert daily.flow_calls([*session, *session, *queries, session[-1]], 2) == dict.fromkeys(session, 2)


CALLS = {
    "flow/s3:PutObject": 90.0,
    "flow/s3:GetObject": 100.0,
    "flow/athena:StartQueryExecution": 2.0,
    "etl-local/s3:PutObject": 85.0,
    "etl-local/glue:GetTable": 4.0,
}


def test_a_sessions_cost_is_its_requests_and_a_minute_of_two_workers() -> None:
    prices = REGIONS["us-east-1"]
    run, writes, reads = 0.44 * 2 / 60, 0.000005 * (90 + 85 * 3), 0.0000004 * 100
    athena, function, catalog = 2 * 10 / 1024**2 * 5, 0.0000002 + 0.5 * 0.0000133334, 4e-6
    assert daily.session_usd(CALLS, prices, prices.glue) == pytest.approx(
        run + writes + reads + athena + function + catalog
    )
    cheap = daily.session_usd(CALLS, prices, prices.glue_flex)
    assert cheap == pytest.approx(0.29 * 2 / 60 + writes + reads + athena + function + catalog)
    shared = daily.session_usd(CALLS, prices, prices.glue, 6)
    assert shared == pytest.approx(run / 6 + writes + reads + athena + function + catalog)


def test_the_cost_has_a_target_a_session_and_a_month_for_each_region_and_execution() -> None:
    part = daily.cost(CALLS)
    assert len(part.targets) == 3 * 2 * len(REGIONS)
    assert [target.met for target in part.targets if target.what == "A session in us-east-1"] == [True]
