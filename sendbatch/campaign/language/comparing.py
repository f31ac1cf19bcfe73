"""Comparing: text is never equal to a number, and a template that asks is told so.

Cells are text: `opted_out != 1` would be true for everybody. Jinja refuses `<` between the two; here
`==`, `!=` and `in` are refused as well, and the tests of the same meaning. Most is found before a row
is looked at (`misuses`); this finds the rest, when it is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.visitor import NodeTransformer

NUMBER_FILTERS = frozenset({"int", "float", "number", "round", "abs", "sum"}) | {
    *("length", "count", "wordcount")
}
TEST_OF = {"eq": "eq", "ne": "ne", "in": "in", "notin": "in"}
_FEW = 64  # keys of a mapping that are looked through
_LIKE_A_NUMBER = re.compile(r"\s*(?:[-+]?[\d.,]*\d[\d.,]*|true|false)\s*", re.IGNORECASE)


class Mismatch(jinja2.TemplateRuntimeError):
    """Text was compared with a number or a truth value."""


def equal(value: Any, other: Any) -> Any:
    """`==`. Raises Mismatch."""
    if type(value) is not type(other):
        _refuse_mixed(value, other)
    return value == other


def unequal(value: Any, other: Any) -> Any:
    """`!=`. Raises Mismatch."""
    if type(value) is not type(other):
        _refuse_mixed(value, other)
    return value != other


def contained(value: Any, several: Any) -> Any:
    """`in`. Raises Mismatch, also where what is looked for would be found nowhere."""
    found = value in several
    if not found and isinstance(value, (str, int, float)):
        for one in _items(several):
            if type(one) is not type(value):
                _refuse_mixed(value, one)
    return found


def same(value: Any, other: Any) -> bool:
    """`is sameas`. Raises Mismatch."""
    _refuse_mixed(value, other)
    return value is other


def true(value: Any) -> bool:
    """`is true`. Raises Mismatch."""
    return same(value, True)


def false(value: Any) -> bool:
    """`is false`. Raises Mismatch."""
    return same(value, False)


TESTS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("eq", "==", "equalto"), equal),
    **dict.fromkeys(("ne", "!="), unequal),
    "in": contained,
    "sameas": same,
    "true": true,
    "false": false,
}


def _items(several: Any) -> Iterable[Any]:
    if isinstance(several, range):
        return several[:1]
    if isinstance(several, (list, tuple)):
        return several
    few = isinstance(several, (dict, set, frozenset)) and len(several) <= _FEW
    return several if few else ()


def _refuse_mixed(value: Any, other: Any) -> None:
    if isinstance(value, str) and isinstance(other, (int, float)):
        text, number = value, other
    elif isinstance(other, str) and isinstance(value, (int, float)):
        text, number = other, value
    else:
        return
    shown = text if len(text) <= 40 else text[:39] + "…"
    told = str(number).lower() if isinstance(number, bool) else str(number)[:40]
    what = "truth value" if isinstance(number, bool) else "number"
    raise Mismatch(f'text is compared with a {what}, and never equal: "{shown}" with {told}')


class Compared(NodeTransformer):
    """Comparisons that might mix the two become the tests of the same meaning. One with a text that
    is written out and reads as no number stays as it is, for speed, and because it may be asked of a
    number with good reason: `width != "auto"`."""

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        parts: list[nodes.Expr] = []
        left = node.expr
        for operand in node.ops:
            parts.append(_tested(left, operand, node.lineno))
            left = operand.expr
        whole = parts[0]
        for part in parts[1:]:
            whole = nodes.And(whole, part, lineno=node.lineno)
        return node if all(isinstance(part, nodes.Compare) for part in parts) else whole


def _tested(left: nodes.Expr, operand: nodes.Operand, line: int) -> nodes.Expr:
    name, right = TEST_OF.get(operand.op), operand.expr
    is_plain = is_words(left) or is_words(right) or (is_number(left) and is_number(right))
    if name is None or is_plain:
        return nodes.Compare(left, [operand], lineno=line)
    test = nodes.Test(left, name, [right], [], None, None, lineno=line)
    return nodes.Not(test, lineno=line) if operand.op == "notin" else test


def is_number(node: nodes.Expr) -> bool:
    """Whether it is a number or truth value written out, or what a filter made one."""
    if isinstance(node, nodes.Filter):
        return node.name in NUMBER_FILTERS and not may_be_written(node)
    return isinstance(node, nodes.Const) and isinstance(node.value, (int, float))


def may_be_written(node: nodes.Filter) -> bool:
    """Whether it is `number` with a locale, or with what may be one: then it gives text."""
    if node.name != "number":
        return False
    first = node.args[0] if node.args else None
    is_mark = first is None or (isinstance(first, nodes.Const) and first.value in (None, ",", "."))
    return not is_mark or len(node.args) > 2 or any(one.key == "locale" for one in node.kwargs)


def is_words(node: nodes.Expr) -> bool:
    """Whether it is text written out that nobody takes for a number or a truth value, or a list of such."""
    if isinstance(node, (nodes.List, nodes.Tuple)):
        return bool(node.items) and all(map(is_words, node.items))
    is_text = isinstance(node, nodes.Const) and isinstance(node.value, str)
    return is_text and not _LIKE_A_NUMBER.fullmatch(node.value)  # type: ignore[attr-defined]
