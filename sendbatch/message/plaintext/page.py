"""Text as it is typed onto a page: paragraphs, the lines between them, what stands before each line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sendbatch.message.plaintext.wrapping import WIDTH, wrapped
from sendbatch.words import width

_NARROWEST = 20  # whatever stands before each line
_DEEPEST = 8  # quotes and lists within each other that are indented
_WIDEST_RULE = 60
_SPACES = re.compile(r"[ \t\n\r\f]+")
_TWO_SPACES = re.compile(r" {2,}")
_ANY_BLANKS = "\u0020\u00a0\u2000-\u200a\u202f\u205f"
_BLANKS = re.compile(f"[{_ANY_BLANKS}]{{2,}}")
_AROUND = " \t\u00a0\u2007"
# What pads the line that a list of mails shows, word for word; within a word each has a meaning.
_UNSEEN = "\u034f\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u2800\u3164\ufeff"
_PADDING = re.compile(f"(?<![^{_ANY_BLANKS}])[{_UNSEEN}]++(?![^{_ANY_BLANKS}])")
_SOFT_HYPHEN = "\u00ad"


class Page:
    """What has been typed so far. `flushed` counts the paragraphs that are done."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._before: list[tuple[str, str]] = []  # in each line: in its first, and in those after
        self._begun: list[bool] = []
        self._not_indented = 0
        self._width = WIDTH
        self._gap = self._gap_depth = 0
        self._prose_above = False
        self.inline: list[str] = []  # the paragraph that is not done, `\n` where its lines must end
        self.flushed = 0
        self.rule = ""  # below a heading's lines
        self.in_row = False  # nothing begins a line of its own

    def text(self, text: str, *, keeps_lines: bool = False) -> None:
        """Text from the HTML: blanks and line breaks in a row are one blank."""
        if keeps_lines:
            lines = text.replace("\r\n", "\n").split("\n")
            self.inline.append("\n".join([_SPACES.sub(" ", line) for line in lines]))
        elif self.inline or not text.isspace():
            self.inline.append(_collapsed(text))

    def line_break(self) -> None:
        """The line ends here, and the paragraph goes on."""
        self.inline.append(" " if self.in_row else "\n")

    def block(self, gap: int) -> None:
        """What follows begins a line, with `gap` - 1 empty ones above it at least."""
        if self.in_row:
            self.inline.append(" ")
            return
        self._flush()
        self._leave_lines(gap)

    def enter(self, first: str, after: str) -> None:
        """From here on lines have something before them, the first what may differ."""
        if len(self._before) >= _DEEPEST:
            self._not_indented += 1
            return
        self._before.append((first, after))
        self._begun.append(False)
        self._width -= len(after)

    def leave(self) -> None:
        """What `enter` began is over."""
        self._flush()
        if self._not_indented:
            self._not_indented -= 1
            return
        self._width += len(self._before.pop()[1])
        self._begun.pop()
        self._gap_depth = min(self._gap_depth, len(self._before))

    def rule_off(self, line: str) -> None:
        """A line as it is, with empty ones around it."""
        self.block(2)
        self._emit([line])
        self.block(2)

    def below(self, line: str) -> None:
        """A line as it is, right below what stands above it."""
        self._flush()
        self._gap = 1
        self._emit([line])
        self.block(2)

    def preformatted(self, text: str) -> None:
        """Lines as they are, set in."""
        self.block(2)
        lines = text.replace("\r\n", "\n").strip("\n").split("\n")
        if any(map(str.strip, lines)):
            self._emit([f"    {line}" for line in lines])
        self.block(2)

    def finished(self) -> str:
        """The whole, ended by a line feed."""
        self.in_row = False
        self._flush()
        return "\n".join(self._lines) + "\n"

    def _leave_lines(self, gap: int) -> None:
        if self._gap < gap:
            self._gap = gap
        if self._gap_depth > len(self._before):
            self._gap_depth = len(self._before)

    def _flush(self) -> None:
        if not self.inline or self.in_row:
            return
        text = "".join(self.inline)
        self.inline.clear()
        lines = paragraph(text, self.columns)
        if not lines:
            if "\n" in text:  # `<div><br></div>`, as mail programs write an empty line
                self._leave_lines(2)
            return
        is_prose = len(lines) > 1 and "\n" not in text.strip()
        if self._gap == 1 and not self._before and (is_prose or self._prose_above):
            self._gap = 2  # without it one could not tell where the one ends and the other begins
        self._prose_above = is_prose
        if self.rule:
            lines.append(_ruled(lines, self.rule))
            self.rule = ""
        self._emit(lines)

    @property
    def columns(self) -> int:
        """How wide a paragraph may be here."""
        return max(self._width, _NARROWEST)

    def _emit(self, lines: Sequence[str]) -> None:
        if self._lines:
            above = "".join(after for _, after in self._before[: self._gap_depth]).rstrip()
            self._lines += [above] * (self._gap - 1)
        for line in lines:
            self._lines.append(trimmed(self._margin() + line))
        self._gap, self._gap_depth = 1, len(self._before)
        self.flushed += 1

    def _margin(self) -> str:
        if not self._before:
            return ""
        margin = "".join(
            after if begun else first
            for (first, after), begun in zip(self._before, self._begun, strict=True)
        )
        self._begun = [True] * len(self._begun)
        return margin


def paragraph(text: str, columns: int, rule: str = "") -> list[str]:
    """Its lines, none empty at its ends, and no two empty ones in a row; with a heading's rule below them."""
    lines: list[str] = []
    for line in text.split("\n"):
        tidied = tidy(line)
        if tidied:
            lines += wrapped(tidied, columns)
        elif lines and lines[-1]:
            lines.append("")
    while lines and not lines[-1]:
        lines.pop()
    return [*lines, _ruled(lines, rule)] if rule else lines


def _ruled(lines: Sequence[str], rule: str) -> str:
    return rule * min(max(map(width, lines)), _WIDEST_RULE)


def trimmed(line: str) -> str:
    """A line without blanks at its end."""
    return line.rstrip(_AROUND)


def _collapsed(text: str) -> str:
    if not text.isascii():
        return _SPACES.sub(" ", text)
    words = " ".join(text.split())
    before = " " if text[:1].isspace() else ""
    return before + (f"{words} " if words and text[-1].isspace() else words)


def tidy(text: str) -> str:
    """One line of text without blanks at its ends, blanks in a row, and signs that only pad."""
    text = text.strip(_AROUND)
    if not text.isascii():
        text = text.replace(_SOFT_HYPHEN, "")
        padded = _PADDING.sub("", text)
        if padded != text:
            text = _BLANKS.sub(" ", padded).strip(_AROUND)
    return _TWO_SPACES.sub(" ", text) if "  " in text else text
