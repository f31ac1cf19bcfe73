"""The language that templates and expressions are written in: Jinja2, sandboxed, nothing undefined.

The one place that makes an environment, so that a subject, a `where` and an HTML template obey the
same rules, and that says which names a source needs before any row is looked at.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import jinja2
from jinja2 import meta, nodes
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

EXCUSING_TESTS = frozenset({"defined", "undefined"})
EXCUSING_FILTERS = frozenset({"default", "d"})


@dataclass(frozen=True, slots=True)
class NameUse:
    """A name a source needs, and the line (from 1) of its first use there."""

    name: str
    line: int


def environment(
    loader: jinja2.BaseLoader | None = None, *, autoescape: bool = False
) -> SandboxedEnvironment:
    """A sandboxed environment in which an undefined variable is an error wherever it is used."""
    env = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=-1,
    )
    env.globals.pop("lipsum", None)
    return env


def names_needed(env: SandboxedEnvironment, source: str) -> list[NameUse]:
    """The free names of a template, but for those only asked `is defined` or given a `default`.

    Raises jinja2.TemplateSyntaxError.
    """
    return _needed(env.parse(source))


def expression_names(env: SandboxedEnvironment, expression: str) -> list[NameUse]:
    """As `names_needed`, for one expression such as `where`."""
    parser = Parser(env, expression, state="variable")
    body = parser.parse_expression()
    if not parser.stream.eos:
        raise jinja2.TemplateSyntaxError("one expression was expected, then its end", 1)
    template = nodes.Template([nodes.Output([body], lineno=1)], lineno=1)
    template.set_environment(env)
    return _needed(template)


def _needed(template: nodes.Template) -> list[NameUse]:
    undeclared = meta.find_undeclared_variables(template)
    first: dict[str, int] = {}
    for name in _plain_uses(template):
        if name.name in undeclared:
            first[name.name] = min(name.lineno, first.get(name.name, name.lineno))
    return sorted((NameUse(*item) for item in first.items()), key=lambda use: (use.line, use.name))


def _plain_uses(node: nodes.Node) -> Iterator[nodes.Name]:
    """Every name that is read, but for those asked about or given a default."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Name):
            if child.ctx == "load" and not _is_excused(node, child):
                yield child
        else:
            yield from _plain_uses(child)


def _is_excused(parent: nodes.Node, child: nodes.Name) -> bool:
    if isinstance(parent, nodes.Test):
        return parent.node is child and parent.name in EXCUSING_TESTS
    if isinstance(parent, nodes.Filter):
        return parent.node is child and parent.name in EXCUSING_FILTERS
    return False


def guess(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if one is near enough."""
    lowered = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else None


def usable(name: str) -> str:
    """A column's name as templates use it: "First Name" is `first_name`."""
    name = unicodedata.normalize("NFC", name).strip().lower()
    name = re.sub(r"\W", "_", name)
    return f"_{name}" if name[:1].isdigit() else name
