"""A suppression list is read whichever way it was exported, and is never silently useless."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sendbatch.audience.suppression import Entry, Suppression, read_suppression
from sendbatch.campaign.model import SuppressionList
from sendbatch.errors import AudienceError


def listed(
    folder: Path, content: str | bytes, email: str = "email", *, keyed: bool = False, **more: Any
) -> Suppression:
    path = folder / "never.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_suppression(SuppressionList(path, **more), email, keyed=keyed)


def entries(folder: Path, content: str | bytes, email: str = "email", **more: Any) -> list[Entry]:
    return list(listed(folder, content, email, **more))


def read(
    folder: Path, content: str | bytes, email: str = "email", **more: Any
) -> list[tuple[int, str]]:
    """(line, value) of what could be read; nothing may be left unread."""
    found = entries(folder, content, email, **more)
    assert not any(entry.why for entry in found), found
    return [(entry.line, entry.value) for entry in found]


def unread(folder: Path, content: str | bytes, **more: Any) -> list[tuple[int, str]]:
    return [(entry.line, entry.text) for entry in entries(folder, content, **more) if entry.why]


def said(folder: Path, content: str | bytes, email: str = "email", **more: Any) -> str:
    with pytest.raises(AudienceError) as caught:
        entries(folder, content, email, **more)
    return str(caught.value).replace(f"{folder}/", "")


JANE = "jane@example.com"


# One entry a line


def test_one_address_or_domain_stands_on_each_line(tmp_path: Path) -> None:
    assert entries(tmp_path, "\nJane@Example.com\n\n  *@example.ORG\n") == [
        Entry(2, "key", JANE),
        Entry(4, "domain", "example.org"),
    ]


def test_a_comment_is_no_entry_wherever_it_begins(tmp_path: Path) -> None:
    content = "# left, since 2026; email\njane@example.com  # asked, by phone\n"
    content += "#joe@example.com\na#b@example.com\n"
    assert read(tmp_path, content) == [(2, JANE), (4, "a#b@example.com")]


def test_a_comma_in_a_name_makes_no_csv(tmp_path: Path) -> None:
    for first in ('"Doe, Jane" <jane@example.com>', "Doe, Jane <jane@example.com>"):
        content = f"{first}\nJoe <joe@example.com>\n"
        assert read(tmp_path, content) == [(1, JANE), (2, "joe@example.com")]


def test_several_on_a_line_are_several_on_the_first_line_too(tmp_path: Path) -> None:
    content = "jane@example.com; joe@example.com\nann@example.com,bob@example.com\n"
    assert [line for line, _ in read(tmp_path, content)] == [1, 1, 2, 2]


def test_each_unreadable_entry_has_its_line(tmp_path: Path) -> None:
    content = "jane@example.com\nexample.com\nnobody\n"
    assert unread(tmp_path, content) == [(2, "example.com"), (3, "nobody")]


def test_a_csv_without_a_header_is_read_by_line_and_not_by_luck(tmp_path: Path) -> None:
    assert unread(tmp_path, "jane@example.com,2026-01-05\n") == [(1, "jane@example.com,2026-01-05")]


def test_a_header_that_no_rule_knows_is_no_entry(tmp_path: Path) -> None:
    assert unread(tmp_path, "mail\njane@example.com\n") == [(1, "mail")]


def test_a_page_in_the_place_of_a_list_is_unread(tmp_path: Path) -> None:
    assert len(unread(tmp_path, "<html><body>Session expired</body></html>\n", keyed=True)) == 1


def test_keys_stand_in_a_list_as_they_stand_in_the_campaign(tmp_path: Path) -> None:
    assert {value for _, value in read(tmp_path, 'C-1\n"C-2"\n', keyed=True)} >= {"C-1", "C-2"}


# A CSV


def test_a_header_makes_it_a_csv_even_of_one_column(tmp_path: Path) -> None:
    for header in ("email", '"Email"', "EMAIL ADDRESS", "\ufeffemail"):
        assert read(tmp_path, f"{header}\njane@example.com\n") == [(2, JANE)], header


@pytest.mark.parametrize("header", ["since;Email", "since;E-Mail;why", "Email Address;since"])
def test_the_column_is_named_as_in_the_campaign_or_as_usual(tmp_path: Path, header: str) -> None:
    cells = [JANE if "mail" in name.lower() else "x" for name in header.split(";")]
    assert read(tmp_path, f"{header}\n{';'.join(cells)}\n", "e-mail") == [(2, JANE)]


def test_the_campaigns_name_for_the_address_goes_before_the_usual_ones(tmp_path: Path) -> None:
    content = "email,contact\nold@example.com,new@example.com\n"
    assert read(tmp_path, content, "Contact") == [(2, "new@example.com")]


def test_the_column_may_be_named_where_the_list_is(tmp_path: Path) -> None:
    content = "email,E-Mail (work)\nold@example.com,jane@example.com\n"
    assert read(tmp_path, content, column="E-Mail (work)") == [(2, JANE)]
    assert read(tmp_path, "mail\njane@example.com\n", column="mail") == [(2, JANE)]


def test_a_csv_without_such_a_column_names_those_it_has(tmp_path: Path) -> None:
    message = said(tmp_path, "Who,Since\njane@example.com,2026\n", "Contact")
    assert "never.csv:1: error: this suppression list has no column for addresses" in message
    assert "its columns are: Who, Since" in message
    assert "name one Contact, or say which" in message
    assert "column: …" in message
    message = said(tmp_path, "# who left\nWho\njane@example.com\n", column="mail")
    assert "never.csv:2: error: this suppression list has no column 'mail'" in message


def test_a_cell_is_read_as_patiently_as_a_line(tmp_path: Path) -> None:
    content = (
        'why;email\nleft;"""Doe, Jane"" <jane@example.com>"\nx;"joe@example.com; @example.org"\n'
    )
    assert read(tmp_path, content) == [(2, JANE), (3, "joe@example.com"), (3, "example.org")]


