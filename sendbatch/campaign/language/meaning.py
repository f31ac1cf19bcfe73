"""What an expression of a template gives: text, numbers, or lists of them, as far as its source tells.

Columns are text, and variables are what the campaign file says. None is what cannot be known before a
row is looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from jinja2 import nodes

from sendbatch.campaign.language.comparing import NUMBER_FILTERS, may_be_written
from sendbatch.campaign.model import Json

TEXT, NUMBER = "text", "number"  # truth values are numbers
TEXTS, NUMBERS = "texts", "numbers"  # lists: of text alone, and with a number among them

# Filters and methods whose result is empty where their text is: as conditions they are as good as it.
KEEPING = frozenset({"lower", "upper", "trim", "title", "capitalize", "string", "e", "escape"}) | {
    *("safe", "forceescape", "default", "d", "strip", "lstrip", "rstrip", "swapcase", "casefold")
}
TEXT_FILTERS = KEEPING | {
    *(
        "replace",
        "truncate",
        "wordwrap",
        "center",
        "indent",
        "urlencode",
        "urlize",
        "format",
        "join",
    ),
    *("striptags", "xmlattr", "tojson", "pprint", "filesizeformat", "money", "date", "markdown"),
}
ONE_FILTERS = frozenset({"first", "last", "random", "min", "max"})  # one out of several
LIST_FILTERS = frozenset({"list", "sort", "unique", "select", "reject", "reverse"})
TEXT_METHODS = KEEPING | {*("replace", "zfill", "format", "join", "removeprefix", "removesuffix")}
LIST_METHODS = frozenset({"split", "rsplit", "splitlines", "partition", "rpartition"})
NUMBER_METHODS = frozenset(
    {"count", "find", "rfind", "index", "rindex", "startswith", "endswith"}
) | {*("isdigit", "isdecimal", "isnumeric", "isalpha", "isalnum", "isupper", "islower", "isspace")}
OF_LOOP = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth"}
)
ONE_OF = {TEXTS: TEXT, NUMBERS: NUMBER, TEXT: TEXT, NUMBER: NUMBER}
SEVERAL_OF = {TEXT: TEXTS, NUMBER: NUMBERS}


@dataclass(frozen=True, slots=True)
class Kind:
    """`column` is the column whose cells it is true or false with, if it is one's. A mapping is of the
    kind of its keys, and what it leads to another matter."""

    name: str
    column: str | None = None
    is_mapping: bool = False


@dataclass(frozen=True, slots=True)
class _Each:
    """What a loop's name stands for: one of the items of an expression."""

    items: nodes.Node


_Source: TypeAlias = "nodes.Node | _Each | Kind | None"


