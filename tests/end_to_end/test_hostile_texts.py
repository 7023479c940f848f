"""Hostile texts in B3's names and names, followed the whole way: shown as text where people look, or refused."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.names import PART_NAME
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import refined_table
from expectations.gates.gate import GateRefused, require
from flows.errors import PayloadError
from local.b3 import sample
from local.b3 import standin as b3_standin
from tests.end_to_end.commands import Done, bovespa

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio
    from flows.lake.connect import Lake
    from local.account.client import Account
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

# What has a trading name's form, and would be markup, a path, SQL or a command elsewhere.
SHOWN = (
    *("A<B>X</B>", "X<SCRIPT>", "X</TD></TR>", 'X"><H1>', "X'><I>", "A<SVG/ONLOAD", "A<!-- X", "X]]>", "X<A HREF=//"),
    *("A![X](//E)", "A[X](//E)", "A**B** ~~C~~", "A| B | C", "A`B`", "A\\|B", "A # H", "A<HTTP://E>", "X[RED]Y[/]"),
    *("A{{7*7}}", "A${X}", "A%(X)S", "A{0} $V", "A{% X %}", "A../../ETC", "A/../..", "YEAR=2025/M", "A/./..//", "S3://O/X"),
    *("X' DROP--", "X' OR '1'='1", "A SELECT 2", "NULL", "A$(ID)", "A|ID", "A&&ID", "A=1+1"),
    *("A@SUM(1)", "A\\HOST\\S", "A^B~", "A\\X00"),
)  # fmt: skip
REFUSED = {
    "acao": ("=A1", "+A1", "-A1", "@SUM(A1)", "<B>X</B>", "[A](//E)", "'OR 1--A", "<svg/onload=a"),
    "codigo": ("../../x", "<b x>", "A';--", "=A1"),
    "tipo": ("<b>x</b>", "=1+1", "../.."),
    "setor": (
        *("<script>alert(1)</script>", '=HYPERLINK("http://evil.example/")', "![x](http://evil.example/x.png)"),
        *("a&lt;b&gt;", "a%00", "@SUM(1)", "../../etc/passwd"),
        *("\x1b[31mred", "a\x00b", "\u202eTEP", "a\rb", "\x9b31m", "'; DROP TABLE x; --"),
    ),
}  # fmt: skip


def session_with(day: date, texts: Sequence[str], field: str) -> Portfolio:
    """A portfolio that gate 1 would pass but for these texts in one of its columns."""
    portfolio = sample.as_of(day, sample.recorded(date(2025, 6, 30)))
    first = [replace(holding, **{field: text}) for holding, text in zip(portfolio.holdings, texts, strict=False)]
    return replace(portfolio, holdings=(*first, *portfolio.holdings[len(first) :]))


def run(account: Account, *portfolios: Portfolio) -> Done:
    """A run of what B3 shows of one session of some indices."""
    at = sample.collected_at(portfolios[0].session).isoformat()
    with b3_standin.serving() as site:
        for portfolio in portfolios:
            site.show(portfolio)
        return bovespa(
            account.home,
            *("run", "--live", "--collected-at", at, "--json"),
            B3_BASE_URL=site.url,
            BOVESPA_INDICES=",".join(portfolio.index for portfolio in portfolios),
            BOVESPA_B3_ATTEMPTS="1",
        )


def pages(lake: Lake, session: date) -> Iterator[tuple[str, bytes]]:
    """Every page that shows a session."""
    for item in lake.artifacts.objects("reports/"):
        if item.key.endswith(".html"):
            body = lake.artifacts.read(item.key)
            if str(session) in item.key or str(session).encode() in body:
                yield item.key, body


def holds_markup_of(text: str, page: bytes) -> bool:
    return "<" in text and text.encode() in page


REFUSED_ON = date(2025, 8, 21)


class TestWhatIsPublished:
    SESSION = date(2025, 8, 20)
    QUERY = "SELECT codigo, nome_acao FROM bovespa_refined_data WHERE year = 2025 AND month = 8 AND day = 20"

    @pytest.fixture(scope="class")
    def portfolio(self) -> Portfolio:
        assert len(SHOWN) == len(set(SHOWN)) == 40
        return session_with(self.SESSION, SHOWN, "acao")

    @pytest.fixture(scope="class")
    def done(self, account: Account, portfolio: Portfolio) -> Done:
        finished = run(account, portfolio)
        assert finished.returncode == 0, finished.stderr
        return finished

    @pytest.fixture(scope="class")
    def names(self, done: Done, portfolio: Portfolio) -> dict[str, str]:
        assert done.stdout
        return {item.codigo: item.acao for item in portfolio.holdings[: len(SHOWN)]}

    def answer(self, account: Account, form: str) -> str:
        done = bovespa(account.home, "query", self.QUERY, "--format", form, "--limit", "100")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def test_athena_holds_the_texts_themselves(self, lake: Lake, names: dict[str, str]) -> None:
        found = dict(lake.athena.query(self.QUERY).rows)
        assert {code: found[code] for code in names} == names

    def test_csv_and_json_hold_them_too(self, account: Account, names: dict[str, str]) -> None:
        rows = {row["codigo"]: row["nome_acao"] for row in csv.DictReader(io.StringIO(self.answer(account, "csv")))}
        assert {code: rows[code] for code in names} == names
        answer: dict[str, Any] = json.loads(self.answer(account, "json"))
        rows = {row["codigo"]: row["nome_acao"] for row in answer["rows"]}
        assert {code: rows[code] for code in names} == names

    def test_a_table_shows_them(self, account: Account, names: dict[str, str]) -> None:
        table = self.answer(account, "table")
        assert [text for text in names.values() if text not in table] == []

    def test_every_key_and_partition_is_the_contracts(
        self, lake: Lake, portfolio: Portfolio, names: dict[str, str]
    ) -> None:
        assert names
        below = partition_prefix(refined_table("IBOV"), "IBOV", self.SESSION)
        keys = {item.key for item in lake.refined.objects(below)}
        assert keys == {f"{below}acao={item.codigo}/{PART_NAME}" for item in portfolio.holdings}

    def test_no_page_holds_them_as_markup(self, lake: Lake, names: dict[str, str]) -> None:
        looked_at = dict(pages(lake, self.SESSION))
        assert len(looked_at) >= 3
        assert [
            (key, text) for key, page in looked_at.items() for text in names.values() if holds_markup_of(text, page)
        ] == []
        assert any(escape(SHOWN[0]).encode() in page for page in looked_at.values())


@pytest.mark.parametrize(("field", "text"), [(field, text) for field, texts in REFUSED.items() for text in texts])
def test_what_is_refused_is_named_and_steers_nothing(operator: Operator, field: str, text: str) -> None:
    operator.stand_in.show(session_with(REFUSED_ON, [text], field))
    with pytest.raises((PayloadError, GateRefused)) as refused:
        require(operator.pipeline.check_raw(operator.pipeline.collect("IBOV", sample.collected_at(REFUSED_ON))))
    assert str(refused.value).isprintable()


def test_what_gate_1_refuses_is_shown_as_text(account: Account, lake: Lake) -> None:
    fields = {"IBOV": "acao", "IBXX": "codigo", "SMLL": "tipo"}
    done = run(
        account,
        *(session_with(REFUSED_ON, REFUSED[field], field).restated(index=index) for index, field in fields.items()),
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    sessions = json.loads(done.stdout)["sessions"]
    assert [item["index"] for item in sessions] == [*fields]
    assert [item["reason"] for item in sessions if fields[item["index"]] not in item["reason"]] == []
    found = dict(pages(lake, REFUSED_ON))
    assert {index for index in fields if any(f"/{index.lower()}/" in key for key in found)} == {*fields}
    texts = [text for field in fields.values() for text in REFUSED[field]]
    assert [(key, text) for key, page in found.items() for text in texts if holds_markup_of(text, page)] == []


def test_an_exported_formula_is_a_text(account: Account) -> None:
    done = bovespa(account.home, "query", "SELECT '=1+1' AS x", "--output", str(account.home / "x.xlsx"))
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(account.home / "x.xlsx") as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
