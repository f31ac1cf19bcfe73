"""A suppression list is read whichever way it was exported, and is never silently useless."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sendbatch.audience.addresses import default_key, normalise
from sendbatch.audience.suppression import MOST_WARNINGS, Entry, Suppression, read_suppression
from sendbatch.errors import AudienceError


def listed(folder: Path, content: str | bytes, column: str = "email") -> Suppression:
    path = folder / "never.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_suppression(path, column)


def entries(folder: Path, content: str | bytes, column: str = "email") -> list[Entry]:
    return list(listed(folder, content, column).entries)


def said(folder: Path, content: str | bytes, column: str = "email") -> str:
    with pytest.raises(AudienceError) as caught:
        entries(folder, content, column)
    return str(caught.value).replace(f"{folder}/", "")


def warned(folder: Path, content: str) -> list[str]:
    suppression = listed(folder, content)
    assert list(suppression.entries)
    return [str(fault).replace(f"{folder}/", "") for fault in suppression.warnings]


def test_one_address_or_domain_stands_on_each_line(tmp_path: Path) -> None:
    assert entries(tmp_path, "\nJane@Example.com\n\n  @example.ORG\n") == [
        Entry(2, "key", "jane@example.com"),
        Entry(4, "domain", "example.org"),
    ]


def test_a_header_makes_it_a_csv_even_of_one_column(tmp_path: Path) -> None:
    for header in ("email", '"Email"', "EMAIL ADDRESS", "\ufeffemail"):
        content = f"{header}\njane@example.com\n"
        assert entries(tmp_path, content) == [Entry(2, "key", "jane@example.com")], header


@pytest.mark.parametrize("header", ["since;Email", "since;E-Mail;why", "Email Address;since"])
def test_the_column_is_named_as_in_the_campaign_or_as_usual(tmp_path: Path, header: str) -> None:
    cells = ["jane@example.com" if "mail" in name.lower() else "x" for name in header.split(";")]
    found = entries(tmp_path, f"{header}\n{';'.join(cells)}\n", "e-mail")
    assert found == [Entry(2, "key", "jane@example.com")]


def test_the_campaigns_name_for_the_address_goes_before_the_usual_ones(tmp_path: Path) -> None:
    content = "email,contact\nold@example.com,new@example.com\n"
    assert entries(tmp_path, content, "Contact")[0].value == "new@example.com"


def test_a_csv_without_such_a_column_names_those_it_has(tmp_path: Path) -> None:
    message = said(tmp_path, "Who,Since\njane@example.com,2026\n", "Contact")
    assert "never.csv:1: error: this suppression list has no column for addresses" in message
    assert "its columns are: Who, Since" in message
    assert "name one Contact, or email" in message


def test_a_csv_may_name_whole_domains(tmp_path: Path) -> None:
    content = "email,why\n@retired.example,closed\n"
    assert entries(tmp_path, content) == [Entry(2, "domain", "retired.example")]


def test_a_domain_is_taken_as_a_labels(tmp_path: Path) -> None:
    assert entries(tmp_path, "@MÜNCHEN.example.\n")[0].value == "xn--mnchen-3ya.example"


def test_quotes_around_an_entry_do_not_count(tmp_path: Path) -> None:
    found = entries(tmp_path, '"jane@example.com"\n"@example.org"\n')
    assert [entry.kind for entry in found] == ["key", "domain"]


def test_a_compressed_list_is_read_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "never.csv.gz"
    path.write_bytes(gzip.compress(b"email,why\njane@example.com,asked\n"))
    assert [e.value for e in read_suppression(path, "email").entries] == ["jane@example.com"]


def test_an_address_matches_as_keys_do(tmp_path: Path) -> None:
    [entry] = entries(tmp_path, "JÖRG@MÜNCHEN.example\n")
    assert entry.value == default_key(normalise("jörg@münchen.example").email)


@pytest.mark.parametrize(
    "text", ["customer-12", "jane@", "@", "@two words", "@nodot", "Jane <jane@example.com>"]
)
def test_what_is_neither_is_matched_as_it_stands_and_warned_about(
    tmp_path: Path, text: str
) -> None:
    content = f"joe@example.com\n{text}\n"
    assert entries(tmp_path, content)[1] == Entry(2, "text", text)
    [warning] = warned(tmp_path, content)
    assert warning.startswith("never.csv:2: warning: neither an address nor @domain: ")
    assert repr(text) in warning


def test_text_is_composed_as_keys_are(tmp_path: Path) -> None:
    assert entries(tmp_path, "Zoe\u0301\n")[0].value == "Zoé"


def test_many_warnings_become_one(tmp_path: Path) -> None:
    warnings = warned(tmp_path, "nobody\n" * (MOST_WARNINGS + 1500))
    assert len(warnings) == MOST_WARNINGS + 1
    assert warnings[-1] == "never.csv: warning: 1,500 more entries like these"


def test_an_empty_list_names_nobody_and_says_so(tmp_path: Path) -> None:
    assert entries(tmp_path, "") == []


@pytest.mark.parametrize("content", ["email\n", "email,why\n", "email,why\n,asked\n", "\n \n"])
def test_a_list_that_is_not_empty_and_names_nobody_is_an_error(
    tmp_path: Path, content: str
) -> None:
    message = said(tmp_path, content)
    assert "never.csv: this suppression list is not empty and names nobody" in message
    assert "an empty file says so" in message


def test_a_missing_list_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudienceError, match=r"gone\.csv: cannot be read: No such file"):
        list(read_suppression(tmp_path / "gone.csv", "email").entries)


def test_a_list_in_another_encoding_has_its_line(tmp_path: Path) -> None:
    message = said(tmp_path, b"jane@example.com\nzo\xe9@example.com\n")
    assert message == "never.csv:2: error: this line is not utf-8\n  save the file as UTF-8"


@settings(deadline=None)
@example(b"\xef")
@given(st.binary(max_size=100) | st.text('@a.é,;" \n', max_size=40).map(str.encode))
def test_any_bytes_are_entries_or_an_error_of_ours(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = entries(Path(folder), content)
        except AudienceError:
            return
    assert all(entry.value for entry in found)
    assert found or not content.removeprefix(b"\xef\xbb\xbf")


def test_a_page_in_the_place_of_a_list_names_nobody(tmp_path: Path) -> None:
    page = tmp_path / "never.csv"
    page.write_text("<html><body>Session expired</body></html>\n")
    with pytest.raises(AudienceError, match="not one line of this suppression list"):
        list(read_suppression(page, "email", addresses_only=True).entries)
