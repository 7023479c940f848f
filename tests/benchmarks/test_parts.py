"""What the parts make of what they measured: their tables and targets, without anything started."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks import daily, etl, memory, publish, query
from benchmarks.__main__ import reckoned
from benchmarks.measure import Ended
from benchmarks.report import Part, Target

SIZES = (
    etl.Size(1, 84, 85, ours=6.0, plain_run=7.0, floor=0.1),
    etl.Size(250, 21_000, 21_250, ours=30.0, plain_run=40.0, floor=14.0),
    etl.Size(2500, 210_000, 212_500, ours=300.0, plain_run=None, floor=None),
)


def reached(part: Part) -> dict[str, Target]:
    return {target.what: target for target in part.targets}


def test_the_etls_targets_are_of_one_session_and_of_the_largest_that_all_ways_were_measured_at() -> None:
    part = etl._part({"start": 3.0, "plain": 7.0}, SIZES)
    assert [round(target.measured, 3) for target in part.targets] == [6.0, 58.333, 0.02, 1.929]
    assert all(target.met for target in part.targets)
    assert part.tables[0].rows[2][:3] == ("2,500", "212,500", "300")
    assert part.tables[0].rows[2][5:7] == ("-", "-")
    assert part.facts["etl_session"] == pytest.approx(24 / 249)


def test_requests_of_a_share_are_told_from_those_of_a_session() -> None:
    requests = Counter({"s3.GetObject": 87, "s3.CopyObject": 85, "s3.PutObject": 2, "glue.BatchCreatePartition": 2})
    size = publish.Size(1, 84, 2.0, requests)
    assert size.a_share == 2
    assert size.constant == 176 - 168
    assert all(target.met for target in publish._part([size]).targets)


MONTH, YEAR = query.Period("a month", 21, "month"), query.Period("a year", 250, "year")


def answers() -> dict[tuple[str, query.Period], query.Answers]:
    return {
        (name, period): (
            query.Answer(period.sessions * 10.0, period.sessions * 84, period.sessions * 1024),
            query.Answer(20.0, period.sessions // 21 + 1, 1024),
        )
        for name in query._QUERIES
        for period in (MONTH, YEAR)
    }


def test_queries_are_extrapolated_to_ten_years_with_their_slope() -> None:
    part = query._part(answers(), [MONTH, YEAR])
    ten = next(row for row in part.tables[0].rows if row[:2] == ("evolution", "ten years, extrapolated"))
    assert ten[2:6] == ("25,000", "20", "1,250 x", "210,000")
    assert [target.met for target in part.targets] == [True, True]
    assert part.facts["query_layout_session_ms"] == pytest.approx(10)


def test_a_daily_run_is_held_against_the_sum_of_its_floors() -> None:
    floors = {"Prefect's server": 5.0, "the flow's libraries": 3.0, "Spark's start, a session": 3.0}
    calls = Counter({("flows", "s3:PutObject"): 180})
    run = daily.Run(Ended(20.0, 400.0, ""), 2, {"collect": 0.2, "etl": 10.0}, calls)
    part = daily._part(floors, [run, replace(run, ended=Ended(22.0, 420.0, ""))])
    assert part.targets[0].measured == pytest.approx(21 / 14)
    assert not part.targets[0].met
    assert part.facts == {"calls/flows/s3:PutObject": 90, "daily_peak_mib": 420}


def test_memory_grows_with_the_sessions_of_an_import() -> None:
    part = memory._part({1: 300.0, 21: 340.0}, {"handler": (0.3, 70.0), "boto3": (0.3, 68.0)})
    assert part.facts["memory_session_mib"] == pytest.approx(2)
    assert part.facts["memory_base_mib"] == pytest.approx(298)
    assert all(target.met for target in part.targets)


def test_cost_and_scale_follow_from_what_was_measured() -> None:
    etl_part = etl._part({"start": 3.0, "plain": 7.0}, SIZES)
    assert [part.name for part in reckoned([etl_part])] == ["scale"]
    with_calls = replace(etl_part, facts=etl_part.facts | {"calls/flows/s3:PutObject": 90.0})
    assert [part.name for part in reckoned([with_calls])] == ["cost", "scale"]
