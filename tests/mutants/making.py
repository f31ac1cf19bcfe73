"""Small defects, made one at a time from a module's syntax tree."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OTHER = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Add, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Mutant:
    """One defect: `new` stands where `old` stood, from byte `start` of the file to byte `end`; `function` is
    the line of the innermost function around it, 0 in none."""

    file: str
    line: int
    start: int
    end: int
    old: str
    new: str
    function: int

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}: {_one_line(self.old)} → {_one_line(self.new)}"

    @property
    def answer(self) -> str:
        """As `name`, as an answer to it begins: without the line, which moves."""
        return f"{self.file}: {_one_line(self.old)} → {_one_line(self.new)}"

    def made_of(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


def mutants_of(root: Path, file: str) -> list[Mutant]:
    """All defects that can be made in one file, each of them valid Python."""
    source = (root / file).read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, new, function in _walk(ast.parse(source), 0):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        old = source[start:end].decode()
        mutant = Mutant(file, node.lineno, start, end, old, new, function)
        if old != new and _is_python(mutant.made_of(source)):
            found.append(mutant)
    return found


def _is_python(source: bytes) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _walk(node: ast.AST, function: int) -> Iterator[tuple[ast.expr | ast.stmt, str, int]]:
    """Each node that can be replaced, the text to replace it with, and the function it is in."""
    if _is_for_types_only(node):
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        function = min(node.lineno, *(one.lineno for one in [node, *node.decorator_list]))
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        children: list[ast.AST] = [*defaults, *node.body]
    elif isinstance(node, ast.Assert | ast.Raise):
        children = []
    elif isinstance(node, ast.AnnAssign):  # not what the annotation says
        children = [node.value] if node.value is not None else []
    elif isinstance(node, ast.ClassDef):
        children = list(node.body)
    else:
        children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.expr | ast.stmt):
        for new in _in_place_of(node):
            yield node, new, function
    if isinstance(node, ast.If | ast.While | ast.IfExp) and not isinstance(
        node.test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant
    ):
        yield node.test, f"(not {ast.unparse(node.test)})", function
    for child in children:
        if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            yield from _walk(child, function)


def _in_place_of(node: ast.expr | ast.stmt) -> Iterator[str]:
    """What a tired hand might have written."""
    match node:
        case ast.Compare(ops=[op, *_]) | ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in OTHER:
            other = copy.deepcopy(node)
            if isinstance(other, ast.Compare):
                other.ops[0] = OTHER[type(op)]()  # type: ignore[assignment]
            else:
                other.op = OTHER[type(op)]()  # type: ignore[union-attr, assignment]
            yield f"({ast.unparse(other)})"
        case ast.UnaryOp(op=ast.Not()):
            yield f"({ast.unparse(node.operand)})"
        case ast.Constant(value=bool()):
            yield str(not node.value)
        case ast.Constant(value=int() | float()):
            yield f"{node.value + 1}"
        case ast.Return(value=value) if value is not None and not _is_nothing(value):
            yield "return None"
        case ast.Continue():
            yield "break"
        case ast.Break():
            yield "continue"
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Delete():
            yield "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
            yield "pass"
        case ast.Call(func=ast.Name(id="min")):
            yield f"max{ast.unparse(node)[3:]}"
        case ast.Call(func=ast.Name(id="max")):
            yield f"min{ast.unparse(node)[3:]}"


def _is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _is_nothing(value: ast.expr) -> bool:
    """Whether it is as good as None to who asks for a truth."""
    return isinstance(value, ast.Constant) and not value.value


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"
