"""Bodies as quoted-printable, joined from pieces that were encoded each by itself."""

from __future__ import annotations

import quopri
from typing import SupportsIndex

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from sendbatch.message import quoted as module
from sendbatch.message.quoted import quoted
from tests.kit.thoroughness import examples
from tests.message.test_side_by_side import CROOKED

PIECES = st.lists(
    CROOKED
    | st.sampled_from(["\r", "\r\n", "a\r"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    max_size=20,
)


def normal(pieces: list[str]) -> str:
    return "".join(pieces).replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=examples(500))
@given(PIECES)
@example(["x" * 74, "", "\n"])
@example(["x" * 75, "\n", "."])
@example(["x" * 76 + "\n", "x" * 76])
@example(["\n", "F", "rom", " me"])
@example(["x" * 75, "From me"])
@example(["x" * 75 + "From me"])
@example(["x" * 75 + "." * 80])
@example(["x" * n + "\N{ROCKET}" * 30 for n in range(60, 76)])
@example(["a\r", "\nb"])
def test_what_is_written_decodes_to_the_pieces(pieces: list[str]) -> None:
    text, written = normal(pieces), quoted(pieces)
    assert quopri.decodestring(written).decode() == text.replace("\n", "\r\n")
    assert quoted([Markup(piece) for piece in pieces]) == written


@settings(max_examples=examples(500))
@given(PIECES)
@example(["\n", "F", "rom", " me"])
@example(["x" * 75, "From me", "\n", "."])
@example([" ", "", "\n"])
@example(["x" * 74, " ", "", "", "\n", "x" * 74 + "\t", "\n"])
@example(["x" * 73, "\t", "\n", "x" * 75, " "])
def test_no_line_is_too_long_or_can_be_taken_for_something_else(pieces: list[str]) -> None:
    lines = quoted(pieces).split(b"\r\n")
    for line in lines:
        assert len(line) <= 76
        assert line.replace(b"\t", b" ").decode("ascii").isprintable()
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
        quopri.decodestring(line).decode()  # no character is split over two lines


@settings(max_examples=examples(100))
@given(st.lists(PIECES, max_size=5))
def test_the_same_pieces_give_the_same_bytes_whatever_was_kept(bodies: list[list[str]]) -> None:
    kept = [quoted(pieces) for pieces in bodies]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_table", module._Table())
        patch.setattr(module, "_MOST_PIECES", 2)
        assert [quoted(pieces) for pieces in reversed(bodies)] == kept[::-1]
        assert len(module._table) <= 2


def test_what_is_kept_is_bounded_and_large_pieces_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_table", module._Table())
    for number in range(120):  # twice as much as it holds
        quoted([f"{number}", "x" * 100_000 + f"{number}", "x" * 200_000])
        sizes = [len(piece) + len(kept[0]) for piece, kept in module._table.items()]
        assert sum(sizes) <= module._MOST_BYTES
        assert max(sizes) <= 300_000
    assert {type(piece) for piece in module._table} == {str}


def test_a_lone_surrogate_is_an_error_and_not_kept() -> None:
    for _ in range(2):
        with pytest.raises(UnicodeEncodeError):
            quoted(["a", "\ud800"])


class Counted(str):
    """A text that counts how many characters are copied out of it, and out of its parts."""

    copied = 0

    def __getitem__(self, where: SupportsIndex | slice) -> Counted:
        found = Counted(str.__getitem__(self, where))
        Counted.copied += len(found)
        return found


def test_a_line_of_any_length_is_copied_only_a_few_times() -> None:
    line = Counted("x" * 100_000)
    lines: list[str] = []
    module.break_line(line, 76, lines)
    assert "".join(part.removesuffix("=") for part in lines) == line
    assert Counted.copied < 4 * len(line)
