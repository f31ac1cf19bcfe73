"""What is no YAML: each common fault with the place to look at, and what to write there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.document.composing import compose
from sendbatch.campaign.document.masking import ANYTHING
from sendbatch.campaign.document.nodes import document
from sendbatch.campaign.document.syntax import strange_blank
from sendbatch.errors import Finding
from tests.kit.thoroughness import examples

HEAD = "name: spring\n"
WORDS = """a key : - " ' { } [ ] {{ % @ * & ! | > ? # , \\ “ --- ... <<<<<<< = ："""
PIECES = st.sampled_from([*WORDS.split(), " ", "  ", "- ", "\n", "\t", "\u00a0", "\r\n", "x: y\n"])


def faults(text: str | bytes) -> list[Finding]:
    content = text if isinstance(text, bytes) else (HEAD + text).encode()
    source = compose(content, "c.yaml", ANYTHING)
    if source.root is not None:
        document(source)
    return source.findings


@pytest.mark.parametrize(
    ("text", "line", "column", "said", "hint"),
    [
        # blanks and tabs
        ("recipients:\n\tfile: a.csv\n", 3, 1, "a tab", "indent with spaces, not with tabs"),
        ("recipients:\n  file: a\n\temail: x\n", 4, 1, "a tab", "indent with spaces"),
        ("subject:\thello\n", 2, 9, "a tab", "a space, not a tab"),
        ("a:\n  b: 1\n \u00a0c: 2\n", 4, 2, "U+00A0", "plain spaces"),
        ("subject:\u00a0hello\n", 2, 9, "U+00A0", "plain spaces"),
        # indentation
        ("a:\n  file: a.csv\n    email: x\n", 4, 5, "further to the right than line 3", "same column"),
        ("smtp: x\n  rate: 1/s\n", 3, 3, "further to the right than line 2", "same column"),
        (" from: x\n", 2, 2, "further to the right than line 1", "same column"),
        ("a:\n    b: 1\n  c: 2\n", 4, 3, "column 3, line 3 in column 5", "keys of one mapping"),
        ("a:\n  - b\n - c\n", 4, 2, "column 2, line 3 in column 3", "items of one list"),
        # colons
        ("from:news\nsubject: x\n", 2, 6, "no key with a value", "blank is missing after the colon"),
        ("subject:hello\n", 2, 9, "no key with a value", "blank is missing after the colon"),
        ("a:\n  file:x\n  email: y\n", 3, 8, "no key", "blank is missing after the colon"),
        ("subject = hello\n", 2, 9, "an equals sign", "a colon and a blank"),
        ("subject：hello\n", 2, 8, "a full-width colon", "a colon and a blank"),
        ("recipients\n  file: a.csv\n", 2, 1, "no key with a value", "a colon and a blank"),
        ("subject: a\nand more\nsmtp: x\n", 3, 1, "no key with a value", "further to the right"),
        ("subject: News: it is here\n", 2, 14, "a second colon", "a colon in it needs quotes"),
        ("subject: Hi, {{ name }}: news\n", 2, 24, "a second colon", "a colon in it needs quotes"),
        ('subject: "Hi, {{ name }}"\n smtp: x\n', 3, 2, "goes on with nothing above it", "same column"),
        ("subject: Hi, {{ name }}\n smtp: x\n", 3, 2, "further to the right", "same column"),
        # what starts with a sign
        ("subject: {{ name }}\n", 2, 11, "a key must be text", "{{ needs quotes"),
        ("subject: {{ name }}, hi\n", 2, 10, "taken for a mapping", "{{ needs quotes"),
        ("subject: {% if a %}x{% endif %}\n", 2, 10, "taken for a mapping", "{% needs quotes"),
        ("subject: {# x #}hi\n", 2, 10, "taken for a mapping", "{# needs quotes"),
        ("a:\n  - {{ id }}.pdf\n", 3, 5, "taken for a mapping", "{{ needs quotes"),
        ("a: [b.pdf, {{ id }}.pdf]\n", 2, 12, "taken for a mapping", "{{ needs quotes"),
        ("a: {file: {{ id }}.pdf}\n", 2, 11, "taken for a mapping", "{{ needs quotes"),
        ("reply_to: @example.com\n", 2, 11, "cannot start with @", "@ needs quotes"),
        ("subject: %20 off\n", 2, 10, "cannot start with %", "% needs quotes"),
        ("subject: `code`\n", 2, 10, "cannot start with `", "` needs quotes"),
        ("subject: *new* things\n", 2, 10, "* means something else", "* needs quotes"),
        ("subject: *new\n", 2, 10, "aliases (*)", "* needs quotes"),
        ("subject: &more\n", 2, 10, "anchors (&)", "& needs quotes"),
        ("where: !paid\n", 2, 8, "tags (!)", "! needs quotes"),
        ("subject: | hello\n", 2, 10, "| means something else", "| needs quotes"),
        ("subject: > 5 items\n", 2, 10, "> means something else", "> needs quotes"),
        ("subject: ? what\n", 2, 10, "? means something else", "? needs quotes"),
        ("subject: - what\n", 2, 10, "- means something else", "a list begins in the next line"),
        ("subject: [Sale] now\n", 2, 10, "goes on behind what [ begins", "[ needs quotes"),
        # what is never closed
        ('subject: "hello\nsmtp: x\n', 2, 10, "this quote is never closed", 'write "'),
        ("subject: 'hello\nsmtp: x\n", 2, 10, "this quote is never closed", "write '"),
        ('subject: "hello\nrate: "1/s"\n', 2, 10, "this quote is never closed", 'write "'),
        ("rate: [14/s, 5/day\nsmtp: x\n", 2, 7, "this [ is never closed", "write ] at its end"),
        ("variables: {a: b\nsmtp: x\n", 2, 12, "this { is never closed", "write } at its end"),
        ("variables: {a: b}}\n", 2, 18, "this } closes nothing", "take it out"),
        # quotes
        ("subject: 'it's here'\n", 2, 14, "goes on where its ' closes", 'put " around'),
        ('from: "News" <a@b.example>\n', 2, 14, 'goes on where its " closes', "put ' around"),
        ('where: "paid" in plan\n', 2, 15, 'goes on where its " closes', "put ' around"),
        ("subject: “hello: you”\n", 2, 10, "these curly ones", "straight quotes"),
        ('subject: "C:\\path"\n', 2, 14, "a backslash begins", "single quotes"),
        ('subject: "x",\n', 2, 13, "a comma has no place", "take it out"),
        # more than one mapping
        ("name: autumn\n", 2, 1, "name stands here twice", "see line 1"),
        ("---\nsubject: x\n", 2, 1, "a second document", "one file, one document"),
        ("...\nmore: y\n", 3, 1, "a second document", "one file, one document"),
        ("- subject: x\n", 2, 1, "an item of a list where keys stand", "needs no dash"),
        ("<<<<<<< HEAD\na: 1\n=======\na: 2\n", 2, 1, "a merge conflict", "choose one side"),
        ("a: 1\r\n\tb: 2\r\n", 3, 1, "a tab", "indent with spaces"),
    ],
)  # fmt: skip
def test_each_common_fault_has_its_place_and_its_hint(
    text: str, line: int, column: int, said: str, hint: str
) -> None:
    found = faults(text)
    assert len(found) == 1
    (fault,) = found
    assert fault.place is not None
    assert (fault.place.line, fault.place.column) == (line, column)
    assert said in fault.message
    assert hint in (fault.hint or "")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfname: spring\n",
        b"\xef\xbb\xbf\xef\xbb\xbfname: spring\n",
        b"name: spring\r\nsubject: x\r\n",
        b"---\nname: spring\n...\n",
    ],
)
def test_what_editors_leave_in_a_file_is_no_fault(content: bytes) -> None:
    assert faults(content) == []
    source = compose(content, "c.yaml", ANYTHING)
    assert source.root is not None
    assert document(source).data["name"] == "spring"


