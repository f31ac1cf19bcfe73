"""A plan held against the edition before: what changed in text, pictures, list and server, for a person."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sendbatch.message.remembered import Letter, Text

CONTEXT = 2  # lines around a change
MOST_LINES = 60  # of one text's diff
MOST_ALTOGETHER = 200
MOST_NAMED = 30  # files, variables, and texts
MOST_COMPARED = 3000  # lines of both texts, without what they begin and end with alike
LONGEST = 160  # characters of a line
ADDED, REMOVED, CHANGED, MARKUP = "added", "removed", "changed", "changed in its markup alone"
_SENTENCES = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")


class Line(NamedTuple):
    """`sign` is "+", "-", " " or "@", where lines were left out between."""

    sign: str
    text: str


class TextChange(NamedTuple):
    """`how` is one of the words above. `added` and `removed` count lines, `lines` are as many as may be
    shown; none where the text is not remembered, or too much."""

    name: str
    how: str
    added: int = 0
    removed: int = 0
    lines: tuple[Line, ...] = ()

    @property
    def unshown(self) -> int:
        """Lines added or removed that are not among `lines`."""
        return self.added + self.removed - sum(line.sign in "+-" for line in self.lines)


class FileChange(NamedTuple):
    name: str
    how: str


class People(NamedTuple):
    """By their keys: on the list now and not then, then and not now, and on both."""

    added: int
    removed: int
    common: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """With what was sent before: `title` is what people call that, `sent` how many got it, `at` when the last
    of them was done with (seconds since the epoch). `unknown` is why its texts are not known, if they are
    not; then nothing is said of them. `people` are None where they cannot be compared, and `incomparable`
    says why. `server` and `signed_by` are (then, now) where they differ."""

    title: str
    sent: int
    at: float | None
    unknown: str = ""
    texts: tuple[TextChange, ...] = ()
    files: tuple[FileChange, ...] = ()
    variables: tuple[str, ...] = ()
    is_same: bool = False  # the very same content
    people: People | None = None
    incomparable: str = ""
    server: tuple[str, str] | None = None
    signed_by: tuple[str, str] | None = None

    def document(self) -> dict[str, object]:
        """As JSON."""
        people = self.people
        return {
            "with": self.title or None,
            "sent": self.sent,
            "unknown": self.unknown or None,
            "same_content": self.is_same,
            "texts": [
                {
                    "name": one.name,
                    "how": one.how,
                    "added": one.added,
                    "removed": one.removed,
                    "unshown": one.unshown,
                    "diff": [f"{line.sign}{line.text}" for line in one.lines],
                }
                for one in self.texts
            ],
            "files": [{"name": one.name, "how": one.how} for one in self.files],
            "variables": list(self.variables),
            "people": None if people is None else people._asdict(),
            "incomparable": self.incomparable or None,
            "server": None if self.server is None else dict(zip(("then", "now"), self.server, strict=True)),
            "signed_by": None
            if self.signed_by is None
            else dict(zip(("then", "now"), self.signed_by, strict=True)),
        }


def texts_changed(then: Letter, now: Letter) -> tuple[TextChange, ...]:
    """All that differ; of the lines no more than may be shown in all."""
    found, room = [], MOST_ALTOGETHER
    for name in _names(then.texts, now.texts):
        change = _text_changed(name, then.texts.get(name), now.texts.get(name), room)
        if change is not None:
            room -= len(change.lines)
            found.append(change)
    return tuple(found)


def files_changed(then: Letter, now: Letter) -> tuple[FileChange, ...]:
    return tuple(
        FileChange(name, _how(then.files.get(name), now.files.get(name)))
        for name in _names(then.files, now.files)
        if then.files.get(name) != now.files.get(name)
    )


def variables_changed(then: Letter, now: Letter) -> tuple[str, ...]:
    """Their names alone: what --set says may be anything."""
    names = _names(then.variables, now.variables)
    return tuple(name for name in names if then.variables.get(name) != now.variables.get(name))


def people_changed(then: Iterable[str], now: Iterable[str]) -> People:
    """By their keys. Of each a number stands in memory, as there may be millions."""
    before = {hash(key) for key in then}
    known, added, common = len(before), 0, 0
    for key in now:
        if hash(key) in before:
            common += 1
        else:
            added += 1
    return People(added, known - common, common)


def _names(then: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    """In the order of what is now; what is gone stands at the end."""
    yield from now
    yield from (name for name in then if name not in now)


def _how(then: object, now: object) -> str:
    return ADDED if then is None else REMOVED if now is None else CHANGED


def _text_changed(name: str, then: Text | None, now: Text | None, room: int) -> TextChange | None:
    if then is not None and now is not None and then.digest == now.digest:
        return None
    how = _how(then, now)
    before, after = _lines(then), _lines(now)
    if before is None or after is None:
        return TextChange(name, how)
    if how == CHANGED and before == after:
        return TextChange(name, MARKUP)
    start, end = _alike(before, after)
    if len(before) + len(after) - 2 * (start + end) > MOST_COMPARED:
        added, removed = len(after) - start - end, len(before) - start - end
        return TextChange(name, how, added, removed)
    lines = list(_diff(before, after))
    added, removed = (sum(line.sign == sign for line in lines) for sign in "+-")
    return TextChange(name, how, added, removed, tuple(lines[: max(0, min(room, MOST_LINES))]))


def _lines(text: Text | None) -> list[str] | None:
    """Sentences, so that a word that changed does not change a paragraph; None where they are not known."""
    if text is None:
        return []
    if text.text is None:
        return None
    return [piece for line in text.text.split("\n") for piece in _pieces(line.rstrip())]


def _pieces(line: str) -> Iterator[str]:
    if len(line) <= LONGEST:
        yield line
        return
    for sentence in _SENTENCES.split(line):
        while len(sentence) > LONGEST:
            cut = sentence.rfind(" ", LONGEST // 2, LONGEST) + 1 or LONGEST
            yield sentence[:cut].rstrip()
            sentence = sentence[cut:]
        if sentence:
            yield sentence


def _alike(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """How many lines they begin and end with alike."""
    most, start, end = min(len(before), len(after)), 0, 0
    while start < most and before[start] == after[start]:
        start += 1
    while end < most - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, end


def _diff(before: list[str], after: list[str]) -> Iterator[Line]:
    found = difflib.unified_diff(before, after, n=CONTEXT, lineterm="")
    for number, line in enumerate(found):
        if number < 2:  # the names of files
            continue
        if line.startswith("@@"):
            if number > 2:
                yield Line("@", "")
        else:
            yield Line(line[:1], line[1:])
