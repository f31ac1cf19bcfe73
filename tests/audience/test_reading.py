"""A CSV as exports are: what is dirty is taken, what is ambiguous is an error with its line."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sendbatch.audience.reading import LONGEST_CELL, open_table
from sendbatch.errors import AudienceError
from sendbatch.values import Row

from .conftest import Export

JANE = "email,first_name\njane@example.com,Jane\n"


def test_a_row_has_its_cells_and_the_line_where_it_starts(export: Export) -> None:
    assert export.rows(JANE) == [Row(2, ("jane@example.com", "Jane"))]


def test_a_last_line_without_an_end_is_a_row_too(export: Export) -> None:
    assert export.rows(JANE.rstrip()) == [Row(2, ("jane@example.com", "Jane"))]


def test_cells_keep_their_blanks(export: Export) -> None:
    assert export.cells("email,code\na@example.com, 07 \n") == [("a@example.com", " 07 ")]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(export: Export, mark: str) -> None:
    assert export.cells(JANE.replace(",", mark)) == [("jane@example.com", "Jane")]


def test_a_delimiter_in_quotes_does_not_count(export: Export) -> None:
    content = 'email;"Name, Title, Rank"\njane@example.com;Dr\n'
    assert export.columns(content) == ("email", "name__title__rank")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_a_line_above_the_header_may_name_the_delimiter(export: Export, mark: str) -> None:
    content = f"sep={mark}\r\nemail{mark}name\r\njane@example.com{mark}x\r\n"
    assert export.rows(content) == [Row(3, ("jane@example.com", "x"))]


def test_a_single_column_needs_no_delimiter(export: Export) -> None:
    assert export.cells("email\na@example.com\n") == [("a@example.com",)]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1", "gb18030", "utf-32"]
)
def test_a_file_is_read_in_the_encoding_it_is_said_to_have(export: Export, encoding: str) -> None:
    content = "email,name\na@example.com,Zoé\n".encode(encoding)
    assert export.cells(content, encoding) == [("a@example.com", "Zoé")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_bom_is_no_part_of_the_first_column(export: Export, encoding: str) -> None:
    assert export.columns(("\ufeff" + JANE).encode(encoding), encoding)[0] == "email"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(export: Export, end: str) -> None:
    rows = export.rows(JANE.replace("\n", end) + f"{end}joe@example.com,Joe{end}")
    assert [row.line for row in rows] == [2, 4]


def test_a_cell_may_have_lines_and_quotes_of_its_own(export: Export) -> None:
    rows = export.rows('email,note\na@example.com,"one\n""two"""\nb@example.com,x\n')
    assert rows == [Row(2, ("a@example.com", 'one\n"two"')), Row(4, ("b@example.com", "x"))]


def test_a_quote_amid_a_cell_is_taken_as_it_stands(export: Export) -> None:
    rows = export.cells('email,screen\na@example.com,17" wide\nb@example.com,19"\n')
    assert [cells[1] for cells in rows] == ['17" wide', '19"']


def test_a_quote_amid_the_last_cell_of_the_file_is_no_open_one(export: Export) -> None:
    assert export.cells('email,screen\na@example.com,19"') == [("a@example.com", '19"')]


def test_blank_lines_and_lines_of_delimiters_are_skipped(export: Export) -> None:
    rows = export.rows("\n\nemail,name\n\na@example.com,A\n,,\n   \nb@example.com,B\n\n")
    assert [row.line for row in rows] == [5, 8]


def test_only_a_header_has_no_rows(export: Export) -> None:
    assert export.rows("email,name\n") == []


def test_a_column_is_usable_by_its_name_in_lower_case(export: Export) -> None:
    with open_table(export.write('First Name,E-Mail,2nd,"Größe"\n')) as table:
        assert table.columns == ("first_name", "e_mail", "_2nd", "größe")
        assert table.names["first_name"] == "First Name"


def test_an_empty_column_without_a_name_is_dropped(export: Export) -> None:
    rows = export.rows("email,,name, \na@example.com,,A,\nb@example.com, ,B\n")
    assert rows == [Row(2, ("a@example.com", "A")), Row(3, ("b@example.com", "B"))]


def test_a_gzipped_csv_is_read_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.gz"
    path.write_bytes(gzip.compress(JANE.encode()))
    with open_table(path) as table:
        assert [row.cells[1] for row in table] == ["Jane"]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("a@example.com", "has 1 cell, the header has 2"),
        ("a@example.com,A,B", "has 3 cells, the header has 2"),
    ],
)
def test_a_record_that_does_not_fit_the_header_is_ragged(
    export: Export, record: str, why: str
) -> None:
    [row] = export.rows(f"email,name\n{record}\n")
    assert row.ragged == why
    assert len(row.cells) == 2


def test_delimiters_left_over_at_the_end_make_no_row_ragged(export: Export) -> None:
    assert export.rows("email,name\na@example.com,A,,\n") == [Row(2, ("a@example.com", "A"))]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf", b"sep=;\n"])
def test_an_empty_file_is_said_to_be_empty(export: Export, content: bytes) -> None:
    assert export.said(content) == "error: people.csv: the file is empty"


