"""Why somebody is shown, in words: the traits of a choice as the author of the templates knows them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.language.tracing import ELIF, FOR, IF, INLINE, Way, ways_of
from sendbatch.errors import one_line
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import is_inserted, without_tags
from sendbatch.message.source import at
from sendbatch.message.versions.choosing import axes_of
from sendbatch.message.versions.subjects import called
from sendbatch.preview.choosing import Cell, Extent, Files, Kind, Trait, Version
from sendbatch.words import count, listed

OUR_OWN = ("the default layout", "the default layout's text footer", "the text's footer")
_LONGEST_TAG = 90  # characters
_MOST_TRAITS = 3  # of one kind that are named
_MOST_PLACES = 4


class Why(NamedTuple):
    """What is said of a kind, and how many are of it."""

    said: str
    like: int


class Words:
    """Of one content, for recipients with these columns."""

    def __init__(self, content: Content, columns: Sequence[str]) -> None:
        self._axes = [(axis.what, axis.names) for axis in axes_of(content, columns)]
        self._sources: dict[str, tuple[str, str]] = dict(_lines(content))
        for bundle in _bundles(content):
            for name, source in bundle.sources.items():
                self._sources.setdefault(name, (bundle.paths.get(name, name), source))
        self._tags: dict[str, dict[tuple[int, str], list[_Tag]]] = {}

    def why(self, kind: Kind) -> Why:
        """In one line."""
        said: dict[str, list[str]] = {}
        for trait in kind.traits:
            words, place = self._said(trait)
            said.setdefault(words, []).extend([place] if place else [])
        first = [
            f"{words} ({listed(list(dict.fromkeys(places)), _MOST_PLACES)})" if places else words
            for words, places in [*said.items()][:_MOST_TRAITS]
        ]
        more = len(said) - len(first)
        return Why(", ".join([*first, *([f"and {more} more"] if more else [])]), kind.number)

    def _said(self, trait: Trait) -> tuple[str, str]:
        """What it is, and where that is written."""
        if isinstance(trait, Cell):
            return _of_cell(trait), ""
        if isinstance(trait, Files):
            return count(trait.number, "attachment") if trait.number else "no attachment", ""
        if isinstance(trait, Version):
            what, names = self._axes[trait.axis]
            led = ", by the fallback" if trait.by_fallback else ""
            return f"{what}: {one_line(names[trait.number], 200)}{led}", ""
        return self._of_way(trait)

    def _of_way(self, way: Way) -> tuple[str, str]:
        path, source = self._sources.get(way.template, (way.template, ""))
        is_a_line = is_inserted(way.template) or "\n" not in source.strip()
        place = at(path, source, way.line)
        where = place.file if is_a_line or place.line is None else f"{place.file}:{place.line}"
        tag = self._tag(way, source)
        if others := tag.others if not way.holds else 0:
            return f"neither {tag.text} nor {count(others, 'elif')} of it", where
        return _HOLDS[way.kind, way.holds].format(tag.text), where

    def _tag(self, way: Way, source: str) -> _Tag:
        if way.template not in self._tags:
            self._tags[way.template] = _tags(source)
        found = self._tags[way.template].get((way.line, way.kind), [])
        if not found:
            return _Tag(f"a tag of line {way.line}")
        return found[min(way.nth, len(found) - 1)]


@dataclass(slots=True)
class _Tag:
    """As it is written; `others` are the `elif` of an `if`."""

    text: str
    others: int = 0


_HOLDS: Mapping[tuple[str, bool], str] = {
    (IF, True): "{}",
    (IF, False): "not {}",
    (ELIF, True): "{}",
    (FOR, True): "{} has items",
    (FOR, False): "{} has no items",
    (INLINE, True): "{}: its condition holds",
    (INLINE, False): "{}: its condition does not hold",
}


def _of_cell(cell: Cell) -> str:
    if cell.extent is Extent.EMPTY:
        return f"{cell.column} is empty"
    return f"the {cell.extent} {cell.column} ({count(cell.length, 'character')})"


def _bundles(content: Content) -> Iterator[Bundle]:
    for texts in content.texts:
        yield from texts.bundles
    yield from content.bundles


def _lines(content: Content) -> Iterator[tuple[str, tuple[str, str]]]:
    """The templates that stand in the campaign file, as they are called where they are compiled."""
    subjects = {content.subject_called: content.subject}
    if (several := content.variants) is not None:
        subjects = {
            called(name): subject
            for name, subject in zip(several.names, several.subjects, strict=True)
        }
    named = {
        **subjects,
        "from": content.sender.name,
        "recipients.name": content.recipient_name or "",
        **{f"headers.{name}": source for name, source in content.headers},
    }
    for name, source in named.items():
        yield name, (name, source)


def _tags(source: str) -> dict[tuple[int, str], list[_Tag]]:
    """The tags that decide something, by the line and kind of that, in their order."""
    found: dict[tuple[int, str], list[_Tag]] = {}
    ifs: list[_Tag] = []  # around what comes next
    for tag in _lexed(source):
        text = one_line(" ".join("".join(word for _, _, word in tag).split()), _LONGEST_TAG)
        names = [(line, word) for line, kind, word in tag if kind == "name"]
        is_block = tag[0][1] == "block_begin"
        filter_ = _filter(tag) if is_block and names and names[0][1] == FOR else None
        for number, (line, word) in enumerate(names):
            if is_block and number == 0:
                kind = word
            elif word == "if" and number != filter_:
                kind, line = INLINE, tag[0][0]
            else:
                continue
            made = _Tag(text)
            found.setdefault((line, kind), []).append(made)
            if kind == IF:
                ifs.append(made)
            elif kind == ELIF:
                ifs[-1].others += 1
            elif kind == "endif":
                ifs.pop()
    return found


def _filter(tag: Sequence[tuple[int, str, str]]) -> int | None:
    """Which of its names is the `if` by which a loop leaves items out: the first that is in no brackets."""
    depth = number = 0
    for _, kind, word in tag:
        if kind == "name":
            if word == "if" and not depth:
                return number
            number += 1
        elif kind == "operator":
            depth += (word in "([{") - (word in ")]}")
    return None


def _lexed(source: str) -> Iterator[list[tuple[int, str, str]]]:
    """The tokens of each tag."""
    tag: list[tuple[int, str, str]] = []
    for line, kind, word in environment().lex(without_tags(source)[0]):
        if kind in ("block_begin", "variable_begin"):
            tag = []
        tag.append((line, kind, word))
        if kind in ("block_end", "variable_end"):
            yield tag


def unshown(kinds: Sequence[Kind], words: Words) -> str | None:
    """What is said of the kinds for which there was no room."""
    if not kinds:
        return None
    heads = [words.why(kind).said for kind in kinds]
    more = "1 more kind of message is" if len(kinds) == 1 else f"{len(kinds):,} more kinds are"
    return f"{more} not shown: {listed(heads, _MOST_TRAITS)}."


def untaken(
    content: Content, taken: Collection[Way], words: Words, *, some_fail: bool = False
) -> str | None:
    """What is said of the branches that nobody's message takes; where `some_fail` to be built, which they
    would take is not known."""
    found: list[Way] = []
    for bundle in content.bundles:
        for name, source in bundle.sources.items():
            if not is_inserted(name) and bundle.paths.get(name) not in OUR_OWN:
                found += ways_of(environment().parse(source), name)
    nobody = [way for way in dict.fromkeys(found) if way.holds and way not in taken]
    if not nobody:
        return None
    named = [words.why(Kind((way,), 0)).said for way in nobody]
    nobody_else = " whose message can be built" if some_fail else ""
    return f"Nobody{nobody_else} comes by {listed(named, _MOST_TRAITS)}."
