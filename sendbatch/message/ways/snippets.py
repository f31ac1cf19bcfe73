"""Parts of a template, each compiled by Jinja by itself and evaluated as it would be where it stands.

So a value is escaped, filtered, tested and found missing by Jinja's own code, whichever part of the message
is planned around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from types import CodeType
from typing import Any

from jinja2 import Environment, Template, nodes
from jinja2.runtime import Context
from markupsafe import escape

from sendbatch.message.ways.layout import Unfit, Writing, is_usual

_SPECIAL = re.compile(r"[&<>'\"]")
_RESULT = "_sendbatch_result"
_MOST_TURNS = 10_000  # of one loop; what is longer is no letter


class Item:
    """What a loop comes to that is no text: an object that is equal to itself alone, as tables need it.

    1, 1.0 and True are equal to each other, and so are a text and its Markup: written, they are not."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """Where a loop is: `loop`, as far as it says no more than that. `position` makes them."""

    index0: int
    length: int

    @property
    def index(self) -> int:
        return self.index0 + 1

    @property
    def revindex(self) -> int:
        return self.length - self.index0

    @property
    def revindex0(self) -> int:
        return self.length - self.index0 - 1

    @property
    def first(self) -> bool:
        return self.index0 == 0

    @property
    def last(self) -> bool:
        return self.index0 == self.length - 1


@lru_cache(maxsize=1024)
def position(index0: int, length: int) -> Position:
    """Mostly the same object for the same place: tables know it by that."""
    return Position(index0, length)


OF_POSITION = frozenset({"index0", "length", "index", "revindex", "revindex0", "first", "last"})


class Snippet:
    """`body` are nodes of a template, what they need to be defined before them. `names` are those that
    differ from row to row, each with its slot: the place of its value in a row's cells, which a loop
    makes longer by its own. `constants` are what all other names mean. `repeats` says that equal values
    give equal results.

    It is evaluated for a key: the value of its slot where it has one, else a tuple of them. All that it
    is asked for raises what templates raise."""

    def __init__(
        self,
        env: Environment,
        body: Sequence[nodes.Node],
        names: Mapping[str, int],
        constants: Mapping[str, object],
        *,
        repeats: bool = True,
    ) -> None:
        self._env = env
        self._body = body
        self._names = tuple(names)
        self._variables = dict(constants)
        self.slots = tuple(names.values())
        self.repeats = repeats
        self._context = Context(env, self._variables, None, {}) if _only_writes(body) else None

    @cached_property
    def _template(self) -> Template:
        tree = nodes.Template([*self._body], lineno=1)
        tree.set_environment(self._env)
        code: CodeType = self._env.compile(tree)
        return self._env.template_class.from_code(self._env, code, {})

    def text(self, key: Any) -> str:
        """What it writes."""
        return "".join(self._template.root_render_func(self._with(key)))

    def writing(self, how: Writing) -> Callable[[Any], bytes]:
        """What it writes, written so, by key."""
        write = how.segment
        return lambda key: write([*self._template.root_render_func(self._with(key))])

    def number(self, key: Any) -> int:
        """The number it writes, and nothing else."""
        for written in self._template.root_render_func(self._with(key)):
            return int(written)
        return 0

    def items(self, key: Any) -> tuple[object, ...]:
        """Of one made by `iterable`: texts as they are, anything else as an Item. Raises Unfit for more than
        a letter can have."""
        context = self._with(key)
        for _ in self._template.root_render_func(context):
            pass
        found = tuple(islice(context.vars[_RESULT], _MOST_TURNS + 1))
        if len(found) > _MOST_TURNS:
            raise Unfit
        return tuple([one if type(one) is str else Item(one) for one in found])

    def _with(self, key: Any) -> Context:
        variables, names = self._variables, self._names
        values = (key,) if len(names) == 1 else key
        if Item in map(type, values):
            values = [value.value if type(value) is Item else value for value in values]
        variables.update(zip(names, values, strict=True))
        return self._context or Context(self._env, variables, None, {})


class Value(Snippet):
    """A name alone, or with filters that take nothing else, as `filtered` gives them: written by the calls
    that Jinja's own code makes, without all that leads there."""

    def writing(self, how: Writing) -> Callable[[Any], bytes]:
        write = how.value
        finish = _escaped if self._env.autoescape else str
        (written,) = self._body
        assert isinstance(written, nodes.Output)
        filters = filtered(self._env, written.nodes[0])
        assert filters is not None

        def by_key(value: Any) -> bytes:
            if type(value) is Item:
                value = value.value
            for one in filters:
                value = one(value)
            if type(value) is str and is_usual(value):  # neither of the two would change it
                return value.encode("ascii")
            return write(finish(value))

        return by_key


def _escaped(value: Any) -> str:
    if type(value) is str and not _SPECIAL.search(value):
        return value
    return str(escape(value))


def filtered(env: Environment, node: nodes.Node) -> list[Callable[[Any], Any]] | None:
    """The filters that a name goes through in this expression, in their order; None where it is another."""
    if isinstance(node, nodes.Name):
        return []
    if not isinstance(node, nodes.Filter) or [*node.iter_child_nodes()] != [node.node]:
        return None
    assert node.node is not None
    inner = filtered(env, node.node)
    function = env.filters.get(node.name)
    if inner is None or function is None or hasattr(function, "jinja_pass_arg"):
        return None
    return [*inner, function]


def _only_writes(body: Sequence[nodes.Node]) -> bool:
    """Whether nodes leave their context as it was, and can have the same again."""
    return all(
        isinstance(one, (nodes.Output, nodes.If))
        for node in body
        for one in (node, *node.find_all(nodes.Stmt))
        if isinstance(one, nodes.Stmt)
    )


def written(text: str) -> nodes.Output:
    """The node that writes this text."""
    return nodes.Output([nodes.TemplateData(text, lineno=1)], lineno=1)


def iterable(loop: nodes.For) -> nodes.Assign:
    """The node that keeps what a loop goes through, for `Snippet.items`."""
    assert isinstance(loop.iter, nodes.Expr)
    return nodes.Assign(nodes.Name(_RESULT, "store", lineno=1), loop.iter, lineno=1)
