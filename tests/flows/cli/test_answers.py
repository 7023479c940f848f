"""How an answer is given: as a table, for a program, or as a file; always with what it rests on."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from html import escape
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from flows.cli.answers import Wanted, give
from flows.cli.basis import Basis, Sessions
from flows.cli.files import encode, query_body
from flows.cli.options import Form
from flows.errors import QueryError, SettingsError
from flows.lake.athena import QueryResult

RESULT = QueryResult(
    ("acao", "data_pregao", "peso", "eventos"),
    ("varchar", "date", "double", "varchar"),
    (("VALE3", "2025-06-30", "10.702", None), ("B3SA3", "2025-06-30", "3.472", 'EJ, "x"')),
    10,
    1,
    "s3://results/x.csv",
)
BASIS = Basis((Sessions("IBOV", (date(2025, 6, 30),)),), date(2025, 7, 1))


class TestWanted:
    def test_by_default_is_a_table(self) -> None:
        assert Wanted.of(None, None, None, as_json=False).form is Form.TABLE

    @pytest.mark.parametrize("form", [form for form in Form if form is not Form.TABLE])
    def test_a_files_name_tells_its_form(self, form: Form) -> None:
        assert Wanted.of(None, Path(f"x.{form.upper()}"), None, as_json=False).form is form

    def test_an_option_goes_before_a_files_name(self) -> None:
        assert Wanted.of(Form.CSV, Path("x.txt"), None, as_json=False).form is Form.CSV

    @pytest.mark.parametrize(
        ("form", "output", "as_json", "reason"),
        [
            (Form.CSV, None, True, "--json and --format csv contradict each other"),
            (None, Path("x.doc"), False, "its name tells no form"),
            (Form.TABLE, Path("x.csv"), False, "a table is for the screen"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, form: Form | None, output: Path | None, reason: str, *, as_json: bool
    ) -> None:
        with pytest.raises(SettingsError, match=reason):
            Wanted.of(form, output, None, as_json=as_json)

    def test_a_spreadsheet_is_not_written_onto_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        with pytest.raises(SettingsError, match="name a file with --output"):
            Wanted.of(Form.XLSX, None, None, as_json=False)


class TestEncoded:
    def test_csv_has_a_heading_and_quotes_only_what_needs_it(self) -> None:
        assert encode(Form.CSV, "", RESULT, None, None).decode() == (
            'acao,data_pregao,peso,eventos\nVALE3,2025-06-30,10.702,\nB3SA3,2025-06-30,3.472,"EJ, ""x"""\n'
        )

    @pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(1)", " =1", "\t=1", '=HYPERLINK("http://x")'])
    def test_a_text_is_no_formula_to_a_spreadsheet(self, text: str) -> None:
        result = replace(RESULT, rows=((text, "2025-06-30", "-1.5", "-1"),))
        rows = [*csv.reader(io.StringIO(encode(Form.CSV, "", result, None, None).decode()))]
        assert rows[1] == [f"'{text}", "2025-06-30", "-1.5", "-1"]
        with zipfile.ZipFile(io.BytesIO(encode(Form.XLSX, "", result, None, None))) as book:
            assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
            assert escape(text, quote=False).encode() in book.read("xl/sharedStrings.xml")

    def test_parquet_has_the_types(self) -> None:
        table = pq.read_table(io.BytesIO(encode(Form.PARQUET, "", RESULT, None, None)))
        assert [str(field.type) for field in table.schema] == ["string", "date32[day]", "double", "string"]
        assert table.num_rows == 2

    def test_a_spreadsheet_reads_back_as_it_was(self) -> None:
        content = encode(Form.XLSX, "", RESULT, 1, None)
        with io.BytesIO(content) as file:
            assert file.read(2) == b"PK"
        assert b"xl/worksheets/sheet1.xml" in content

    def test_more_rows_than_a_spreadsheet_takes_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("flows.cli.files._MOST_ROWS_OF_A_SHEET", 1)
        with pytest.raises(QueryError, match="2 rows: a spreadsheet takes 1"):
            encode(Form.XLSX, "", RESULT, None, None)

    def test_json_has_typed_rows_all_of_their_number_and_the_basis(self) -> None:
        body = json.loads(encode(Form.JSON, "SELECT", RESULT, 1, BASIS.to_dict()))
        assert body["rows"] == [{"acao": "VALE3", "data_pregao": "2025-06-30", "peso": 10.702, "eventos": None}]
        assert (body["total_rows"], body["basis"]["newest"]) == (2, "2025-06-30")

    def test_json_says_null_of_what_is_no_number(self) -> None:
        result = QueryResult(("x", "y"), ("double", "decimal"), (("NaN", "1.50"), ("Infinity", None)), 0, 0, "")
        assert query_body("", result)["rows"] == [{"x": None, "y": 1.5}, {"x": None, "y": None}]


class TestGiven:
    def test_a_table_ends_with_its_basis(self, capsys: pytest.CaptureFixture[str]) -> None:
        wanted = Wanted(Form.TABLE, None, 1)
        give(wanted.screen, wanted, "", RESULT, BASIS)
        printed = capsys.readouterr().out
        assert "VALE3" in printed
        assert "B3SA3" not in printed
        assert printed.endswith("  rests on IBOV, session 2025-06-30, 1 published; the newest is 1 day old\n")

    def test_a_file_is_written_and_said(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        wanted = Wanted(Form.CSV, tmp_path / "x.csv", None)
        give(wanted.screen, wanted, "", RESULT, BASIS)
        assert len(pd.read_csv(tmp_path / "x.csv")) == 2
        assert "2 rows in " in capsys.readouterr().out

    def test_a_file_that_cannot_be_written_is_one_line(self, tmp_path: Path) -> None:
        wanted = Wanted(Form.CSV, tmp_path / "none" / "x.csv", None)
        with pytest.raises(SettingsError, match="No such file or directory"):
            give(wanted.screen, wanted, "", RESULT, None)

    def test_for_a_program_there_is_nothing_else(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        wanted = Wanted(Form.CSV, None, 1)
        give(wanted.screen, wanted, "", RESULT, BASIS)
        assert capfdbinary.readouterr().out.decode().splitlines() == [
            "acao,data_pregao,peso,eventos",
            "VALE3,2025-06-30,10.702,",
        ]