def test_in_one_column_a_comma_stands_between_entries_or_in_a_name(tmp_path: Path) -> None:
    content = (
        'email\njane@example.com, joe@example.com\nDoe, Ann <ann@example.com>\n"bob@example.com"\n'
    )
    content += '"""Doe, Cyd"" <cyd@example.com>"\n'
    found = read(tmp_path, content)
    assert [value.partition("@")[0] for _, value in found] == ["jane", "joe", "ann", "bob", "cyd"]


def test_a_delimiter_told_above_the_header_and_comments_above_it_are_skipped(
    tmp_path: Path,
) -> None:
    assert read(tmp_path, "sep=;\nemail;why\njane@example.com;x\n") == [(3, JANE)]
    assert read(tmp_path, "# exported, 2026\n\nemail,why\njane@example.com,x\n") == [(4, JANE)]


def test_a_column_named_with_a_hash_makes_no_comment_of_the_header(tmp_path: Path) -> None:
    assert read(tmp_path, "#,email\n1,jane@example.com\n") == [(2, JANE)]


def test_empty_cells_are_skipped_and_counted(tmp_path: Path) -> None:
    suppression = listed(tmp_path, "email,why\n,asked\njane@example.com,\n\u200b,x\n")
    assert [entry.value for entry in suppression] == [JANE]
    assert (suppression.named, suppression.blank) == (1, 2)


def test_a_row_that_lacks_the_cell_is_unread_and_not_empty(tmp_path: Path) -> None:
    content = "since,email\njane@example.com\n2026,joe@example.com\n"
    assert unread(tmp_path, content) == [(2, "jane@example.com")]


def test_what_slipped_into_the_column_is_no_key(tmp_path: Path) -> None:
    content = "name,email\nLee, Ann,ann@example.com\nBob,bob@example.org\n"
    assert [line for line, _ in unread(tmp_path, content, keyed=True)] == [2]


def test_a_csv_may_name_whole_domains(tmp_path: Path) -> None:
    assert entries(tmp_path, "email,why\n@retired.example,closed\n") == [
        Entry(2, "domain", "retired.example")
    ]


# The file


def test_a_compressed_list_is_read_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "never.csv.gz"
    path.write_bytes(gzip.compress(b"email,why\njane@example.com,asked\n"))
    assert [e.value for e in read_suppression(SuppressionList(path), "email")] == [JANE]


def test_an_empty_list_names_nobody_and_says_so(tmp_path: Path) -> None:
    empty = listed(tmp_path, "")
    assert (list(empty), empty.is_empty()) == ([], True)
    for content in ("email\n", "\n \n", "# nobody\n"):
        useless = listed(tmp_path, content)
        assert (list(useless), useless.named, useless.is_empty()) == ([], 0, False)


def test_a_missing_list_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudienceError, match=r"gone\.csv: cannot be read: No such file"):
        list(read_suppression(SuppressionList(tmp_path / "gone.csv"), "email"))


def test_a_list_in_another_encoding_has_its_line_and_can_say_so(tmp_path: Path) -> None:
    content = "jane@example.com\nzoé@example.com\n"
    message = said(tmp_path, content.encode("cp1252"))
    assert message.startswith("never.csv:2: error: this line is not utf-8: byte 3 of it is 0xE9\n")
    assert "encoding: cp1252   would read: zoé@example.com" in message
    assert len(read(tmp_path, content.encode("cp1252"), encoding="cp1252")) == 2
    assert "encoding: utf-16" in said(tmp_path, content.encode("utf-16"))
    assert len(read(tmp_path, content.encode("utf-16"), encoding="utf-16")) == 2
    assert "NUL byte" in said(tmp_path, "jane@example.com\n".encode("utf-16-le"))


@example(b"\xef", False)
@given(
    st.binary(max_size=100) | st.text('@a.é,;"<# \n', max_size=40).map(str.encode), st.booleans()
)
def test_any_bytes_are_entries_or_an_error_of_ours(content: bytes, keyed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        suppression = listed(Path(folder), content, keyed=keyed)
        try:
            found = list(suppression)
        except AudienceError:
            return
        assert max(suppression.named, suppression.questioned) <= len(found)
        assert bool(found) is bool(suppression.named or suppression.questioned)
