"""What a plan changes of the edition before, as text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sendbatch.errors import one_line
from sendbatch.reports.spans import code, fenced
from sendbatch.words import clock_time, count

if TYPE_CHECKING:
    from sendbatch.planning.comparing import Comparison, Line, TextChange

MOST_TEXTS = 20
MOST_FILES = 20
LONGEST_LINE = 200  # characters, with room for what has no shape


def comparison_text(found: Comparison) -> Iterator[str]:
    """Lines of a plan; those of a diff are set in, and begin with their sign."""
    yield f"  compared with {one_line(found.title, 240)}{_when(found)}:"
    for fact in _facts(found):
        yield f"  · {fact}"
    for change in found.texts[:MOST_TEXTS]:
        yield f"  · {one_line(change.name, 200)} {_how(change)}"
        for sign, text in change.lines:
            yield f"    {sign} {one_line(text, LONGEST_LINE)}".rstrip() if sign != "@" else "    …"
        yield from (f"    {words}" for words in _left(change))
    yield from (f"  · {words}" for words in _others(found))


def comparison_markdown(found: Comparison) -> Iterator[str]:
    """Blocks, to stand below each other with an empty line between."""
    yield f"**Compared with {code(found.title, 240)}**{_when(found)}"
    yield "\n".join(f"- {fact}" for fact in _facts(found, quoted=True))
    for change in found.texts[:MOST_TEXTS]:
        yield f"{code(change.name)} {_how(change)}"
        if change.lines:
            yield fenced("\n".join(map(_in_diff, change.lines)), "diff")
        yield from _left(change)
    yield from _others(found)


def _in_diff(line: Line) -> str:
    return "@@ … @@" if line.sign == "@" else f"{line.sign}{one_line(line.text, LONGEST_LINE)}"


def _when(found: Comparison) -> str:
    day = f", {clock_time(found.at)}" if found.at is not None else ""
    return f" ({found.sent:,} accepted{day})" if found.sent or day else ""


def _facts(found: Comparison, *, quoted: bool = False) -> Iterator[str]:
    """All but the texts that changed."""

    def data(text: str) -> str:
        return code(text) if quoted else one_line(text, 200)

    if found.unknown:
        yield f"what its text, pictures and attachments were is not known: {found.unknown}"
    elif found.is_same:
        yield "the same text, pictures and attachments"
    elif not (found.texts or found.files or found.variables):
        yield "the content is another, and nothing of it reads otherwise: how it is put together changed"
    if found.people is not None:
        added, removed, common = found.people
        yield f"list: +{added:,} −{removed:,}, {common:,} on both"
    elif found.incomparable:
        yield f"lists are not compared: {data(found.incomparable)}"
    for what, pair in (("server", found.server), ("signed by", found.signed_by)):
        if pair is not None:
            then, now = (data(one) if one else "nobody" for one in pair)
            yield f"{what}: {then} then, {now} now"
    for change in found.files[:MOST_FILES]:
        yield f"{change.how}: {data(change.name)}"
    if (left := len(found.files) - MOST_FILES) > 0:
        yield f"and {count(left, 'other file')} added, removed or changed"
    if found.variables:
        yield f"variables changed: {_listed(map(data, found.variables))}"


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - MOST_FILES:,} more" if len(found) > MOST_FILES else ""
    return ", ".join(found[:MOST_FILES]) + more


def _how(change: TextChange) -> str:
    numbers = f" (+{change.added:,} −{change.removed:,} lines)" if change.added or change.removed else ""
    return f"{change.how}{numbers}"


def _left(change: TextChange) -> Iterator[str]:
    if change.lines and change.unshown:
        yield f"… and {count(change.unshown, 'more line')} added or removed"
    elif change.unshown:
        yield "… too much to be shown"
    elif change.how == "changed" and not change.lines:
        yield "… not remembered as a whole: too long"


def _others(found: Comparison) -> Iterator[str]:
    if (left := len(found.texts) - MOST_TEXTS) > 0:
        yield f"and {count(left, 'other text')} added, removed or changed"
