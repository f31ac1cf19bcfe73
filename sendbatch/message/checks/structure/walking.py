"""A bundle of templates as a message goes through it: each include where it stands, each block of a template
that extends another in its place, each branch from what was open before.

Branches have to agree in what they leave open, and a loop leaves what it found; else nothing can be told, and
`Unsure` is raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sendbatch.message.checks.structure.stack import Open, Stack, Unsure, are_alike, still_open
from sendbatch.message.content import Bundle
from sendbatch.message.markup import Bare, bare_tags
from sendbatch.message.source import Statement, constants, statements

Reading: TypeAlias = Callable[[str], str]  # what of a source whose tags are hidden is read as HTML
Blocks: TypeAlias = Mapping[str, tuple[str, int, int]]  # a template's name, and where the block stands in it

_DEEPEST = 50  # includes within each other
_NAMED = re.compile(r"\{%[-+]?\s*\w+\s+(?:[\"'](?P<file>[^\"'\\]+)[\"']|(?P<block>\w+))")
_FRAGMENTS = frozenset({"call", "macro", "set"})


@dataclass(slots=True)
class _Frame:
    """A block of the template that is open: what was open in the HTML before it, and behind each branch."""

    word: str
    base: Open | None
    ends: list[Open | None] = field(default_factory=list)
    has_else: bool = False
    strays: int = 0


def walked(bundle: Bundle, read: Reading, *, guesses: bool = False) -> Stack:
    """What is left at the end, and what was wrong on the way, with or without `guesses`. Raises Unsure."""
    walk = _Walk(bundle, read, Stack(guesses=guesses))
    name, blocks = _outermost(bundle)
    walk.through(name, blocks)
    return walk.stack


def _outermost(bundle: Bundle) -> tuple[str, Blocks]:
    """The template that the others extend, and the blocks that are put into it."""
    name, blocks = bundle.entry, dict[str, tuple[str, int, int]]()
    for _ in range(_DEEPEST):
        source = bundle.sources[name]
        found = [*statements(source)]
        extended = next((one for one in found if one.word == "extends"), None)
        if extended is None:
            return name, blocks
        for block, start, end in _blocks(source, found):
            blocks.setdefault(block, (name, start, end))
        other = _named(source, extended, "file")
        if other is None or other not in bundle.sources:
            raise Unsure
        name = other
    raise Unsure


def _blocks(source: str, found: list[Statement]) -> Iterator[tuple[str, int, int]]:
    begun: list[tuple[str, int]] = []
    for one in found:
        if one.word == "block":
            begun.append((_named(source, one, "block") or "", one.end))
        elif one.word == "endblock" and begun:
            block, start = begun.pop()
            yield block, start, one.start


def _named(source: str, statement: Statement, kind: str) -> str | None:
    found = _NAMED.match(source, statement.start, statement.end)
    return found[kind] if found is not None else None


class _Walk:
    def __init__(self, bundle: Bundle, read: Reading, stack: Stack) -> None:
        self._bundle, self._read, self.stack = bundle, read, stack
        self._items: dict[str, list[Bare | Statement]] = {}
        self._depth = 0

    def through(
        self, name: str, blocks: Blocks, start: int = 0, end: int | None = None
    ) -> None:
        """One template, or a part of it."""
        if self._depth > _DEEPEST:
            raise Unsure
        self._depth += 1
        frames: list[_Frame] = []
        skipped = 0  # blocks that are open within one that another template replaced
        for one in self._of(name):
            if one.start < start or (end is not None and one.start >= end):
                continue
            if skipped:
                if isinstance(one, Statement):
                    skipped += (one.word == "block") - (one.word == "endblock")
            elif isinstance(one, Bare):
                self.stack.add(one, (name, one.start))
            elif one.word == "block" and (of := self._replaced(name, one, blocks)) is not None:
                skipped = 1
                self.through(of[0], blocks, *of[1:])
            else:
                self._heed(name, one, frames, blocks)
        self._depth -= 1

    def _of(self, name: str) -> list[Bare | Statement]:
        if name not in self._items:
            source = self._bundle.sources[name]
            found: list[Bare | Statement] = [*bare_tags(self._read(constants(source)))]
            found += statements(source)
            self._items[name] = sorted(found, key=lambda one: one.start)
        return self._items[name]

    def _replaced(self, name: str, one: Statement, blocks: Blocks) -> tuple[str, int, int] | None:
        block = blocks.get(_named(self._bundle.sources[name], one, "block") or "")
        return block if block is not None and (block[0], block[1]) != (name, one.end) else None

    def _heed(self, name: str, one: Statement, frames: list[_Frame], blocks: Blocks) -> None:
        stack, word = self.stack, one.word
        if word == "include":
            other = _named(self._bundle.sources[name], one, "file")
            if other is not None and other in self._bundle.sources:
                self.through(other, {})
        elif word in ("if", "for"):
            frames.append(_Frame(word, stack.top))
        elif word in _FRAGMENTS and one.opens:
            frames.append(_Frame(word, stack.top, strays=len(stack.strays)))
            stack.top = None
        elif word in ("elif", "else") and frames:
            frames[-1].ends.append(stack.top)
            frames[-1].has_else |= word == "else"
            stack.top = frames[-1].base
        elif word.startswith("end") and frames and word == f"end{frames[-1].word}":
            self._end(frames.pop())

    def _end(self, frame: _Frame) -> None:
        stack = self.stack
        if frame.word in _FRAGMENTS:
            if still_open(stack.top) or len(stack.strays) != frame.strays:
                raise Unsure  # what it is put into is not known
            stack.top = frame.base
            return
        ends = [*frame.ends, stack.top]
        if frame.word == "for" or not frame.has_else:
            ends.append(frame.base)
        if not all(are_alike(ends[0], end) for end in ends[1:]):
            raise Unsure
        stack.top = ends[0]
