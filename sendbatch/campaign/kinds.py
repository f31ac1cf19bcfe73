"""What may stand under a key: how a value, a list or a mapping is read, widened, and described to editors.

`vocabulary` has the ready ones that the keys are declared with.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from string import ascii_uppercase
from typing import Any, TypeVar

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sendbatch.campaign.document import masking
from sendbatch.campaign.document.masking import Shape
from sendbatch.campaign.document.nodes import Data
from sendbatch.campaign.document.widening import listed, parted, wrapped
from sendbatch.campaign.files import find_source, text_of
from sendbatch.campaign.language.checks import check_template
from sendbatch.campaign.language.environment import is_template
from sendbatch.campaign.language.paths import path_template
from sendbatch.campaign.model import PathTemplate, Rate
from sendbatch.campaign.reading import read_keys, want_mapping, widen
from sendbatch.campaign.schema import reference
from sendbatch.campaign.spots import Spot
from sendbatch.campaign.table import Keys, Kind, Schema, is_complete, made_of, shape_of, table_of
from sendbatch.campaign.written import schemas, values
from sendbatch.findings import Rule
from sendbatch.runtime.paths import NO_SUCH_FILE, absolute, problem

T = TypeVar("T")
K = TypeVar("K", bound=Keys[Any])

_SINGLE = re.compile(r"\{\s*([^\W\d]\w*)\s*\}")


class Plain(Kind[T]):
    """A value that a function reads. What is wrong with it is said by the reading and by each of the checks,
    which raise Wrong; `then` gives its usual form."""

    def __init__(
        self,
        read: Callable[[object], T],
        schema: Schema,
        *checks: tuple[Rule, Callable[[T], object]],
        then: Callable[[T], T] | None = None,
    ) -> None:
        self._read, self._schema, self._checks, self._then = read, schema, checks, then

    def read(self, value: Data, spot: Spot, *, key: bool = False) -> T | None:
        found = spot.attempt(partial(self._read, value), key=key)
        if found is None:
            return None
        for rule, check in self._checks:
            spot.attempt(partial(check, found), rule, key=key)
        return found if self._then is None else self._then(found)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        return dict(self._schema)


class Secret(Plain[str]):
    """A reference to what must not be written out: where it is, it is not shown."""

    def shape(self, plain: Shape) -> Shape:
        return masking.SECRET


class FoundFile(Kind[Path]):
    """A list that must be there and is read, by its path: no recipient may have it attached. `what` is the
    key in faults, where that is not its own. Who joins a run that is planned needs none."""

    def __init__(self, what: str = "") -> None:
        self._what = what

    def read(self, value: Data, spot: Spot) -> Path | None:
        written = spot.attempt(partial(values.file, value))
        if written is None:
            return None
        path = absolute(spot.reading.folder / written)
        if not spot.reading.lists_needed and problem(path) == NO_SUCH_FILE:
            return path
        return find_source(spot, written, what=self._what)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        return dict(schemas.PATH)


class TemplateFile(Kind[Path | PathTemplate]):
    """The same, of a template: its path may be one too, for a file that each row chooses. A `word` means one
    of our own: then it is as if the key were not there."""

    def __init__(self, word: str = "") -> None:
        self._word = word

    def read(self, value: Data, spot: Spot) -> Path | PathTemplate | None:
        if self._word and value == self._word:
            return None
        written = spot.attempt(partial(values.file, value))
        if written is None:
            return None
        if is_template(written):
            made = partial(path_template, written, spot.reading.folder)
            return spot.attempt(made, Rule.TEMPLATE_SYNTAX)
        if (single := _SINGLE.search(written)) and not (spot.reading.folder / written).exists():
            said = "no such file, and no template, which has braces twice"
            spot.blame(Rule.UNREADABLE_FILE, f"{said}: {written}", f"write {{{{ {single[1]} }}}}")
            return None
        return find_source(spot, written)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        return dict(schemas.PATH)


class TextOrFile(Kind[str]):
    """A text, or the path of a file that holds it: a path is one line without a brace."""

    def read(self, value: Data, spot: Spot) -> str | None:
        written = spot.attempt(partial(values.text, value))
        if written is None or "{" in written or values.BREAKS.search(written.rstrip("\n")):
            return written
        path = spot.attempt(partial(values.file, written))
        if path is None:
            return None
        before = len(spot.reading.findings)
        file = find_source(spot, path)
        return text_of(spot, file) if len(spot.reading.findings) == before else None

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        return dict(schemas.TEXT)


class FileOfAll(Kind[Path | str]):
    """A file that everybody gets and that is read at once; or the template of a path, for one of each
    recipient's own, as it is written."""

    def read(self, value: Data, spot: Spot) -> Path | str | None:
        written = spot.attempt(partial(values.file, value))
        if written is None:
            return None
        if is_template(written):
            spot.attempt(partial(check_template, written), Rule.TEMPLATE_SYNTAX)
            return written
        return find_source(spot, written)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        return dict(schemas.PATH)