class Kinds:
    """Of one template. `unsure` are names that another template around it may set."""

    def __init__(
        self,
        tree: nodes.Template,
        columns: Collection[str],
        variables: Mapping[str, Json],
        unsure: Collection[str] = (),
    ) -> None:
        self._columns, self._variables, self._unsure = columns, variables, unsure
        self._assigned = _assigned(tree)
        # None too while a name is looked into: it may mention itself.
        self._names: dict[str, Kind | None] = {}

    def is_given(self, name: str) -> bool:
        """Whether it is anything but what the language itself calls so."""
        given = (self._columns, self._variables, self._unsure, self._assigned)
        return any(name in names for names in given)

    def is_column(self, name: str) -> bool:
        return name in self._columns

    def of(self, node: nodes.Node | None) -> Kind | None:
        if isinstance(node, nodes.Name):
            return self._name(node.name)
        if isinstance(node, nodes.Const):
            return _of_value(node.value)
        if isinstance(node, (nodes.List, nodes.Tuple)):
            return _several(map(self.of, node.items))
        if isinstance(node, nodes.Dict):
            return _mapping(_several(self.of(pair.key) for pair in node.items))
        if isinstance(node, nodes.Filter):
            return self._filter(node)
        if isinstance(node, nodes.Call):
            return self._call(node)
        if isinstance(node, (nodes.Getattr, nodes.Getitem)):
            return self._part(node)
        if isinstance(node, (nodes.And, nodes.Or)):
            return _joined([self.of(node.left), self.of(node.right)])
        if isinstance(node, nodes.CondExpr):
            return _joined([self.of(node.expr1), self.of(node.expr2)])
        if isinstance(node, nodes.Concat):
            return Kind(TEXT)
        if isinstance(node, (nodes.Compare, nodes.Test, nodes.Not, nodes.Neg, nodes.Pos)):
            return Kind(NUMBER)
        if isinstance(node, nodes.BinExpr):
            return self._sum(node)
        return None

    def _sum(self, node: nodes.BinExpr) -> Kind | None:
        left, right = self.of(node.left), self.of(node.right)
        if left is None or right is None:
            return None
        if isinstance(node, nodes.Mod) and left.name == TEXT:
            return Kind(TEXT)
        return Kind(left.name) if left.name == right.name else None

    def _name(self, name: str) -> Kind | None:
        if name in self._unsure:
            return None
        if name in self._names:
            return self._names[name]
        self._names[name] = None
        sources: list[_Source] = list(self._assigned.get(name, ()))
        if name in self._columns:
            sources.append(Kind(TEXT, name))
        elif name in self._variables:
            sources.append(_of_value(self._variables[name]))
        self._names[name] = _joined([self._source(source) for source in sources])
        return self._names[name]

    def _source(self, source: _Source) -> Kind | None:
        if isinstance(source, _Each):
            items = self.of(source.items)
            return Kind(ONE_OF[items.name]) if items is not None and items.name in ONE_OF else None
        return source if source is None or isinstance(source, Kind) else self.of(source)

    def _filter(self, node: nodes.Filter) -> Kind | None:
        of = self.of(node.node)
        if node.name in ("default", "d"):
            # With `true` behind it, the default stands for empty cells as well.
            return of if len(node.args) < 2 and not node.kwargs else None
        if may_be_written(node):
            is_cell = node.args and not isinstance(node.args[0], nodes.Const)
            return None if is_cell else Kind(TEXT)
        if node.name != "map":
            return _filtered(node.name, of)
        name = node.args[0].value if node.args and isinstance(node.args[0], nodes.Const) else ""
        one = ONE_OF.get(of.name) if of is not None else None
        made = _filtered(str(name), Kind(one) if one else None)
        if name == "number" and (node.args[1:] or node.kwargs):
            return None
        return Kind(SEVERAL_OF[made.name]) if made is not None and made.name in SEVERAL_OF else None

    def _call(self, node: nodes.Call) -> Kind | None:
        called = node.node
        if isinstance(called, nodes.Name) and called.name == "range":
            return Kind(NUMBERS)
        if not isinstance(called, nodes.Getattr):
            return None
        of = self.of(called.node)
        if of is None or of.name != TEXT:
            return None
        if called.attr in TEXT_METHODS:
            return Kind(TEXT, of.column if called.attr in KEEPING else None)
        if called.attr in LIST_METHODS:
            return Kind(TEXTS)
        return Kind(NUMBER) if called.attr in NUMBER_METHODS else None

    def _part(self, node: nodes.Getattr | nodes.Getitem) -> Kind | None:
        if isinstance(node, nodes.Getattr) and node.attr in OF_LOOP and _is_loop(node.node):
            return Kind(NUMBER)
        is_known, value = self._value(node)
        if is_known:
            return _of_value(value)
        is_known, value = self._value(node.node)
        if is_known and isinstance(value, dict) and isinstance(node, nodes.Getitem):
            return _joined(list(map(_of_value, value.values())))  # by a cell, say
        of = self.of(node.node)
        if isinstance(node, nodes.Getattr) or of is None or of.is_mapping:
            return None
        if of.name not in (TEXT, TEXTS):
            return None
        return Kind(of.name) if isinstance(node.arg, nodes.Slice) else Kind(TEXT)

    def _value(self, node: nodes.Node) -> tuple[bool, Any]:
        """The value of a variable, or of what lies in one, where nothing else may have set it."""
        if isinstance(node, nodes.Name):
            is_set = node.name in self._assigned or node.name in self._unsure
            known = not is_set and node.name not in self._columns and node.name in self._variables
            return known, self._variables.get(node.name)
        if not isinstance(node, (nodes.Getattr, nodes.Getitem)):
            return False, None
        is_known, value = self._value(node.node)
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if is_known and isinstance(value, dict) and key in value:
            return True, value[key]
        is_place = (
            isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value)
        )
        return (True, value[key]) if is_known and is_place else (False, None)


