"""What a template's source says without being rendered: other templates, names that it sets, what its author
wrote, told apart from the tags, and where each of these stands.

Content is read once, so every name of another template has to stand in the source itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jinja2 import nodes

from sendbatch.campaign.language.environment import parsed
from sendbatch.campaign.language.slips import LINE_BREAK, column_of, position
from sendbatch.errors import Place
from sendbatch.message.insertions import without_tags
from sendbatch.message.origins import (
    has_origins,
    line_before,
    lines_gone,
    original,
    without_header,
    without_origins,
)

# What stands for each character of a tag: of `{{ }}`, and of `{% %}`. No text has them (private use).
VALUE, BLOCK = "\ue000", "\ue001"

_STRINGS = r"(?:\"[^\"]*\"|'[^']*'|[^\"'])*?"
_TAGS = re.compile(
    r"(?P<open>\{%[-+]?\s*raw\s*[-+]?%\})(?P<raw>.*?)(?P<close>\{%[-+]?\s*endraw\s*[-+]?%\})"
    rf"|(?P<comment>\{{#.*?#\}})|(?P<block>\{{%{_STRINGS}%\}})|(?P<value>\{{\{{{_STRINGS}\}}\}})",
    re.DOTALL,
)
_STATEMENT = re.compile(r"\{%[-+]?\s*(\w+)(.*)", re.DOTALL)
_NO_LINE_BREAK = re.compile(r"[^\n]")
_OPENING = frozenset({"if", "for", "macro", "call", "block", "filter", "with", "autoescape"})


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


def in_every_message(entry: str, sources: Mapping[str, str]) -> Iterator[tuple[str, nodes.Expr]]:
    """What each message says of a bundle, whatever a row holds, as it stands in the trees, each with the name
    of its template: what the author wrote (TemplateData), and values; none of what stands in an `if`, in a
    loop or in a macro. Blocks are those of the templates that extend another."""
    yield from _certain(sources, entry, {}, ())


def _certain(
    sources: Mapping[str, str],
    name: str,
    replaced: Mapping[str, tuple[str, nodes.Block]],
    within: tuple[str, ...],
) -> Iterator[tuple[str, nodes.Expr]]:
    if name not in sources or name in within:
        return
    tree = parsed(sources[name])
    blocks = {**{block.name: (name, block) for block in tree.find_all(nodes.Block)}, **replaced}
    if not any(tree.find_all(nodes.Extends)):
        yield from _certain_in(name, tree.body, sources, blocks, (*within, name))
        return
    # What stands behind the tag is not shown, but for blocks; the tag may stand in an `if`.
    for node in tree.body:
        if isinstance(node, nodes.Extends):
            for other in _names(node.template)[:1]:
                yield from _certain(sources, other, blocks, (*within, name))


def _certain_in(
    name: str,
    body: Sequence[nodes.Node],
    sources: Mapping[str, str],
    blocks: Mapping[str, tuple[str, nodes.Block]],
    within: tuple[str, ...],
) -> Iterator[tuple[str, nodes.Expr]]:
    for node in body:
        if isinstance(node, nodes.Output):
            yield from ((name, expression) for expression in node.nodes)
        elif isinstance(node, nodes.Include):
            there = (other for other in _names(node.template) if other in sources)
            yield from _certain(sources, next(there, ""), {}, within)
        elif isinstance(node, nodes.Block):
            owner, block = blocks[node.name]
            yield from _certain_in(owner, block.body, sources, blocks, within)
        elif isinstance(node, (nodes.With, nodes.ScopedEvalContextModifier)):
            yield from _certain_in(name, node.body, sources, blocks, within)


def constants(source: str, *, raw: bool = True) -> str:
    """The source with its tags hidden, of the same length and lines. Comments are blank, and so is
    what stands in `{% raw %}`, unless `raw`."""
    return _TAGS.sub(lambda tag: _hidden(tag, raw=raw), source)


def _hidden(tag: re.Match[str], *, raw: bool) -> str:
    if tag["raw"] is not None:
        inner = tag["raw"] if raw else blank(tag["raw"])
        return _NO_LINE_BREAK.sub(BLOCK, tag["open"]) + inner + _NO_LINE_BREAK.sub(BLOCK, tag["close"])
    if tag["comment"] is not None:
        return blank(tag["comment"])
    return _NO_LINE_BREAK.sub(BLOCK if tag["block"] is not None else VALUE, tag[0])


def blank(text: str) -> str:
    """Nothing, as long as the text and in as many lines."""
    return _NO_LINE_BREAK.sub(" ", text)


class Statement(NamedTuple):
    """A `{% … %}` where it stands, by its first word: how many blocks more are open behind it."""

    start: int
    end: int
    word: str
    opens: int


def statements(source: str) -> Iterator[Statement]:
    """All, but for a `{% raw %}` that ends in this source, and what stands in it."""
    for tag in _TAGS.finditer(source):
        if tag["block"] is None:
            continue
        statement = _STATEMENT.match(tag[0])
        word, rest = statement.groups() if statement is not None else ("", "")
        opens = 0
        if word.startswith("end"):
            opens = -1
        elif word in _OPENING or (word == "set" and "=" not in rest):
            opens = 1
        yield Statement(*tag.span(), word, opens)


def depths(source: str) -> list[tuple[int, int]]:
    """(offset, how many blocks are open from there on), for a source in which they are balanced: what is
    in none of them is in every message."""
    found, depth = [(0, 0)], 0
    for statement in statements(source):
        depth += statement.opens
        found.append((statement.end, depth))
    return found


def at(path: str, source: str, line: int, word: str = "", column: int | None = None) -> Place:
    """The place in the template at `path` of this column, or of a word in the tags of this line; without
    a column where neither can be known. What was put into the template (`insertions`) is looked past; the
    place in one that was made from another (`origins`) is that in the other, and that of a source without its
    remarks the one with them."""
    lines = LINE_BREAK.split(source)
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    if column is None and word:
        column = column_of(source, line, word)
    text, header = without_header(text)
    text, column = without_tags(text, column - header if column is not None else None)
    if has_origins(source):
        return original(source, lines, line, column) or Place(path)
    return Place(path, line_before(line, lines_gone(source)), column, without_origins(text))


def at_offset(path: str, source: str, start: int) -> Place:
    """The place of one character of a template."""
    line, column = position(source, start)
    return at(path, source, line, column=column)
