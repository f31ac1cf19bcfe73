"""What a template asks of text that text never answers: found in its source, before a row is looked at.

Text compared with a number or a truth value is a fault; a column that is a condition all by itself is
noted, for it depends on the cells whether that was meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jinja2 import nodes

from sendbatch.campaign.language.meaning import NUMBER, NUMBERS, TEXT, TEXTS, Kinds
from sendbatch.campaign.names import OWN_WORDS
from sendbatch.findings import Rule

SIGNS = {"eq": "==", "ne": "!=", "in": "in", "notin": "not in"}
EQUAL_TESTS = {"eq": "==", "==": "==", "equalto": "==", "ne": "!=", "!=": "!="}
TRUTH_TESTS = {"true": True, "false": False}
NUMBER_TESTS = frozenset({"number", "integer", "float", "boolean"})
FUNCTIONS = frozenset({"range", "dict", "namespace", "cycler", "joiner"})  # of Jinja's
CHOOSING_FILTERS = frozenset({"select", "reject"})
SAYING_NO = (
    "false",
    "0",
    "no",
    "off",
    "n",
)  # what a cell says of which people expect it to be false


@dataclass(frozen=True, slots=True)
class Misuse:
    """`line` counts from 1 in the source, `word` is a name in that line."""

    rule: Rule
    line: int
    word: str
    message: str
    hint: str


def misuses(tree: nodes.Template, kinds: Kinds) -> list[Misuse]:
    """Every comparison of text with a number or a truth value, and every word of the language that was
    taken for a column of that name, in the order of lines."""
    found = [*_compared(tree, kinds), *_tested(tree, kinds), *_chosen(tree, kinds)]
    found += _mistaken(tree, kinds)
    for node in tree.find_all((nodes.If, nodes.CondExpr, nodes.For)):
        found += always_true(node.test)  # type: ignore[attr-defined]
    return sorted(found, key=lambda misuse: misuse.line)


def misuses_of_condition(tree: nodes.Template, kinds: Kinds) -> list[Misuse]:
    """As `misuses`, of an expression that is a condition itself."""
    (output,) = tree.find_all(nodes.Output)
    return [*misuses(tree, kinds), *always_true(output.nodes[0])]


def always_true(condition: nodes.Node | None) -> Iterator[Misuse]:
    """`plan == "free" or "pro"`: what was to be compared too is true for everybody."""
    if isinstance(condition, nodes.Not):
        yield from always_true(condition.node)
    elif isinstance(condition, nodes.And):
        yield from always_true(condition.left)
        yield from always_true(condition.right)
    elif isinstance(condition, nodes.Or):
        yield from always_true(condition.left)
        yield from always_true(condition.right)
        text = condition.right
        if isinstance(text, nodes.Const) and isinstance(text.value, str) and text.value:
            said = (
                f"{written(text)} behind `or` is compared with nothing, and so true for everybody"
            )
            hint = _compare_too(condition.left, text)
            yield Misuse(Rule.ALWAYS_TRUE, condition.lineno, _word(condition.left), said, hint)


def _compare_too(left: nodes.Node, text: nodes.Const) -> str:
    compared = [left] if isinstance(left, nodes.Compare) else [*left.find_all(nodes.Compare)]
    name = written(compared[-1].expr) if compared else "…"
    return f"write or {name} == {written(text)}" if name != "…" else "compare it with a column"


class Bare(NamedTuple):
    """A column's cell that is a condition and nothing more. `words` are those of SAYING_NO that it takes for
    yes: all, but for what the same condition asks about besides, as in `points and points != "0"`."""

    line: int
    column: str
    words: tuple[str, ...] = SAYING_NO


def bare_conditions(tree: nodes.Template, kinds: Kinds) -> list[Bare]:
    """All, in the order of lines."""
    return sorted(_conditions(tree, kinds, set()))


def _conditions(tree: nodes.Template, kinds: Kinds, met: set[int]) -> set[Bare]:
    """But for those in what was `met`."""
    found: set[Bare] = set()
    for node in tree.find_all((nodes.If, nodes.CondExpr, nodes.For)):
        found.update(_bare(node.test, kinds, met))  # type: ignore[attr-defined]
    for node in tree.find_all((nodes.Not, nodes.And)):  # the outer before the inner
        if id(node) in met:
            continue
        if not isinstance(node, nodes.And):
            found.update(_bare(node, kinds, met))
        else:
            *asked, last = _operands(node, met)
            for one in asked:
                found.update(_bare(one, kinds, met, [(True, other) for other in (*asked, last)]))
    return found


def bare_expression(tree: nodes.Template, kinds: Kinds) -> list[Bare]:
    """As `bare_conditions`, of an expression that is a condition itself."""
    (output,) = tree.find_all(nodes.Output)
    met: set[int] = set()
    whole = {*_bare(output.nodes[0], kinds, met)}
    return sorted(whole | _conditions(tree, kinds, met))


def truthful(column: str) -> str:
    """The condition that was probably meant by a column alone."""
    return f"{column}|trim|lower not in {json.dumps(['', *SAYING_NO])}"


def _bare(
    node: nodes.Node | None, kinds: Kinds, met: set[int], beside: Sequence[tuple[bool, nodes.Node]] = ()
) -> Iterator[Bare]:
    """`met` are the identities of what was looked at so; `beside` is what the same condition asks, each with
    whether that has to be true as well, or is enough."""
    if isinstance(node, (nodes.And, nodes.Or)):
        operands = _operands(node, met)
        around = [*beside, *((isinstance(node, nodes.And), one) for one in operands)]
        for one in operands:
            yield from _bare(one, kinds, met, around)
    elif isinstance(node, nodes.Not):
        met.add(id(node))
        yield from _bare(node.node, kinds, met, beside)
    elif node is not None:
        kind = kinds.of(node)
        if kind is not None and kind.name == TEXT and kind.column is not None:
            asked = {word for one in beside for word in _asked(*one, kind.column, kinds)}
            words = tuple(word for word in SAYING_NO if word not in asked)
            yield Bare(node.lineno, kind.column, words)


def _operands(node: nodes.BinExpr, met: set[int]) -> list[nodes.Expr]:
    """Of `a and b and c` all three."""
    met.add(id(node))
    left = node.left
    if isinstance(left, nodes.BinExpr) and type(left) is type(node):
        return [*_operands(left, met), node.right]
    return [left, node.right]


def _asked(is_needed: bool, node: nodes.Node, column: str, kinds: Kinds) -> Collection[str]:
    """The words of SAYING_NO for which a comparison of this column decides: of `!= "0"` that has to be true,
    and of `== "0"` that is enough, what they name; of others that have to be true all."""
    if not isinstance(node, nodes.Compare):
        return ()
    sides = [node.expr, *(operand.expr for operand in node.ops)]
    names = [name for side in sides for name in (side, *side.find_all(nodes.Name))]
    if not any((kind := kinds.of(name)) is not None and kind.column == column for name in names):
        return ()
    operators = {operand.op for operand in node.ops}
    named = {one.value.strip().lower() for one in node.find_all(nodes.Const) if isinstance(one.value, str)}
    if is_needed:
        return named if named and operators <= {"ne", "notin"} else SAYING_NO
    return named if operators <= {"eq", "in"} else ()


def _compared(tree: nodes.Template, kinds: Kinds) -> Iterator[Misuse]:
    for node in tree.find_all(nodes.Compare):
        left = node.expr
        for operand in node.ops:
            sign = SIGNS.get(operand.op)
            if sign is not None:
                yield from _pair(left, sign, operand.expr, kinds, node.lineno)
            left = operand.expr


def _mistaken(tree: nodes.Template, kinds: Kinds) -> Iterator[Misuse]:
    """`{{ none }}` where the CSV has a column called None, which is `_none` here; `{{ range }}` where it has
    no such column, which Jinja would write as "<class 'range'>"."""
    for node in tree.find_all(
        (nodes.Output, nodes.Concat, nodes.Filter, nodes.Compare, nodes.Operand)
    ):
        for child in node.iter_child_nodes():
            name = child.name if isinstance(child, nodes.Name) else ""
            if name in FUNCTIONS and not kinds.is_given(name):
                said = f"{name} is a function of the template language, and no text"
                hint = f"add a column or a variable of that name, or write {name}(…)"
                yield Misuse(Rule.LANGUAGE_WORD, node.lineno, name, said, hint)
            word = _own_word(child)
            if word and kinds.is_column(f"_{word}"):
                said = f"{word} is a word of the template language, and not the column"
                hint = f"the column of that name is _{word} here"
                yield Misuse(Rule.LANGUAGE_WORD, node.lineno, word, said, hint)


def _own_word(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name if node.name in OWN_WORDS else ""
    is_word = isinstance(node, nodes.Const) and (node.value is None or isinstance(node.value, bool))
    return str(node.value).lower() if is_word else ""  # type: ignore[attr-defined]


def _tested(tree: nodes.Template, kinds: Kinds) -> Iterator[Misuse]:
    for node in tree.find_all(nodes.Test):
        yield from _test(node.node, node.name, node.args, kinds, node.lineno)


def _chosen(tree: nodes.Template, kinds: Kinds) -> Iterator[Misuse]:
    """`tags|select("equalto", 1)`: the test is asked of each item."""
    for node in tree.find_all(nodes.Filter):
        if node.name not in CHOOSING_FILTERS or not node.args or node.node is None:
            continue
        name, *arguments = node.args
        if isinstance(name, nodes.Const) and isinstance(name.value, str):
            one = nodes.Filter(node.node, "first", [], [], None, None)
            yield from _test(one, name.value, arguments, kinds, node.lineno)


def _test(
    asked: nodes.Expr, name: str, arguments: list[nodes.Expr], kinds: Kinds, line: int
) -> Iterator[Misuse]:
    if name in TRUTH_TESTS:
        yield from _pair(asked, "==", nodes.Const(TRUTH_TESTS[name]), kinds, line)
    elif name in NUMBER_TESTS:
        kind = kinds.of(asked)
        if kind is not None and kind.name == TEXT:
            said = f"{written(asked)} is text, and so never a {name}"
            hint = f"write {written(asked)}|int or |float, and compare that"
            yield Misuse(Rule.MIXED_COMPARISON, line, _word(asked), said, hint)
    elif arguments and name in EQUAL_TESTS:
        yield from _pair(asked, EQUAL_TESTS[name], arguments[0], kinds, line)
    elif arguments and name == "sameas":
        yield from _pair(asked, "==", arguments[0], kinds, line)
    elif arguments and name == "in":
        yield from _pair(asked, "in", arguments[0], kinds, line)


def _pair(
    left: nodes.Expr, sign: str, right: nodes.Expr, kinds: Kinds, line: int
) -> Iterator[Misuse]:
    """Two that are compared, each of a kind that is known."""
    one, other = kinds.of(left), kinds.of(right)
    if one is None or other is None:
        return
    pair = (one.name, other.name)
    if "in" in sign:
        if pair in ((TEXT, NUMBERS), (NUMBER, TEXTS), (NUMBER, TEXT)):
            yield _mixed(left, sign, right, pair[0] == TEXT, line)
    elif pair in ((TEXT, NUMBER), (NUMBER, TEXT)):
        yield _mixed(left, sign, right, pair[0] == TEXT, line)


def _mixed(left: nodes.Expr, sign: str, right: nodes.Expr, text_is_left: bool, line: int) -> Misuse:
    text, number = (left, right) if text_is_left else (right, left)
    if "in" in sign and text_is_left:
        said = (
            f"{written(text)} is text, and {written(number)} holds numbers: it is never among them"
        )
    else:
        what = "a truth value" if _truth(number) is not None else "a number"
        said = f"{written(text)} is text, and {written(number)} is {what}: the two are never equal"
    hint = _hint(left, sign, right, text, number)
    hint = hint if "…" not in hint else "put the number in quotes, or |int behind the text"
    return Misuse(Rule.MIXED_COMPARISON, line, _word(text) or _word(number), said, hint)


def _hint(
    left: nodes.Expr, sign: str, right: nodes.Expr, text: nodes.Expr, number: nodes.Expr
) -> str:
    """Both right spellings: as text, and as numbers."""
    truth = _truth(number)
    if truth is not None:
        words = json.dumps(["true", "1", "yes"] if truth else ["false", "0", "no"])
        name, among = written(text), "in" if sign == "==" else "not in"
        as_they_stand = f'{name} {sign} "{written(number)}" as the cells have it'
        return f"write {as_they_stand}, or {name}|lower {among} {words}"
    ways = []
    if _is_written_out(number):
        ways.append({id(text): written(text), id(number): _quoted(number)})
    if "in" not in sign or text is left:
        is_float = "." in written(number) and _is_written_out(number)
        as_number = _as_number(text, "float" if is_float else "int")
        if not as_number.startswith('"'):
            ways.append({id(text): as_number, id(number): _unquoted(number)})
    told = [f"{way[id(left)]} {sign} {way[id(right)]}" for way in ways]
    return (
        f"write {', or '.join(told)}"
        if told
        else "compare text with text, and a number with a number"
    )


def _truth(node: nodes.Expr) -> bool | None:
    is_truth = isinstance(node, nodes.Const) and isinstance(node.value, bool)
    return bool(node.value) if is_truth else None  # type: ignore[attr-defined]


def _as_number(node: nodes.Expr, name: str) -> str:
    return _unquoted(node) if _is_written_out(node) else f"{written(node)}|{name}"


def _quoted(node: nodes.Expr) -> str:
    """Numbers that are written out, as text."""
    if isinstance(node, (nodes.List, nodes.Tuple)):
        return f"[{', '.join(map(_quoted, node.items))}]"
    said = written(node)
    return said if said.startswith('"') else f'"{said}"'


def _unquoted(node: nodes.Expr) -> str:
    """Text that is written out, as numbers where it says some."""
    if isinstance(node, (nodes.List, nodes.Tuple)):
        return f"[{', '.join(map(_unquoted, node.items))}]"
    said = written(node)
    return said[1:-1] if re.fullmatch(r'"-?[0-9]+(\.[0-9]+)?"', said) else said


def _is_written_out(node: nodes.Expr) -> bool:
    if isinstance(node, (nodes.List, nodes.Tuple)):
        return all(map(_is_written_out, node.items))
    return isinstance(node.node if isinstance(node, nodes.Neg) else node, nodes.Const)


def _word(node: nodes.Node) -> str:
    """A name by which its place in the line is found."""
    if isinstance(node, nodes.Name):
        return node.name
    return next((name.name for name in node.find_all(nodes.Name)), "")


def written(node: nodes.Node | None) -> str:
    """An expression as its author may have written it; "…" where that is too much to say."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Const):
        return json.dumps(node.value, ensure_ascii=False) if node.value is not None else "none"
    if isinstance(node, (nodes.List, nodes.Tuple)):
        return f"[{', '.join(map(written, node.items))}]"
    if isinstance(node, nodes.Filter) and node.node is not None:
        arguments = f"({', '.join(map(written, node.args))})" if node.args else ""
        return f"{written(node.node)}|{node.name}{arguments}"
    if isinstance(node, nodes.Neg):
        return f"-{written(node.node)}"
    if isinstance(node, nodes.Getattr):
        return f"{written(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        return f"{written(node.node)}[{written(node.arg)}]"
    if isinstance(node, nodes.Call):
        return f"{written(node.node)}({', '.join(map(written, node.args))})"
    return "…"