class Several(Kind[tuple[T, ...]]):
    """A list; one alone may stand without it. What is said twice counts `once`. Where whoever reads the whole
    file asks for `some`, an editor is told."""

    def __init__(self, of: Kind[T], *, once: bool = False, some: bool = False) -> None:
        self._of, self._once, self._some = of, once, some

    def read(self, value: Data, spot: Spot) -> tuple[T, ...] | None:
        if not isinstance(value, list):
            spot.blame(Rule.WRONG_VALUE, "must be a list")
            return None
        read = [
            self._of.read(item, spot.at(number))
            for number, item in enumerate(value)
            if item is not None
        ]
        found = (item for item in read if item is not None)
        return tuple(dict.fromkeys(found) if self._once else found)

    def widened(self, node: Node) -> Node:
        node = listed(node)
        if isinstance(node, MappingNode) and self._of.section is not None:
            node = SequenceNode("", [node], node.start_mark, node.end_mark)
        if isinstance(node, SequenceNode):
            node.value = [self._of.widened(item) for item in node.value]
        return node

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        one = self._of.schema(definitions)
        ways = one.get("anyOf", [one])
        several = {"type": "array", "items": one, **({"minItems": 1} if self._some else {})}
        return {"anyOf": [*ways, several]}

    def shape(self, plain: Shape) -> Shape:
        return self._of.shape(plain)

    @property
    def section(self) -> type[Keys[Any]] | None:
        return self._of.section


class Variants(Kind[tuple[T, ...]]):
    """A value, or a list of at least two different ones, of which everybody gets one. They are called A, B
    and so on: there are no more than letters."""

    def __init__(self, of: Kind[T]) -> None:
        self._of, self._most = of, len(ascii_uppercase)

    def read(self, value: Data, spot: Spot) -> tuple[T, ...] | None:
        if not isinstance(value, list):
            alone = self._of.read(value, spot)
            return None if alone is None else (alone,)
        if len(value) < 2:
            spot.blame(Rule.WRONG_VALUE, *(_LIST_OF_ONE if value else _EMPTY_LIST))
            return None
        if len(value) > self._most:
            spot.blame(Rule.WRONG_VALUE, f"has {len(value):,} variants, and {self._most} are the most")
            return None
        read = [
            None if item is None else self._of.read(item, spot.at(number))  # none has its finding
            for number, item in enumerate(value)
        ]
        for number, item in enumerate(read):
            if item is not None and (first := read.index(item)) < number:
                said = f"this stands there already, as variant {ascii_uppercase[first]}"
                spot.at(number).blame(Rule.WRONG_VALUE, said, "take one of them out")
        return tuple(item for item in read if item is not None)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        one = self._of.schema(definitions)
        several = {"type": "array", "items": one, "minItems": 2, "maxItems": self._most}
        return {"anyOf": [one, {**several, "uniqueItems": True}]}


_LIST_OF_ONE = "a variant list of one", "write it behind the colon, without dash and brackets"
_EMPTY_LIST = "a variant list of none", "write a text, or a list of at least two"


class Rates(Several[Rate]):
    """Several rates, in a list or behind commas."""

    def widened(self, node: Node) -> Node:
        return parted(node)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        one = self._of.schema(definitions)
        # `[5,000/day]` are a number and a text to YAML; `parted` makes one of them again
        several = {"type": "array", "items": {"anyOf": [one, {"type": "integer", "minimum": 1}]}}
        return {"anyOf": [one, several]}


