"""Data within Markdown, as GitHub and GitLab show it: nothing of it is markup, a link or a mention."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sendbatch.errors import one_line
from sendbatch.words import count, cut

MOST = 60_000  # bytes of a document, so that a comment, of 64 KB, holds it with some words around it
_LAST_WORDS = 200  # bytes that are kept free for what is said behind a cut
_FENCE = re.compile("`{3,}|~{3,}")
_TICKS = re.compile("`+")


def code(text: object, most: int = 200) -> str:
    """Data as a code span, which shows it as it stands, in at most `most` columns; "" where there is none.

    Elsewhere an address becomes a link, @name calls somebody, and #7 or a digest leads to some place of the
    repository that it is shown in. The blanks at both ends are not shown (CommonMark §6.1).
    """
    shown = cut(one_line(str(text), most * 2), most)
    if not shown.strip():
        return ""
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    return f"{fence} {shown} {fence}"


def fenced(text: str, kind: str = "") -> str:
    """Lines as they stand, in a block that none of them ends (CommonMark §4.5)."""
    fence = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(text)), default=0))
    return f"{fence}{kind}\n{text}\n{fence}"


def cell(text: str) -> str:
    """What stands in a table's cell. There `\\|` is a bar, in a code span too; behind a backslash it would
    end the cell, and is shown as a sign that looks like it."""
    return text.replace("\\|", "\\│").replace("|", "\\|")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """`numbers` are the columns that stand to the right."""
    rules = ["---:" if column in numbers else "---" for column in range(len(heads))]
    lines = [heads, rules, *([cell(one) for one in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def within(text: str, most: int) -> str:
    """As many whole lines of a document as stand in `most` bytes, with a count of those left out behind
    them; "" where there is no room for that either."""
    if len(text.encode(errors="replace")) <= most:
        return text
    lines = text.rstrip("\n").split("\n")
    room, number, fence = most - _LAST_WORDS, 0, ""
    for line in lines:
        room -= len(line.encode(errors="replace")) + 1
        if room < 0:
            break
        number += 1
        if mark := _FENCE.match(line):
            fence = "" if fence and mark[0] == fence else fence or mark[0]
    if not number:
        return ""
    left = sum(bool(line.strip()) for line in lines[number:])
    closed = [*lines[:number], *([fence] if fence else [])]
    return "\n".join(closed) + f"\n\n… {count(left, 'more line')} left out: there is no room.\n"
