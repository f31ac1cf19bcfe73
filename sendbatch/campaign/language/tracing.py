"""Which ways a template takes for a row: marks in its compiled code, put there for whoever only looks.

A template that is compiled within `tracing` notes, while it is rendered, each branch that it comes by. A
mark writes nothing and changes no value, so what is rendered is the same; and no other template has one, so
what is sent is made by code without them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

IF, ELIF, FOR, INLINE = "if", "elif", "for", "inline"


class Way(NamedTuple):
    """One way that a template may take: at the tag of this `kind` on this line, the `nth` of its kind there
    (from 0), what is asked holds, a loop has items; or `not holds`: no branch of an `if` is taken but its
    `else`, were it not written, and a loop is empty."""

    template: str  # its name, as its includes know it
    line: int
    kind: str
    nth: int
    holds: bool


class Trace:
    """`known` are the ways of all templates that were compiled for it, `taken` the numbers of those that
    were come by since it was last cleared."""

    def __init__(self) -> None:
        self.known: list[Way] = []
        self.taken = _Taken()
        self._numbers: dict[Way, int] = {}

    def number(self, way: Way) -> int:
        """The same for the same way, were its template compiled more than once."""
        if way not in self._numbers:
            self._numbers[way] = len(self.known)
            self.known.append(way)
        return self._numbers[way]


class _Taken(dict[int, None]):
    """To ask for a number notes it, and costs a look into a table; what is given is false."""

    def __missing__(self, number: int) -> None:
        self[number] = None


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


@contextmanager
def tracing(trace: Trace) -> Iterator[None]:
    """Environments that are made in the block compile their templates with marks for this trace."""
    before = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(before)


def current() -> Trace | None:
    return _current.get()


def ways_of(tree: nodes.Template, template: str) -> list[Way]:
    """All that a template may take. The tree is changed, and good for nothing else afterwards."""
    trace = Trace()
    marked(tree, template, trace)
    return trace.known


def marked(tree: nodes.Template, template: str, trace: Trace) -> nodes.Template:
    """The tree, with a mark in each of its ways; the environment has the trace's `taken` as its own."""
    changed = _Marking(template, trace).visit(tree)
    assert isinstance(changed, nodes.Template)
    return changed


class _Marking(NodeTransformer):
    """Tags of one kind on one line are counted in the order they are written in, which is the order of this
    walk."""

    def __init__(self, template: str, trace: Trace) -> None:
        self._template, self._trace = template, trace
        self._met = Counter[tuple[int, str]]()

    def _tag(self, node: nodes.Node, kind: str) -> Way:
        where = node.lineno, kind
        self._met[where] += 1
        return Way(self._template, node.lineno, kind, self._met[where] - 1, holds=True)

    def _mark(self, way: Way) -> nodes.Expr:
        number = nodes.Const(self._trace.number(way))
        return nodes.Getitem(nodes.EnvironmentAttribute("taken"), number, "load", lineno=way.line)

    def _noted(self, way: Way) -> nodes.ExprStmt:
        return nodes.ExprStmt(self._mark(way), lineno=way.line)

    def visit_If(self, node: nodes.If) -> nodes.If:
        way = self._tag(node, IF)
        self._parts(node, way)
        for other in node.elif_:
            self._parts(other, self._tag(other, ELIF))
        node.else_ = [self._noted(way._replace(holds=False)), *self._all(node.else_)]
        return node

    def _parts(self, node: nodes.If, way: Way) -> None:
        node.test = self.visit(node.test)
        node.body = [self._noted(way), *self._all(node.body)]

    def _all(self, statements: list[nodes.Node]) -> list[nodes.Node]:
        return [self.visit(one) for one in statements]

    def visit_For(self, node: nodes.For) -> nodes.For:
        way = self._tag(node, FOR)
        node.iter = self.visit(node.iter)
        if node.test is not None:  # it stands before the body, and behind it in the tree
            node.test = self.visit(node.test)
        node.body = [self._noted(way), *self._all(node.body)]
        node.else_ = [self._noted(way._replace(holds=False)), *self._all(node.else_)]
        return node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.CondExpr:
        """A mark is false, so `mark or value` is the value."""
        way = self._tag(node, INLINE)
        instead = way._replace(holds=False)
        self.generic_visit(node)
        node.expr1 = nodes.Or(self._mark(way), node.expr1, lineno=node.lineno)
        if node.expr2 is None:  # what is undefined then, Jinja says itself
            node.test = nodes.Or(node.test, self._mark(instead), lineno=node.lineno)
        else:
            node.expr2 = nodes.Or(self._mark(instead), node.expr2, lineno=node.lineno)
        return node
