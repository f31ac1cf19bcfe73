"""Which names the nodes of a template read and set, and what has to be defined before a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from jinja2 import nodes

_Found = TypeVar("_Found", bound=nodes.Node)
DEFINING = (nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Import, nodes.FromImport)

# Filters whose result can be gone through once.
_LAZY = frozenset(
    {"map", "select", "reject", "selectattr", "rejectattr", "batch", "slice", "unique"}
) | {*("reverse", "items")}
# Filters that go through what they are given, and keep nothing of it but its items.
_CONSUMING = frozenset(
    {"list", "join", "sort", "sum", "length", "count", "first", "last", "min", "max"}
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A node that gives names a value and writes nothing; `names` are those it reads."""

    node: nodes.Node
    targets: frozenset[str]
    names: frozenset[str]


@dataclass(slots=True)
class Scope:
    """What is known at one place of a template. `slots` says of each name that differs from row to row which
    of its cells it is; `width` is how many there are. `in_loop` says that `loop` is one of
    them, as a Position."""

    slots: dict[str, int]
    width: int
    definitions: list[Definition] = field(default_factory=list)
    in_loop: bool = False

    def inner(self) -> Scope:
        """One in which more may be defined, and forgotten with it."""
        return Scope(dict(self.slots), self.width, list(self.definitions), self.in_loop)

    def define(self, node: nodes.Node) -> Definition:
        names = self.read([node])
        if isinstance(node, nodes.Macro):
            names -= stored(node.args)
        made = Definition(node, frozenset(set_by(node)), frozenset(names))
        self.definitions.append(made)
        return made

    def read(self, body: Sequence[nodes.Node]) -> set[str]:
        """The names that these nodes may read."""
        names = loaded(body)
        if opens(body):
            names |= self.slots.keys()
            names = names.union(*(one.targets for one in self.definitions))
        return names

    def needed(self, names: Iterable[str]) -> tuple[list[nodes.Node], dict[str, int]]:
        """The definitions that these names need, in their order, and the slots that both need."""
        wanted = set(names)
        found = []
        for definition in reversed(self.definitions):
            if not wanted.isdisjoint(definition.targets):
                found.append(definition.node)
                wanted |= definition.names
        slots = {name: self.slots[name] for name in sorted(wanted & self.slots.keys())}
        return found[::-1], slots

    def mentions(self, names: set[str]) -> bool:
        """Whether any definition reads or sets one of them."""
        return any(not names.isdisjoint(one.targets | one.names) for one in self.definitions)


def every(
    body: Sequence[nodes.Node], kind: type[_Found] | tuple[type[_Found], ...]
) -> Iterator[_Found]:
    """All nodes of a kind, those of `body` themselves included."""
    for node in body:
        if isinstance(node, kind):
            yield node
        yield from node.find_all(kind)


def loaded(body: Sequence[nodes.Node]) -> set[str]:
    """Every name that is read anywhere in these nodes, also those that they set themselves."""
    found = {name.name for name in every(body, nodes.Name) if name.ctx == "load"}
    return found | {reference.name for reference in every(body, nodes.NSRef)}


def opens(body: Sequence[nodes.Node]) -> bool:
    """Whether another template is rendered in it that sees all that is known here."""
    includes = [one.with_context for one in every(body, nodes.Include)]
    imports = [one.with_context for one in every(body, nodes.Import)]
    return any((*includes, *imports, *(one.with_context for one in every(body, nodes.FromImport))))


def stored(body: Sequence[nodes.Node]) -> set[str]:
    """Every name that is a target in these nodes, or a parameter."""
    return {name.name for name in every(body, nodes.Name) if name.ctx != "load"}


def set_by(node: nodes.Node) -> set[str]:
    """The names that a statement leaves set, or changed, behind it."""
    if isinstance(node, (nodes.Assign, nodes.AssignBlock)):
        return stored([node.target]) | {one.name for one in every([node.target], nodes.NSRef)}
    if isinstance(node, nodes.Macro):
        return {node.name}
    if isinstance(node, nodes.Import):
        return {node.target}
    if isinstance(node, nodes.FromImport):
        return {name if isinstance(name, str) else name[1] for name in node.names}
    return set[str]().union(*(set_by(one) for one in _of_one_frame([node]) if one is not node))


def without_writing(body: Sequence[nodes.Node]) -> list[nodes.Node]:
    """Of these nodes, what they leave defined behind them, as nodes that write nothing."""
    found: list[nodes.Node] = []
    for node in body:
        if isinstance(node, DEFINING):
            found.append(node)
        elif isinstance(node, nodes.If):
            bodies = [node.body, *(one.body for one in node.elif_), node.else_]
            if any(map(without_writing, bodies)):
                found.append(_emptied(node))
    return found


def _emptied(node: nodes.If) -> nodes.If:
    return nodes.If(
        node.test,
        without_writing(node.body),
        [_emptied(one) for one in node.elif_],
        without_writing(node.else_),
        lineno=node.lineno,
    )


def is_read_ahead(tree: nodes.Template) -> bool:
    """Whether a name is set, anywhere in a template, that was read before from within something that has
    names of its own, as a loop has. There Jinja may know it as not yet set, whatever else it means, and a
    macro as what it is set to later: what is read depends on what follows, and on what else is read."""
    frames = [_within(node) for node in every([tree], nodes.Stmt) if not isinstance(node, nodes.If)]
    return any(map(_is_read_ahead, [tree.body, *frames]))


def _is_read_ahead(body: Sequence[nodes.Node]) -> bool:
    read: set[str] = set()  # from within, while it was not set
    kept: set[str] = set()  # by macros
    known: set[str] = set()
    for node in _of_one_frame(body):
        own, before = set_by(node), set(read)
        if isinstance(node, nodes.Macro):
            kept |= loaded(node.body) - stored(node.args)
        elif not isinstance(node, nodes.Block):
            read |= loaded(_within(node)) - known
            if isinstance(node, nodes.For):  # its own names, but not in its `else`
                read -= stored([node.target]) - loaded(node.else_) - before
        if not own.isdisjoint(read | kept):
            return True
        known |= own
    return False


def _of_one_frame(body: Sequence[nodes.Node]) -> Iterator[nodes.Node]:
    """The statements that share their names, in their order; an `if` has none of its own."""
    for node in body:
        if isinstance(node, nodes.If):
            yield from _of_one_frame([*node.body, *node.elif_, *node.else_])
        else:
            yield node


def _within(node: nodes.Node) -> list[nodes.Node]:
    """What of a statement has names of its own."""
    found: list[nodes.Node] = []
    for name in ("body", "else_", "test"):
        inner = getattr(node, name, None) or []
        found += inner if isinstance(inner, list) else [inner]
    return found


def is_read_once(expression: nodes.Node) -> bool:
    """Whether its value may be, or hold, something that can be gone through once: then it matters how often
    and in which order it is evaluated."""
    if isinstance(expression, nodes.Filter):
        if expression.name in _LAZY:
            return True
        if expression.name in _CONSUMING:
            return has_items_read_once(expression)
    return any(map(is_read_once, expression.iter_child_nodes()))


def has_items_read_once(filtered: nodes.Node) -> bool:
    """The same of what it comes to when it is gone through."""
    if not isinstance(filtered, nodes.Filter):
        return is_read_once(filtered)
    others = [one for one in filtered.iter_child_nodes() if one is not filtered.node]
    named = {str(one.value) for one in others if isinstance(one, nodes.Const)}
    if filtered.name == "map" and not _LAZY.isdisjoint(named):
        return True
    source = filtered.node
    return (source is not None and has_items_read_once(source)) or any(map(is_read_once, others))
