"""A line as it is typed in a shell: its words without their quotes, and the one that is being typed."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SAFE = re.compile(r"[\w./@:+=,%-]")
_IN_DOUBLE = {"bash": '$`"\\', "fish": '$"\\'}  # what a backslash stands before, within "
_IN_SINGLE = {"bash": "", "fish": "'\\"}


@dataclass(frozen=True, slots=True)
class Line:
    """`words` are all but the last, which is `last` without its quotes and `raw` with them; `quote` is the
    quote that is open at its end, or "". `before` is how much of `raw` stands before that quote."""

    words: list[str]
    last: str
    raw: str
    quote: str
    before: int


def taken_apart(text: str, shell: str) -> Line:
    """The simple command at the end of `text`, up to the cursor."""
    words: list[str] = []
    word, raw, quote, before, is_open = "", "", "", 0, False
    place = 0
    while place < len(text):
        letter = text[place]
        step = 1
        if quote:
            escapes = (_IN_DOUBLE if quote == '"' else _IN_SINGLE)[shell]
            if letter == quote:
                quote = ""
            elif letter == "\\" and text[place + 1 : place + 2] in tuple(escapes):
                word, step = word + text[place + 1], 2
            else:
                word += letter
        elif letter in "'\"":
            quote, before, is_open = letter, len(raw), True
        elif letter == "\\":
            word, step, is_open = word + text[place + 1 : place + 2], 2, True
        elif letter.isspace() or letter in ";|&":
            if is_open:
                words.append(word)
            word, raw, is_open = "", "", False
            words = [] if letter in ";|&" else words
            place += 1
            continue
        else:
            word, is_open = word + letter, True
        raw += text[place : place + step]
        place += step
    return Line(words, word, raw, quote, before)


def for_bash(value: str, line: Line, breaks: str) -> str:
    """`value`, which begins with the line's last word, as bash puts it in place of what it takes for that
    word: what stands behind the last of its `breaks`, or behind a quote that is open."""
    if line.quote:
        begun = taken_apart(line.raw[: line.before], "bash").last
        rest = value[len(begun) :]
        if line.quote == "'":
            return rest.replace("'", "'\\''")
        return re.sub(r'([$`"\\])', r"\\\1", rest)
    start = _behind_breaks(line.raw, breaks)
    begun = taken_apart(line.raw[:start], "bash").last
    return "".join(one if _SAFE.match(one) else f"\\{one}" for one in value[len(begun) :])


def _behind_breaks(raw: str, breaks: str) -> int:
    """Where the part begins that readline replaces: behind the last mark that is not quoted."""
    start, place, quote = 0, 0, ""
    while place < len(raw):
        letter = raw[place]
        if letter == "\\" and quote != "'":
            place += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in breaks:
            start = place + (
                letter != "@"
            )  # readline takes an @ along: names of hosts begin with it
        place += 1
    return start
