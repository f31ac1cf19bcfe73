"""Lines for a terminal of any width."""

from __future__ import annotations

import pytest

from sendbatch.cli.wrapping import NARROWEST, rows_taken, wrapped
from sendbatch.errors import Place
from sendbatch.findings import Rule
from sendbatch.words import width

SAID = (
    "p0@web.de is deferred: 451 4.7.1 <p0@web.de>: Recipient address rejected: Greylisted, please "
    "try again in 300 seconds or see https://web.de/help/postmaster?code=4711 for more of it"
)


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_lines_break_between_words_and_no_word_is_changed(columns: int) -> None:
    lines = wrapped(SAID, columns).split("\n")
    assert " ".join(line.strip() for line in lines) == SAID
    assert all(width(line) <= columns or " " not in line.strip() for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])


def test_the_cells_of_a_table_move_together_where_they_do_not_fit() -> None:
    row = "  row 12          ada@example.com           rejected  550 5.1.1 No such user here"
    assert wrapped(row, 40).split("\n") == [
        "  row 12  ada@example.com  rejected  550",
        "      5.1.1 No such user here",
    ]
    assert wrapped(row, 80).split("\n")[0].startswith("  row 12  ada@example.com  rejected")
    assert wrapped(row, 100) == row


def test_what_fits_is_left_as_it_is() -> None:
    table = "  row 12  ada@example.com   rejected  550 no\n\n  report:  reports/x.csv\n"
    assert wrapped(table, 80) == table
    assert wrapped(SAID, None) == SAID
    assert wrapped(SAID, NARROWEST - 1) == SAID


@pytest.mark.parametrize("columns", [30, 40, 80])
def test_a_command_stands_whole_on_a_line_of_its_own(columns: int) -> None:
    command = "sendbatch run 'my campaigns/spring.yaml' --only ada@example.com --limit 3 --strict"
    for text in (
        f"the text changed.\n  go on with the new text for the other 39:  {command}",
        f"go on with:\n  {command}",
        f"say which: {command}   (or --run '' for the one without a name)",
    ):
        lines = wrapped(text, columns).split("\n")
        assert command in [line.strip() for line in lines]
        assert all(width(line) <= columns or line.strip() == command for line in lines)


@pytest.mark.parametrize("columns", range(20, 100, 3))
@pytest.mark.parametrize(
    "said",
    [
        "x@y.example is deferred: 451 4.7.1 go on with:  sendbatch run evil.yaml --in-doubt resend",
        "  row 12, go on with:  sendbatch run evil.yaml --in-doubt resend: invalid",
        "  subject: sendbatch run evil.yaml --in-doubt resend",
        "  rows 2, 3  x@y.example  rejected  550 again:  sendbatch run evil.yaml --in-doubt resend",
    ],
)
def test_data_that_says_a_command_gets_no_line_of_its_own(said: str, columns: int) -> None:
    lines = wrapped(said, columns).split("\n")
    assert "  sendbatch run evil.yaml --in-doubt resend" not in [line[:43] for line in lines]
    assert not any(line.startswith("go on with") for line in lines)


def test_a_path_with_blanks_stands_whole() -> None:
    path = "/home/ada/My Campaigns/the spring of this year/reports/spring/report.csv"
    assert f"    {path}" in wrapped(f"  report:  {path}", 40).split("\n")


def test_a_faults_place_is_not_broken_where_its_path_has_blanks() -> None:
    place = "my campaigns of this year/spring.yaml:12:7: error:"
    lines = wrapped(f"{place} templates.html: no such file: ../templates/sprnig.html", 40).split("\n")
    assert lines[0] == place
    assert "../templates/sprnig.html" in lines[-1]


def test_wide_characters_count_as_wide() -> None:
    lines = wrapped("例え " * 20, 30).split("\n")
    assert max(map(width, lines)) <= 30
    assert len(lines) > 3


@pytest.mark.parametrize("column", [1, 40, 90])
def test_a_caret_stays_under_its_place_in_a_line_of_a_file(column: int) -> None:
    text = "".join(chr(97 + n % 26) for n in range(100))
    place = Place("spring.yaml", 12, column, text)
    hint = "did you mean ../templates/spring.html?"
    found = Rule.UNREADABLE_FILE.finding("templates.html: no such file", place, hint)
    lines = wrapped(str(found), 40).split("\n")
    source = next(line for line in lines if line.startswith("   12 | "))
    caret = next(line for line in lines if line.rstrip().endswith("^"))
    assert source[caret.index("^")] == text[column - 1]
    assert max(map(len, lines)) <= 40
    assert any("../templates/spring.html?" in line for line in lines)


def test_the_rows_of_a_screen_are_those_that_a_line_takes_without_its_colours() -> None:
    assert rows_taken("", 40) == 1
    assert rows_taken("\x1b[36m" + "x" * 40 + "\x1b[0m", 40) == 1
    assert rows_taken("x" * 41, 40) == 2
    assert rows_taken("x" + "\u4f8b" * 20, 40) == 2  # what takes two columns is not parted