def test_two_columns_of_one_name_are_refused(export: Export) -> None:
    said = export.said("email,Plan,plan,Plan\n")
    assert "people.csv:1: error: two columns are named 'Plan'" in said
    assert "the columns 'Plan' and 'plan' are both usable as plan" in said


def test_names_that_are_usable_as_one_are_refused(export: Export) -> None:
    said = export.said("email,First Name,first-name\n")
    assert "the columns 'First Name' and 'first-name' are both usable as first_name" in said
    assert "rename one of them" in said


def test_a_cell_under_a_column_without_a_name_is_refused(export: Export) -> None:
    said = export.said("email,,name\na@example.com,,A\nb@example.com,oops,B\n")
    assert said == "people.csv:3: error: column 2 has a cell here and no name in the header"


@pytest.mark.parametrize(
    "rest",
    [
        'a@example.com,A\nb@example.com,"B\nc@example.com,C\nd@example.com,D\n',
        'a@example.com,A\nb@example.com,"B\nc@example.com,"C"\n',
        'a@example.com,A\nb@example.com,"B\n',
        'a@example.com,A\nb@example.com,"B',
        'a@example.com,A\nb@example.com,"B""\n',
    ],
)
def test_a_quote_that_is_never_closed_is_named_where_its_record_begins(
    export: Export, rest: str
) -> None:
    said = export.said("email,name\n" + rest)
    assert "people.csv:3: error: the quoted text that begins in this record is never closed" in said
    assert 'a quote within quoted text is written twice: ""' in said


@pytest.mark.parametrize(
    "content",
    ['email,"name\na@example.com,A\n', '\nemail,"name\na@example.com,"A"\n', 'email,"', '"'],
)
def test_a_quote_never_closed_in_the_header_does_not_swallow_the_rows(
    export: Export, content: str
) -> None:
    line = 2 if content.startswith("\n") else 1
    assert f"people.csv:{line}: error: the quoted text" in export.said(content)


def test_a_cell_of_endless_lines_is_refused_where_its_record_begins(export: Export) -> None:
    said = export.said('email,name\na@example.com,"' + "very long\n" * 20_000)
    assert "people.csv:2: error: the quoted text" in said
    assert "people.csv:1: error: the quoted text" in export.said('email,"' + "n" * 200_000)


def test_a_nul_byte_is_refused_with_its_line(export: Export) -> None:
    said = export.said(b"email,name\na@example.com,A\nb@example.com,\0\n")
    assert said.startswith("people.csv:3: error: there is a NUL byte in this line")


def read(content: bytes, encoding: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        path.write_bytes(content)
        with open_table(path, encoding) as table:
            width = len(table.columns)
            rows = list(table)
        assert all(len(row.cells) == width for row in rows)
        return rows


ENCODINGS = ["utf-8", "utf-16", "utf-16-be", "utf-32", "cp1252", "latin-1", "shift_jis", "hz"]
ANY_BYTES = st.binary(max_size=200) | st.text(',;"\n\r\t| =sep\0é\ufeff', max_size=60).map(
    lambda text: text.encode()
)


@settings(deadline=None, max_examples=300)
@given(ANY_BYTES, st.sampled_from(ENCODINGS) | st.sampled_from(["utf-7", "idna", "punycode"]))
@example(b"email\na@example.com\n", "utf-16")
@example(b"email,x\n+2AA-,\n", "utf-7")
def test_any_bytes_end_in_rows_or_in_an_error_of_ours(content: bytes, encoding: str) -> None:
    try:
        said = "".join(cell for row in read(content, encoding) for cell in row.cells)
    except AudienceError as error:
        said = str(error)
    assert said.encode("utf-8") or not said  # no lone surrogates, which nothing could store


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10)
RECORDS = st.lists(st.tuples(CELLS.map("x".__add__), CELLS, CELLS), max_size=6)


@settings(deadline=None)
@given(RECORDS, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]))
def test_what_a_csv_writer_wrote_is_read_as_it_was(
    records: list[tuple[str, str, str]], mark: str, end: str
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        [("a", "b", "c"), *records]
    )
    assert [row.cells for row in read(out.getvalue().encode(), "utf-8")] == records


def test_two_loose_quotes_do_not_swallow_the_rows_between_them(export: Export) -> None:
    said = export.said('email,name\nb@example.com,"B\nc@example.com,"C\nd@example.com,D\n')
    assert "people.csv:2: error: the quoted text that begins in this record is never closed" in said


def test_an_odd_quote_behind_quoted_lines_is_only_a_quote(export: Export) -> None:
    rows = export.rows('email,name,size\na@example.com,"one\ntwo",19" wide\n')
    assert rows[0].cells == ("a@example.com", "one\ntwo", '19" wide')


def test_a_cell_may_be_a_whole_letter_and_no_more(export: Export) -> None:
    letter = "x" * LONGEST_CELL
    (row,) = export.rows(f"email,letter\na@example.com,{letter}\n")
    assert row.cells[1] == letter
    said = export.said(f"email,letter\na@example.com,short\nb@example.com,{letter}y\n")
    assert "people.csv:3: error: a cell of this record is longer than 1,000,000 characters" in said


def test_a_record_of_endless_short_quoted_lines_is_refused(export: Export) -> None:
    said = export.said('email,name\na@example.com,"' + "\n" * 9_000_000)
    assert "longer than" in said
