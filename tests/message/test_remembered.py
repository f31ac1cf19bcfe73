"""What a record remembers of a letter: texts and digests by name, bounded, and nobody's cells."""

from __future__ import annotations

import zlib
from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Mailbox
from sendbatch.message.content import Bundle, Content, Picture, SharedFile
from sendbatch.message.remembered import (
    FORM,
    HEAD,
    MOST_CHARACTERS,
    MOST_UNPACKED,
    Letter,
    Text,
    letter_of,
    packed,
    unpacked,
)

HTML = "<p>Hello {{ first_name }}, <a href='https://example.com/x'>look</a>!</p>{% include 'foot.html' %}"
CONTENT = Content(
    subject="{{ first_name }}, spring is here",
    sender=Mailbox("Ann", "ann@example.com"),
    bounces_to="ann@example.com",
    html=Bundle("a.html", {"a.html": HTML, "foot.html": "<b>Bye</b>"}, {}),
    text=Bundle("a.txt", {"a.txt": "Hello {{ first_name }}!\n"}, {}),
    headers=(("X-Team", "red"),),
    variables={"token": "a secret that --set gave", "n": 3},
    attachments=(SharedFile("terms.pdf", b"%PDF"),),
    pictures=(Picture("cid1", "logo.png", "image/png", b"PNG", "logo.png"),),
)


def test_templates_are_remembered_as_they_read_with_what_they_include() -> None:
    letter = letter_of(CONTENT, b"salt")
    assert list(letter.texts) == [HEAD, "text", "HTML", "foot.html"]
    assert letter.texts["HTML"].text == (
        "Hello {{ first_name }}, look (https://example.com/x)!\n\n{% include 'foot.html' %}\n"
    )
    assert letter.texts["foot.html"].text == "Bye\n"
    head = letter.texts[HEAD].text
    assert head is not None
    assert head.splitlines() == [
        "Subject: {{ first_name }}, spring is here", "From: Ann <ann@example.com>", "X-Team: red",
    ]  # fmt: skip


def test_of_files_and_variables_there_are_digests_alone() -> None:
    letter = letter_of(CONTENT, b"salt")
    assert list(letter.files) == ["picture logo.png", "attachment terms.pdf"]
    assert list(letter.variables) == ["n", "token"]
    assert "secret" not in str(letter)
    assert letter_of(CONTENT, b"another").variables != letter.variables


def test_two_pictures_of_one_name_are_told_apart() -> None:
    logo = CONTENT.pictures[0]
    letter = letter_of(replace(CONTENT, pictures=(logo, replace(logo, cid="2", data=b"x"))), b"salt")
    assert list(letter.files)[:2] == ["picture logo.png", "picture logo.png (2)"]


def test_of_what_has_no_room_a_digest_is_kept() -> None:
    long = replace(CONTENT, text=Bundle("a", {"a": "x" * (MOST_CHARACTERS + 1)}, {}))
    letter = letter_of(long, b"salt")
    assert letter.texts["text"].text is None
    assert letter.texts["HTML"].text is not None
    assert len(packed(letter)) < 5000


def test_it_is_read_back_as_it_was_kept() -> None:
    letter = letter_of(CONTENT, b"salt")
    assert unpacked(packed(letter)) == letter


texts = st.dictionaries(
    st.text(max_size=20), st.builds(Text, st.none() | st.text(max_size=200), st.text(max_size=8)), max_size=5
)
names = st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=5)


@given(st.builds(Letter, texts, names, names))
def test_any_letter_is_read_back_as_it_was_kept(letter: Letter) -> None:
    assert unpacked(packed(letter)) == letter


def kept(data: bytes) -> str:
    return FORM + b64encode(zlib.compress(data)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "", "1:", "2:abc", "1:!!!!", "1:YWJj",
        kept(b""), kept(b"{}"), kept(b"[]"), kept(b"[1,2,3]"), kept(b"[{},{},{}"), kept(b'[{"a":1},{},{}]'),
        kept(b'[{"a":["x"]},{},{}]'), kept(b'[{},{"a":1},{}]'), kept(b"[" * 100_000),
        kept(b" " * (MOST_UNPACKED + 1) + b"[{},{},{}]"),
    ],
    ids=range(15),
)  # fmt: skip
def test_what_none_of_ours_kept_is_no_letter(text: str) -> None:
    assert unpacked(text) is None


@given(st.text(max_size=50), st.binary(max_size=50))
def test_whatever_stands_there_breaks_nothing(text: str, data: bytes) -> None:
    unpacked(text)
    unpacked(FORM + text)
    unpacked(kept(data))
