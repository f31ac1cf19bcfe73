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

from sendbatch.audience.cells import BLANKS, bare
from sendbatch.audience.reading import LONGEST_CELL, Format, open_table
from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.names import usable
from sendbatch.errors import AudienceError
from sendbatch.values import Row
from tests.kit.thoroughness import examples

from .conftest import Export

JANE = "email,first_name\njane@example.com,Jane\n"


def test_a_row_has_its_cells_and_the_line_where_it_starts(export: Export) -> None:
    assert export.rows(JANE) == [Row(2, ("jane@example.com", "Jane"))]


def test_a_last_line_without_an_end_is_a_row_too(export: Export) -> None:
    assert export.rows(JANE.rstrip()) == [Row(2, ("jane@example.com", "Jane"))]


@pytest.mark.parametrize(
    "cell",
    [
        " 07 ",
        "\t07\t",
        "\u00a007\u2003",
        "\ufeff07\u200b",
        "\u200d07\u00ad",
        "\u200e07\u200f",
        "\u3000\u206807\u2069",
        '"  07 "',
        ' "07"',
        ' "07" ',
        '\u00a0"07"\t',
        '\u200b" 07"\u200b ',
    ],
)
def test_blanks_and_invisible_characters_at_its_ends_are_no_part_of_a_cell(
    export: Export, cell: str
) -> None:
    content = f"email,{cell},x\na@example.com,{cell},é\na@example.com,y,{cell}\n{cell},y,z\n"
    with open_table(export.write(content), form=Format(wanted=("email",))) as table:
        rows = [row.cells for row in table]
        assert table.columns == ("email", "_07", "x")
    assert rows == [("a@example.com", "07", "é"), ("a@example.com", "y", "07"), ("07", "y", "z")]


def test_every_blank_that_unicode_has_is_one() -> None:
    assert set(BLANKS) == set(filter(str.isspace, map(chr, range(0x110000))))


def test_blanks_and_invisible_characters_within_a_cell_are_kept(export: Export) -> None:
    content = 'email,a,b\nx@example.com,"New\u00a0 York\n\nUSA",zero\u200bwidth\n'
    assert export.cells(content) == [("x@example.com", "New\u00a0 York\n\nUSA", "zero\u200bwidth")]


@pytest.mark.parametrize(
    "cell", ["❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "葛\U000e0100", "അനില്\u200d", "क्\u200c", "a \u2067b\u2069"]
)
def test_what_shapes_the_character_before_it_is_a_part_of_the_cell(
    export: Export, cell: str
) -> None:
    assert export.cells(f"email,a\nx@example.com, {cell}\u200b \n")[0][1] == cell


def test_a_quote_behind_a_blank_may_have_lines_and_delimiters_in_it(export: Export) -> None:
    content = (
        'email, place\na@example.com, "Paris, France"\nb@example.com, "Rome,\n ""Italy"" , x" \n'
    )
    assert export.rows(content) == [
        Row(2, ("a@example.com", "Paris, France")),
        Row(3, ("b@example.com", 'Rome,\n ""Italy"" , x'.replace('""', '"'))),
    ]


def test_what_looks_like_a_loose_quote_within_a_quoted_cell_is_text(export: Export) -> None:
    content = 'email,note\na@example.com,"he said ""a"" ,""b"" , ""c"""\n'
    assert export.cells(content) == [("a@example.com", 'he said "a" ,"b" , "c"')]


def test_what_a_row_was_before_blanks_were_taken_off_is_told_who_asks(export: Export) -> None:
    path = export.write('email, id\na@example.com, "A, 1"\nb@example.com, 7\nc@example.com,8\n')
    with open_table(path, form=Format(as_before=True)) as table:
        rows = list(table)
    assert [row.cells[1] for row in rows] == ["A, 1", "7", "8"]
    assert [row.before for row in rows] == [None, ("b@example.com", " 7"), None]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(export: Export, mark: str) -> None:
    assert export.cells(JANE.replace(",", mark)) == [("jane@example.com", "Jane")]


def test_the_delimiter_is_one_that_the_rows_have_as_often_as_the_header(export: Export) -> None:
    content = "who;a,b,c\nann;1,2\nbob;3,4\n"
    assert export.cells(content) == [("ann", "1,2"), ("bob", "3,4")]


def test_a_delimiter_in_quotes_does_not_count(export: Export) -> None:
    content = 'email;"Name, Title, Rank"\njane@example.com;Dr\n'
    assert export.columns(content) == ("email", "name_title_rank")


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
        ("a@example.com,A,B", "has 3 cells, the header has 2"),
        ("a@example.com,A,,,B", "has 5 cells, the header has 2"),
    ],
)
def test_a_record_with_more_cells_than_the_header_is_ragged(
    export: Export, record: str, why: str
) -> None:
    [row] = export.rows(f"email,name\n{record}\n")
    assert row.ragged == why
    assert len(row.cells) == 2


def test_cells_that_are_missing_at_the_end_of_a_row_are_empty(export: Export) -> None:
    rows = export.rows("email,name,city,\na@example.com\nb@example.com,B\n")
    assert rows == [Row(2, ("a@example.com", "", "")), Row(3, ("b@example.com", "B", ""))]


def test_delimiters_left_over_at_the_end_make_no_row_ragged(export: Export) -> None:
    assert export.rows("email,name\na@example.com,A,,\n") == [Row(2, ("a@example.com", "A"))]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf", b"sep=;\n"])
