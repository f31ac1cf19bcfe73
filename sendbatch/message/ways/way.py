"""One way through a template: what everybody who takes it gets, rendered and encoded once.

The way is spelled with a mark in each of its holes. A mark is a word of small letters and digits that the
text has nowhere else: whatever works on a text takes it for a word of the author's. It is no markup, needs
no escape in HTML, Markdown, an attribute or an address, and may stand wherever a value may. What stands
between the marks is encoded, for quoted-printable and for base64; a message's part is that and its values,
joined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from sendbatch.message.quoted import (
    SOFT,
    base64_lines,
    base64_size,
    escape_blank,
    part_head,
    unfit,
)
from sendbatch.message.ways.layout import Unfit, exposed, quoted_constants

_END = b"\r\n"
_BLANK = 0x20  # or less: a space, a tab, a line's end
_EACH = 130  # bytes that a constant takes besides its own: it is kept in two forms, each with its places


MARK = re.compile("zho+le[0-9]+z")  # all marks, and what looks like one

# A step that costs much and depends on a template's structure alone: Markdown, styles moved into their
# tags. It takes a text with marks, and gives one, in which they may stand in another order, be repeated or
# left out. It runs once a way, and raises Unfit where what it makes would depend on a value.
Transform: TypeAlias = Callable[[str], str]


class Way:
    """`spelled` are the constants, None for each hole. Raises Unfit where they have no encoding of their own,
    and UnicodeEncodeError. `size` is about how many bytes it takes. A part that is no longer than
    `surely_quoted` has words, and is no longer than it would be as base64, whatever its values are."""

    def __init__(
        self, subtype: str, spelled: Sequence[str | None], transform: Transform | None = None
    ) -> None:
        texts, self._order = _between_marks(spelled, transform)
        if any("\r" in text for text in texts):
            raise Unfit
        texts[-1] = texts[-1].rstrip("\n")
        self._is_open = len(texts) > 1 and not texts[-1]  # a value may end it
        self._exposed = exposed(texts)
        self._is_blank = not any(map(str.strip, texts))
        data = [text.replace("\n", "\r\n").encode() for text in texts]
        quoted = quoted_constants(texts)
        quoted[0] = part_head(subtype, "quoted-printable") + quoted[0]
        if not self._is_open:
            quoted[-1] += _END
        constant = sum(map(len, quoted))
        self.size = 2 * constant + _EACH * len(texts)
        self.surely_quoted = 0 if self._is_blank else constant + _room(b"".join(data))
        self._data, self._quoted = _with_holes(data), _with_holes(quoted)
        self._base64_head = part_head(subtype, "base64")

    def quoted(self, values: Sequence[bytes]) -> bytes:
        """The part as quoted-printable."""
        parts = self._quoted.copy()
        parts[1::2] = values if self._order is None else [values[number] for number in self._order]
        if self._exposed and b"" in parts:
            for number in self._exposed:
                parts[2 * number + 1] = parts[2 * number + 1] or SOFT
        whole = b"".join(parts)
        if not self._is_open:
            return whole
        return whole + _END if whole[-1] > _BLANK else _ended(whole)

    def data(self, values: Sequence[bytes]) -> bytes:
        """The text itself, with its line ends. Raises Unfit where it may have no words."""
        parts = self._data.copy()
        parts[1::2] = values if self._order is None else [values[number] for number in self._order]
        whole = b"".join(parts)
        if self._is_blank and not whole.decode().strip():
            raise Unfit
        return whole.rstrip(_END) + _END

    def as_base64(self, data: bytes) -> bytes:
        """The part as base64."""
        return self._base64_head + base64_lines(data)


def _between_marks(
    spelled: Sequence[str | None], transform: Transform | None
) -> tuple[list[str], Sequence[int] | None]:
    """The constants, and the numbers of the values between them where those are in another order than their
    holes were."""
    word = _word("".join(filter(None, spelled)))
    holes = 0
    marked: list[str] = []
    for text in spelled:
        if text is None:
            marked.append(f"{word}{holes}z")
            holes += 1
        else:
            marked.append(text)
    whole = "".join(marked)
    found = re.split(f"{word}([0-9]+)z", whole if transform is None else transform(whole))
    numbers = [int(number) for number in found[1::2]]
    return found[::2], None if numbers == [*range(holes)] else numbers


def _with_holes(constants: Sequence[bytes]) -> list[bytes]:
    """With a place for a value between each two of them."""
    found = [b""] * (2 * len(constants) - 1)
    found[::2] = constants
    return found


def _word(text: str) -> str:
    """One that the text does not have; no two of them overlap."""
    word = "zhole"
    while word in text:
        word = f"{word[:-2]}ole"
    return word


def _room(text: bytes) -> int:
    """How many characters the values between this text may have as quoted-printable without the whole being
    shorter as base64: at worst all of theirs are escapes."""
    size = len(text.rstrip(_END))
    return (base64_size(size) - size - 4 - 2 * unfit(text)) * 3 // 2


def _ended(part: bytes) -> bytes:
    """A part of which a value is the end, which is an end of a line and no other."""
    end = len(part)  # a cell may be nothing but ends of lines: they are counted, and cut off once
    while part.endswith(_END, 0, end):
        end -= len(_END)
        end -= part.endswith(b"=", 0, end)
    part = part[:end]
    written = [part]
    escape_blank(written, len(part) - part.rfind(b"\n") - 1)
    return written[0] + _END