def _filtered(name: str, of: Kind | None) -> Kind | None:
    """What a filter makes of a kind."""
    if name in NUMBER_FILTERS:
        return Kind(NUMBER)
    if name in TEXT_FILTERS:
        return Kind(TEXT, of.column if of is not None and name in KEEPING else None)
    if of is None:
        return None
    if name in ONE_FILTERS:
        return Kind(ONE_OF[of.name])
    if name in LIST_FILTERS:
        return of if of.name in SEVERAL_OF.values() or name == "reverse" else Kind(TEXTS)
    return None


def _is_loop(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Name) and node.name == "loop"


def _of_value(value: Any) -> Kind | None:
    if isinstance(value, (int, float)):
        return Kind(NUMBER)
    if isinstance(value, str):
        return Kind(TEXT)
    if isinstance(value, dict):
        return _mapping(_several(map(_of_value, value)))
    if isinstance(value, (list, tuple)):
        return _several(map(_of_value, value))
    return None


def _mapping(of_keys: Kind | None) -> Kind | None:
    return replace(of_keys, is_mapping=True) if of_keys is not None else None


def _several(kinds: Iterable[Kind | None]) -> Kind | None:
    names = [kind.name if kind is not None else None for kind in kinds]
    if NUMBER in names:
        return Kind(NUMBERS)
    return Kind(TEXTS) if names and set(names) == {TEXT} else None


def _joined(kinds: list[Kind | None]) -> Kind | None:
    """What several ways lead to, if they agree."""
    first = kinds[0] if kinds else None
    if first is None or any(kind is None or kind.name != first.name for kind in kinds):
        return None
    return first if len(set(kinds)) == 1 else replace(first, column=None)


def _assigned(tree: nodes.Template) -> dict[str, list[_Source]]:
    """Every name that the template gives a value to, with all that it may be."""
    found: dict[str, list[_Source]] = {}

    def assign(target: nodes.Node, source: nodes.Node | _Each | Kind | None) -> None:
        if isinstance(target, nodes.Name):
            found.setdefault(target.name, []).append(source)
            return
        for name in target.find_all(nodes.Name):
            found.setdefault(name.name, []).append(None)

    for node in tree.find_all((nodes.Assign, nodes.AssignBlock, nodes.For, nodes.With)):
        if isinstance(node, nodes.Assign):
            assign(node.target, node.node)
        elif isinstance(node, nodes.AssignBlock):
            assign(node.target, Kind(TEXT) if node.filter is None else None)
        elif isinstance(node, nodes.For):
            assign(node.target, _Each(node.iter))
        elif isinstance(node, nodes.With):
            for target, value in zip(node.targets, node.values, strict=True):
                assign(target, value)
    for macro in tree.find_all(nodes.Macro):
        found.setdefault(macro.name, []).append(None)
        for argument in macro.args:  # whatever it is called with
            assign(argument, None)
    for block in tree.find_all(nodes.CallBlock):
        for argument in block.args:
            assign(argument, None)
    for imported in tree.find_all(nodes.Import):
        found.setdefault(imported.target, []).append(None)
    for imports in tree.find_all(nodes.FromImport):
        for one in imports.names:
            found.setdefault(one if isinstance(one, str) else one[1], []).append(None)
    return found
