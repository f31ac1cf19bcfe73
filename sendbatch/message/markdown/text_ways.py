"""The text of one way through a Markdown template: its lines are written once, and where a value stands in
them, a paragraph is filled and wrapped for each message.

That gives what the whole, read anew, would give, for values that are words with one blank between them
(`usual`), and where nothing but the ends of lines depends on what they are. All else is Unfit: a table's
columns, HTML that is written by what is in it, words of a link that may be its address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from sendbatch.message.markdown.body import with_rule
from sendbatch.message.markdown.carried import as_html, as_typed
from sendbatch.message.markdown.elements import Element, Raw, elements
from sendbatch.message.markdown.text import text_of_markdown
from sendbatch.message.markup import attributes_of, tokens
from sendbatch.message.plaintext.links import Link, link_to
from sendbatch.message.plaintext.page import Page, paragraph, tidy, trimmed
from sendbatch.message.quoted import base64_size, part_head, text_part
from sendbatch.message.ways.layout import Unfit, quoted_constants

HOLE = "\U0010fff4"  # on both sides of the number of a hole
BEHIND = "\U0010fff2"  # the Markdown ends, its footer begins
_BLOCK = "\U0010fff5"  # on both sides of the number of a paragraph that has holes
_HEAD = part_head("plain", "quoted-printable")
_END = b"\r\n"
# HTML that is written by the words in it. In a link's, they may be what it leads to.
_READ = frozenset(("a", "caption", "pre", "span", "sup", "svg", "table", "td", "th", "tr"))

_NUMBERS = re.compile(f"{HOLE}([0-9]+){HOLE}")
# An address whose beginning, with the whole host, is the author's; what a value may add to it; and a value
# that is one, with a dot in its host.
_HOST = re.compile(rf"https?://[^/?#{HOLE}]+[/?#]", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"(?:[!-'*-~]*[!-'*-.0-9;-~])").fullmatch
_ADDRESS = re.compile(
    r"https?://(?:www\.)?+[^/.()\s]+\.(?:[!-'*-~]*[!-'*-.0-9;-~])", re.IGNORECASE
).fullmatch
_WITHOUT = {sign: re.compile(f"[^{sign}]*").fullmatch for sign in "./"}

Fits = Callable[[str], object]


def usual(value: str) -> str:
    """Raises Unfit for a value that is no words with one blank between them: where it stands it may change
    more than the ends of lines."""
    if not value or " ".join(value.split()) != value or tidy(value) != value:
        raise Unfit
    return value


class _Block:
    """Lines that have holes: a paragraph to be wrapped in so many `columns`, or one line as it is (none).
    `first` and `after` stand before them, `rule` below."""

    def __init__(self, text: str, columns: int, rule: str, after: str, first: str = "") -> None:
        self._pieces = _NUMBERS.split(text)
        self._holes = [int(number) for number in self._pieces[1::2]]
        self._columns, self._rule, self._after, self._first = columns, rule, after, first

    def behind(self, first: str) -> _Block:
        """The same with this before it."""
        self._first = first
        return self

    def filled(self, values: Sequence[str]) -> str:
        pieces = self._pieces.copy()
        pieces[1::2] = [values[hole] for hole in self._holes]
        text = "".join(pieces)
        if not self._columns:
            return text
        before, *others = paragraph(text, self._columns, self._rule)
        lines = [trimmed(self._first + before), *(trimmed(self._after + line) for line in others)]
        return "\n".join(lines)


class _Paged(Page):
    """A page on which a paragraph that has holes is a sign for its `blocks`."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[_Block] = []
        self._is_below_hole = False

    def _flush(self) -> None:
        text = "".join(self.inline)
        has_hole = HOLE in text and not self.in_row
        if self._gap == 1 and not self._before and (has_hole or (text and self._is_below_hole)):
            raise Unfit  # whether it stands apart depends on how many lines it has
        if not has_hole:
            done = self.flushed
            super()._flush()
            self._is_below_hole = self._is_below_hole and self.flushed == done
            return
        self.inline.clear()
        after = "".join(after for _, after in self._before)
        self.blocks.append(_Block(text, self.columns, self.rule, after))
        self.rule = ""
        self._emit([f"{_BLOCK}{len(self.blocks) - 1}{_BLOCK}"])
        self._is_below_hole = True


