"""What the command line shows: progress to standard error, the result to standard output, as tables or as JSON."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.cli.console import Screen
from flows.cli.files import query_body
from flows.cli.language import counted
from flows.lake.athena import QueryResult

RESULT = QueryResult(
    columns=("tipo", "total_acoes"),
    types=("varchar", "bigint"),
    rows=(("ON NM", "58"), (None, "26")),
    scanned_bytes=1234,
    milliseconds=7,
    output="s3://results/x.csv",
)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


class TestTables:
    def test_show_the_rows_the_bytes_read_and_the_time(self, capsys: pytest.CaptureFixture[str]) -> None:
        Screen(as_json=False).rows(RESULT)
        printed = capsys.readouterr().out
        assert "ON NM" in printed
        assert "58" in printed
        assert "2 rows; 1,234 bytes read in 7 ms" in printed

    def test_show_twelve_rows_and_say_how_many_more_there_are(self, capsys: pytest.CaptureFixture[str]) -> None:
        many = QueryResult(("n",), ("varchar",), tuple((f"<{n}>",) for n in range(20)), 0, 0, "")
        Screen(as_json=False).rows(many)
        printed = capsys.readouterr().out
        assert "<11>" in printed
        assert "<12>" not in printed
        assert re.search("20 rows.*8.*not shown", printed)

    def test_show_all_rows_where_no_limit_is_wanted(self, capsys: pytest.CaptureFixture[str]) -> None:
        many = QueryResult(("n",), ("varchar",), tuple((f"<{n}>",) for n in range(20)), 0, 0, "")
        Screen(as_json=False).rows(many, limit=None)
        assert "<19>" in capsys.readouterr().out

    def test_show_names_and_values_in_two_columns(self, capsys: pytest.CaptureFixture[str]) -> None:
        Screen(as_json=False).pairs([("a", "1"), ("long", "2")])
        assert capsys.readouterr().out == "  a     1\n  long  2\n"

    def test_print_no_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        Screen(as_json=False).result({"a": 1})
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize("text", ["[bold]x[/bold]", "[/]", "a [red] b", ":smile:"])
    def test_show_texts_of_unknown_origin_as_they_stand(self, capsys: pytest.CaptureFixture[str], text: str) -> None:
        screen = Screen(as_json=False)
        screen.line(text)
        screen.heading(text)
        screen.rows(QueryResult((text,), ("varchar",), ((text,),), 0, 0, ""))
        assert capsys.readouterr().out.count(text) >= 3

    def test_of_one_row_say_so(self, capsys: pytest.CaptureFixture[str]) -> None:
        Screen(as_json=False).rows(QueryResult(("n",), ("bigint",), (("28224",),), 1, 1, ""))
        assert "1 row; 1 byte read in 1 ms" in capsys.readouterr().out

    def test_say_once_what_every_row_has(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("flows.cli.console._FILE_WIDTH", 20)
        rows = tuple((f"A{n}", "2025-06-30", "x" * 20) for n in range(4))
        Screen(as_json=False).rows(
            QueryResult(("acao", "data_pregao", "setor"), ("varchar", "date", "varchar"), rows, 0, 0, "")
        )
        printed = " ".join(capsys.readouterr().out.split())
        assert "in every row: data_pregao 2025-06-30, setor xxxx" in printed
        assert printed.count("2025-06-30") == 1

    def test_set_a_wide_row_upright(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("flows.cli.console._FILE_WIDTH", 40)
        names = tuple(f"coluna_{number}" for number in range(9))
        Screen(as_json=False).rows(QueryResult(names, ("bigint",) * 9, (("123456",) * 9,), 0, 0, ""))
        lines = capsys.readouterr().out.splitlines()
        assert [line.split() for line in lines[:9]] == [[name, "123,456"] for name in names]

    def test_end_with_what_the_rows_rest_on(self, capsys: pytest.CaptureFixture[str]) -> None:
        Screen(as_json=False).rows(RESULT, basis="rests on IBOV")
        assert capsys.readouterr().out.splitlines()[-1] == "  rests on IBOV"


@pytest.mark.parametrize(("number", "said"), [(0, "0 rows"), (1, "1 row"), (28224, "28,224 rows")])
def test_things_are_counted_as_people_do(number: int, said: str) -> None:
    assert counted(number, "row") == said


class TestJson:
    def test_prints_one_document_and_nothing_else(self, capsys: pytest.CaptureFixture[str]) -> None:
        screen = Screen(as_json=True)
        screen.heading("title")
        screen.line("line")
        screen.pairs([("a", "b")])
        screen.rows(RESULT)
        screen.result(query_body("SELECT 1", RESULT))
        assert json.loads(capsys.readouterr().out) == {
            "sql": "SELECT 1",
            "columns": ["tipo", "total_acoes"],
            "types": ["varchar", "bigint"],
            "total_rows": 2,
            "rows": [{"tipo": "ON NM", "total_acoes": 58}, {"tipo": None, "total_acoes": 26}],
            "scanned_bytes": 1234,
            "milliseconds": 7,
            "output": "s3://results/x.csv",
        }

    def test_has_no_blank_in_a_key_but_keeps_the_names_of_a_querys_columns(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Screen(as_json=True).result({"counts": {"already present": 1}, "queries": [{"rows": [{"a b": "c d"}]}]})
        assert json.loads(capsys.readouterr().out) == {
            "counts": {"already_present": 1},
            "queries": [{"rows": [{"a b": "c d"}]}],
        }

    @given(st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["[bold]", ":smile:", "a" * 500]))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    def test_holds_any_text_unchanged(self, capsys: pytest.CaptureFixture[str], text: str) -> None:
        Screen(as_json=True).result({"text": text})
        assert json.loads(capsys.readouterr().out) == {"text": text}


class TestProgress:
    @pytest.mark.parametrize("as_json", [True, False])
    def test_goes_to_standard_error_whatever_the_result_is(
        self, capsys: pytest.CaptureFixture[str], *, as_json: bool
    ) -> None:
        screen = Screen(as_json=as_json)
        screen.say("starting")
        with screen.busy("working"):
            pass
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err == "starting\nworking\n"

    def test_a_failure_is_one_line_of_standard_error_however_long(self, capsys: pytest.CaptureFixture[str]) -> None:
        Screen(as_json=False).fail("x" * 500)
        assert capsys.readouterr().err == f"failed: {'x' * 500}\n"