def test_an_empty_file_is_said_to_be_empty(export: Export, content: bytes) -> None:
    assert export.said(content) == "error: people.csv: the file is empty"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Beitrag (€)", "beitrag"),
        ("*First -- Name*", "first_name"),
        ("ชื่อ", "ชื่อ"),
        ("คำนำหน้า", "คำนำหน้า"),
        ("नाम", "नाम"),
        ("İsim", "i\u0307sim"),
        ("Jose\u0301", "josé"),
        ("ｅｍａｉｌ", "email"),
        ("نام\u200cخانوادگی", "نام_خانوادگی"),
        ("m²", "m"),
        ("2nd", "_2nd"),
        ("__a__b__", "a_b"),
        ("None", "_none"),
        ("Self", "_self"),
        ("not", "_not"),
        ("class", "class"),
    ],
)
def test_names_keep_letters_with_their_marks_and_digits(
    export: Export, header: str, name: str
) -> None:
    assert export.columns(f'x,"{header}"\n') == ("x", name)
    assert usable(name) == name
    assert environment().from_string(f"{{{{ {name} }}}}").render({name: "ok"}) == "ok"


@given(st.text(max_size=30))
def test_a_usable_name_is_one_that_templates_take_and_stays_itself(text: str) -> None:
    name = usable(text)
    assert not name or name.isidentifier()
    assert usable(name) == name


def clashes(export: Export, header: str) -> dict[str, str]:
    with open_table(export.write(header)) as table:
        return {
            name: str(fault).replace(str(export.path), export.path.name)
            for name, fault in table.clashes.items()
        }


def test_columns_of_one_name_are_no_columns_and_say_why(export: Export) -> None:
    found = clashes(export, "email,Plan,city,Plan\n")
    assert found == {
        "plan": "people.csv:1: error: two columns are named 'Plan'\n  rename one of them"
    }
    rows = export.rows("email,Plan,city,Plan\na@example.com,x,Rome,y\n")
    assert rows == [Row(2, ("a@example.com", "Rome"))]


def test_names_that_are_usable_as_one_say_so(export: Export) -> None:
    found = clashes(export, "email,First Name,first-name\n")
    said = "the columns 'First Name' and 'first-name' are both usable as first_name"
    assert said in found["first_name"]


def test_names_that_python_takes_for_one_clash(export: Export) -> None:
    assert set(clashes(export, "email,ﬁrst,first\n")) == {"ﬁrst", "first"}


def test_long_names_that_begin_alike_stay_apart(export: Export) -> None:
    long = "Do you agree " + "that " * 60
    with open_table(export.write(f"email,{long} (a),{long} (b)\n")) as table:
        assert len(table.columns) == 3
        assert all(len(name) <= 200 for name in table.names.values())


def test_a_column_without_a_name_is_no_column_whatever_stands_in_it(export: Export) -> None:
    rows = export.rows(",email,€,name\n0,a@example.com,7,A\n1,b@example.com,8,B\n")
    assert rows == [Row(2, ("a@example.com", "A")), Row(3, ("b@example.com", "B"))]


# Delimiters


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("E-Mail;Name (last, first);Address (street, no, town)\na@example.com;Li;x\n", 3),
        ("email;Name, Vorname, Titel\na@example.com;Li\nb@example.com\n", 2),
        ("id;name;price, net, in euro\n1;x;3,50,2\n2;y;4,50,1\n", 3),
        ("email,note;x;y;z\na@example.com,1\n", 2),
        ("email\tname, first, title\na@example.com\tLi\n", 2),
        ('email|"a;b;c"\na@example.com|x;y\n', 2),
        ("email;a,b\na@example.com;1,2\n", 2),
        ("a,b;email\n1,2;a@example.com\n", 2),
        ('email,note\na@example.com,"one; two; three\nfour; five"\n', 2),
    ],
)
def test_header_and_rows_tell_the_delimiter(export: Export, content: str, columns: int) -> None:
    form = Format(wanted=("email", "e_mail"))
    with open_table(export.write(content), form=form) as table:
        assert len(table.columns) == columns


def test_the_declared_delimiter_is_the_one(export: Export) -> None:
    path = export.write("sep=;\nemail;a|b\nx@example.com;1|y\n")
    with open_table(path, form=Format(delimiter="|")) as table:
        assert table.columns == ("email_a", "b")
        assert list(table) == [Row(3, ("x@example.com;1", "y"))]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;", "sep="])
def test_excel_may_say_the_delimiter_in_quotes(export: Export, line: str) -> None:
    assert export.columns(f"{line}\nemail;name\n") == ("email", "name")


def test_a_delimiter_that_is_none_is_named(export: Export) -> None:
    said = export.said("sep=^\nemail^name\n")
    assert said.startswith("people.csv:1: error: sep=^ stands above: cells are separated by")


def test_lines_above_the_header_are_skipped_and_still_counted(export: Export) -> None:
    above = 'Export of 2026-11-01\n"Customers, all\nsep=;\n\n'
    path = export.write(above + "email;name\na@example.com;A\n")
    with open_table(path, form=Format(skip_lines=4)) as table:
        assert list(table) == [Row(6, ("a@example.com", "A"))]


def test_skipping_all_there_is_leaves_no_header(export: Export) -> None:
    path = export.write(JANE)
    with pytest.raises(AudienceError, match="has 2 lines, and skip_lines is 3: no header is left"):
        open_table(path, form=Format(skip_lines=3))


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


@settings(max_examples=examples(300))
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


@given(RECORDS, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]))
def test_what_a_csv_writer_wrote_is_read_as_it_was(
    records: list[tuple[str, str, str]], mark: str, end: str
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        [("a", "b", "c"), *records]
    )
    read_again = [row.cells for row in read(out.getvalue().encode(), "utf-8")]
    assert read_again == [tuple(map(bare, record)) for record in records]


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