class Named(Kind[dict[str, T]]):
    """A mapping whose keys are names of the user's own."""

    def __init__(self, name: Plain[str], of: Kind[T], *, nulls: bool = False) -> None:
        self._name, self._of, self._nulls = name, of, nulls

    def read(self, value: Data, spot: Spot) -> dict[str, T] | None:
        if not isinstance(value, dict):
            want_mapping(value, spot)
            return None
        found: dict[str, Any] = {}
        for name, inner in value.items():
            if inner is None and not self._nulls:
                continue
            there = spot.at(name)
            usable_name = self._name.read(name, there, key=True)
            read = self._of.read(inner, there) if inner is not None else None
            if usable_name is not None and (read is not None or inner is None):
                found[usable_name] = read
        return found

    def widened(self, node: Node) -> Node:
        if isinstance(node, MappingNode):
            node.value = [(name, self._of.widened(value)) for name, value in node.value]
        return node

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        schema: Schema = {"type": "object"}
        name, of = self._name.schema(definitions), self._of.schema(definitions)
        name = name.get("anyOf", [name])[0]  # a key of a mapping is text
        if "pattern" in name:
            return {
                **schema,
                "patternProperties": {name["pattern"]: of},
                "additionalProperties": False,
            }
        return {**schema, "additionalProperties": of or True}

    def shape(self, plain: Shape) -> Shape:
        return {masking.ANY: self._of.shape(masking.NOTHING)}

    @property
    def takes_null(self) -> bool:
        return self._nulls


class Anything(Plain[Any]):
    """A value of any shape."""

    def __init__(self) -> None:
        super().__init__(values.plain, {})

    def shape(self, plain: Shape) -> Shape:
        return masking.ANYTHING


class Built(Kind[T]):
    """A mapping with keys of ours, and the model that comes of it.

    `short` is the key that a text alone stands for, or tells it by the text. `check` holds the keys against
    each other.
    """

    def __init__(
        self,
        keys: type[Keys[T]],
        *,
        short: str | Callable[[str], str] = "",
        check: Callable[[Spot, T], None] | None = None,
    ) -> None:
        self._keys, self._short, self._check = keys, short, check

    def read(self, value: Data, spot: Spot) -> T | None:
        keys = read_keys(self._keys, value, spot)
        if keys is None or not is_complete(keys):
            return None
        made = made_of(keys)
        if self._check is not None:
            self._check(spot, made)
        return made

    def widened(self, node: Node) -> Node:
        if isinstance(node, ScalarNode) and self._short:
            short = self._short if isinstance(self._short, str) else self._short(node.value)
            node = wrapped(node, short)
        return widen(node, self._keys)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        mapping = reference(self._keys, definitions)
        if not self._short:
            return mapping
        short = schemas.LINE
        if isinstance(self._short, str):
            short = table_of(self._keys)[self._short].kind.schema(definitions)
        return {"anyOf": [short, mapping]}

    def shape(self, plain: Shape) -> Shape:
        shape = shape_of(self._keys)
        if isinstance(self._short, str) and shape.get(self._short) is masking.SECRET:
            return {**shape, masking.ALONE: masking.SECRET}
        return shape

    @property
    def section(self) -> type[Keys[Any]] | None:
        return self._keys


class Section(Kind[K]):
    """A mapping with keys of ours, as it was read: whoever loads the file makes something of it."""

    def __init__(self, keys: type[K]) -> None:
        self._keys = keys

    def read(self, value: Data, spot: Spot) -> K | None:
        return read_keys(self._keys, value, spot)

    def widened(self, node: Node) -> Node:
        return widen(node, self._keys)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        return reference(self._keys, definitions)

    def shape(self, plain: Shape) -> Shape:
        return shape_of(self._keys)


class NameOr(Kind[str | K]):
    """The name of something, or the mapping itself."""

    def __init__(self, name: Plain[str], mapping: Section[K]) -> None:
        self._name, self._mapping = name, mapping

    def read(self, value: Data, spot: Spot) -> str | K | None:
        return (self._mapping if isinstance(value, dict) else self._name).read(value, spot)

    def widened(self, node: Node) -> Node:
        return self._mapping.widened(node)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        return {"anyOf": [self._name.schema(definitions), self._mapping.schema(definitions)]}

    def shape(self, plain: Shape) -> Shape:
        return self._mapping.shape(plain)
