"""Data Docs of a session's gate runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import great_expectations.expectations as gxe
import pandas as pd
import pytest

from expectations.gates.data_docs import build_docs
from expectations.gates.gate import CRITICAL, Check, GateReport, run_gate

ROWS = pd.DataFrame({"codigo": ["VALE3", "PETR4"], "quantity": [1, -2]})


def report(gate: str, name: str) -> GateReport:
    positive = gxe.ExpectColumnValuesToBeBetween(column="quantity", min_value=1, severity=CRITICAL, notes="positive")
    return run_gate(gate, "IBOV", date(2025, 6, 30), [Check(name, ROWS, [positive], ("codigo",))])


@pytest.fixture(scope="module")
def site() -> Mapping[str, bytes]:
    return build_docs([report("gate-1-raw", "raw.rows"), report("gate-2-refined", "refined.rows")])


def page(site: Mapping[str, bytes], name: str) -> str:
    (path,) = [path for path in site if path.startswith("validations/") and name in path]
    return site[path].decode()


def test_the_index_leads_to_every_check_of_every_gate(site: Mapping[str, bytes]) -> None:
    index = site["index.html"].decode()
    pages = [path for path in site if path.startswith("validations/")]
    assert len(pages) == 2
    assert all(path in index for path in pages)


def test_a_page_shows_what_failed_and_on_which_row(site: Mapping[str, bytes]) -> None:
    text = page(site, "gate-1-raw")
    assert "quantity" in text
    assert "PETR4" in text
    assert "VALE3" not in text


def test_pages_name_the_index_and_the_session(site: Mapping[str, bytes]) -> None:
    assert any("IBOV-2025-06-30" in path for path in site)


def test_nothing_but_the_pages_and_their_styles_is_kept(site: Mapping[str, bytes]) -> None:
    assert {path.rsplit(".", 1)[-1] for path in site} <= {"html", "css", "js"}
    assert sum(map(len, site.values())) < 1_000_000


def test_a_run_without_gates_has_an_index_too() -> None:
    assert "index.html" in build_docs([])
