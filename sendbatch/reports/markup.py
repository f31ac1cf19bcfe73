"""HTML, piece by piece: data is escaped here and nowhere else.

Whatever a cell or a server says becomes text: on one line, bounded, without characters that have no shape or
turn what stands beside them around. Styles are classes alone, for the page's policy lets no others in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import NamedTuple, NewType

from sendbatch.errors import one_line

Html = NewType("Html", str)  # that may stand in a page as it is

LONGEST = 300  # characters of data


def text(value: object, most: int = LONGEST) -> Html:
    """Words of ours, or numbers."""
    return Html(escape(one_line(str(value), most)))


def data(value: str, most: int = LONGEST) -> Html:
    """What others wrote, in whatever direction they write."""
    return Html(f"<bdi>{escape(one_line(value, most))}</bdi>")


def code(line: str) -> Html:
    """A line for a shell, which the page offers to copy."""
    return Html(f'<code class="line">{escape(one_line(line, 2000))}</code>')


def number(value: int) -> Html:
    return Html(f"{value:,}")


def moment(at: float) -> Html:
    """A time in UTC, which the page tells in the reader's zone where it can."""
    when = datetime.fromtimestamp(at, UTC)
    told = f"{when:%Y-%m-%d %H:%M:%S} UTC"
    return Html(f'<time datetime="{when:%Y-%m-%dT%H:%M:%SZ}" title="{told}">{told}</time>')


def share(part: int, whole: int) -> str:
    """ "93.4 %", "100 %", "under 0.1 %": never 100 or 0 of what is not all or nothing."""
    if not whole or part == whole:
        return "100 %" if whole else ""
    percent = 100 * part / whole
    if not part:
        return "0 %"
    return "under 0.1 %" if percent < 0.1 else f"{min(percent, 99.9):.1f} %"


class Part(NamedTuple):
    """Of a bar: its class, and how much of it."""

    kind: str
    amount: float


def bar(parts: Iterable[Part], whole: float, *, kind: str = "bar") -> Html:
    """Says nothing that is not said in words beside it."""
    made, at = [], 0.0
    for part in parts:
        if part.amount and whole:
            width = 100 * part.amount / whole
            made.append(f'<rect class="{part.kind}" x="{at:.3f}" width="{width:.3f}" height="10"/>')
            at += width
    return Html(
        f'<svg class="{kind}" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(made)}</svg>"
    )


class Column(NamedTuple):
    """`kind` is its class: "number", "wide", "" or another of the style sheet's."""

    name: str
    kind: str = ""


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[Html]]) -> Html:
    """A table that can be sorted where there are scripts, and scrolled by keys where it is too wide."""
    head = "".join(map(_head, columns))
    body = "\n".join(f"<tr>{_cells(columns, row)}</tr>" for row in rows)
    name = text(caption)
    return Html(
        f'<div class="table" role="region" aria-label="Table: {name}" tabindex="0"><table class="sortable">'
        f'<caption class="unseen">{name}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _head(column: Column) -> str:
    """One without a name is a drawing of the numbers beside it."""
    if not column.name:
        return f"<td{_class(column)}></td>"
    return f'<th scope="col"{_class(column)}>{text(column.name)}</th>'


def _cells(columns: Sequence[Column], row: Sequence[Html]) -> str:
    first, *others = (
        f"{_class(column)}>{cell}" for column, cell in zip(columns, row, strict=True)
    )
    return f'<th scope="row"{first}</th>' + "".join(f"<td{cell}</td>" for cell in others)


def _class(column: Column) -> str:
    return f' class="{column.kind}"' if column.kind else ""


def pairs(rows: Iterable[tuple[str, Html]]) -> Html:
    """Names and what is said of them."""
    return Html(
        "<dl>" + "\n".join(f"<dt>{text(name)}</dt><dd>{said}</dd>" for name, said in rows) + "</dl>"
    )


def section(name: str, title: str, *content: str) -> Html:
    """A part of the page that its list of contents leads to."""
    inner = "\n".join(part for part in content if part)
    return Html(
        f'<section id="{name}" aria-labelledby="of-{name}"><h2 id="of-{name}">{text(title)}</h2>\n'
        f"{inner}\n</section>\n"
    )


def paragraph(*words: str, kind: str = "") -> Html:
    return Html(f"<p{f' class={chr(34)}{kind}{chr(34)}' if kind else ''}>{' '.join(words)}</p>")


def more(summary: str, content: str) -> Html:
    """What is there for who asks."""
    return Html(f"<details><summary>{text(summary)}</summary>\n{content}\n</details>")
