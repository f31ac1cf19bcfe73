"""Headers on their own: folding, encoded words, parameters."""

from __future__ import annotations

from email.header import decode_header, make_header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.message.encoded_words import encoded_words
from sendbatch.message.headers import (
    date,
    mailboxes,
    named,
    one_line,
    parameters,
    unstructured,
    uris,
)
from tests.kit.thoroughness import examples


def unfolded(header: bytes) -> str:
    assert header.endswith(b"\r\n")
    return header[:-2].replace(b"\r\n", b"").decode()


def lines(header: bytes) -> list[bytes]:
    return header[:-2].split(b"\r\n")


@pytest.mark.parametrize(
    "value", ["short", "a word " * 40, "double  space " * 30, "x" * 60 + " yyyyyyyyyyyy"]
)
def test_plain_text_stays_as_it_is_and_folds_at_78(value: str) -> None:
    header = unstructured("Subject", value)
    assert unfolded(header) == f"Subject: {value.strip()}"
    assert max(map(len, lines(header))) <= 78
    assert all(line.strip() for line in lines(header))


def test_a_long_word_is_left_whole_until_a_line_could_pass_998() -> None:
    assert unfolded(unstructured("X-A", "y" * 800)) == "X-A: " + "y" * 800
    assert b"=?utf-8?q?" in unstructured("X-A", "y" * 1000)
    assert max(map(len, lines(unstructured("X-A", "y " + "z" * 1000)))) <= 78


def test_text_that_looks_encoded_is_encoded_so_that_it_stays_what_it_was() -> None:
    header = unfolded(unstructured("Subject", "=?utf-8?q?x?="))
    assert header != "Subject: =?utf-8?q?x?="
    assert str(make_header(decode_header(header.removeprefix("Subject: ")))) == "=?utf-8?q?x?="


@settings(max_examples=examples(200))
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200), st.integers(0, 90)
)
def test_encoded_words_say_the_text_and_split_no_character(text: str, used: int) -> None:
    words = encoded_words(text, used)
    assert all(len(word) <= 75 for word in words)
    said = "".join(str(make_header([decode_header(word)[0]])) for word in words)
    assert said == text


@settings(max_examples=examples(200))
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_every_header_is_one_header_of_short_lines(text: str) -> None:
    made = [
        unstructured("Subject", text),
        mailboxes("To", [(text, "a@example.com"), (text, "b@example.com")]),
        named("Content-Disposition", "attachment", one_line(text)[:85]),
        parameters("Content-Type", "text/plain", [("charset", "utf-8")], one_line(text)),
    ]
    for header in made:
        first, *rest = lines(header)
        assert header.isascii()
        assert first.partition(b":")[0].isalnum() or first.startswith(b"Content-")
        assert all(line[:1] == b" " and line.strip() for line in rest)
        assert max(map(len, lines(header))) <= 998


def test_a_name_is_atoms_a_quoted_string_or_encoded_words() -> None:
    assert mailboxes("To", [("Ada Brandt", "a@b.c")]) == b"To: Ada Brandt <a@b.c>\r\n"
    assert mailboxes("To", [("Raman, Dr.", "a@b.c")]) == b'To: "Raman, Dr." <a@b.c>\r\n'
    assert mailboxes("To", [('a"b\\', "a@b.c")]) == b'To: "a\\"b\\\\" <a@b.c>\r\n'
    assert mailboxes("To", [("Łukasz", "a@b.c")]) == b"To: =?utf-8?q?=C5=81ukasz?= <a@b.c>\r\n"
    assert mailboxes("To", [("", "a@b.c")]) == b"To: a@b.c\r\n"


def test_a_line_break_becomes_a_space_and_other_controls_go() -> None:
    assert one_line(" a\r\nb\tc\0d\x1be\u202ef\u2028g ") == "a b cdef g"


def test_marks_and_isolates_of_right_to_left_text_stay_and_overrides_go() -> None:
    for mark in "\u200e\u200f\u061c\u2066\u2067\u2068\u2069\u200c\u200d":
        assert one_line(f"שלום{mark} 12") == f"שלום{mark} 12"
        header = unfolded(unstructured("Subject", f"שלום{mark} 12"))
        assert str(make_header(decode_header(header[9:]))) == f"שלום{mark} 12"
    for override in "\u202a\u202b\u202c\u202d\u202e\ufeff":
        assert one_line(f"a{override}b") == "ab"


def test_the_date_is_in_utc() -> None:
    assert date(1_785_000_000.9).wire == b"Date: Sat, 25 Jul 2026 17:20:00 +0000\r\n"
    assert date(0).wire == b"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"


def test_uris_stand_on_lines_of_their_own_where_they_are_long() -> None:
    header = uris("List-Unsubscribe", ["https://example.com/" + "u" * 60, "mailto:a@b.c"]).wire
    assert len(lines(header)) == 2
    assert unfolded(header).endswith(">, <mailto:a@b.c>")
