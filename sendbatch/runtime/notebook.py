"""How a value shows itself: on a line of a terminal, and as a small table in a notebook.

The table takes its colours from the notebook, light or dark; nothing in it runs, and all of it is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import NamedTuple

from sendbatch.errors import one_line, printable
from sendbatch.values import Status

LONGEST = 500  # characters of one fact
MOST_NOTES = 5
_CELL = "text-align:left;vertical-align:top;padding:.15em .8em .15em 0"


class Told(NamedTuple):
    """What a value says of itself: a title, facts by name, and `notes`, as findings."""

    title: str
    facts: Mapping[str, str]
    notes: tuple[str, ...] = ()


class Shown:
    """The base of what shows itself: `told` is what of it is worth showing, and no secret."""

    __slots__ = ()

    def told(self) -> Told:
        raise NotImplementedError

    def __repr__(self) -> str:
        told = self.told()
        facts = "; ".join(f"{name} {text}" if text else name for name, text in _lines(told.facts))
        return f"<{one_line(told.title, LONGEST)}: {facts}>"

    def _repr_html_(self) -> str:
        told = self.told()
        rows = "".join(
            f'<tr><th scope="row" style="{_CELL}">{_safe(name)}</th>'
            f'<td style="{_CELL}">{_safe(text)}</td></tr>'
            for name, text in _lines(told.facts)
        )
        caption = f'<caption style="{_CELL};font-weight:bold">{_safe(told.title)}</caption>'
        return f"<table>{caption}<tbody>{rows}</tbody></table>{_notes(told.notes)}"


def _lines(facts: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return ((name, one_line(_spoken(text), LONGEST)) for name, text in facts.items())


def _notes(notes: tuple[str, ...]) -> str:
    if not notes:
        return ""
    shown = [
        f"<li><pre>{_safe(printable(_spoken(note)))}</pre></li>" for note in notes[:MOST_NOTES]
    ]
    left = len(notes) - MOST_NOTES
    return f"<ul>{''.join(shown)}</ul>" + (f"<p>and {left:,} more</p>" if left > 0 else "")


def _spoken(text: str) -> str:
    """In Python's words; what knows them is loaded by whoever is shown something, and by no run."""
    from sendbatch.runtime.in_python import in_python

    return in_python(text)


def _safe(text: str) -> str:
    return f'<bdi dir="auto">{escape(text)}</bdi>'


def by_status(totals: Mapping[Status, int]) -> str:
    """ "accepted 3, in doubt 1"."""
    found = (f"{status.replace('_', ' ')} {number:,}" for status, number in totals.items())
    return ", ".join(found) or "nobody"
