"""What stands in a composed file, and where each key and value stands.

Scalars are resolved as the core schema of YAML 1.2 has it: `no`, `12:30` and dates are text. Marks
are kept for everything, and a key that stands twice is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sendbatch.campaign.document.composing import NOT_TEXT, Source
from sendbatch.campaign.document.syntax import BRACES
from sendbatch.campaign.written.values import WrittenFloat, WrittenInt
from sendbatch.errors import Place
from sendbatch.findings import Rule

MOST_NUMBER = 1e15  # beyond, a number is an identifier in disguise

Data: TypeAlias = "bool | int | float | str | list[Data] | dict[str, Data] | None"
Trail: TypeAlias = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: dict[str, Data] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True)
class Document:
    """A file's data, and the places of its keys and values by their trail of keys and indexes."""

    file: str
    data: dict[str, Data]
    keys: Mapping[Trail, Place]
    values: Mapping[Trail, Place]

    def at(self, trail: Trail) -> Place:
        """Where the value stands, or what surrounds it if there is no such value."""
        while trail and trail not in self.values:
            trail = trail[:-1]
        return self.values.get(trail, Place(self.file))

    def at_key(self, trail: Trail) -> Place:
        return self.keys.get(trail) or self.at(trail)


def label(trail: Trail) -> str:
    """A trail as a person writes it: the line and column tell which one of a list it is."""
    return ".".join(part for part in trail if isinstance(part, str))


def document(source: Source) -> Document:
    """Resolve a composed source (`root` is not None); what is wrong is added to its findings."""
    assert source.root is not None
    walk = _Walk(source)
    data = walk.mapping(source.root, ())
    return Document(source.file, data, walk.keys, walk.values)


class _Walk:
    """From nodes to plain data, with the place of everything."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.keys: dict[Trail, Place] = {}
        self.values: dict[Trail, Place] = {}

    def value(self, node: Node, trail: Trail) -> Data:
        self.values[trail] = self.source.place(node.start_mark)
        if isinstance(node, MappingNode):
            return self.mapping(node, trail)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*trail, n)) for n, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self.scalar(node)

    def mapping(self, node: MappingNode, trail: Trail) -> dict[str, Data]:
        self.values[trail] = self.source.place(node.start_mark)
        data: dict[str, Data] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                braces = BRACES if isinstance(key, MappingNode) else None
                self.source.blame("a key must be text", key.start_mark, braces)
                continue
            self.scalar(key)
            here = (*trail, key.value)
            if key.value in data:
                line = self.keys[here].line
                said, hint = f"{key.value} stands here twice", f"see line {line}"
                self.source.blame(said, key.start_mark, hint, Rule.DUPLICATE_KEY)
                continue
            self.keys[here] = self.source.place(key.start_mark)
            data[key.value] = self.value(value, here)
        return data

    def scalar(self, node: ScalarNode) -> Data:
        text = str(node.value)
        strange = NOT_TEXT.search(text)
        if strange is not None:
            name = f"U+{ord(strange[0]):04X}"
            self.source.blame(f"a control character ({name}) cannot stand here", node.start_mark)
            return None
        if node.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        return self.number(text, node)

    def number(self, text: str, node: ScalarNode) -> Data:
        if _NOT_FINITE.fullmatch(text):
            said = "not a number that can be used"
            self.source.blame(said, node.start_mark, "quote it as text", Rule.WRONG_VALUE)
        number: WrittenInt | WrittenFloat
        if _INTEGER.fullmatch(text):
            number = WrittenInt(text, _base(text)) if len(text) < 30 else WrittenInt(0)
        elif _FLOAT.fullmatch(text):
            number = WrittenFloat(text)
        else:
            return text
        if abs(number) > MOST_NUMBER or len(text) >= 30:
            said = "too long for a number"
            self.source.blame(said, node.start_mark, "quote it as text", Rule.WRONG_VALUE)
        number.written = text
        return number


def _base(text: str) -> int:
    return {"0o": 8, "0x": 16}.get(text[:2], 10)
