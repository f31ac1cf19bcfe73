"""Short forms are written out in full on the nodes, so that every later error keeps its mark."""

from __future__ import annotations

import re

from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sendbatch.campaign.written.rates import split

THOUSANDS = re.compile("[0-9]{1,3}(?:,[0-9]{3})*")


def wrapped(value: Node, inner: str) -> Node:
    """`text` becomes `{inner: text}`, all at the text's mark."""
    if not says_something(value):
        return value
    start, end = value.start_mark, value.end_mark
    inner_key = ScalarNode("", inner, start, start, style="'")
    return MappingNode("", [(inner_key, value)], start, end)


def listed(value: Node) -> Node:
    """`text` becomes `[text]`."""
    if not says_something(value):
        return value
    return SequenceNode("", [value], value.start_mark, value.end_mark)


def parted(value: Node) -> Node:
    """`14/s, 5,000/day` becomes a list of two rates, each at its own mark."""
    several = listed(value)
    if isinstance(several, SequenceNode):
        items = _rejoined(several.value)
        several.value = [part for item in items for part in _parts(item)]
    return several


def _rejoined(items: list[Node]) -> list[Node]:
    """In a list YAML takes `5,000/day` for two: a number alone, and what follows the comma."""
    found: list[Node] = []
    for item in items:
        last = found[-1] if found else None
        if (
            isinstance(last, ScalarNode)
            and isinstance(item, ScalarNode)
            and THOUSANDS.fullmatch(last.value)
            and last.style is None is item.style
            and item.start_mark.index == last.end_mark.index + 1
        ):
            whole = f"{last.value},{item.value}"
            found[-1] = ScalarNode(item.tag, whole, last.start_mark, item.end_mark)
        else:
            found.append(item)
    return found


def _parts(item: Node) -> list[Node]:
    if not isinstance(item, ScalarNode) or "," not in item.value:
        return [item]
    found: list[Node] = []
    at = 0
    for part in split(item.value):
        begins = at + len(part) - len(part.lstrip())
        start = _mark_within(item, begins)
        found.append(ScalarNode(item.tag, part.strip(), start, item.end_mark, style=item.style))
        at += len(part) + 1
    return found


def _mark_within(item: ScalarNode, at: int) -> Mark:
    """Where the character of that number stands, if the text stands in the file as it is."""
    start, end = item.start_mark, item.end_mark
    quotes = 0 if item.style is None else 1
    if item.style in ("|", ">") or end.index - start.index != len(item.value) + 2 * quotes:
        return start
    column = start.column + quotes + at
    return Mark(start.name, start.index + quotes + at, start.line, column, None, 0)


def says_something(value: Node) -> bool:
    """Whether it is a scalar that says something: `key:` alone stays what it is, and an error."""
    return isinstance(value, ScalarNode) and (value.style is not None or value.value != "")
