"""A template's syntax tree, planned: walked once, before any row is seen.

What a part needs of names that are set before it is compiled with it (`naming`). A part that has more to
do with what is around it is one hole as a whole, a plain segment: rendered by Jinja as it stands, while
the rest stays planned. Such are a filter over a block, `with`, `autoescape`, a recursive loop, one that asks
`loop` for more than where it is, and all that lies between the first and the last use of something that
remembers: a namespace, a `cycler`, a `joiner`, a lazy list under a name.

Nothing is planned of a template that speaks of itself (`self`, `super`), whose blocks are in loops, in
which a name means something else by what follows (`is_read_ahead`), or which draws by chance: what is drawn
once and used twice would be drawn twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer

from sendbatch.campaign.language.comparing import Compared
from sendbatch.campaign.language.environment import is_by_chance
from sendbatch.message.ways.naming import (
    DEFINING,
    Scope,
    every,
    has_items_read_once,
    is_read_ahead,
    is_read_once,
    loaded,
    opens,
    set_by,
    stored,
    without_writing,
)
from sendbatch.message.ways.parts import Check, Choice, Constant, Hole, Loop, Part
from sendbatch.message.ways.snippets import (
    OF_POSITION,
    Snippet,
    Value,
    filtered,
    iterable,
    written,
)

_REMEMBERING = frozenset({"cycler", "joiner", "namespace"})
_OF_ITSELF = frozenset({"self", "super"})
_MOST_INCLUDES = 100  # in their places; they may include each other
_ITEM = "_sendbatch_item"


class Unplanned(Exception):
    """This template, or this part of it, has to be rendered as it stands."""


class _AsksLoop(Unplanned):
    """The loop around this part has to be rendered as it stands."""


def planned(
    env: Environment, entry: str, columns: Sequence[str], constants: Mapping[str, object]
) -> tuple[Part, ...]:
    """The parts of the template that the environment's loader gives for this name. Raises Unplanned, and
    what parsing a template may raise."""
    assert env.loader is not None
    for name in env.loader.list_templates():
        if is_by_chance(env.parse(env.loader.get_source(env, name)[0], name)):
            raise Unplanned
    planning = _Planning(env, frozenset(columns), constants)
    scope = Scope({name: slot for slot, name in enumerate(columns)}, len(columns))
    return tuple(planning.template(entry, scope))


class _Planning:
    def __init__(
        self, env: Environment, columns: frozenset[str], constants: Mapping[str, object]
    ) -> None:
        self._env = env
        self._columns = columns
        self._constants = constants
        self._snippets: dict[object, Snippet] = {}
        self._blocks: dict[str, nodes.Block] = {}
        self._included = 0

    def template(self, name: str, scope: Scope) -> list[Part]:
        """With what it extends: a block is that of the last template that has it."""
        tree = self._parsed(name)
        if not _OF_ITSELF.isdisjoint(loaded([tree])):
            raise Unplanned
        for block in tree.find_all(nodes.Block):
            self._blocks.setdefault(block.name, block)
        extends = [*tree.find_all(nodes.Extends)]
        if not extends:
            return self._sequence(tree.body, scope)
        (found,) = extends
        if found not in tree.body or not isinstance(found.template, nodes.Const):
            raise Unplanned
        at = tree.body.index(found)
        first, last = _remembering(tree.body[at:], scope.slots)
        if first < last:
            raise Unplanned
        parts = self._sequence(tree.body[:at], scope)
        for node in tree.body[at + 1 :]:
            if isinstance(node, DEFINING):
                parts += self._defined(node, scope)
            elif not isinstance(node, (nodes.Output, nodes.Block)):
                raise Unplanned
        return parts + self.template(found.template.value, scope)

    def _parsed(self, name: str) -> nodes.Template:
        assert self._env.loader is not None
        source = self._env.loader.get_source(self._env, name)[0]
        tree = self._env.parse(source, name)
        if is_read_ahead(tree):
            raise Unplanned
        compared = _Told(self._columns - stored([tree])).visit(Compared().visit(tree))
        assert isinstance(compared, nodes.Template)
        compared.set_environment(self._env)
        return compared

    def _sequence(self, body: Sequence[nodes.Node], scope: Scope) -> list[Part]:
        first, last = _remembering(body, scope.slots)
        found: list[Part] = []
        for node in body[:first]:
            found += self._node(node, scope)
        if first < last:
            segment = body[first:last]
            found.append(self._plain(segment, scope))
            self._leave_behind(segment, scope)
        for node in body[max(first, last) :]:
            found += self._node(node, scope)
        return found

    def _node(self, node: nodes.Node, scope: Scope) -> list[Part]:
        if isinstance(node, nodes.Output):
            return [self._written(one, scope) for one in node.nodes]
        if isinstance(node, DEFINING):
            return self._defined(node, scope)
        if isinstance(node, nodes.Block):
            return self._block(node, scope)
        if isinstance(node, nodes.Include):
            return self._include(node, scope)
        if isinstance(node, nodes.For) and not self._is_constant(node, scope):
            return self._loop(node, scope)
        made: Part
        if isinstance(node, nodes.If) and not self._is_constant(node, scope):
            made = self._choice(node, scope)
        else:
            made = self._plain([node], scope)
        self._leave_behind([node], scope)
        return [made]

    def _leave_behind(self, body: Sequence[nodes.Node], scope: Scope) -> None:
        for node in without_writing(body):
            scope.define(node)

    def _written(self, node: nodes.Expr, scope: Scope) -> Part:
        if isinstance(node, nodes.TemplateData):
            return Constant(node.data)
        output = nodes.Output([node], lineno=node.lineno)
        names = loaded([node])
        is_value = names <= scope.slots.keys() and not scope.mentions(names)
        if is_value and filtered(self._env, node) is not None:
            return Hole(self._snippet([output], scope, Value))
        return self._plain([output], scope)

    def _plain(self, body: Sequence[nodes.Node], scope: Scope) -> Part:
        """What these nodes write: the same for everybody, or a hole."""
        if any(every(body, (nodes.Block, nodes.Extends))):
            raise Unplanned
        snippet = self._snippet(body, scope)
        return Hole(snippet) if snippet.slots or not snippet.repeats else Constant(snippet)

    def _defined(self, node: nodes.Node, scope: Scope) -> list[Part]:
        if any(every([node], nodes.Block)):
            raise Unplanned
        snippet = self._snippet([node], scope)
        scope.define(node)
        is_harmless = isinstance(node, nodes.Macro) or (
            isinstance(node, nodes.Assign)
            and isinstance(node.target, nodes.Name)
            and isinstance(node.node, (nodes.Name, nodes.Const))
        )
        return [] if is_harmless else [Check(snippet)]

    def _choice(self, node: nodes.If, scope: Scope) -> Choice:
        numbers = [
            nodes.If(one.test, [written(str(n + 1))], [], []) for n, one in enumerate(node.elif_)
        ]
        deciding = nodes.If(node.test, [written("0")], numbers, [written(str(len(numbers) + 1))])
        bodies = [node.body, *(one.body for one in node.elif_), node.else_]
        branches = [tuple(self._sequence(body, scope.inner())) for body in bodies]
        return Choice(self._snippet([deciding], scope), tuple(branches))

    def _loop(self, node: nodes.For, scope: Scope) -> list[Part]:
        targets = stored([node.target])
        cannot = (
            node.recursive or has_items_read_once(node.iter) or scope.mentions({*targets, "loop"})
        )
        if cannot or any(every([node], nodes.Block)):
            return [self._plain([node], scope)]
        made = self._snippet([iterable(node)], scope)
        otherwise = tuple(self._sequence(node.else_, scope.inner()))
        try:
            inner, parts = self._turn(node, scope)
            test = None
            if node.test is not None:
                # What cannot be unpacked is an error, also where the rest of the test is not asked.
                unpacked = [one.node for one in inner.definitions[len(scope.definitions) :]]
                asked = nodes.If(node.test, [written("1")], [], [written("0")])
                test = self._snippet([*unpacked, asked], inner)
            counts = "loop" in loaded(node.body)
            if counts:
                inner.slots["loop"] = inner.width
                inner.width += 1
                inner.in_loop = True
            parts += self._sequence(node.body, inner)
        except _AsksLoop:
            return [self._plain([node], scope)]
        return [Loop(made, test, counts, tuple(parts), otherwise)]

    def _turn(self, node: nodes.For, scope: Scope) -> tuple[Scope, list[Part]]:
        """The scope of one item, and what has to be done to come to it."""
        inner = scope.inner()
        inner.width += 1
        if isinstance(node.target, nodes.Name):
            inner.slots[node.target.name] = scope.width
            return inner, []
        name = f"{_ITEM}{scope.width}"
        inner.slots[name] = scope.width
        for target in stored([node.target]):
            inner.slots.pop(target, None)
        unpacking = nodes.Assign(node.target, nodes.Name(name, "load"), lineno=node.lineno)
        return inner, self._defined(unpacking, inner)

    def _block(self, node: nodes.Block, scope: Scope) -> list[Part]:
        block = self._blocks[node.name]
        if block.required:
            raise Unplanned
        return self._sequence(block.body, scope.inner())

    def _include(self, node: nodes.Include, scope: Scope) -> list[Part]:
        self._included += 1
        name = node.template.value if isinstance(node.template, nodes.Const) else None
        is_plain = node.ignore_missing or not node.with_context or self._included > _MOST_INCLUDES
        if isinstance(name, str) and not is_plain:
            tree = self._parsed(name)
            known = loaded([tree])
            speaks = _OF_ITSELF | ({"loop"} if scope.in_loop else set())
            if not any(every([tree], (nodes.Block, nodes.Extends))) and speaks.isdisjoint(known):
                return self._sequence(tree.body, scope.inner())
        return [self._plain([node], scope)]

    def _is_constant(self, node: nodes.Node, scope: Scope) -> bool:
        if any(every([node], nodes.Block)):
            return False
        return not scope.needed(scope.read([node]))[1]

    def _snippet(
        self, body: Sequence[nodes.Node], scope: Scope, kind: type[Snippet] = Snippet
    ) -> Snippet:
        names = scope.read(body)
        # Another template may ask `loop` for anything.
        if scope.in_loop and "loop" in names and (opens(body) or not _asks_position_alone(body)):
            raise _AsksLoop
        before, slots = scope.needed(names)
        whole = [*before, *body]
        told = (kind, repr(whole), tuple(slots.items()))
        if told not in self._snippets:
            repeats = not opens(whole)
            self._snippets[told] = kind(self._env, whole, slots, self._constants, repeats=repeats)
        return self._snippets[told]


class _Told(NodeTransformer):
    """Whether one of these columns `is defined` is known before any row is: it always is."""

    def __init__(self, columns: Collection[str]) -> None:
        self._columns = columns

    def visit_Test(self, node: nodes.Test) -> nodes.Expr:
        asked = node.node.name if isinstance(node.node, nodes.Name) else None
        if asked in self._columns and node.name in ("defined", "undefined"):
            return nodes.Const(node.name == "defined", lineno=node.lineno)
        found = self.generic_visit(node)
        assert isinstance(found, nodes.Expr)
        return found


def _asks_position_alone(body: Sequence[nodes.Node]) -> bool:
    asked = sum(name.name == "loop" for name in every(body, nodes.Name))
    told = sum(
        isinstance(one.node, nodes.Name) and one.node.name == "loop" and one.attr in OF_POSITION
        for one in every(body, nodes.Getattr)
    )
    return asked == told


def _remembering(body: Sequence[nodes.Node], ours: Collection[str]) -> tuple[int, int]:
    """Between which of the nodes something is used that remembers; `ours` are names that mean something
    else here. Twice the length where nothing is."""
    names = set(_REMEMBERING.difference(ours))
    found = []
    for number, node in enumerate(body):
        given = [one.node for one in every([node], nodes.Assign)]
        given += [one.filter for one in every([node], nodes.AssignBlock) if one.filter is not None]
        lazy = any(map(is_read_once, given))
        if lazy or not names.isdisjoint(loaded([node])):
            found.append(number)
            names |= set_by(node)
    return (found[0], found[-1] + 1) if found else (len(body), len(body))
