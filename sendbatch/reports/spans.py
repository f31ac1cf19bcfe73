"""Data within Markdown, as GitHub and GitLab show it: nothing of it is markup, a link or a mention."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sendbatch.errors import one_line
from sendbatch.words import cut

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
