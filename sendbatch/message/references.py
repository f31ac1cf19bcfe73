"""What a template's source refers to: other templates; found without rendering it.

Content is read once, so every name of another template has to stand in the source itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes


@dataclass(frozen=True, slots=True)
class Reference:
    """One include, extends or import.

    `names` are tried in order, the first that exists is meant; empty where the name is computed.
    `optional` says that none of them need exist. `word` is the tag's. `shares` says that
    the other template sees the variables of this one; an import without context sees none.
    """

    names: tuple[str, ...]
    line: int
    word: str
    optional: bool = False
    shares: bool = True


def references(tree: nodes.Template) -> list[Reference]:
    """All of them, in the order they stand in."""
    found = list(_references(tree))
    return sorted(found, key=lambda reference: reference.line)


def _references(tree: nodes.Template) -> Iterator[Reference]:
    for extends in tree.find_all(nodes.Extends):
        yield Reference(_names(extends.template), extends.lineno, "extends")
    for include in tree.find_all(nodes.Include):
        names = _names(include.template)
        yield Reference(
            names, include.lineno, "include", include.ignore_missing, include.with_context
        )
    imports: list[nodes.Import | nodes.FromImport] = [*tree.find_all(nodes.Import)]
    imports += tree.find_all(nodes.FromImport)
    for node in imports:
        word = "from" if isinstance(node, nodes.FromImport) else "import"
        shares = bool(node.with_context)
        yield Reference(_names(node.template), node.lineno, word, shares=shares)


def _names(node: nodes.Expr) -> tuple[str, ...]:
    """The names written out, or () if any of them has to be computed."""
    if isinstance(node, nodes.Const):
        values = node.value if isinstance(node.value, (tuple, list)) else (node.value,)
    elif isinstance(node, (nodes.Tuple, nodes.List)):
        values = tuple(i.value if isinstance(i, nodes.Const) else None for i in node.items)
    else:
        return ()
    return tuple(values) if all(isinstance(value, str) and value for value in values) else ()


def assigned(tree: nodes.Template) -> set[str]:
    """Every name that a template gives a value to: set, for, import, macro and its parameters."""
    found = {name.name for name in tree.find_all(nodes.Name) if name.ctx in ("store", "param")}
    found |= {macro.name for macro in tree.find_all(nodes.Macro)}
    found |= {node.target for node in tree.find_all(nodes.Import)}
    for node in tree.find_all(nodes.FromImport):
        found |= {name if isinstance(name, str) else name[1] for name in node.names}
    return found


def exported(tree: nodes.Template) -> set[str]:
    """The names that a template sets outside of everything, which its own blocks see."""
    outside = (nodes.Assign, nodes.AssignBlock, nodes.Import, nodes.FromImport)
    statements = [node for node in tree.body if isinstance(node, outside)]
    macros = {node.name for node in tree.body if isinstance(node, nodes.Macro)}
    return assigned(nodes.Template(statements)) | macros
