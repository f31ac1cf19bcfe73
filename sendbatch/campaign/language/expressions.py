"""What the expressions of a template give at most, and what that costs.

A rule for each kind of node; what has none is `Unbounded`. Whether a test comes out one way or another is not
asked: each result is as long as the longest that may be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import nodes

from sendbatch.campaign.language.amounts import NOTHING, Unbounded, fixed, length_of
from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.language.estimates import (
    ESCAPED,
    LOOP,
    UNDEFINED,
    Estimate,
    Kind,
    children,
    each,
    leaves,
    listed,
    number,
    one_of,
    part,
    text,
)
from sendbatch.campaign.language.passed import (
    FILTERS,
    SLOW,
    TEXT_METHODS,
    Given,
    added,
    calculated,
    multiplied,
    of_mapping,
    raised,
    remainder,
    short,
)
from sendbatch.campaign.language.spending import STEP, Spending
from sendbatch.campaign.model import Json

_GREATEST = 1_000_000  # number that a `range` is made of
_TRUTH = number(len("False"))
_OF_LOOP = frozenset(
    ("index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0")
)
_TESTS = frozenset(
    ("defined", "undefined", "none", "string", "number", "mapping", "iterable", "sequence", "boolean")
) | {
    *("integer", "float", "true", "false", "eq", "equalto", "==", "ne", "!=", "lt", "lessthan", "<"),
    *("le", "<=", "gt", "greaterthan", ">", "ge", ">=", "in", "sameas", "odd", "even", "divisibleby"),
    *("upper", "lower", "escaped"),
}  # fmt: skip


class Expressions:
    """Those of one content's templates; each that is valued is added to what was `spent`."""

    def __init__(
        self, spent: Spending, columns: Sequence[str], variables: Mapping[str, Json]
    ) -> None:
        self._spent, self._columns, self._variables = spent, frozenset(columns), variables
        self._globals = frozenset(environment().globals) | {"self", "super", "caller", "loop"}

    def value(self, node: nodes.Node) -> Estimate:
        """Raises Unbounded."""
        if type(node) not in _RULES:
            raise Unbounded
        found = _RULES[type(node)](self, node)
        is_new = found.known is None and not isinstance(node, nodes.Name)
        self._spent.step(found.as_text if is_new else NOTHING)
        return found

    def filtered(self, node: nodes.Filter, of: Estimate) -> Estimate:
        """What a filter makes of a value. Raises Unbounded."""
        given = self._given(node)
        if node.name == "map":
            return self._mapped(of, given)
        if node.name in ("select", "reject", "selectattr", "rejectattr"):
            return self._selected(node.name, of, given)
        self._spent.step(of.as_text * SLOW.get(node.name, 1))
        return _filter(node.name)(of, given)

    def _name(self, node: nodes.Name) -> Estimate:
        name = node.name
        if name in self._spent.names:
            return self._spent.names[name]
        if name in self._columns:
            length = length_of(name)
            return Estimate(Kind.TEXT, length, length)
        if name in self._variables:
            return one_of([self._variables[name]])
        if name in self._globals:
            raise Unbounded
        return UNDEFINED

    def _constant(self, node: nodes.Const) -> Estimate:
        return one_of([node.value])

    def _data(self, node: nodes.TemplateData) -> Estimate:
        return text(len(node.data), is_markup=True)

    def _list(self, node: nodes.List | nodes.Tuple) -> Estimate:
        return listed(list(map(self.value, node.items)))

    def _mapping(self, node: nodes.Dict) -> Estimate:
        """One of the author's own values alone."""
        pairs = [(self.value(pair.key).known, self.value(pair.value).known) for pair in node.items]
        written = {}
        for key, value in pairs:
            if key is None or value is None or len(key) != 1 or len(value) != 1:
                raise Unbounded
            written[key[0]] = value[0]
        return one_of([written])

    def _filter(self, node: nodes.Filter) -> Estimate:
        if node.node is None:
            raise Unbounded
        return self.filtered(node, self.value(node.node))

    def _given(self, node: nodes.Filter | nodes.Test | nodes.Call) -> Given:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise Unbounded
        named = {str(one.key): self.value(one.value) for one in node.kwargs}
        return Given(list(map(self.value, node.args)), named)

    def _mapped(self, of: Estimate, given: Given) -> Estimate:
        """A filter for each item, or an attribute of each."""
        if not given.positional:
            return _attributes(of, given)
        name = given.positional[0].known
        if name is None or len(name) != 1:
            raise Unbounded
        item = self._spent.new_item()
        made = _filter(name[0])(each(of, item), Given(given.positional[1:], given.named))
        if made.kind is Kind.LIST:
            raise Unbounded
        size = made.as_text.summed(item, of.count, of.size)
        self._spent.step(of.count * STEP + size)
        return Estimate(Kind.LIST, size, of.count, item=made.kind, is_markup=made.is_markup)

    def _selected(self, name: str, of: Estimate, given: Given) -> Estimate:
        place = int(name.endswith("attr"))  # the test's name comes behind the attribute's
        tests = given.positional[place].known if len(given.positional) > place else ("defined",)
        if tests is None or not _TESTS.issuperset(tests):
            raise Unbounded
        short(given.positional[:place])
        for one in given.all:
            self._spent.step(of.size + of.count * STEP + of.count * one.as_text)
        return _filter("list")(of, Given((), {}))

    def _test(self, node: nodes.Test) -> Estimate:
        if node.name not in _TESTS:
            raise Unbounded
        self._look_at(self.value(node.node))
        for one in self._given(node).all:
            self._look_at(one)
        return _TRUTH

    def _comparison(self, node: nodes.Compare) -> Estimate:
        for one in (node.expr, *[operand.expr for operand in node.ops]):
            self._look_at(self.value(one))
        return _TRUTH

    def _look_at(self, value: Estimate) -> None:
        self._spent.step(value.as_text + value.count)

    def _call(self, node: nodes.Call) -> Estimate:
        called, given = node.node, self._given(node)
        if isinstance(called, nodes.Name) and called.name == "range":
            return self._range(given)
        if not isinstance(called, nodes.Getattr):
            raise Unbounded
        if self._is_loop(called.node):
            if called.attr != "cycle" or not given.positional:
                raise Unbounded
            return part(listed(given.positional))
        of = self.value(called.node)
        if of.known is not None and all(isinstance(value, dict) for value in of.known):
            return of_mapping(called.attr, of, given)
        if of.kind is not Kind.TEXT or called.attr not in TEXT_METHODS:
            raise Unbounded
        self._spent.step(of.as_text)
        return TEXT_METHODS[called.attr](of, given)

    def _range(self, given: Given) -> Estimate:
        """No more items than lie between its ends, which are numbers of the author's."""
        if "range" in self._spent.names or "range" in self._columns or "range" in self._variables:
            raise Unbounded
        ends = [
            given.whole(place, "", 0, _GREATEST, -_GREATEST)
            for place in range(len(given.positional))
        ]
        count = fixed(sum(map(abs, ends)))
        return Estimate(Kind.LIST, count * len(str(-_GREATEST)), count, item=Kind.NUMBER)

    def _attribute(self, node: nodes.Getattr) -> Estimate:
        if self._is_loop(node.node):
            if node.attr not in _OF_LOOP:
                raise Unbounded
            return number(len(str(_GREATEST)))
        return self._child(self.value(node.node), node.attr)

    def _is_loop(self, node: nodes.Node) -> bool:
        return isinstance(node, nodes.Name) and self._spent.names.get(node.name) is LOOP

    def _item(self, node: nodes.Getitem) -> Estimate:
        of = self.value(node.node)
        if isinstance(node.arg, nodes.Slice):
            for end in (node.arg.start, node.arg.stop, node.arg.step):
                if end is not None:
                    self.value(end)
            return _slice(of)
        key = self.value(node.arg)
        if key.known is not None and len(key.known) == 1:
            return self._child(of, key.known[0])
        return part(of)

    def _child(self, of: Estimate, key: Any) -> Estimate:
        """What lies in a value by that name or number."""
        if of.known is None:
            if not isinstance(key, int):
                raise Unbounded
            return part(of)
        if isinstance(key, str) and any(hasattr(value, key) for value in of.known):
            raise Unbounded  # a method, perhaps
        found = []
        for value in of.known:
            if isinstance(value, dict) and key in value:
                found.append(value[key])
            elif isinstance(value, (list, str)) and isinstance(key, int):
                found += value[key : key + 1 or None]
        return one_of(found)

    def _joined(self, node: nodes.Concat) -> Estimate:
        parts = list(map(self.value, node.nodes))
        escaped = ESCAPED if any(one.is_markup for one in parts) else 1
        size = NOTHING
        for one in parts:
            size += one.as_text * (1 if one.is_markup else escaped)
        return text(size, *parts)

    def _either(self, node: nodes.CondExpr) -> Estimate:
        self.value(node.test)
        found = self.value(node.expr1)
        return found.or_else(self.value(node.expr2)) if node.expr2 is not None else found

    def _and_or(self, node: nodes.And | nodes.Or) -> Estimate:
        return self.value(node.left).or_else(self.value(node.right))

    def _not(self, node: nodes.Not) -> Estimate:
        self.value(node.node)
        return _TRUTH

    def _signed(self, node: nodes.Neg | nodes.Pos) -> Estimate:
        return number(self.value(node.node).as_text + 1)

    def _operation(self, node: nodes.BinExpr) -> Estimate:
        return _OPERATORS[type(node)](self.value(node.left), self.value(node.right))


