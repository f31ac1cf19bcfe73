"""YAML is composed, not loaded: what is text stays text, and tricks are refused with their place."""

from __future__ import annotations

import pytest

from sendbatch.campaign.document.composing import LARGEST_FILE, compose
from sendbatch.campaign.document.masking import ANYTHING
from sendbatch.campaign.document.nodes import Document, document


def read(text: str) -> Document:
    source = compose(text.encode(), "x.yaml", ANYTHING)
    doc = document(source)
    assert source.findings == []
    return doc


def complaints(content: bytes) -> list[str]:
    source = compose(content, "x.yaml", ANYTHING)
    if source.root is not None:
        document(source)
    return [str(fault) for fault in source.findings]


def test_scalars_are_those_of_yaml_1_2() -> None:
    doc = read(
        "[{a: no, b: 12:30, c: 2026-01-02, d: true, e: 0x1f, f: 1.5, g: ~, h: 010, i: 'true'}]".strip(
            "[]"
        )
    )
    assert doc.data == {
        "a": "no",
        "b": "12:30",
        "c": "2026-01-02",
        "d": True,
        "e": 31,
        "f": 1.5,
        "g": None,
        "h": 10,
        "i": "true",
    }


def test_every_key_and_value_keeps_its_place() -> None:
    doc = read("# a comment\na:\n  - b: c\n")
    place = doc.values["a", 0, "b"]
    assert (place.line, place.column, place.text) == (3, 8, "  - b: c")
    assert doc.keys["a", 0, "b"].column == 5


def test_a_bom_is_fine() -> None:
    assert document(compose("﻿a: 1".encode(), "x", ANYTHING)).data == {"a": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: &x 1", "anchors (&) are not allowed"),
        (b"a: *x", "aliases (*) are not allowed"),
        (b"a: !!python/object:os.system 1", "tags (!) are not allowed"),
        (b"a: 1\na: 2", "x.yaml:2:1: error: a stands here twice"),
        (b"a:\n\tb: 1", "indent with spaces, not with tabs"),
        (b"a: 1\n---\nb: 2", "x.yaml:2:1: error: a second document starts here"),
        (b"[" * 5000, "nested too deeply"),
        (b"a: " + b"- " * 100, "not YAML"),
        (b"a: x\0y", "x.yaml:1:5: error: a control character (U+0000)"),
        (b'a: "\\0"', "a control character (U+0000)"),
        (b'a: "\\ud800"', "a control character (U+D800)"),
        (b'a: "\\U00FFFFFF"', "stands for no character"),
        (b"a: 1\nb: caf\xe9", "x.yaml:2:7: error: not UTF-8"),
        (b"", "the file is empty"),
        (b"# nothing", "the file is empty"),
        (b"- a", "must be a mapping"),
        (b"? [a]\n: b", "a key must be text"),
        (b"a: {{ b }}", "needs quotes around it"),
        (b"a: b: c", "text with a colon in it needs quotes"),
        (b"a: .inf", "not a number that can be used"),
        (b"a: " + b"9" * 5000, "too long for a number"),
        (b"%YAML " + b"9" * 5000 + b".1\n---\na: 1", "not YAML"),
        (b"#" * (LARGEST_FILE + 1), "larger than 1 MB"),
    ],
)
def test_what_is_refused_says_why_and_where(content: bytes, said: str) -> None:
    assert any(said in complaint for complaint in complaints(content))


def test_all_that_is_refused_is_told_in_one_go() -> None:
    assert len(complaints(b"a: &x 1\nb: *x\nb: !t 2\n")) == 4