def test_a_key_that_begins_or_ends_with_what_only_looks_like_a_blank_is_told_so() -> None:
    assert "(U+00A0) stands beside it" in (strange_blank("\u00a0\u00a0html") or "")
    assert "(U+3000) stands beside it" in (strange_blank("smtp\u3000") or "")
    assert strange_blank("first\u00a0name") is None
    assert strange_blank("html") is None


def test_a_file_in_utf_16_is_called_that() -> None:
    (fault,) = faults(HEAD.encode("utf-16"))
    assert fault.hint == "save the file as UTF-8 (it is UTF-16)"


@pytest.mark.parametrize(
    "text",
    [
        "password:hunter2\nhost: x\n",
        'password: "hunter2\nhost: x\n',
        "password: hunter2: x\n",
        "password = hunter2\n",
        "a: [x\npassword: hunter2\n",
    ],
)
def test_no_hint_and_no_line_shows_what_may_be_a_password(text: str) -> None:
    found = faults(text)
    assert found
    for fault in found:
        assert "hunter2" not in str(fault)


@settings(max_examples=examples(300))
@given(st.lists(PIECES, max_size=25).map("".join))
def test_whatever_stands_in_a_file_has_a_fault_within_it(text: str) -> None:
    lines = (HEAD + text).count("\n") + 1
    for fault in faults(text):
        assert fault.place is not None
        assert 1 <= (fault.place.line or 1) <= lines
        assert (fault.place.column or 1) >= 1
        assert str(fault)