_RULES: Mapping[type[nodes.Node], Callable[..., Estimate]] = {
    nodes.Name: Expressions._name,
    nodes.Const: Expressions._constant,
    nodes.TemplateData: Expressions._data,
    nodes.List: Expressions._list,
    nodes.Tuple: Expressions._list,
    nodes.Dict: Expressions._mapping,
    nodes.Filter: Expressions._filter,
    nodes.Test: Expressions._test,
    nodes.Compare: Expressions._comparison,
    nodes.Call: Expressions._call,
    nodes.Getattr: Expressions._attribute,
    nodes.Getitem: Expressions._item,
    nodes.Concat: Expressions._joined,
    nodes.CondExpr: Expressions._either,
    nodes.And: Expressions._and_or,
    nodes.Or: Expressions._and_or,
    nodes.Not: Expressions._not,
    nodes.Neg: Expressions._signed,
    nodes.Pos: Expressions._signed,
    **dict.fromkeys(
        (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow),
        Expressions._operation,
    ),
}
_OPERATORS: Mapping[type[nodes.BinExpr], Callable[[Estimate, Estimate], Estimate]] = {
    nodes.Add: added,
    nodes.Sub: calculated,
    nodes.Mul: multiplied,
    nodes.Div: calculated,
    nodes.FloorDiv: calculated,
    nodes.Mod: remainder,
    nodes.Pow: raised,
}


def _filter(name: object) -> Callable[[Estimate, Given], Estimate]:
    if not isinstance(name, str) or name not in FILTERS:
        raise Unbounded
    return FILTERS[name]


def _attributes(of: Estimate, given: Given) -> Estimate:
    """`map(attribute="name")`, of the author's own values."""
    name = given.named.get("attribute")
    if of.known is None or name is None or name.known is None or len(name.known) != 1:
        raise Unbounded
    items = [item for value in of.known for item in children(value)]
    if all(isinstance(item, dict) and name.known[0] in item for item in items):
        return one_of([[item[name.known[0]] for item in items]])
    return one_of([leaves(items)])


def _slice(of: Estimate) -> Estimate:
    if of.kind is Kind.TEXT:
        return text(of.as_text, of)
    if of.kind is not Kind.LIST:
        raise Unbounded
    item = of.item if of.known is None else Kind.OTHER
    return Estimate(Kind.LIST, of.size, of.count, item=item, is_markup=of.is_markup)