class TextWay:
    """`spelled` has a number between two HOLEs, and the signs of a value around it, for each hole, and BEHIND
    before the footer. Raises Unfit, and Failed and UnicodeEncodeError. `size` is about how many bytes it
    takes."""

    def __init__(self, spelled: str) -> None:
        source, _, footer = spelled.partition(BEHIND)
        found = elements(source)
        self._fitting = [*_fitting(found)] if HOLE in source else []
        page = _Paged()
        text = text_of_markdown(found, page)
        if not text.strip():
            raise Unfit
        self._texts: list[str | _Block] = []  # in turn
        whole = (text + with_rule(footer)).rstrip("\n")
        if "\r" in whole:
            raise Unfit
        for line in whole.split("\n"):
            self._add(f"{line}\n", page.blocks)
        self._encoded = [one if isinstance(one, _Block) else _written(one) for one in self._texts]
        constants = [one for one in self._texts if isinstance(one, str)]
        self._letters = sum(map(len, constants))
        lengths = [len(one) for one in self._encoded if isinstance(one, bytes)]
        self._is_base64 = sum(lengths) > base64_size(self._letters)
        self.size = sum(lengths) + 2 * self._letters

    def _add(self, line: str, blocks: Sequence[_Block]) -> None:
        before, sign, number = line.partition(_BLOCK)
        if sign:
            self._texts.append(blocks[int(number.partition(_BLOCK)[0])].behind(before))
        elif HOLE in line:
            self._texts.append(_Block(line.removesuffix("\n"), 0, "", ""))
        elif self._texts and isinstance(self._texts[-1], str):
            self._texts[-1] += line
        else:
            self._texts.append(line)

    def part(self, values: Sequence[str]) -> bytes:
        """The text as a MIME part. Raises Unfit, UnicodeEncodeError."""
        for hole, fits in self._fitting:
            if not fits(values[hole]):
                raise Unfit
        if self._is_base64:
            return self._as_is_shorter(values)
        parts, letters = [_HEAD], self._letters
        for one in self._encoded:
            if isinstance(one, _Block):
                text = one.filled(values)
                letters += len(text) + 1
                one = _written(text)
            parts.append(one)
        whole = b"".join(parts)
        return whole if len(whole) <= base64_size(letters) else self._as_is_shorter(values)

    def _as_is_shorter(self, values: Sequence[str]) -> bytes:
        texts = (one if isinstance(one, str) else one.filled(values) + "\n" for one in self._texts)
        return b"".join(text_part("plain", "".join(texts).splitlines(keepends=True)))


def _written(lines: str) -> bytes:
    """Whole lines, encoded."""
    return quoted_constants([lines.removesuffix("\n")])[0] + _END


def _fitting(found: Sequence[Element]) -> Iterator[tuple[int, Fits]]:
    """What the value of a hole must be like so that nothing but the ends of lines depends on it. Raises Unfit
    where that cannot be told."""
    link, words, in_table = "", "", False
    for element in found:
        if isinstance(element, Raw):
            if HOLE in element or any(one[0] in _READ for one in tokens(element) if not isinstance(one, str)):
                raise Unfit
        elif isinstance(element, str):
            words += element
            if in_table and HOLE in element:
                raise Unfit
        elif element[0] == "a" and not element[1]:
            attributes = attributes_of(as_html(element[2]))
            link, words = attributes.pop("href", ""), ""
            if any(HOLE in value for value in attributes.values()):
                raise Unfit
        elif element[0] == "a":
            yield from _of_link(link, tidy(as_typed(words)))
        elif HOLE in element[2]:
            raise Unfit
        elif element[0] == "table":
            in_table = not element[1]
        if in_table and HOLE in link:
            raise Unfit


def _of_link(target: str, words: str) -> Iterator[tuple[int, Fits]]:
    """So that its words are its address for all, or for nobody. Raises Unfit."""
    in_target, in_words = _holes(target), _holes(words)
    link = link_to(target)
    if not in_target and (not in_words or link is None):
        return
    if link is None:
        raise Unfit
    if _NUMBERS.fullmatch(target) and not in_words and "." not in words:
        yield in_target[0], _ADDRESS
        return
    if in_target and not _HOST.match(target):
        raise Unfit
    for hole in in_target:
        yield hole, _IN_ADDRESS
    if words.casefold() not in link.names:
        without = _sign_of(link, words)
        for hole in in_words:
            yield hole, without


def _sign_of(link: Link, words: str) -> Fits:
    """Tells values without a sign that the address has, however it is said, and these words have not."""
    for sign, without in _WITHOUT.items():
        if sign not in words and all(sign in name for name in link.names):
            return without
    raise Unfit


def _holes(text: str) -> list[int]:
    return [int(number) for number in _NUMBERS.findall(text)]
