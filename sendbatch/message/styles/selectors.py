"""Selectors, as far as their last part tells which tags they are for: `.card a.button:hover` is for the tags
`a` with the class `button`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TypeAlias

from sendbatch.message.markup import Tag

# What a tag has to have: its name, classes, id and attributes, as they stand in a selector.
Subject: TypeAlias = frozenset[str]

_BRACKETS = re.compile(r"\[[^\]]*\]")
_PARENTHESES = re.compile(r"\([^()]*\)")
_NO_WORD = re.compile(r"\W+")
_COMBINED = re.compile(r"[\s>+~]+")
_SIMPLE = re.compile(r"::?[\w-]+|[.#]?[\w-]+|\[\w*\]")
_NO_TAG = re.compile(r"::|:(?:before|after|first-line|first-letter)\b", re.IGNORECASE)


def subjects(prelude: str) -> Iterator[Subject]:
    """One for each of the selectors of a rule that is for tags, states such as `:hover` left out."""
    plain = _BRACKETS.sub(lambda found: f"[{_NO_WORD.sub('', found[0])}]", prelude)
    for selector in _PARENTHESES.sub("", plain).split(","):
        last = _COMBINED.split(selector.strip())[-1]
        if not _NO_TAG.search(last):
            yield frozenset(map(_named, (s for s in _SIMPLE.findall(last) if s[0] != ":")))


def _named(simple: str) -> str:
    return simple if simple[0] in ".#[" else simple.lower()


def of_tag(tag: Tag) -> Subject:
    """All that a tag has, but for its other attributes."""
    classes = tag.attributes.get("class", "").split()
    ids = tag.attributes.get("id", "").split()
    return frozenset([tag.name, *(f".{one}" for one in classes), *(f"#{one}" for one in ids)])


def meets(one: Subject, others: Collection[Subject], there: Collection[Subject]) -> bool:
    """Whether a rule may be for a tag that one of others is for: all that either is for the other is for, or
    a tag of those `there` is of both."""
    tags = [tag for tag in there if one <= tag]
    return any(
        other <= one or one <= other or any(other <= tag for tag in tags) for other in others
    )
